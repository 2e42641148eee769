"""What operators and managers set of a device and its metrics."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from devices.models import Device, Membership, RetentionPolicy, Series, Site

pytestmark = pytest.mark.usefixtures("tables")
PATH = "/devices/press-3/settings"


@pytest.fixture
def press() -> Device:
    here = Site.objects.create(slug="here", name="Here")
    Site.objects.create(slug="there", name="There")
    device = Device.objects.create(key="press-3", site=here, device_type="press")
    for metric, unit in (("oil", "°C"), ("on", "")):
        Series.objects.create(device=device, metric=metric, unit=unit)
    return device


def person(role: str, *sites: str) -> Client:
    user = get_user_model().objects.create_user(role)
    for slug in sites:
        Membership.objects.create(user=user, site=Site.objects.get(slug=slug), role=role)
    client = Client()
    client.force_login(user)
    return client


def given(client: Client, **changed: Any) -> dict[str, Any]:
    """Return what the page's forms hold, with some of it changed."""
    context = client.get(PATH).context
    told: dict[str, Any] = {}
    for form in (context["form"], *context["metrics"]):
        for bound in form:
            value = bound.value()
            if value not in (None, False):
                told[bound.html_name] = value
    return {**told, **changed}


def test_saving_what_is_shown_changes_nothing(press: Device) -> None:
    operator = person("operator", "here")
    before = (Device.objects.values().get(), list(Series.objects.order_by("pk").values()))
    assert operator.post(PATH, given(operator)).status_code == 302
    assert (Device.objects.values().get(), list(Series.objects.order_by("pk").values())) == before


def test_an_operator_sets_names_units_and_what_is_hidden(press: Device) -> None:
    operator = person("operator", "here")
    oil, on = Series.objects.order_by("metric")
    changed = {
        **{"name": "Press 3", "tags": "north oil north", "stale_after_s": "90"},
        **{f"series-{oil.pk}-label": "Oil", f"series-{oil.pk}-shown_unit": "°F"},
        **{f"series-{oil.pk}-decimals": "1", f"series-{on.pk}-hidden": "on"},
    }
    assert operator.post(PATH, given(operator, **changed)).status_code == 302
    device = Device.objects.get()
    assert (device.name, device.stale_after_s) == ("Press 3", 90)
    assert set(device.tags.values_list("name", flat=True)) == {"north", "oil"}
    oil.refresh_from_db()
    on.refresh_from_db()
    assert (oil.label, oil.shown_unit, oil.decimals, on.hidden) == ("Oil", "°F", 1, True)
    assert set(oil.by_hand) >= {"label", "decimals"}


def test_site_and_type_are_a_managers_to_set(press: Device) -> None:
    operator = person("operator", "here")
    assert "site" not in operator.get(PATH).context["form"].fields
    there = Site.objects.get(slug="there")
    operator.post(PATH, given(operator, site=there.pk, device_type="x"))
    assert Device.objects.get().site == press.site
    manager = person("manager", "here")
    refused = manager.post(PATH, given(manager, site=there.pk))
    assert refused.status_code == 400
    Membership.objects.create(
        user=get_user_model().objects.get(username="manager"), site=there, role="manager"
    )
    assert manager.post(PATH, given(manager, site=there.pk)).status_code == 302
    assert Device.objects.get().site == there
    # Without one it would be nobody's but those who see all.
    assert manager.post(PATH, given(manager, site="")).status_code == 400
    assert Device.objects.get().site == there


@pytest.mark.parametrize(
    ("field", "value"),
    [("zone", "Mars/Olympus"), ("tags", "a/b"), ("stale_after_s", "-5"), ("name", "x" * 201)],
)
def test_what_is_wrong_is_said_and_nothing_is_saved(press: Device, field: str, value: str) -> None:
    operator = person("operator", "here")
    oil = Series.objects.get(metric="oil")
    answer = operator.post(PATH, given(operator, **{field: value, f"series-{oil.pk}-label": "Oil"}))
    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode()
    oil.refresh_from_db()
    assert (oil.label, Device.objects.get().name) == ("", "")


def test_a_unit_is_spelled_as_it_is_stored_and_decimals_have_a_bound(press: Device) -> None:
    operator = person("operator", "here")
    oil = Series.objects.get(metric="oil")
    operator.post(PATH, given(operator, **{f"series-{oil.pk}-unit": "degF"}))
    oil.refresh_from_db()
    assert oil.unit == "°F"
    answer = operator.post(PATH, given(operator, **{f"series-{oil.pk}-decimals": "400"}))
    assert answer.status_code == 400


def test_metrics_follow_each_other_as_somebody_ordered_them(press: Device) -> None:
    operator = person("operator", "here")
    oil, on = Series.objects.order_by("metric")
    third = Series.objects.create(device=press, metric="a")
    changed = {f"series-{on.pk}-position": "1", f"series-{oil.pk}-position": "2"}
    assert operator.post(PATH, given(operator, **changed)).status_code == 302
    page = operator.get("/devices/press-3/")
    assert [view.info.metric for view in page.context["series"]] == ["on", "oil", "a"]
    rows = [form.instance.metric for form in operator.get(PATH).context["metrics"]]
    assert rows == ["on", "oil", third.metric]


def test_limits_are_set_and_those_that_nothing_is_between_are_refused(press: Device) -> None:
    operator = person("operator", "here")
    oil = Series.objects.get(metric="oil")
    low, high = f"series-{oil.pk}-minimum", f"series-{oil.pk}-maximum"
    refused = operator.post(PATH, given(operator, **{low: "80", high: "20.5"}))
    assert refused.status_code == 400
    assert "The least must be below the most." in refused.content.decode()
    assert operator.post(PATH, given(operator, **{low: "20.5", high: "80"})).status_code == 302
    oil.refresh_from_db()
    assert (oil.minimum, oil.maximum) == (20.5, 80.0)
    assert set(oil.by_hand) >= {"minimum", "maximum"}


def test_a_manager_says_for_how_long_one_metric_is_kept(press: Device) -> None:
    oil = Series.objects.get(metric="oil")
    field = f"series-{oil.pk}-keep_days"
    operator = person("operator", "here")
    operator.post(PATH, given(operator, **{field: "7"}))
    assert not RetentionPolicy.objects.exists()
    manager = person("manager", "here")
    assert manager.post(PATH, given(manager, **{field: "7"})).status_code == 302
    assert RetentionPolicy.objects.get(series=oil).raw_days == 7
    RetentionPolicy.objects.update(quarters_days=30)
    wrong = manager.post(PATH, given(manager, **{field: "31"}))
    assert wrong.status_code == 400
    assert "15-minute sums must stay as long as readings." in wrong.content.decode()
    RetentionPolicy.objects.update(quarters_days=None)
    manager.post(PATH, given(manager, **{field: ""}))
    assert not RetentionPolicy.objects.exists()
