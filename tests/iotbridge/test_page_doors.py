"""Connections that nothing is answered on make room for others, whoever holds them."""

from iotbridge.page_doors import PageDoors


class Transport:
    def __init__(self) -> None:
        self.connected, self.is_aborted = True, False

    def abortConnection(self) -> None:  # noqa: N802 - Twisted's
        self.is_aborted, self.connected = True, False


def entered(doors: PageDoors, number: int) -> list[Transport]:
    made = [Transport() for _n in range(number)]
    for one in made:
        doors.enter(one)
    return made


def test_who_was_answered_and_rests_goes_for_the_next() -> None:
    doors = PageDoors(3)
    held = entered(doors, 3)
    for one in held:
        doors.spoke(one)
        doors.rests(one)
    (new,) = entered(doors, 1)
    assert [one.is_aborted for one in [*held, new]] == [True, False, False, False]


def test_who_never_spoke_goes_before_who_rests() -> None:
    doors = PageDoors(2)
    resting, silent = entered(doors, 2)
    doors.spoke(resting)
    doors.rests(resting)
    entered(doors, 1)
    assert (resting.is_aborted, silent.is_aborted) == (False, True)


def test_who_is_being_answered_stays() -> None:
    doors = PageDoors(2)
    busy = entered(doors, 2)
    for one in busy:
        doors.spoke(one)
    (new,) = entered(doors, 1)
    assert [one.is_aborted for one in [*busy, new]] == [False, False, True]


def test_who_asks_again_rests_no_more() -> None:
    doors = PageDoors(2)
    first, second = entered(doors, 2)
    for one in (first, second):
        doors.spoke(one)
        doors.rests(one)
    doors.spoke(first)
    entered(doors, 1)
    assert (first.is_aborted, second.is_aborted) == (False, True)
