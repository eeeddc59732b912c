from django.apps import AppConfig


class SkillFleetConfig(AppConfig):
    name = "skillfleet"
    verbose_name = "Skill Fleet"
    default_auto_field = "django.db.models.BigAutoField"
