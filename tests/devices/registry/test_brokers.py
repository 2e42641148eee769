"""A broker is added by its address, silent and switched off."""

import pytest
from django.core.exceptions import ValidationError

from devices import secrets
from devices.models import Broker
from devices.registry import brokers

pytestmark = pytest.mark.usefixtures("tables")


def test_it_is_named_after_its_host_and_publishes_nothing() -> None:
    row = brokers.add("mqtt://Home-Assistant.local", "me", "word")
    assert (row.name, row.addresses) == (
        *("home-assistant-local", "mqtt://home-assistant.local:1883"),
    )
    assert (row.username, secrets.unseal(row.password)) == ("me", "word")
    assert (row.enabled, row.canary) == (False, False)


def test_another_of_that_name_is_numbered() -> None:
    assert [brokers.add(f"mqtt://h:{port}").name for port in (1, 2, 3)] == ["h", "h-2", "h-3"]
    assert brokers.add("mqtt://[::]").name == "broker"


def test_one_that_is_there_takes_a_password_that_was_mistyped() -> None:
    first = brokers.add("h", "me", "wrong")
    Broker.objects.filter(pk=first.pk).update(enabled=True, name="mine")
    again = brokers.add("mqtt://me:right@h:1883")
    assert (again.pk, again.name, again.enabled) == (first.pk, "mine", True)
    assert secrets.unseal(Broker.objects.get().password) == "right"
    assert secrets.unseal(brokers.add("h", "me").password) == "right", "none was given"
    assert brokers.add("h", "other").pk != first.pk


def test_what_is_no_address_names_the_field() -> None:
    with pytest.raises(ValidationError) as error:
        brokers.add("http://h")
    assert list(error.value.message_dict) == ["addresses"]
    assert not Broker.objects.exists()
