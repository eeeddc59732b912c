from django.apps import AppConfig


class CacheConfig(AppConfig):
    name = "cachelayer"
    default_auto_field = "django.db.models.BigAutoField"
