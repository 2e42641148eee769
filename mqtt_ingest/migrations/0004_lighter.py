from django.db import migrations

from devices.storage.without_rowid import without_rowid


def lighten(_apps, editor):
    """A commit writes one page of the arrival stamps instead of two."""
    without_rowid(editor, "mqtt_ingest_arrivalstamp")


class Migration(migrations.Migration):
    dependencies = [
        ("mqtt_ingest", "0003_installation"),
    ]

    operations = [migrations.RunPython(lighten, migrations.RunPython.noop)]
