"""When a process looks for cyclic garbage."""

import gc

# Nearly all objects are freed by counting; a full collection stops everything for 100 ms
# and more once thousands of series are known.
THRESHOLD = (50_000, 20, 50)


def collect_rarely() -> None:
    """Leave out what was made at the start, and look at the rest seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLD)
