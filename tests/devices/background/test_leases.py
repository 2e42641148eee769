"""Leases: one holder at a time, until the lease is over or cannot be true."""

import logging
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from devices.background import leases
from devices.models import Duty, Job, Writer
from devices.storage import leases as writer_leases
from devices.storage.dialects import dialect
from devices.timings import JOB_LEASE, LEADER_LEASE, SLOT_LEASE_SECONDS

pytestmark = pytest.mark.usefixtures("tables")
TEN_YEARS = timedelta(days=3_652)
SLOT_LEASE = timedelta(seconds=SLOT_LEASE_SECONDS)


@pytest.fixture(autouse=True)
def _nothing_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "found_ahead", {})


def _held_for(length: timedelta) -> None:
    """Let another process hold everything for `length` from now."""
    Duty.objects.update_or_create(
        name="work", defaults={"holder": "other", "lease_until": Now() + length}
    )
    Writer.objects.update_or_create(
        name="ingest-7", defaults={"holder": "other", "lease_until": Now() + length}
    )


@pytest.mark.parametrize("lasting", [LEADER_LEASE, -LEADER_LEASE, TEN_YEARS])
def test_elected_work_goes_over_when_its_lease_cannot_be_true(lasting: timedelta) -> None:
    _held_for(lasting)
    taken = leases.acquire("work", "me")
    assert (taken is None) == (lasting == LEADER_LEASE)


@pytest.mark.parametrize("lasting", [SLOT_LEASE, -SLOT_LEASE, TEN_YEARS])
def test_a_slot_goes_over_when_its_lease_cannot_be_true(lasting: timedelta) -> None:
    _held_for(lasting)
    taken = writer_leases.acquire("ingest-7", "me", dialect())
    assert (taken is None) == (lasting == SLOT_LEASE)


def test_a_lease_that_was_written_ahead_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    _held_for(TEN_YEARS)
    with caplog.at_level(logging.WARNING):
        writer_leases.acquire("ingest-7", "me", dialect())
        writer_leases.acquire("ingest-7", "me", dialect())
    assert [record.getMessage()[:35] for record in caplog.records] == [
        "ingest-7: its lease goes on until 2"
    ]
    assert set(leases.found_ahead) == {"ingest-7"}


@pytest.mark.parametrize(
    ("lasting", "free"), [(JOB_LEASE, False), (-JOB_LEASE, True), (TEN_YEARS, True)]
)
def test_a_running_job_is_free_when_its_lease_cannot_be_true(
    lasting: timedelta, *, free: bool
) -> None:
    Job.objects.create(kind="export", state="running", lease_until=Now() + lasting)
    assert Job.objects.filter(leases.is_over(JOB_LEASE)).exists() == free
