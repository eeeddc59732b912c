"""The project's settings, and the app that sets traps in its processes."""

from skillfleet.settings import *  # noqa: F403
from skillfleet.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.chaos"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
