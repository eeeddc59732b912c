"""Worker.plane is called cache_host, without a change of its column: no SQL is run."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("jobs", "0011_waived_severities")]

    operations = [
        migrations.AlterField(
            model_name="worker",
            name="plane",
            field=models.CharField(
                blank=True, db_column="plane", default="", max_length=32
            ),
        ),
        migrations.RenameField(
            model_name="worker", old_name="plane", new_name="cache_host"
        ),
    ]
