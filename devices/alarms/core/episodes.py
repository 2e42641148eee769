"""Episodes, and the alarms that they are: what comes back soon is the same alarm again."""

from collections.abc import Iterable, Sequence

from devices.alarms.core.signals import Transition

# Since when a rule was broken, and until when; None: it still is.
Episode = tuple[int, int | None]


def continued(
    before: Sequence[Episode], since: int, changes: Iterable[Transition]
) -> list[Episode]:
    """Return the episodes there are once everything from `since` on is made anew.

    Args:
        before: as they were known.
        since: what they say of moments from here on is forgotten.
        changes: what follows instead, in order.
    """
    kept = [
        (start, None if end is None or end >= since else end)
        for start, end in before
        if start < since
    ]
    for at, raised in changes:
        if raised:
            kept.append((at, None))
        elif kept and kept[-1][1] is None:
            kept[-1] = kept[-1][0], at
    return kept


def is_raised(episodes: Sequence[Episode], at: int) -> bool:
    """Return whether an episode that began before `at` had not ended before it."""
    return any(start < at and (end is None or end >= at) for start, end in episodes)


def last_change(episodes: Sequence[Episode], before: int) -> int | None:
    """Return the time of the last beginning or end that lies before a moment."""
    times = [time for episode in episodes for time in episode if time is not None]
    return max((time for time in times if time < before), default=None)


def grouped(
    before: Sequence[Sequence[Episode]], since: int, after: Sequence[Episode], again_us: int
) -> list[list[Episode]]:
    """Return the episodes of each alarm.

    Args:
        before: of the alarms as they were known.
        since: those that began before this moment stay together as they are.
        after: all episodes there are now, in order.
        again_us: one that begins so soon after another belongs to the same alarm.
    """
    alarm_of = {
        start: number
        for number, group in enumerate(before)
        for start, _end in group
        if start < since
    }
    groups: list[list[Episode]] = []
    number: int | None = None
    for episode in after:
        last = groups[-1][-1][1] if groups else None
        mine = alarm_of.get(episode[0])
        stays = mine is not None and mine == number
        comes_back = mine is None and last is not None and episode[0] - last < again_us
        if stays or comes_back:
            groups[-1].append(episode)
        else:
            groups.append([episode])
            number = mine
    return groups
