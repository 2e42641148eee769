from django.db import migrations, models

from devices.storage.without_rowid import without_rowid


def lighten(_apps, editor):
    """A commit writes one page of the change log instead of three."""
    without_rowid(editor, "devices_change")


class Migration(migrations.Migration):
    dependencies = [
        ("devices", "0013_times"),
    ]

    operations = [
        migrations.AlterField(
            model_name="change",
            name="stored_at",
            field=models.DateTimeField(),
        ),
        migrations.RunPython(lighten, migrations.RunPython.noop),
    ]
