"""The minimal Django settings of the other contenders."""

import os

import environ

from benchmarks.queueing.contenders import CONTENDERS

NAME = os.environ["BENCH_CONTENDER"]
WORKERS = int(os.environ.get("BENCH_WORKERS", "1"))
SECRET_KEY = "for-measuring-only"  # noqa: S105 it signs nothing of value
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    *CONTENDERS[NAME].apps,
]
DATABASES = {"default": environ.Env().db("DATABASE_URL")}
DATABASES["default"]["CONN_MAX_AGE"] = None
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
LOGGING_CONFIG = None

Q_CLUSTER: dict[str, object] = {"name": "bench", "orm": "default", "workers": WORKERS}
if NAME == "q2-tuned":  # polls often, takes many tasks at a time, stores no results
    Q_CLUSTER |= {"poll": 0.02, "bulk": 20, "save_limit": -1, "queue_limit": 200}
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
PROCRASTINATE_IMPORT_PATHS = ["benchmarks.queueing.procrastinate_tasks"]
