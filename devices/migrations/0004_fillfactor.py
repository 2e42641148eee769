"""Room in the pages of rows that every batch updates, so that updates stay in their page."""

from django.db import migrations


def make_room(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE devices_latest SET (fillfactor = 60)")
        schema_editor.execute("ALTER TABLE devices_devicecounts SET (fillfactor = 60)")


class Migration(migrations.Migration):
    dependencies = [("devices", "0003_health")]
    operations = [migrations.RunPython(make_room, migrations.RunPython.noop)]
