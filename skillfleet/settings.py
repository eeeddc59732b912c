"""Every setting, read from the environment; the defaults run offline as they are.

docs/reference/settings.md lists the variables, their units and defaults.
"""

import os
import socket
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import environ
from django.core.management.utils import get_random_secret_key

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.str("SKILLFLEET_VAR_DIR", default=str(BASE_DIR / "var")))
VAR_DIR.mkdir(parents=True, exist_ok=True)
environ.Env.read_env(BASE_DIR / ".env")


def seconds(name: str, default: float) -> timedelta:
    """A duration from the environment, in seconds."""
    return timedelta(seconds=env.float(name, default=default))


def local_secret_key() -> str:
    """A key made once and kept in var/, so that a first start needs no set-up."""
    path = VAR_DIR / "secret_key"
    if not path.exists():
        made = VAR_DIR / f"secret_key.{os.getpid()}"
        made.touch(mode=0o600)
        made.write_text(get_random_secret_key())
        with suppress(FileExistsError):  # another process was first: theirs counts
            os.link(made, path)
        made.unlink()
    return path.read_text()


DEBUG = env.bool("DJANGO_DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="") or local_secret_key()
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "skillfleet",
    "jobs",  # before django_q: its qcluster command takes the place of the stock one
    "django_q",
    "taxonomy",
    "cachelayer",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
]
ROOT_URLCONF = "skillfleet.urls"
WSGI_APPLICATION = "skillfleet.wsgi.application"
ASGI_APPLICATION = "skillfleet.asgi.application"
APPEND_SLASH = False  # an API URL is exact; a redirect would lose a POST body
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Databases: SQLite beside the code, or PostgreSQL by DATABASE_URL.
DATABASES = {
    "default": env.db("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'db.sqlite3'}")
}
database = DATABASES["default"]
database["CONN_HEALTH_CHECKS"] = True
database["CONN_MAX_AGE"] = None
if database["ENGINE"].endswith("sqlite3"):
    # With Django's defaults 14 % of web writes fail beside a busy worker.
    database["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

LANGUAGE_CODE = "en-us"
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
USE_I18N = True
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
WHITENOISE_USE_FINDERS = True

HOST_NAME = env.str("SKILLFLEET_HOST_NAME", default=socket.gethostname())

# The skill jobs: docs/howto/operate-workers.md.
SKILLFLEET_JOBS = env.str("SKILLFLEET_JOBS", default="queue")
SKILLFLEET_AUTHOR = env.str(
    "SKILLFLEET_AUTHOR", default="jobs.authors.template.TemplateAuthor"
)
SKILLFLEET_JOB_LEASE = seconds("SKILLFLEET_JOB_LEASE", 60)
SKILLFLEET_SWEEP_INTERVAL = seconds("SKILLFLEET_SWEEP_INTERVAL", 60)
SKILLFLEET_JOB_CRASHES = env.int("SKILLFLEET_JOB_CRASHES", default=3)
SKILLFLEET_PHASE_LIMIT = seconds("SKILLFLEET_PHASE_LIMIT", 15 * 60)
SKILLFLEET_QUESTION_TIMEOUT = seconds("SKILLFLEET_QUESTION_TIMEOUT", 24 * 3600)
SKILLFLEET_RUNNING_JOBS_PER_USER = env.int(
    "SKILLFLEET_RUNNING_JOBS_PER_USER", default=4
)
SKILLFLEET_WORKERS = env.int("SKILLFLEET_WORKERS", default=2)
SKILLFLEET_JOBS_KEPT_DAYS = env.int("SKILLFLEET_JOBS_KEPT_DAYS", default=90)

# Limits on what comes from outside.
SKILLFLEET_MAX_SOURCES = env.int("SKILLFLEET_MAX_SOURCES", default=10)
SKILLFLEET_MAX_SOURCE_BYTES = env.int("SKILLFLEET_MAX_SOURCE_BYTES", default=1_000_000)
SKILLFLEET_MAX_TASK_CHARS = env.int("SKILLFLEET_MAX_TASK_CHARS", default=10_000)
SKILLFLEET_MAX_SKILL_BYTES = env.int("SKILLFLEET_MAX_SKILL_BYTES", default=16 * 2**20)
SKILLFLEET_MAX_SKILL_FILES = env.int("SKILLFLEET_MAX_SKILL_FILES", default=512)
SKILLFLEET_MAX_FILE_BYTES = env.int("SKILLFLEET_MAX_FILE_BYTES", default=10_000_000)
SKILLFLEET_MAX_JSON_DEPTH = env.int("SKILLFLEET_MAX_JSON_DEPTH", default=32)
SKILLFLEET_MAX_QUERY_WORDS = env.int("SKILLFLEET_MAX_QUERY_WORDS", default=8)
SKILLFLEET_MAX_PAGE_SIZE = env.int("SKILLFLEET_MAX_PAGE_SIZE", default=100)

# Who may read without logging in: nobody, unless this is on.
SKILLFLEET_PUBLIC_READ = env.bool("SKILLFLEET_PUBLIC_READ", default=False)
