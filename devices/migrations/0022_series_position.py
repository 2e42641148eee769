import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("devices", "0021_scales"),
    ]

    operations = [
        migrations.AddField(
            model_name="series",
            name="position",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="Its place among the metrics of its device; empty: after those, by name.",
                null=True,
                validators=[django.core.validators.MaxValueValidator(32767)],
            ),
        ),
    ]
