from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mqtt_ingest", "0005_remembered"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="deadletter",
            options={
                "ordering": ["-received_at"],
                "verbose_name": "dead letter",
                "verbose_name_plural": "dead letters",
            },
        ),
        migrations.AlterField(
            model_name="deadletter",
            name="detail",
            field=models.TextField(
                blank=True, help_text="What was wrong, and where.", verbose_name="detail"
            ),
        ),
        migrations.AlterField(
            model_name="deadletter",
            name="device_key",
            field=models.CharField(
                blank=True, db_index=True, max_length=128, verbose_name="device"
            ),
        ),
        migrations.AlterField(
            model_name="deadletter",
            name="last_at",
            field=models.DateTimeField(null=True, verbose_name="last at"),
        ),
        migrations.AlterField(
            model_name="deadletter",
            name="last_detail",
            field=models.TextField(
                blank=True, db_default="", default="", verbose_name="last detail"
            ),
        ),
        migrations.AlterField(
            model_name="deadletter",
            name="last_topic",
            field=models.TextField(
                blank=True, db_default="", default="", verbose_name="last topic"
            ),
        ),
        migrations.AlterField(
            model_name="deadletter",
            name="number",
            field=models.BigIntegerField(db_default=1, default=1, verbose_name="how often"),
        ),
        migrations.AlterField(
            model_name="deadletter",
            name="packet_id",
            field=models.PositiveIntegerField(null=True, verbose_name="packet id"),
        ),
        migrations.AlterField(
            model_name="deadletter",
            name="qos",
            field=models.PositiveSmallIntegerField(verbose_name="QoS"),
        ),
        migrations.AlterField(
            model_name="deadletter",
            name="reason",
            field=models.CharField(db_index=True, max_length=50, verbose_name="reason"),
        ),
        migrations.AlterField(
            model_name="deadletter",
            name="received_at",
            field=models.DateTimeField(db_index=True, verbose_name="received at"),
        ),
        migrations.AlterField(
            model_name="deadletter",
            name="retain",
            field=models.BooleanField(default=False, verbose_name="retain"),
        ),
        migrations.AlterField(
            model_name="deadletter",
            name="slot",
            field=models.CharField(max_length=100, verbose_name="slot"),
        ),
        migrations.AlterField(
            model_name="deadletter",
            name="source",
            field=models.CharField(max_length=50, verbose_name="source"),
        ),
        migrations.AlterField(
            model_name="deadletter",
            name="topic",
            field=models.TextField(verbose_name="topic"),
        ),
    ]
