"""Plane is called CacheHost, without a change of the table: no SQL is run.

RenameModel stands here by itself, not within SeparateDatabaseAndState, so that Django
renames the content type too and permissions that were granted stay granted.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cachelayer", "0001_initial")]

    operations = [
        migrations.AlterModelTable(name="Plane", table="cachelayer_plane"),
        migrations.AlterField(
            model_name="Plane",
            name="plane_id",
            field=models.CharField(
                db_column="plane_id",
                max_length=32,
                primary_key=True,
                serialize=False,
            ),
        ),
        migrations.RenameField(
            model_name="Plane", old_name="plane_id", new_name="host_id"
        ),
        migrations.RenameModel(old_name="Plane", new_name="CacheHost"),
    ]
