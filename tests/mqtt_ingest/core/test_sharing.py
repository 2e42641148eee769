"""Who subscribes what: no packet falls between, whatever the broker makes of `$share`."""

from itertools import product

import pytest

from mqtt_ingest.core.sharing import (
    Filters,
    Findings,
    Policy,
    Verdict,
    bare,
    in_group,
    is_in_group,
    shares,
    wanted,
)

FILTERS = Filters(["devices/+/telemetry/#"], ["devices/+/status"])
PLAIN = ["devices/+/telemetry/#", "devices/+/status"]
SHARED = ["$share/g/devices/+/telemetry/#"]
ZERO_SHARED = [*SHARED, "devices/+/status"]


MOSQUITTO = "mosquitto version 2.0.11"


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (Findings(), ""),
        (Findings("proven"), "proven"),
        (Findings("refused"), "refused"),
        # By name, before anything is lost; but a name alone does not prove that it shares at all.
        (Findings("proven", MOSQUITTO), "forgets"),
        (Findings("", MOSQUITTO), ""),
        (Findings("refused", MOSQUITTO), "refused"),
        # By experience.
        (Findings("proven", "", forgets=True), "forgets"),
        (Findings("refused", "", forgets=True), "refused"),
    ],
)
def test_the_verdict_on_a_broker(found: Findings, verdict: Verdict) -> None:
    assert found.verdict == verdict


def test_no_news_is_no_news() -> None:
    known = Findings("proven", "EMQX 5", forgets=True)
    assert known.after("", "") == known
    assert known.after("", "other") == known


def test_a_broker_that_forgets_still_does_when_a_canary_was_lost_in_between() -> None:
    known = Findings("proven", forgets=True)
    again = known.after("refused", "").after("proven", "")
    assert again.verdict == "forgets"


def test_another_broker_begins_anew() -> None:
    known = Findings("proven", MOSQUITTO, forgets=True)
    assert known.after("proven", "").verdict == "proven"


@pytest.mark.parametrize(
    ("policy", "verdict", "can_prove", "share"),
    [
        ("auto", "", True, None),
        ("auto", "proven", True, True),
        ("auto", "forgets", True, False),
        ("auto", "refused", True, False),
        ("auto", "", False, False),
        ("always", "", True, None),
        ("always", "proven", True, True),
        ("always", "forgets", True, True),
        ("always", "refused", True, False),
        ("always", "", False, True),
        ("never", "proven", True, False),
    ],
)
def test_whether_slots_share(
    policy: Policy, verdict: Verdict, can_prove: bool, share: bool | None
) -> None:
    assert shares(policy, verdict, 2, can_prove=can_prove) is share
    assert shares(policy, verdict, 1, can_prove=can_prove) is False


def ask(number: int, share: bool | None, known: dict[int, list[str]], slots: int = 2) -> list[str]:
    return wanted(
        number, share=share, filters=FILTERS, group="g", slots=slots, known=known
    )  # fmt: skip


def test_the_first_start_is_plain_until_the_broker_is_proven() -> None:
    assert ask(0, None, {}) == PLAIN
    assert ask(1, None, {}) == []


def test_then_slot_0_changes_first_and_the_others_join() -> None:
    known = {0: PLAIN, 1: []}
    assert ask(1, True, known) == []
    assert ask(0, True, known) == ZERO_SHARED
    # While both are there, the others wait.
    assert ask(1, True, {0: [*PLAIN, *SHARED], 1: []}) == []
    assert ask(1, True, {0: ZERO_SHARED, 1: []}) == SHARED


def test_back_again_the_others_leave_first() -> None:
    known = {0: ZERO_SHARED, 1: SHARED}
    assert ask(0, False, known) == ZERO_SHARED
    assert ask(1, False, known) == []
    assert ask(0, False, {0: ZERO_SHARED, 1: []}) == PLAIN


def test_a_slot_that_is_scaled_in_wants_nothing_and_slot_0_stays_until_it_has_gone() -> None:
    known = {0: ZERO_SHARED, 1: SHARED}
    assert ask(1, False, known, slots=1) == []
    assert ask(0, False, known, slots=1) == ZERO_SHARED
    assert ask(0, False, {0: ZERO_SHARED, 1: []}, slots=1) == PLAIN


def test_what_is_not_decided_stays_as_it_is() -> None:
    known = {0: ZERO_SHARED, 1: SHARED}
    assert ask(0, None, known) == ZERO_SHARED
    assert ask(1, None, known) == SHARED


def test_another_group_replaces_the_one_before() -> None:
    old = ["$share/old/devices/+/telemetry/#"]
    assert ask(0, True, {0: [*old, "devices/+/status"], 1: old}) == ZERO_SHARED
    assert ask(1, True, {0: ZERO_SHARED, 1: old}) == SHARED


def has_telemetry(filters: list[str]) -> bool:
    return PLAIN[0] in filters or SHARED[0] in filters


@pytest.mark.parametrize("slots", [1, 2, 3])
def test_every_topic_is_somebodys_at_every_moment(slots: int) -> None:
    """Whatever is remembered and decided, and whichever slot moves first."""
    has: list[list[str]] = [[], PLAIN, ZERO_SHARED, [*PLAIN, *SHARED], SHARED]
    for zero, one, share in product(has, ([], SHARED), (True, False, None)):
        for first in ((0, 1, 2), (2, 1, 0)):
            now = {0: list(zero), 1: list(one), 2: list(one)}
            began = False
            for _ in range(4):
                for slot in first:
                    target = wanted(
                        slot, share=share, filters=FILTERS, group="g", slots=slots, known=now
                    )
                    now[slot] = target
                    held = any(map(has_telemetry, now.values()))
                    assert held or not began, (zero, one, share, now)
                    began = began or held
            assert has_telemetry(now[0])
            assert PLAIN[1] in now[0]
            # In the end nothing is received twice.
            others = any(map(has_telemetry, (now[1], now[2])))
            assert not (PLAIN[0] in now[0] and others), (zero, one, share, now)


def test_a_filter_of_a_group_is_written_and_read() -> None:
    shared = in_group("bridge", "devices/+/telemetry")
    assert shared == "$share/bridge/devices/+/telemetry"
    assert bare(shared) == bare("devices/+/telemetry") == "devices/+/telemetry"
    assert is_in_group(["devices/+/status", shared])
    assert not is_in_group(["devices/+/status"])
