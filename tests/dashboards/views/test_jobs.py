"""The pages of exports, imports and jobs: who sees and may do what."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from devices.jobs import requests
from devices.models import Device, Job, Membership, Series, Site

pytestmark = pytest.mark.usefixtures("tables")


def person(name: str, role: str = "", site: Site | None = None) -> Client:
    user = get_user_model().objects.create_user(name)
    if site is not None:
        Membership.objects.create(user=user, site=site, role=role)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def site() -> Site:
    made = Site.objects.create(slug="s", name="S")
    device = Device.objects.create(key="press", site=made)
    Series.objects.create(device=device, metric="<b>t</b>")
    return made


def test_a_viewer_exports_and_does_not_import(site: Site) -> None:
    viewer = person("vera", "viewer", site)
    assert "Import readings" not in viewer.get("/jobs").content.decode()
    assert viewer.get("/import").status_code == 403
    page = viewer.get("/export?device=press").content.decode()
    assert "&lt;b&gt;t&lt;/b&gt;" in page
    assert "<b>t</b>" not in page
    answer = viewer.post("/export", {"keys": ["press/*"], "format": "csv", "zone": "UTC"})
    assert answer.status_code == 302
    assert Job.objects.get().title == "press/*"


def test_what_others_asked_for_is_not_there(site: Site) -> None:
    owner = get_user_model().objects.create_user("owner")
    job = requests.ask("export", "secret", {}, owner)
    viewer = person("vera", "viewer", site)
    assert "secret" not in viewer.get("/jobs").content.decode()
    for path in (f"/jobs/{job.pk}/file", f"/import/{job.pk}"):
        assert viewer.get(path).status_code == 404
    assert viewer.post(f"/jobs/{job.pk}/cancel").status_code == 404
    assert viewer.get("/export?device=other").status_code == 404
    assert "secret" in person_staff().get("/jobs").content.decode()


def person_staff() -> Client:
    user = get_user_model().objects.create_user("boss", is_superuser=True)
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"zone": "Mars"}, "is no time zone"),
        ({"format": "xls"}, "format must be one of"),
        ({"from": "2026-02-30"}, "neither ISO 8601"),
        ({"keys": ["x/y"]}, "names no series"),
    ],
)
def test_a_wrong_export_is_said_on_the_form(site: Site, given: Any, words: str) -> None:
    viewer = person("vera", "viewer", site)
    body = {"keys": ["press/*"], "format": "csv", "zone": "UTC", "device": "press", **given}
    answer = viewer.post("/export", body)
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_an_operator_imports_step_by_step(site: Site) -> None:
    operator = person("otto", "operator", site)
    assert "choose a file" in operator.post("/import", {}).content.decode()
    file = SimpleUploadedFile("<i>.csv", b"time,<u>x</u>\n2026-01-01,1\nnever,2\n")
    answer = operator.post("/import", {"file": file, "device": "press"})
    page = operator.get(answer["Location"]).content.decode()
    assert "&lt;u&gt;x&lt;/u&gt; = 1.0" in page
    assert "<u>x</u>" not in page
    assert "line 3, column time" in page
    assert "create devices that are not registered" not in page
    given = {"time": ["time"], "metrics": ["<u>x</u>"], "fixed_device": "press", "zone": "UTC"}
    given |= {"order": "mdy", "decimal": ".", "delimiter": ","}
    assert (
        operator.post(answer["Location"], {**given, "create": "1", "start": "1"}).status_code == 403
    )
    assert operator.post(answer["Location"], {**given, "start": "1"}).status_code == 302
    assert Job.objects.get().state == "waiting"
    assert "waiting" in operator.get(answer["Location"]).content.decode()
    assert operator.post(f"/jobs/{Job.objects.get().pk}/cancel").status_code == 302
    assert Job.objects.get().state == "cancelled"
