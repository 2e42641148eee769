"""Jobs: leased, committed step by step, taken over, cancelled, given up, forgotten.

`make test` runs this file on SQLite and on PostgreSQL.
"""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import OperationalError
from django.utils import timezone

from devices.jobs import files, requests, runner
from devices.jobs.runner import JobFailed, Progress, Runner, Work
from devices.models import Job, JobPart

pytestmark = pytest.mark.usefixtures("tables")
STEPS = 4


CLOSED: list[int] = []


class Counting(Work):
    """Writes a line a step; fails as its job's options say."""

    def __init__(self, job: Job) -> None:
        self.options = job.options
        self.at = job.position.get("at", 0)

    def close(self) -> None:
        CLOSED.append(self.at)

    @property
    def refused(self) -> bool:
        """Return whether what the step made cannot be stored."""
        return bool(self.at - 1 == self.options.get("refused_at"))

    def step(self) -> Progress:
        if self.at == self.options.get("gone_at"):
            raise OperationalError("gone")
        if self.at == self.options.get("fails_at"):
            raise JobFailed("there is nothing to count")
        if self.at == self.options.get("breaks_at"):
            raise ZeroDivisionError("a fault of ours")
        self.at += 1
        return Progress(
            {"at": self.at, **({"bad": object()} if self.refused else {})},
            self.at,
            STEPS,
            f"{self.at} lines",
            f"line {self.at}\n".encode(),
            finished=self.at == STEPS,
            result={"rows": self.at},
        )


@pytest.fixture(autouse=True)
def _kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(runner._kinds, "count", Counting)


def ask(**options: Any) -> Job:
    return requests.ask("count", "lines", options, None)


def content(job: Job) -> bytes:
    return b"".join(files.pieces(job.pk, files.OUT))


def run(one: Runner) -> None:
    while one.step():
        pass


def test_a_job_is_done_step_by_step() -> None:
    job = ask()
    one = Runner("one")
    assert one.step()
    job.refresh_from_db()
    assert (job.state, job.percent, job.words) == ("running", 25, "1 lines")
    run(one)
    job.refresh_from_db()
    assert (job.state, job.percent) == ("done", 100)
    assert job.result == {"rows": 4, "bytes": 28}
    assert content(job) == b"line 1\nline 2\nline 3\nline 4\n"


def test_another_process_goes_on_where_one_was_killed() -> None:
    job = ask()
    first, second = Runner("first"), Runner("second")
    assert first.step()
    assert not second.step()
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert second.step()
    # The first wakes up: what it makes is not committed.
    first.step()
    run(second)
    assert content(job) == b"line 1\nline 2\nline 3\nline 4\n"
    assert Job.objects.get().state == "done"


def test_a_released_job_is_gone_on_with_at_once() -> None:
    ask()
    first = Runner("first")
    first.step()
    first.release()
    run(Runner("second"))
    assert Job.objects.get().state == "done"


def test_while_the_database_is_away_nothing_is_lost() -> None:
    job = ask(gone_at=2)
    one = Runner("one")
    one.step()
    one.step()
    with pytest.raises(OperationalError):
        one.step()
    Job.objects.update(lease_until=None, options={})
    run(one)
    assert content(job).count(b"line") == STEPS


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"fails_at": 1}, "there is nothing to count"),
        ({"breaks_at": 1}, "ZeroDivisionError: a fault of ours"),
        # What cannot be stored of a step is the job's own fault, too.
        ({"refused_at": 1}, "TypeError: "),
    ],
)
def test_a_job_that_fails_says_why_and_others_go_on(options: dict[str, int], words: str) -> None:
    ask(**options)
    run(Runner("one"))
    job = Job.objects.get()
    assert job.state == "failed"
    assert job.words.startswith(words)
    assert runner.tidy()
    assert not JobPart.objects.exists()
    assert not runner.tidy()


def test_a_job_that_kills_its_process_again_and_again_is_given_up() -> None:
    ask(gone_at=0)
    for number in range(runner.TRIES):
        with pytest.raises(OperationalError):
            Runner(f"runner {number}").step()
        Job.objects.update(lease_until=None)
    run(Runner("last"))
    job = Job.objects.get()
    assert job.state == "failed"
    assert "given up" in job.words


def test_a_running_job_is_cancelled_at_its_next_step() -> None:
    job = ask()
    one = Runner("one")
    one.step()
    assert requests.cancel(job)
    CLOSED.clear()
    run(one)
    assert CLOSED == [2]
    job.refresh_from_db()
    assert job.state == "cancelled"
    assert not requests.cancel(job)
    assert runner.tidy()
    assert not JobPart.objects.exists()


def test_a_waiting_job_is_cancelled_at_once() -> None:
    job = ask()
    assert requests.cancel(job)
    assert not Runner("one").step()
    job.refresh_from_db()
    assert job.state == "cancelled"


def test_files_expire_and_rows_go_later(settings: Any) -> None:
    settings.JOB_DAYS = 7
    ask()
    run(Runner("one"))
    assert not runner.tidy()
    Job.objects.update(ended_at=timezone.now() - timedelta(days=8))
    while runner.tidy():
        pass
    assert not JobPart.objects.exists()
    assert Job.objects.get().state == "expired"
    Job.objects.update(ended_at=timezone.now() - timedelta(days=31))
    runner.tidy()
    assert not Job.objects.exists()


def test_files_stay_as_long_as_was_set(settings: Any) -> None:
    settings.JOB_DAYS = 365
    ask()
    run(Runner("one"))
    Job.objects.update(ended_at=timezone.now() - timedelta(days=31))
    assert not runner.tidy()
    assert JobPart.objects.exists()


def test_people_see_their_own_jobs_and_staff_all() -> None:
    users = get_user_model().objects
    anna, ben = users.create_user("anna"), users.create_user("ben")
    boss = users.create_user("boss", is_superuser=True)
    job = requests.ask("count", "", {}, anna)
    assert list(requests.visible(anna)) == list(requests.visible(boss)) == [job]
    assert not requests.visible(ben).exists()
    assert not requests.visible(None).exists()


def test_a_person_has_so_many_jobs_at_once() -> None:
    for _ in range(requests.MAX_OPEN):
        ask()
    with pytest.raises(requests.TooManyJobs, match="10 jobs of yours"):
        ask()


def test_files_are_read_from_any_byte() -> None:
    job = ask()
    whole = bytes(range(256)) * 10_000
    files.append(job.pk, files.OUT, whole[:100])
    files.append(job.pk, files.OUT, whole[100:])
    assert files.size(job.pk, files.OUT) == len(whole)
    for start in (0, 99, 100, 1_000_099, 1_000_100, len(whole) - 1):
        piece = files.read(job.pk, files.OUT, start)
        assert piece
        assert whole[start:].startswith(piece)
    assert files.read(job.pk, files.OUT, len(whole)) == b""
    assert b"".join(files.pieces(job.pk, files.OUT)) == whole
    assert 0 < files.stored(job.pk) < len(whole) / 10
