from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class TaxonomyConfig(AppConfig):
    name = "taxonomy"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from taxonomy import caching, checks  # noqa: F401 they register themselves
        from taxonomy.search import checks as searching  # noqa: F401
        from taxonomy.search import tables
        from taxonomy.validation import judge_the_unjudged

        pre_migrate.connect(tables.make_way, sender=self, dispatch_uid="search")
        post_migrate.connect(tables.restore, sender=self, dispatch_uid="search")
        post_migrate.connect(judge_the_unjudged, sender=self, dispatch_uid="verdicts")
