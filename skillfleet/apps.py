from django.apps import AppConfig
from django.db.models.signals import post_migrate


class SkillFleetConfig(AppConfig):
    name = "skillfleet"
    verbose_name = "Skill Fleet"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from skillfleet.accounts import roles  # it also declares what users invalidate

        post_migrate.connect(roles.make_roles_after_last_app, dispatch_uid="roles")
