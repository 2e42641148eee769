from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("devices", "0020_preferences"),
    ]

    operations = [
        migrations.AddField(
            model_name="series",
            name="places",
            field=models.PositiveSmallIntegerField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="series",
            name="scaled_unit",
            field=models.CharField(
                blank=True, db_default="", default="", editable=False, max_length=50
            ),
        ),
    ]
