"""The hot table, made by SQL: its storage differs between the databases."""

from django.db import migrations

POSTGRESQL = """
CREATE TABLE devices_reading (
    series_id bigint NOT NULL,
    ts bigint NOT NULL,
    value double precision,
    text text,
    PRIMARY KEY (series_id, ts)
) PARTITION BY RANGE (ts);
COMMENT ON COLUMN devices_reading.ts IS 'microseconds since 1970-01-01 UTC';
"""
SQLITE = """
CREATE TABLE devices_reading (
    series_id bigint NOT NULL,
    ts bigint NOT NULL,
    value real,
    text text,
    PRIMARY KEY (series_id, ts)
) WITHOUT ROWID;
"""


def create(_apps, schema_editor):
    postgresql = schema_editor.connection.vendor == "postgresql"
    schema_editor.execute(POSTGRESQL if postgresql else SQLITE)


def drop(_apps, schema_editor):
    schema_editor.execute("DROP TABLE devices_reading")


def native_source(apps, _schema_editor):
    apps.get_model("devices", "Source").objects.get_or_create(
        name="native", defaults={"convention": "native"}
    )


class Migration(migrations.Migration):
    dependencies = [("devices", "0001_initial")]
    operations = [
        migrations.RunPython(create, drop),
        migrations.RunPython(native_source, migrations.RunPython.noop),
    ]
