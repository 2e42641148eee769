import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def name_boards_by_number(apps, _schema_editor):
    """Turns are pks from now on: an address may become another board's."""
    boards = dict(apps.get_model("dashboards", "Board").objects.values_list("slug", "pk"))
    for link in apps.get_model("dashboards", "BoardLink").objects.exclude(turns=[]):
        link.turns = [boards.get(one, one) for one in link.turns]
        link.turns = [one for one in link.turns if isinstance(one, int)]
        link.save(update_fields=["turns"])


def find_publishers(apps, _schema_editor):
    """Who published was kept by name alone."""
    app, model = settings.AUTH_USER_MODEL.split(".")
    people = apps.get_model(app, model)
    revisions = apps.get_model("dashboards", "BoardRevision").objects
    for name in revisions.values_list("made_by", flat=True).order_by("made_by").distinct():
        found = people.objects.filter(username=name).first()
        if found is not None:
            revisions.filter(made_by=name).update(publisher=found)


class Migration(migrations.Migration):
    dependencies = [
        ("dashboards", "0005_saved_views"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="boardrevision",
            name="publisher",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.RunPython(name_boards_by_number, migrations.RunPython.noop),
        migrations.RunPython(find_publishers, migrations.RunPython.noop),
    ]
