"""What a broken device repeats is recognized as the same."""

import pytest

from mqtt_ingest.core.fingerprint import SHAPED_BYTES, fold_key, shape


@pytest.mark.parametrize(
    ("payload", "outline"),
    [
        (b"", b""),
        (b"temp=21.5", b"a=0.0"),
        (b"T = 7\r\n", b"a = 0 "),
        (b"\xff\xfe\x00", b"?"),
        (b"{bad json: 12}", b"{a a: 0}"),
        (b"a" * (SHAPED_BYTES + 1) + b"!", b"a"),
    ],
)
def test_a_run_of_a_class_is_one_character(payload: bytes, outline: bytes) -> None:
    assert shape(payload) == outline


def test_packets_alike_share_a_key_and_others_do_not() -> None:
    key = fold_key("native", "not_json", "devices/a/telemetry", b"temp=21.5")
    assert len(key) == 32
    assert fold_key("native", "not_json", "devices/a/telemetry", b"hum=7.25") == key
    others = {
        fold_key("other", "not_json", "devices/a/telemetry", b"temp=21.5"),
        fold_key("native", "not_utf8", "devices/a/telemetry", b"temp=21.5"),
        fold_key("native", "not_json", "devices/b/telemetry", b"temp=21.5"),
        fold_key("native", "not_json", "devices/a/telemetry", b"temp: 21.5"),
        fold_key("native", "not_json", "\ud800", b"temp=21.5"),
    }
    assert key not in others
    assert len(others) == 5
