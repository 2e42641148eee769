"""Brokers besides that of the settings; their secrets are taken, and never told."""

from typing import Annotated, Any, Literal

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest
from ninja import Field, Router, Schema, Status

from dashboards.api.auth import require
from dashboards.api.problems import Body, Problem, from_model
from devices.models import Broker
from devices.registry import brokers

router = Router(tags=["brokers"])


class BrokerOut(Schema):
    """A broker, without its secrets."""

    name: str
    addresses: str
    username: str
    version: str
    canary: bool
    enabled: bool
    has_password: bool
    has_certificate: bool


class BrokerIn(Body):
    """A new broker, which is switched off until something of it is read."""

    addresses: Annotated[str, Field(max_length=1_000)]
    username: Annotated[str, Field(max_length=200)] = ""
    password: Annotated[str, Field(max_length=1_000)] = ""


class BrokerChange(Body):
    """What may be changed; what is absent stays."""

    username: Annotated[str, Field(max_length=200)] | None = None
    password: Annotated[str, Field(max_length=1_000)] | None = None
    version: Literal["3.1.1", "5"] | None = None
    canary: bool | None = None
    enabled: bool | None = None


@router.get("", response=list[BrokerOut])
def list_brokers(request: HttpRequest) -> list[dict[str, Any]]:
    """List the brokers that people have added."""
    require(request, "devices.view_broker")
    return [_out(broker) for broker in Broker.objects.all()]


@router.post("", response={201: BrokerOut})
def add_broker(request: HttpRequest, body: BrokerIn) -> Status[dict[str, Any]]:
    """Add a broker by its address."""
    require(request, "devices.add_broker")
    may_change = request.user.has_perm("devices.change_broker")
    try:
        made = brokers.add(body.addresses, body.username, body.password, may_change=may_change)
    except ValidationError as error:
        raise from_model(error) from error
    return Status(201, _out(made))


@router.patch("/{name}", response=BrokerOut)
def change_broker(request: HttpRequest, name: str, body: BrokerChange) -> dict[str, Any]:
    """Change a broker; workers follow within seconds."""
    require(request, "devices.change_broker")
    broker = _find(name)
    given = body.model_dump(exclude_unset=True, exclude_none=True)
    password = given.pop("password", None)
    for field, value in given.items():
        setattr(broker, field, value)
    if password is not None:
        broker.set_password(password)
    try:
        broker.full_clean(validate_unique=False)
    except ValidationError as error:
        raise from_model(error) from error
    broker.save()
    return _out(broker)


@router.delete("/{name}", response={204: None})
def delete_broker(request: HttpRequest, name: str) -> Status[None]:
    """Delete a broker that is switched off; its Sources go with it."""
    require(request, "devices.delete_broker")
    broker = _find(name)
    if broker.enabled:
        raise Problem(409, "Switch it off first: what it has queued is then read.", "enabled")
    broker.delete()
    return Status(204, None)


def _find(name: str) -> Broker:
    broker = Broker.objects.filter(name=name).first()
    if broker is None:
        raise Http404(f"There is no broker {name!r}.")
    return broker


def _out(broker: Broker) -> dict[str, Any]:
    names = ("name", "addresses", "username", "version", "canary", "enabled")
    secrets = {
        "has_password": bool(broker.password),
        "has_certificate": bool(broker.certificate.strip()),
    }
    return {**{name: getattr(broker, name) for name in names}, **secrets}
