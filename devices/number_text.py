"""Numbers as texts: as many digits as tell what was measured, and no more."""

import math
import struct

# Beyond these a double tells how it was computed, not what was measured.
DIGITS = 12
# Decimals that people write; what has more was computed, or is told by its spread.
WRITTEN = 3


def number_text(value: float, decimals: int | None = None) -> str:
    """Return a number with a point, of up to 12 significant digits.

    One that was of single precision has no more digits than that tells apart.
    """
    size = abs(value)
    if not math.isfinite(value):
        # Computed beyond what a double holds, from a value that was within.
        return "" if math.isnan(value) else "∞" if value > 0 else "-∞"
    if decimals is not None and size < 1e15:
        return f"{value:.{min(decimals, DIGITS)}f}"
    if size < 1e15 and value == int(value):
        return str(int(value))
    digits = _digits(value)
    if not 1e-4 <= size < 1e15:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        return f"{_trimmed(mantissa)}e{int(exponent)}"
    decimals = max(0, digits - 1 - math.floor(math.log10(size)))
    return _trimmed(f"{value:.{decimals}f}")


def _digits(value: float) -> int:
    """Return how many significant digits tell `value`: 12, or what single precision needs."""
    plain = f"{value:.{DIGITS - 1}e}"
    if float(plain) == value or _single(value) != value:
        return DIGITS
    return next((n for n in range(1, 10) if _single(float(f"{value:.{n - 1}e}")) == value), DIGITS)


def _single(value: float) -> float:
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return math.inf


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def decimals_of(value: float) -> int:
    """Return how many decimals tell `value`; 0 where it is written with an exponent."""
    digits = number_text(value)
    return 0 if "e" in digits else len(digits.partition(".")[2])


def decimals_for(value: float, places: int | None) -> int | None:
    """Return with how many decimals `value` is written among others of its series.

    Args:
        value: it.
        places: how many its series usually has (`devices.monitoring.scales`); None: not known.

    Returns:
        As many as it has, but at least `places`, so that figures align; and no more than that
        where it has more than people write. None: as many as tell it.
    """
    if places is None or not math.isfinite(value) or not (value == 0 or 1e-4 <= abs(value) < 1e15):
        return None
    own = decimals_of(value)
    return max(own, places) if own <= WRITTEN else places
