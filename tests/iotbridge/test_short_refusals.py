"""Refused requests are one short line in the log; faults of ours keep their traceback."""

import logging
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.test import Client
from django.urls import path

from iotbridge.short_refusals import MAX_LENGTH, ShortRefusals


def view(request: Any) -> Any:
    raise PermissionDenied if request.GET else ZeroDivisionError


def refused(_request: Any, exception: Exception) -> HttpResponse:
    return HttpResponse(status=403, content=type(exception).__name__)


urlpatterns = [path("it", view)]
handler403 = refused


@pytest.fixture
def logged(settings: Any, caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
    settings.ALLOWED_HOSTS = ["testserver"]
    caplog.handler.addFilter(ShortRefusals())
    return caplog


def texts(caplog: pytest.LogCaptureFixture) -> str:
    return "".join(caplog.handler.format(record) + "\n" for record in caplog.records)


@pytest.mark.parametrize(
    ("query", "host"), [("?a=1", "testserver"), ("", "x" * 9_000), ("", "evil.example")]
)
def test_a_refused_request_is_one_short_line(
    logged: pytest.LogCaptureFixture, query: str, host: str
) -> None:
    client = Client(raise_request_exception=False)
    assert client.get(f"/it{query}", headers={"host": host}).status_code in {400, 403}
    told = texts(logged)
    assert "Traceback" not in told
    assert 0 < max(map(len, told.splitlines())) < MAX_LENGTH + 150
    assert len(told.splitlines()) <= 2


def test_a_fault_of_ours_keeps_its_traceback(logged: pytest.LogCaptureFixture) -> None:
    client = Client(raise_request_exception=False)
    assert client.get("/it").status_code == 500
    assert "ZeroDivisionError" in texts(logged)


def test_it_is_in_the_settings() -> None:
    from iotbridge import settings

    assert settings.LOGGING["handlers"]["stderr"]["filters"] == ["refusals"]
    assert logging.getLogger().handlers
