"""What all attacks begin with."""

import pytest

from devices.access import throttle


@pytest.fixture(autouse=True)
def _nobody_has_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "_failures", type(throttle._failures)())
