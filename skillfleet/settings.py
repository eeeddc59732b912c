"""Every setting, read from the environment; the defaults work offline.

docs/reference/settings.md lists the variables, their units and defaults; those of the
product's own are in product_settings.py.
"""

import socket
from datetime import timedelta
from urllib.parse import quote

from csp.constants import NONE, SELF
from django.templatetags.static import static

from skillfleet.environment import (
    VAR_DIR,
    checked_secret_key,
    env,
    keep_private,
    local_secret_key,
)
from skillfleet.product_settings import *  # noqa: F403
from skillfleet.product_settings import (
    SKILLFLEET_IDLE_TRANSACTION,
    SKILLFLEET_LOGIN_HOURS,
    SKILLFLEET_MAX_BODY_BYTES,
    SKILLFLEET_SQLITE_CACHE,
    SKILLFLEET_WORKERS,
)

DEBUG = env.bool("DJANGO_DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="") or local_secret_key()
if not DEBUG:
    checked_secret_key(SECRET_KEY)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"  # where a login without a usable `next` leads
CSRF_FAILURE_VIEW = "skillfleet.api.errors.csrf_failure"

# HTTPS: docs/howto/deploy.md. One switch, and the headers of a trusted proxy.
HTTPS = env.bool("SKILLFLEET_HTTPS", default=False)
SECURE_SSL_REDIRECT = HTTPS
# Probes and scrapers use plain HTTP.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = env.int("SKILLFLEET_HSTS_SECONDS", default=0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("SKILLFLEET_HSTS_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = env.bool("SKILLFLEET_HSTS_PRELOAD", default=False)
NUM_PROXIES = env.int("SKILLFLEET_PROXIES", default=0)
if NUM_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Strict; skillfleet/middleware.py widens it for the admin and the API's page.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "skillfleet.site.FleetAdminConfig",  # django.contrib.admin on our site
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "skillfleet",
    "jobs",  # before django_q: its qcluster command takes the place of the stock one
    "django_q",
    "taxonomy",
    "cachelayer",
    "core",  # its templates and styles; it has no models
]
MIDDLEWARE = [
    "cachelayer.http.CacheTokenMiddleware",  # before any view reads the user
    "django.middleware.security.SecurityMiddleware",
    "skillfleet.health.Probes",  # before the host name is checked
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "skillfleet.middleware.PlausibleSessions",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "skillfleet.middleware.NotModified",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "skillfleet.middleware.PathCSPMiddleware",
    "skillfleet.middleware.UniversalTime",
    "skillfleet.middleware.StrictRequests",
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
# Quoted: a folder's name may contain # or ?, which end the path of a URL, or + or %.
SQLITE_URL = f"sqlite:///{quote(str(VAR_DIR / 'db.sqlite3'))}"
DATABASES = {"default": env.db("DATABASE_URL", default=SQLITE_URL)}
database = DATABASES["default"]
IDLE_TIMEOUT = "idle_in_transaction_session_timeout"
database["CONN_HEALTH_CHECKS"] = True
database["CONN_MAX_AGE"] = None
if database["ENGINE"].endswith("sqlite3"):
    keep_private(str(database["NAME"]))
    # With Django's defaults 14 % of web writes fail beside a busy worker.
    database["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        # With SQLite's 2 MB each search reads the pages of a large database again.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
        f"PRAGMA cache_size={-(SKILLFLEET_SQLITE_CACHE // 1024)};",
    }
if database["ENGINE"].endswith("postgresql") and SKILLFLEET_IDLE_TRANSACTION:
    # A process that is frozen in a transaction loses its locks after this time.
    longest = int(SKILLFLEET_IDLE_TRANSACTION.total_seconds() * 1000)
    options = database.setdefault("OPTIONS", {})
    options["options"] = " ".join(
        filter(None, [options.get("options"), f"-c {IDLE_TIMEOUT}={longest}"])
    )
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The cache (docs/why/caching.md). Without REDIS_URL: values in each process,
# invalidation host-wide. With it: values and invalidation among hosts.
# `shared` has the counts of all processes together: rates and queue statistics.
REDIS_URL = env.str("REDIS_URL", default="")
SKILLFLEET_REDIS_TIMEOUT = env.float("SKILLFLEET_REDIS_TIMEOUT", default=1)
CACHES = {
    "default": {
        "BACKEND": "cachelayer.backends.MemoryCache",
        "LOCATION": str(VAR_DIR / "cache"),  # the stamp file, one folder per host
        "OPTIONS": {
            "MAX_ENTRIES": env.int("SKILLFLEET_CACHE_MAX_ENTRIES", default=10_000),
            "MAX_BYTES": env.int("SKILLFLEET_CACHE_MAX_BYTES", default=256 * 2**20),
            "EVICTION_POLICY": env.str("SKILLFLEET_CACHE_EVICTION", default="lru"),
        },
    },
    "shared": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "shared_cache",
        # Above it Django drops entries at random, and throttles lose their counts.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
}
if REDIS_URL:
    CACHES["default"] = {
        "BACKEND": "cachelayer.backends.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {
            "PREFIX": "skill_fleet:",
            "FOLDER": str(VAR_DIR / "cache"),
            "TIMEOUT": env.float("SKILLFLEET_CACHE_TIMEOUT", default=0.1),
            "BUDGET": env.float("SKILLFLEET_CACHE_BUDGET", default=0.5),
            "RETRY": env.float("SKILLFLEET_CACHE_RETRY", default=1.0),
            "MAX_VALUE": env.int("SKILLFLEET_CACHE_MAX_VALUE", default=4 * 2**20),
        },
    }
    CACHES["shared"] = {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "skill_fleet:",
        "OPTIONS": {
            "socket_connect_timeout": SKILLFLEET_REDIS_TIMEOUT,
            "socket_timeout": SKILLFLEET_REDIS_TIMEOUT,
        },
    }
