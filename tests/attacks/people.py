"""A world with two sites, and everybody who may come to it."""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth import get_user_model
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from dashboards.boards import store
from dashboards.live.identity import KIOSK_COOKIE
from dashboards.logbook import places, writing
from dashboards.models import SavedView
from dashboards.pictures import storing
from dashboards.sharing import links, visitors
from devices.access import kiosks, token_digest
from devices.alarms import editing, numbers
from devices.alarms.models import Alarm, Receiver, Rule
from devices.imports import uploads
from devices.jobs import files
from devices.models import (
    ApiToken,
    Correction,
    Device,
    Identity,
    Job,
    Kiosk,
    Membership,
    RetentionPolicy,
    Series,
    Site,
    Source,
    Tag,
)
from mqtt_ingest.models import DeadLetter
from tests.mqtt_ingest.storing.test_slot_writer import make_writer
from tests.support.factories import make_batch, make_entry

CSV = b"time,device,t\n2026-01-01T00:00:00Z,press,1\n"
# In this order in each row of the table.
PEOPLE = (
    *("nobody", "roleless", "viewer", "operator", "manager", "elsewhere", "staff"),
    *("kiosk", "revoked", "root"),
)


@dataclass
class World:
    """What there is, by the names that addresses have in the table."""

    names: dict[str, Any] = field(default_factory=dict)
    clients: dict[str, Client] = field(default_factory=dict)
    # Of a page that a link to the board opened.
    grant: str = ""

    def ask(self, person: str, method: str, url: str, body: Any = None) -> HttpResponse:
        """Send a request as `person`; a body that is no form is JSON."""
        client, path = self.clients[person], url.format(**self.names)
        # What an answer does to cookies ends with it: logging out, for example.
        before, client.cookies = client.cookies, copy.deepcopy(client.cookies)
        send: Callable[..., Any] = getattr(client, method.lower())
        try:
            if isinstance(body, bytes):
                return send(path, body, content_type="text/csv")
            if isinstance(body, dict):
                body = {name: self._filled(value) for name, value in body.items()}
            if body is not None and path.startswith("/api/"):
                return send(path, json.dumps(body), content_type="application/json")
            return send(path, body) if body is not None else send(path)
        finally:
            client.cookies = before

    def _filled(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._filled(one) for one in value]
        return value.format(**self.names) if isinstance(value, str) else value


def make_world() -> World:
    """Make two sites with a device each, and everybody's client."""
    here = Site.objects.create(slug="here", name="Here")
    there = Site.objects.create(slug="there", name="There")
    source = Source.objects.get(name="native")
    press = Device.objects.create(key="press", site=here, device_type="press")
    Device.objects.create(key="other", site=there)
    Identity.objects.create(source=source, native_id="press", device=press)
    press.tags.add(tag := Tag.objects.create(name="tagged"))
    users = get_user_model().objects
    user = {name: users.create_user(name) for name in PEOPLE[1:6]}
    for name, site in zip(
        ("viewer", "operator", "manager", "elsewhere"), (here, here, here, there), strict=True
    ):
        role = "manager" if name == "elsewhere" else name
        Membership.objects.create(user=user[name], site=site, role=role)
    user["staff"] = users.create_user("staff", is_staff=True)
    user["root"] = users.create_superuser("root")
    kiosk = Kiosk.objects.create(name="Door", site=here)
    world = World()
    for name in PEOPLE:
        world.clients[name] = Client(raise_request_exception=False)
        if name in user:
            world.clients[name].force_login(user[name])
    world.clients["kiosk"].cookies[KIOSK_COOKIE] = kiosks.enrol(kiosk)
    token = ApiToken.objects.create(user=user["root"], digest=token_digest("was"))
    world.clients["revoked"].defaults["HTTP_AUTHORIZATION"] = "Bearer was"
    ApiToken.objects.filter(pk=token.pk).update(digest=token_digest("is no more"))
    at = round(timezone.now().timestamp() * 1e3)
    packet = make_entry('{"t": 1}', "devices/press/telemetry", received_at=at * 1_000)
    make_writer().store(make_batch(packet))
    series = Series.objects.get(metric="t")
    mark = Correction.objects.create(
        series=series, since=1, until=2, kind="bad", reason="x", made_by=user["operator"]
    )
    job = Job.objects.create(
        **{"kind": "export", "title": "x", "asked_by": user["operator"], "state": Job.State.DONE},
        options={"devices": [press.pk]},
    )
    files.append(job.pk, files.OUT, b"time,device\n")
    waiting = Job.objects.create(kind="export", title="x", asked_by=user["operator"])
    upload = uploads.upload("x.csv", [CSV], "", user["operator"])
    letter = DeadLetter.objects.create(
        received_at=timezone.now(),
        topic="x",
        payload=b"x",
        reason="not_json",
        source="native",
        qos=1,
    )
    more = {"site": here, "shared": "site"}
    place = places.Place("device", press)
    note = writing.write(place, user["operator"], "@viewer and @elsewhere: oil", since=1, until=2)
    board = store.publish(store.make(user["manager"], "Oil", **more), user["manager"])
    picture = storing.keep(
        b"<svg xmlns='http://www.w3.org/2000/svg'/>", user["manager"], board=board
    )
    link = links.make(board, user["manager"])
    rule = editing.save(Rule(name="hot", device=press, metric="t", kind="above", high=0), "x")
    alarm = Alarm.objects.create(
        **{"seq": 1, "rule": rule, "rule_name": "hot", "severity": "warning", "device": press},
        **{"series": series, "metric": "t", "since": at * 1_000, "noticed_at": timezone.now()},
    )
    numbers.raised(numbers.ALARMS)
    soon = at + 3_600_000
    work = editing.begin_work(press, soon * 1_000, "oil", "operator")
    receiver = Receiver.objects.create(name="x", kind="email", target="a@b.example", site=here)
    world.grant = visitors.grant_of(link, 0)
    world.names = {
        "here": here.pk,
        "view": SavedView.objects.create(owner=user["operator"], title="Mine").pk,
        **{"picture": picture.pk, "link": link.pk, "address": links.address_of(link)},
        **{"mark": mark.pk, "job": job.pk, "waiting": waiting.pk, "upload": upload.pk},
        "board": board.slug,
        **{"rule": rule.pk, "alarm": alarm.pk, "work": work.pk, "receiver": receiver.pk},
        "soon": soon,
        "note": note.pk,
        **{"code": kiosks.new_code(kiosk), "since": at - 1, "until": at + 1},
        "objects": {
            "devices_apitoken": token.pk,
            "devices_kiosk": kiosk.pk,
            "devices_device": press.pk,
            "devices_series": series.pk,
            "devices_retentionpolicy": RetentionPolicy.objects.create(site=here, raw_days=9).pk,
            "devices_site": here.pk,
            "devices_tag": tag.pk,
            "devices_source": source.pk,
            "mqtt_ingest_deadletter": letter.pk,
            "auth_group": None,
            "auth_user": user["viewer"].pk,
        },
    }
    return world
