"""What tells descriptions apart."""

from mqtt_ingest.core.descriptions import Description, SeriesDescription


def test_equal_descriptions_have_one_mark_and_others_another() -> None:
    metres = SeriesDescription(unit="m")
    one, same = (Description(name="pump", series={"a": metres, "b": metres}) for _ in "12")
    turned = Description(name="pump", series={"b": metres, "a": metres})
    assert one.mark == one.mark == same.mark == turned.mark
    assert one.mark != Description(name="pump", series={"a": metres}).mark
    assert one == same
