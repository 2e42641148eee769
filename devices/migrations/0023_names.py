import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("devices", "0022_series_position"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="apitoken",
            options={"verbose_name": "API token", "verbose_name_plural": "API tokens"},
        ),
        migrations.AlterModelOptions(
            name="broker",
            options={
                "ordering": ["name"],
                "verbose_name": "broker",
                "verbose_name_plural": "brokers",
            },
        ),
        migrations.AlterModelOptions(
            name="device",
            options={
                "ordering": ["key"],
                "verbose_name": "device",
                "verbose_name_plural": "devices",
            },
        ),
        migrations.AlterModelOptions(
            name="devicecounts",
            options={"verbose_name": "device counts", "verbose_name_plural": "device counts"},
        ),
        migrations.AlterModelOptions(
            name="identity",
            options={"verbose_name": "identity", "verbose_name_plural": "identities"},
        ),
        migrations.AlterModelOptions(
            name="kiosk",
            options={"verbose_name": "kiosk", "verbose_name_plural": "kiosks"},
        ),
        migrations.AlterModelOptions(
            name="series",
            options={
                "ordering": ["metric"],
                "verbose_name": "series",
                "verbose_name_plural": "series",
            },
        ),
        migrations.AlterModelOptions(
            name="site",
            options={"ordering": ["name"], "verbose_name": "site", "verbose_name_plural": "sites"},
        ),
        migrations.AlterModelOptions(
            name="source",
            options={
                "ordering": ["name"],
                "verbose_name": "source",
                "verbose_name_plural": "sources",
            },
        ),
        migrations.AlterModelOptions(
            name="tag",
            options={"ordering": ["name"], "verbose_name": "tag", "verbose_name_plural": "tags"},
        ),
        migrations.AlterField(
            model_name="apitoken",
            name="note",
            field=models.CharField(blank=True, max_length=200, verbose_name="note"),
        ),
        migrations.AlterField(
            model_name="apitoken",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="api_tokens",
                to=settings.AUTH_USER_MODEL,
                verbose_name="user",
            ),
        ),
        migrations.AlterField(
            model_name="broker",
            name="addresses",
            field=models.TextField(
                help_text="mqtt://, mqtts://, ws:// or wss://, a host and a port. Several of one broker, parted by blanks, are tried in turn.",
                verbose_name="addresses",
            ),
        ),
        migrations.AlterField(
            model_name="broker",
            name="canary",
            field=models.BooleanField(
                default=False,
                help_text="Publish a small message to iotbridge/canary/… now and then, which proves that packets come through. Without it nothing is published, and the way is not proven.",
                verbose_name="canary",
            ),
        ),
        migrations.AlterField(
            model_name="broker",
            name="enabled",
            field=models.BooleanField(
                default=True,
                help_text="Switched off, what the broker has queued for us is read first.",
                verbose_name="enabled",
            ),
        ),
        migrations.AlterField(
            model_name="broker",
            name="name",
            field=models.CharField(
                help_text="A part of the client ids by which the broker knows us.",
                max_length=30,
                unique=True,
                validators=[
                    django.core.validators.RegexValidator(
                        "^(?!ingest(-|\\Z))[a-z0-9](-?[a-z0-9]+)*\\Z",
                        "Use a to z, 0 to 9 and single hyphens between them, and not ingest.",
                    )
                ],
                verbose_name="name",
            ),
        ),
        migrations.AlterField(
            model_name="broker",
            name="username",
            field=models.CharField(blank=True, max_length=200, verbose_name="user name"),
        ),
        migrations.AlterField(
            model_name="device",
            name="enabled",
            field=models.BooleanField(
                default=True,
                help_text="Packets of a disabled device are counted, not stored.",
                verbose_name="enabled",
            ),
        ),
        migrations.AlterField(
            model_name="device",
            name="expected_by",
            field=models.DateTimeField(blank=True, null=True, verbose_name="expected by"),
        ),
        migrations.AlterField(
            model_name="device",
            name="firmware",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=100, verbose_name="firmware"
            ),
        ),
        migrations.AlterField(
            model_name="device",
            name="key",
            field=models.CharField(
                max_length=128,
                unique=True,
                validators=[
                    django.core.validators.RegexValidator(
                        "^(?!\\.{1,2}\\Z)[A-Za-z0-9_.:~-]{1,128}\\Z",
                        "Use 1 to 128 of A-Z a-z 0-9 _ . : - (other characters as ~ and two hex digits).",
                    )
                ],
                verbose_name="key",
            ),
        ),
        migrations.AlterField(
            model_name="device",
            name="last_seen",
            field=models.DateTimeField(
                blank=True, db_index=True, null=True, verbose_name="last seen"
            ),
        ),
        migrations.AlterField(
            model_name="device",
            name="latitude",
            field=models.FloatField(blank=True, null=True, verbose_name="latitude"),
        ),
        migrations.AlterField(
            model_name="device",
            name="location",
            field=models.CharField(blank=True, max_length=200, verbose_name="location"),
        ),
        migrations.AlterField(
            model_name="device",
            name="longitude",
            field=models.FloatField(blank=True, null=True, verbose_name="longitude"),
        ),
        migrations.AlterField(
            model_name="device",
            name="manufacturer",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=100, verbose_name="manufacturer"
            ),
        ),
        migrations.AlterField(
            model_name="device",
            name="name",
            field=models.CharField(blank=True, max_length=200, verbose_name="name"),
        ),
        migrations.AlterField(
            model_name="device",
            name="pending",
            field=models.BooleanField(
                default=False,
                help_text="Not accepted yet; only managers see it.",
                verbose_name="pending",
            ),
        ),
        migrations.AlterField(
            model_name="device",
            name="site",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="devices",
                to="devices.site",
                verbose_name="site",
            ),
        ),
        migrations.AlterField(
            model_name="device",
            name="stale_after_s",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Empty: three times as long as it is usually silent, at least STALE_AFTER_S.",
                null=True,
                validators=[django.core.validators.MaxValueValidator(2147483647)],
                verbose_name="stale after (s)",
            ),
        ),
        migrations.AlterField(
            model_name="device",
            name="status",
            field=models.CharField(
                blank=True,
                choices=[("", "unknown"), ("online", "online"), ("offline", "offline")],
                default="",
                max_length=10,
                verbose_name="status",
            ),
        ),
        migrations.AlterField(
            model_name="device",
            name="status_since",
            field=models.DateTimeField(blank=True, null=True, verbose_name="status since"),
        ),
        migrations.AlterField(
            model_name="device",
            name="tags",
            field=models.ManyToManyField(
                blank=True, related_name="devices", to="devices.tag", verbose_name="tags"
            ),
        ),
        migrations.AlterField(
            model_name="devicecounts",
            name="bad_samples",
            field=models.BigIntegerField(default=0, verbose_name="bad samples"),
        ),
        migrations.AlterField(
            model_name="devicecounts",
            name="clock_difference_ms",
            field=models.BigIntegerField(null=True, verbose_name="clock difference (ms)"),
        ),
        migrations.AlterField(
            model_name="devicecounts",
            name="clock_replaced",
            field=models.BigIntegerField(default=0, verbose_name="clock replaced"),
        ),
        migrations.AlterField(
            model_name="devicecounts",
            name="conflicts",
            field=models.BigIntegerField(default=0, verbose_name="conflicts"),
        ),
        migrations.AlterField(
            model_name="devicecounts",
            name="device",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                primary_key=True,
                related_name="counts",
                serialize=False,
                to="devices.device",
                verbose_name="device",
            ),
        ),
        migrations.AlterField(
            model_name="devicecounts",
            name="empty",
            field=models.BigIntegerField(default=0, verbose_name="empty"),
        ),
        migrations.AlterField(
            model_name="devicecounts",
            name="expired",
            field=models.BigIntegerField(default=0, verbose_name="expired"),
        ),
        migrations.AlterField(
            model_name="devicecounts",
            name="local_time",
            field=models.BigIntegerField(null=True, verbose_name="time without a zone"),
        ),
        migrations.AlterField(
            model_name="devicecounts",
            name="other_kind",
            field=models.BigIntegerField(default=0, verbose_name="of another kind"),
        ),
        migrations.AlterField(
            model_name="devicecounts",
            name="packets",
            field=models.BigIntegerField(default=0, verbose_name="packets"),
        ),
        migrations.AlterField(
            model_name="devicecounts",
            name="qos0",
            field=models.BigIntegerField(db_default=0, default=0, verbose_name="at QoS 0"),
        ),
        migrations.AlterField(
            model_name="devicecounts",
            name="qos0_at",
            field=models.BigIntegerField(null=True, verbose_name="last at QoS 0"),
        ),
        migrations.AlterField(
            model_name="devicecounts",
            name="refused",
            field=models.BigIntegerField(default=0, verbose_name="refused"),
        ),
        migrations.AlterField(
            model_name="devicecounts",
            name="series_refused",
            field=models.BigIntegerField(db_default=0, default=0, verbose_name="series refused"),
        ),
        migrations.AlterField(
            model_name="devicecounts",
            name="throttled",
            field=models.BigIntegerField(db_default=0, default=0, verbose_name="throttled"),
        ),
        migrations.AlterField(
            model_name="identity",
            name="device",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="identities",
                to="devices.device",
                verbose_name="device",
            ),
        ),
        migrations.AlterField(
            model_name="identity",
            name="native_id",
            field=models.CharField(max_length=500, verbose_name="id at its source"),
        ),
        migrations.AlterField(
            model_name="identity",
            name="source",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="identities",
                to="devices.source",
                verbose_name="source",
            ),
        ),
        migrations.AlterField(
            model_name="kiosk",
            name="name",
            field=models.CharField(
                help_text="Which screen: where it hangs.", max_length=100, verbose_name="name"
            ),
        ),
        migrations.AlterField(
            model_name="kiosk",
            name="site",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="kiosks",
                to="devices.site",
                verbose_name="site",
            ),
        ),
        migrations.AlterField(
            model_name="membership",
            name="role",
            field=models.CharField(
                choices=[
                    ("viewer", "viewer: sees devices and readings"),
                    ("operator", "operator: also changes devices"),
                    ("manager", "manager: also accepts and rejects pending devices"),
                ],
                default="viewer",
                max_length=10,
                verbose_name="role",
            ),
        ),
        migrations.AlterField(
            model_name="membership",
            name="site",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="memberships",
                to="devices.site",
                verbose_name="site",
            ),
        ),
        migrations.AlterField(
            model_name="membership",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="memberships",
                to=settings.AUTH_USER_MODEL,
                verbose_name="user",
            ),
        ),
        migrations.AlterField(
            model_name="retentionpolicy",
            name="device_type",
            field=models.CharField(blank=True, default="", max_length=100, verbose_name="type"),
        ),
        migrations.AlterField(
            model_name="retentionpolicy",
            name="hours_days",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Sums of hours.",
                null=True,
                validators=[django.core.validators.MaxValueValidator(1000000)],
                verbose_name="sums of hours (days)",
            ),
        ),
        migrations.AlterField(
            model_name="retentionpolicy",
            name="least_days",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Days of readings that stay even while the disk is filling up.",
                null=True,
                validators=[django.core.validators.MaxValueValidator(1000000)],
                verbose_name="at least (days)",
            ),
        ),
        migrations.AlterField(
            model_name="retentionpolicy",
            name="minutes_days",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Sums of minutes, kept of series with 20 readings a minute or more.",
                null=True,
                validators=[django.core.validators.MaxValueValidator(1000000)],
                verbose_name="sums of minutes (days)",
            ),
        ),
        migrations.AlterField(
            model_name="retentionpolicy",
            name="quarters_days",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Sums of 15 minutes.",
                null=True,
                validators=[django.core.validators.MaxValueValidator(1000000)],
                verbose_name="sums of 15 minutes (days)",
            ),
        ),
        migrations.AlterField(
            model_name="retentionpolicy",
            name="raw_days",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Readings as received. 0: for ever; empty: as the wider policy says.",
                null=True,
                validators=[django.core.validators.MaxValueValidator(1000000)],
                verbose_name="readings (days)",
            ),
        ),
        migrations.AlterField(
            model_name="retentionpolicy",
            name="series",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                to="devices.series",
                verbose_name="series",
            ),
        ),
        migrations.AlterField(
            model_name="retentionpolicy",
            name="site",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                to="devices.site",
                verbose_name="site",
            ),
        ),
        migrations.AlterField(
            model_name="series",
            name="decimals",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="How many are shown; empty: as many as tell.",
                null=True,
                validators=[django.core.validators.MaxValueValidator(12)],
                verbose_name="decimals",
            ),
        ),
        migrations.AlterField(
            model_name="series",
            name="device",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="series",
                to="devices.device",
                verbose_name="device",
            ),
        ),
        migrations.AlterField(
            model_name="series",
            name="hidden",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Stored and exported, but left out of lists, boards and its device's page.",
                verbose_name="hidden",
            ),
        ),
        migrations.AlterField(
            model_name="series",
            name="kind",
            field=models.CharField(
                choices=[("number", "number"), ("boolean", "boolean"), ("text", "text")],
                default="number",
                max_length=10,
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            model_name="series",
            name="label",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Its name for people; empty: the metric.",
                max_length=200,
                verbose_name="label",
            ),
        ),
        migrations.AlterField(
            model_name="series",
            name="maximum",
            field=models.FloatField(
                blank=True, help_text="What it may be at most.", null=True, verbose_name="at most"
            ),
        ),
        migrations.AlterField(
            model_name="series",
            name="metric",
            field=models.CharField(max_length=200, verbose_name="metric"),
        ),
        migrations.AlterField(
            model_name="series",
            name="minimum",
            field=models.FloatField(
                blank=True, help_text="What it may be at least.", null=True, verbose_name="at least"
            ),
        ),
        migrations.AlterField(
            model_name="series",
            name="position",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="Its place among the metrics of its device; empty: after those, by name.",
                null=True,
                validators=[django.core.validators.MaxValueValidator(32767)],
                verbose_name="order",
            ),
        ),
        migrations.AlterField(
            model_name="series",
            name="shown_unit",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="What it is shown in, for everybody; empty: as it is stored.",
                max_length=50,
                verbose_name="shown in",
            ),
        ),
        migrations.AlterField(
            model_name="series",
            name="unit",
            field=models.CharField(blank=True, max_length=50, verbose_name="unit"),
        ),
        migrations.AlterField(
            model_name="site",
            name="name",
            field=models.CharField(max_length=200, verbose_name="name"),
        ),
        migrations.AlterField(
            model_name="site",
            name="parent",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="children",
                to="devices.site",
                verbose_name="part of",
            ),
        ),
        migrations.AlterField(
            model_name="site",
            name="slug",
            field=models.SlugField(max_length=100, unique=True, verbose_name="short name"),
        ),
        migrations.AlterField(
            model_name="source",
            name="broker",
            field=models.ForeignKey(
                blank=True,
                help_text="Empty: the one that MQTT_URL names, or the embedded one.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="sources",
                to="devices.broker",
                verbose_name="broker",
            ),
        ),
        migrations.AlterField(
            model_name="source",
            name="clock",
            field=models.CharField(
                choices=[
                    ("sane", "device time if plausible, else arrival time"),
                    ("arrival", "always arrival time"),
                ],
                default="sane",
                max_length=10,
                verbose_name="clock",
            ),
        ),
        migrations.AlterField(
            model_name="source",
            name="convention",
            field=models.CharField(default="native", max_length=50, verbose_name="convention"),
        ),
        migrations.AlterField(
            model_name="source",
            name="enabled",
            field=models.BooleanField(default=True, verbose_name="enabled"),
        ),
        migrations.AlterField(
            model_name="source",
            name="filters",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="Topic filters; empty: those of the convention.",
                verbose_name="filters",
            ),
        ),
        migrations.AlterField(
            model_name="source",
            name="name",
            field=models.SlugField(unique=True, verbose_name="name"),
        ),
        migrations.AlterField(
            model_name="source",
            name="options",
            field=models.JSONField(
                blank=True,
                db_default=models.Value({}, models.JSONField()),
                default=dict,
                help_text="As its convention documents them.",
                verbose_name="options",
            ),
        ),
        migrations.AlterField(
            model_name="source",
            name="registration",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "as MQTT_REGISTRATION says"),
                    ("accept", "accept"),
                    ("pending", "store, and wait to be accepted"),
                    ("reject", "reject"),
                ],
                default="",
                max_length=10,
                verbose_name="registration",
            ),
        ),
        migrations.AlterField(
            model_name="source",
            name="shared",
            field=models.BooleanField(
                default=True,
                help_text="Telemetry may be spread over several slots.",
                verbose_name="shared",
            ),
        ),
        migrations.AlterField(
            model_name="tag",
            name="name",
            field=models.SlugField(max_length=100, unique=True, verbose_name="name"),
        ),
    ]
