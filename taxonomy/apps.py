from django.apps import AppConfig


class TaxonomyConfig(AppConfig):
    name = "taxonomy"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from taxonomy import caching  # noqa: F401 its declarations take effect
