"""Rollups, the duties of elected processes, and how far back a change reaches."""

from django.db import migrations, models

LEVELS = ("1m", "15m", "1h")
COLUMNS = """
    series_id bigint NOT NULL,
    bucket bigint NOT NULL,
    count integer NOT NULL,
    min {double},
    max {double},
    sum {double} NOT NULL,
    first {double},
    last {double},
    first_ts bigint NOT NULL,
    last_ts bigint NOT NULL,
    rise {double} NOT NULL,
    area {double} NOT NULL,
    texts text,
    dense boolean NOT NULL,
    PRIMARY KEY (series_id, bucket)
"""


def create(_apps, schema_editor):
    postgresql = schema_editor.connection.vendor == "postgresql"
    columns = COLUMNS.format(double="double precision" if postgresql else "real")
    end = "" if postgresql else " WITHOUT ROWID"
    for level in LEVELS:
        schema_editor.execute(f"CREATE TABLE devices_rollup_{level} ({columns}){end}")


def drop(_apps, schema_editor):
    for level in LEVELS:
        schema_editor.execute(f"DROP TABLE devices_rollup_{level}")


class Migration(migrations.Migration):
    dependencies = [("devices", "0004_fillfactor")]
    operations = [
        migrations.RunPython(create, drop),
        migrations.AddField("change", "oldest", models.BigIntegerField(db_default=0, default=0)),
        migrations.CreateModel(
            name="Dirty",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "bucket",
                        "series_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("series_id", models.BigIntegerField()),
                ("bucket", models.BigIntegerField()),
            ],
            options={
                "verbose_name_plural": "dirty",
                "indexes": [models.Index(fields=["series_id", "bucket"], name="dirty_by_series")],
            },
        ),
        migrations.CreateModel(
            name="Duty",
            fields=[
                ("name", models.CharField(max_length=50, primary_key=True, serialize=False)),
                ("holder", models.CharField(blank=True, default="", max_length=200)),
                ("epoch", models.BigIntegerField(default=0)),
                ("lease_until", models.DateTimeField(null=True)),
                ("state", models.JSONField(default=dict)),
            ],
            options={"verbose_name_plural": "duties"},
        ),
    ]
