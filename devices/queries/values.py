"""Readings as JSON has them. Times are µs since 1970 UTC."""

from devices.models import Kind

# What JSON has for a reading.
Value = float | bool | str | None
# A time in µs and its value.
Point = tuple[int, Value]
SECOND = 1_000_000


def shown(value: float | None, text: str | None, kind: str) -> Value:
    """Return a stored value as JSON has it: booleans as such, text where there is no value."""
    if value is None:
        return text
    return bool(value) if kind == Kind.BOOLEAN else value


def mean_of(total: float | None, numbers: int) -> float | None:
    """Return a mean without the digits in which sums of another order differ."""
    if total is None or numbers < 2:
        return total
    return float(f"{total / numbers:.12g}")
