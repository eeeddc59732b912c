"""The project's settings as they are shipped, without log lines."""

from skillfleet.settings import *  # noqa: F403

LOGGING_CONFIG = None
ALLOWED_HOSTS = ["*"]
SKILLFLEET_RUNNING_JOBS_PER_USER = 1000
