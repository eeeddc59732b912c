from django.apps import AppConfig
from django.db.models.signals import post_migrate, post_save, pre_save


class SkillFleetConfig(AppConfig):
    name = "skillfleet"
    verbose_name = "Skill Fleet"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.contrib.auth.models import User

        # roles also declares what a change of users invalidates in the cache.
        from skillfleet.accounts import roles, tokens

        post_migrate.connect(roles.make_roles_after_last_app, dispatch_uid="roles")
        pre_save.connect(tokens.note_new_password, sender=User)
        post_save.connect(tokens.revoke_after_new_password, sender=User)
