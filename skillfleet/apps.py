from django.apps import AppConfig
from django.db.models.signals import post_migrate


class SkillFleetConfig(AppConfig):
    name = "skillfleet"
    verbose_name = "Skill Fleet"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from skillfleet import caching  # noqa: F401 its declarations take effect
        from skillfleet.accounts.roles import make_roles_after_last_app

        post_migrate.connect(make_roles_after_last_app, dispatch_uid="roles")
