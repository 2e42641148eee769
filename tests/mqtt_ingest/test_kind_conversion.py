"""Changing the kind of a series converts what is stored, on both databases."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from devices import queries
from devices.jobs.runner import Runner
from devices.models import Change, Device, Job, Latest, Series
from devices.registry import kinds
from devices.rollups.roller import Roller
from mqtt_ingest import kind_conversion
from tests.mqtt_ingest.storing.test_slot_writer import NOW, entry, make_writer, rows, store
from tests.support.forms import Page

pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture(autouse=True)
def _accept(settings: Any) -> None:
    settings.MQTT_REGISTRATION = "accept"


def stored(*values: object) -> Series:
    writer = make_writer()
    for n, value in enumerate(values):
        store(writer, entry({"ts": NOW + n * 1_000, "t": value}))
    return Series.objects.get()


def change(series: Series, kind: str) -> Job:
    old, series.kind = series.kind, kind
    series.save()
    (job,) = kinds.convert([series], {series.pk: old}, None)
    runner = Runner("one")
    while runner.step():
        pass
    job.refresh_from_db()
    assert job.state == "done", job.words
    return job


def values() -> list[tuple[float | None, str | None]]:
    return [row[3:] for row in rows()]


def test_a_text_series_becomes_one_of_numbers_and_keeps_what_is_none() -> None:
    series = stored("idle", 21.5, "1.10", "x", True)
    change(series, "number")
    assert values() == [(None, "idle"), (21.5, None), (1.1, None), (None, "x"), (1.0, None)]
    assert Latest.objects.get().value == 1.0


def test_a_boolean_series_becomes_one_of_numbers_and_back() -> None:
    series = stored(True, 0, 5)
    change(series, "number")
    assert values() == [(1.0, None), (0.0, None), (5.0, None)]
    change(series, "boolean")
    assert values() == [(1.0, None), (0.0, None), (None, "5")]


@pytest.mark.parametrize(("first", "words"), [(True, "true"), (21.5, "21.5"), (7, "7")])
def test_values_become_texts(first: object, words: str) -> None:
    change(stored(first), "text")
    assert values() == [(None, words)]
    assert Latest.objects.get().text == words


def test_it_goes_on_where_it_stopped_and_tells_pages_and_rollups(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kind_conversion, "ROWS", 3)
    series = stored("x", *range(10))
    before = Change.objects.filter(writer="edit").count()
    job = change(series, "number")
    assert values()[1:] == [(float(n), None) for n in range(10)]
    assert Change.objects.filter(writer="edit").count() == before + 4
    assert job.done == 11


def test_a_step_done_twice_changes_nothing() -> None:
    series = stored("x", 1, 2)
    change(series, "number")
    logged = Change.objects.count()
    change(series, "number")
    assert Change.objects.count() == logged


def test_rollups_follow() -> None:
    series = stored("x", *range(100))
    roller = Roller("r", clock=lambda: NOW * 1_000 + 7_200_000_000)
    for _turn in range(200):
        roller.step()
    change(series, "number")
    for _turn in range(200):
        roller.step()
    (info,) = queries.series_of([series.device_id])
    with queries.read_snapshot():
        exact = queries.rolled_up()
        found = queries.bins(info, NOW * 1_000, NOW * 1_000 + 10**8, 900_000_000, exact)
    assert max(high for _ts, _last, _low, high, *_rest in found if high is not None) == 99.0


def test_somebody_changes_it_in_admin() -> None:
    stored("unset", 21.5)
    get_user_model().objects.create_superuser("root", password="root")
    client = Client()
    assert client.login(username="root", password="root")
    url = f"/admin/devices/device/{Device.objects.get().pk}/change/"
    form = Page(client, url, client.get(url)).form("device_form")
    assert form is not None
    form.data["series-0-kind"] = ["number"]
    page = Page(client, url, client.post(url, form.data, follow=True))
    assert not page.errors
    job = Job.objects.get()
    assert f"job {job.pk}" in page.text
    assert Series.objects.get().kind == "number"
    runner = Runner("one")
    while runner.step():
        pass
    assert values() == [(None, "unset"), (21.5, None)]
