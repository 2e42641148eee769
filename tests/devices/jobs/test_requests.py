"""What one person may have of jobs, and whose imports they may answer for."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission

from devices.jobs import files, requests
from devices.models import Job

pytestmark = pytest.mark.django_db


def person(name: str, *permissions: str, **more: Any) -> Any:
    made = get_user_model().objects.create_user(name, **more)
    made.user_permissions.add(*Permission.objects.filter(codename__in=permissions))
    return made


def test_who_may_see_all_jobs_answers_for_their_own_alone() -> None:
    owner, other = person("owner"), person("other", "view_job", is_staff=True)
    root = get_user_model().objects.create_superuser("root")
    job = requests.ask("import", "x", {}, owner, Job.State.ASKING)
    assert [requests.visible(one).count() for one in (owner, other, root)] == [1, 1, 1]
    assert list(requests.own(owner)) == [job]
    assert not requests.own(other).exists()
    assert list(requests.own(root)) == [job]
    assert not requests.own(None).exists()
    # Seeing all devices and all jobs is no right to write with another one's rights.
    auditor = person("auditor", "view_job", "view_device", is_staff=True)
    assert requests.visible(auditor).count() == 1
    assert not requests.own(auditor).exists()


def test_what_names_no_devices_is_fetched_by_who_asked_for_it() -> None:
    owner, auditor = person("owner"), person("auditor", "view_job", "view_device", is_staff=True)
    root = get_user_model().objects.create_superuser("root")
    found = requests.ask("discover", "x", {}, owner)
    assert [requests.may_fetch(found, one) for one in (owner, auditor, root, None)] == [
        *(True, False, True, False)
    ]


def test_the_files_of_one_person_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "MAX_BYTES", 1_000)
    owner, other = person("owner"), person("other")
    for state in (Job.State.DONE, Job.State.CANCELLED):
        job = requests.ask("export", "x", {}, owner)
        Job.objects.filter(pk=job.pk).update(state=state)
        files.append(job.pk, files.OUT, b"x" * 500)
    with pytest.raises(requests.TooManyJobs, match="your files take"):
        requests.ask("export", "x", {}, owner)
    requests.ask("export", "x", {}, other)
