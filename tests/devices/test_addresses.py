"""Which addresses are this machine's own."""

import pytest

from devices.addresses import is_loopback


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("::ffff:127.0.0.1", True),
        ("192.0.2.1", False), ("::ffff:192.0.2.1", False), ("", False), ("unknown", False),
        ("localhost", True), ("0.0.0.0", False),
    ],
)  # fmt: skip
def test_what_is_on_this_machine(address: str, *, expected: bool) -> None:
    assert is_loopback(address) is expected
