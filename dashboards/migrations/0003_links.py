import dashboards.models.boards
import dashboards.models.links
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("dashboards", "0002_logbook"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BoardLink",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        default=dashboards.models.links.new_name, max_length=32, unique=True
                    ),
                ),
                ("label", models.CharField(blank=True, default="", max_length=100)),
                ("made_at", models.DateTimeField(default=dashboards.models.boards.whole_second)),
                ("expires_at", models.DateTimeField(null=True)),
                ("password", models.CharField(blank=True, default="", max_length=128)),
                ("reach_s", models.PositiveIntegerField(default=604800)),
                ("choices", models.JSONField(default=dict)),
                ("origins", models.JSONField(default=list)),
                ("turns", models.JSONField(default=list)),
                ("seconds", models.PositiveIntegerField(default=30)),
                ("opened", models.PositiveBigIntegerField(default=0)),
                ("opened_at", models.DateTimeField(null=True)),
                (
                    "board",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="links",
                        to="dashboards.board",
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="board_links",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-made_at", "-pk"],
            },
        ),
    ]
