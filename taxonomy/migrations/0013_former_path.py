"""Rename the model FormerPlace in Django's state; its table keeps its name."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("taxonomy", "0012_fleet_and_adopted"),
    ]

    operations = [
        migrations.AlterModelTable(
            name="formerplace",
            table="taxonomy_formerplace",
        ),
        migrations.RenameModel(
            old_name="FormerPlace",
            new_name="FormerPath",
        ),
        migrations.AlterField(
            model_name="formerpath",
            name="category",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="former_paths",
                to="taxonomy.category",
            ),
        ),
        migrations.AlterField(
            model_name="formerpath",
            name="skill",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="former_paths",
                to="taxonomy.skill",
            ),
        ),
    ]
