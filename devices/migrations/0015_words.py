# Texts alone: nothing changes in the database.

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("devices", "0014_lighter"),
    ]

    operations = [
        migrations.AlterField(
            model_name="correction",
            name="kind",
            field=models.CharField(
                choices=[
                    ("bad", "bad: the sensor was wrong"),
                    ("deleted", "deleted: no one should see them"),
                ],
                default="bad",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="device",
            name="pending",
            field=models.BooleanField(
                default=False, help_text="Not accepted yet; only managers see it."
            ),
        ),
        migrations.AlterField(
            model_name="loss",
            name="packets",
            field=models.BigIntegerField(help_text="Empty: it cannot be known.", null=True),
        ),
        migrations.AlterField(
            model_name="retentionpolicy",
            name="least_days",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Days of readings that stay even while the disk is filling up.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="retentionpolicy",
            name="quarters_days",
            field=models.PositiveIntegerField(
                blank=True, help_text="Sums of 15 minutes.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="retentionpolicy",
            name="raw_days",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Readings as received. 0: for ever; empty: as the wider policy says.",
                null=True,
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
            ),
        ),
    ]
