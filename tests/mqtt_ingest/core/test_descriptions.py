"""What tells descriptions apart."""

from mqtt_ingest.core.descriptions import (
    MAX_NAME,
    MAX_SERIES,
    MAX_STATES,
    Description,
    SeriesDescription,
)


def test_equal_descriptions_have_one_mark_and_others_another() -> None:
    metres = SeriesDescription(unit="m")
    one, same = (Description(name="pump", series={"a": metres, "b": metres}) for _ in "12")
    turned = Description(name="pump", series={"b": metres, "a": metres})
    assert one.mark == one.mark == same.mark == turned.mark
    assert one.mark != Description(name="pump", series={"a": metres}).mark
    assert one == same


def test_what_is_longer_than_anybody_means_is_cut() -> None:
    words = tuple(f"{number}" * 500 for number in range(500))
    states = SeriesDescription(states=words).states
    assert (len(states), max(map(len, states))) == (MAX_STATES, MAX_NAME)
    metres = SeriesDescription(unit="m")
    many = {**{f"m{number}": metres for number in range(MAX_SERIES + 5)}, "n" * 300: metres}
    assert list(Description(series=many).series) == list(many)[:MAX_SERIES]
