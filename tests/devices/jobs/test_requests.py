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
