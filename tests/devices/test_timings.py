"""What the times of `devices.timings` owe each other."""

from devices import timings
from mqtt_ingest.core.limits import MAX_AHEAD, MICROSECONDS

LEADER_LEASE = timings.LEADER_LEASE.total_seconds()
DEAD_AFTER = timings.DEAD_AFTER.total_seconds()


def test_two_renewals_may_be_lost() -> None:
    assert timings.SLOT_RENEW_SECONDS * 3 <= timings.SLOT_LEASE_SECONDS
    assert timings.LEADER_RENEW_SECONDS * 3 <= LEADER_LEASE
    assert timings.HEARTBEAT_SECONDS * 3 <= DEAD_AFTER
    assert timings.WATCH_SECONDS * 3 <= timings.WATCH_TTL_SECONDS
    assert timings.JOB_LEASE.total_seconds() >= timings.JOB_STEP_SECONDS * 3


def test_a_dead_worker_s_slot_is_free_by_the_time_its_share_is_counted_anew() -> None:
    assert timings.SLOT_LEASE_SECONDS <= DEAD_AFTER
    assert timings.SLOT_POLL_SECONDS < timings.SLOT_LEASE_SECONDS


def test_a_frozen_process_gives_back_its_locks_before_its_successor_needs_them() -> None:
    assert timings.WRITER_IDLE_SECONDS < timings.SLOT_LEASE_SECONDS
    assert timings.LEADER_STATEMENT_SECONDS < LEADER_LEASE
    assert timings.LEADER_IDLE_SECONDS < LEADER_LEASE


def test_an_outage_is_survived_before_packets_are_given_back() -> None:
    assert timings.DATABASE_RETRY_SECONDS * 3 < timings.DATABASE_AWAY_SECONDS
    # The broker hears of us meanwhile.
    assert timings.DATABASE_AWAY_SECONDS < timings.KEEPALIVE_SECONDS


def test_a_stalled_broker_is_noticed_before_its_keepalive_would() -> None:
    assert timings.CANARY_SECONDS < timings.CANARY_MISSED_SECONDS < timings.KEEPALIVE_SECONDS
    assert timings.LOOK_BACK_SECONDS + timings.LOOK_BACK_GRACE_SECONDS < timings.CANARY_SECONDS
    assert timings.UNREACHABLE_SECONDS < timings.REFUSED_SECONDS


def test_a_client_resumes_from_a_log_that_is_still_there() -> None:
    assert timings.CHANGES_KEPT.total_seconds() / 4 > timings.RESUME_SECONDS


def test_memberships_and_sockets_are_renewed_before_they_are_cut() -> None:
    assert timings.REJOIN_SECONDS * 3 < timings.LAYER_FORGETS_SECONDS
    assert timings.SOCKET_LIFETIME_SECONDS < timings.LAYER_FORGETS_SECONDS


def test_the_loop_is_stuck_after_several_ticks_only() -> None:
    assert timings.LOOP_TICK_SECONDS * 3 < timings.LOOP_STUCK_SECONDS


def test_a_failing_service_tries_less_and_less_often() -> None:
    assert 0 < timings.SERVICE_RETRY_SECONDS < timings.SERVICE_RETRY_MAX_SECONDS


def test_what_is_taken_in_ahead_is_no_mistake() -> None:
    assert timings.AHEAD_SECONDS * MICROSECONDS > MAX_AHEAD
