from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class TaxonomyConfig(AppConfig):
    name = "taxonomy"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from taxonomy import checks, invalidation  # noqa: F401 they register themselves
        from taxonomy.search import index
        from taxonomy.validation import validate_missing

        pre_migrate.connect(
            index.drop_before_migration, sender=self, dispatch_uid="search"
        )
        post_migrate.connect(
            index.create_after_migration, sender=self, dispatch_uid="search"
        )
        post_migrate.connect(validate_missing, sender=self, dispatch_uid="verdicts")
