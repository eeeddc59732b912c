from django.apps import AppConfig


class ChaosConfig(AppConfig):
    name = "tests.chaos"
    label = "chaos"

    def ready(self) -> None:
        from tests.chaos import mutants, traps

        mutants.apply_named_mutant()
        traps.install()
