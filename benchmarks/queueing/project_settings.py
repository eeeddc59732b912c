"""The project's default settings, without log lines."""

from skillfleet.settings import *  # noqa: F403

LOGGING_CONFIG = None
ALLOWED_HOSTS = ["*"]
SKILLFLEET_RUNNING_JOBS_PER_USER = 1000
