"""The registry rows of the demo fleet; names, sites and units that people change stay."""

from devices.models import Device, Identity, Kind, Latest, Series, Site, Source, Tag
from iotbridge.demo.devices import DEVICES, PENDING, SITES, SimulatedDevice


def seed() -> None:
    """Make the sites and devices that are not there yet."""
    parent, _ = Site.objects.get_or_create(slug="sim", defaults={"name": "Demo (simulated)"})
    sites = {
        slug: Site.objects.get_or_create(
            slug=slug, defaults={"name": f"{name} (simulated)", "parent": parent}
        )[0]
        for slug, name in SITES.items()
    }
    source = Source.objects.get(name="native")
    for simulated in DEVICES:
        device, made = Device.objects.get_or_create(
            key=simulated.key,
            defaults={
                "name": f"{simulated.name} (simulated)" if simulated.name else "",
                "site": sites.get(simulated.site),
                "device_type": simulated.device_type,
                "pending": simulated.key == PENDING,
            },
        )
        if made:
            Identity.objects.get_or_create(
                source=source, native_id=device.key, defaults={"device": device}
            )
            device.tags.set(Tag.objects.get_or_create(name=tag)[0] for tag in simulated.tags)
            _make_series(device, simulated)


def _make_series(device: Device, simulated: SimulatedDevice) -> None:
    for metric, value in simulated.measure(0.0).items():
        Series.objects.get_or_create(
            device=device,
            metric=metric,
            defaults={
                "unit": simulated.units.get(metric, ""),
                "kind": Kind.BOOLEAN if isinstance(value, bool) else Kind.NUMBER,
            },
        )


def newest() -> dict[str, float]:
    """Return the time (s since 1970) of each device's newest reading, by key."""
    rows = Latest.objects.filter(
        series__device__key__in=[simulated.key for simulated in DEVICES]
    ).values_list("series__device__key", "ts")
    found: dict[str, float] = {}
    for key, ts in rows:
        found[key] = max(found.get(key, 0.0), ts / 1e6)
    return found