CACHELAYER = {
    "PATH_PREFIX": "/api/v1",
    "KEPT_HEADERS": ["X-Skills-Omitted"],
    "AUDIENCE": "taxonomy.permissions.audience",
    "STATISTICS_FOLDER": str(VAR_DIR / "cache"),
    "DEFAULT_TTL": env.int("SKILLFLEET_CACHE_DEFAULT_TTL", default=300),
    "GLOBAL_TTL": env.int("SKILLFLEET_CACHE_GLOBAL_TTL", default=300),
    "USER_TTL": env.int("SKILLFLEET_CACHE_USER_TTL", default=120),
    "BRANCH_TTL": env.int("SKILLFLEET_CACHE_BRANCH_TTL", default=600),
    "LOW_HIT_RATE": env.float("SKILLFLEET_CACHE_LOW_HIT_RATE", default=0.7),
}

AUTHENTICATION_BACKENDS = ["skillfleet.accounts.backends.RightsBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

REST_FRAMEWORK = {
    # Tokens first: DRF answers 401 instead of 403 only if the first one has a header.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "skillfleet.accounts.backends.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["skillfleet.api.permissions.DeclaredPermission"],
    "DEFAULT_THROTTLE_CLASSES": ["skillfleet.api.throttles.WriteThrottle"],
    "DEFAULT_PARSER_CLASSES": ["skillfleet.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "core.pagination.Pages",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_METADATA_CLASS": None,  # no OPTIONS: it ignores permissions
    "EXCEPTION_HANDLER": "skillfleet.api.errors.error_response",
    "URL_FORMAT_OVERRIDE": None,
    "NUM_PROXIES": NUM_PROXIES,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Skill Fleet",
    "DESCRIPTION": "A self-hosted server for AI-agent skills.",
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "SkillStatusEnum": "taxonomy.models.skill.Skill.Status",
        "JobStatusEnum": "jobs.models.job.Job.Status",
        "DraftStatusEnum": "jobs.models.draft.Draft.Status",
        "ReportStatusEnum": "taxonomy.api.quality.STATUSES",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "skillfleet.api.schema.document_refusals",
    ],
}

# API tokens, hashed with SHA-512 and shown once.
REST_KNOX = {
    "SECURE_HASH_ALGORITHM": "hashlib.sha512",
    "TOKEN_TTL": timedelta(hours=SKILLFLEET_LOGIN_HOURS),
    "TOKEN_PREFIX": "sf_",
    "AUTH_HEADER_PREFIX": "Bearer",
    "AUTO_REFRESH": False,
}

LANGUAGE_CODE = "en-us"
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
USE_I18N = True
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)  # WhiteNoise warns when it is missing
WHITENOISE_USE_FINDERS = True

# The admin's theme (django-unfold).
UNFOLD = {
    "SITE_TITLE": "Skill Fleet",
    "SITE_HEADER": "Skill Fleet",
    "SITE_SUBHEADER": "Skills for AI agents",
    "SITE_SYMBOL": "hub",
    "SITE_URL": "/api/docs",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda request: static("skillfleet/icon.svg"),
        }
    ],
    "STYLES": [lambda request: static("core/admin.css")],
    "DASHBOARD_CALLBACK": "skillfleet.admin.dashboard.dashboard",
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": False,
        "navigation": "skillfleet.site.navigation",
    },
}

HOST_NAME = env.str("SKILLFLEET_HOST_NAME", default=socket.gethostname())

# django-q2. `timeout` only silences its start-up warning: our cluster gives workers
# no time limit, because the lease and the phase limit end a task.
Q_CLUSTER = {
    "name": "skillfleet",
    "orm": "default",  # the jobs' own database: a message commits with its job
    "broker_class": "jobs.engine.queue.SqliteBroker",
    "workers": SKILLFLEET_WORKERS,
    "cache": "shared",
    "poll": 0.1,
    "retry": 7200,
    "timeout": 7100,
    "max_attempts": 1,
    "ack_failures": True,
    "save_limit": -1,
    "catch_up": False,
    "bulk": 1,
    "log_level": "WARNING",
}
if database["ENGINE"].endswith("postgresql"):
    Q_CLUSTER |= {"broker_class": "jobs.engine.queue.PostgresBroker", "poll": 1.0}

DATA_UPLOAD_MAX_MEMORY_SIZE = SKILLFLEET_MAX_BODY_BYTES

# One line per event on stderr: key=value, or JSON for a log collector.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {
            "format": "%(asctime)s level=%(levelname)s logger=%(name)s %(message)s"
        },
        "json": {"()": "skillfleet.logs.FieldsFormatter"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": env.str("SKILLFLEET_LOG_FORMAT", default="plain"),
        }
    },
    "root": {
        "handlers": ["stderr"],
        "level": env.str("SKILLFLEET_LOG_LEVEL", default="INFO"),
    },
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        # It logs four lines per message; the job engine's own lines name job and phase.
        "django-q": {"level": "WARNING"},
    },
}
