"""The project's settings, in a temporary folder per test process.

The folder is made by the first process of a run; pytest-xdist's workers and the
processes that tests start find it in the environment, each worker with a var
folder (secret key, stamp file, SQLite files) of its own.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from urllib.parse import quote

FOLDER = "SKILLFLEET_TEST_FOLDER"

if FOLDER not in os.environ:
    os.environ[FOLDER] = tempfile.mkdtemp(prefix="skillfleet-tests-")
    maker = os.getpid()

    @atexit.register
    def remove_folder() -> None:
        if os.getpid() == maker:  # not in a fork
            shutil.rmtree(os.environ[FOLDER], ignore_errors=True)


worker_folder = Path(os.environ[FOLDER], os.environ.get("PYTEST_XDIST_WORKER", "main"))
os.environ["SKILLFLEET_VAR_DIR"] = str(worker_folder)
# Set, even if empty: a developer's .env must not reach the tests.
database = quote(str(worker_folder / "db.sqlite3"))
os.environ.setdefault("DATABASE_URL", f"sqlite:///{database}")
os.environ.setdefault("REDIS_URL", "")
# A test is one transaction, and a busy machine may make it a long one.
os.environ.setdefault("SKILLFLEET_IDLE_TRANSACTION", "0")

from skillfleet.settings import *  # noqa: E402, F403
from skillfleet.settings import CACHES, DATABASES, REDIS_URL  # noqa: E402
from tests.cachelayer.backends import redis_cache  # noqa: E402

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file: in memory, a second thread's connection meets "table is locked".
    DATABASES["default"]["TEST"] = {"NAME": str(worker_folder / "test.sqlite3")}
if REDIS_URL:  # in processes that tests start; and all tests, if somebody sets it
    CACHES["default"] = redis_cache(REDIS_URL, worker_folder)
# Every test client makes the middleware anew: it shall not read every static file.
WHITENOISE_AUTOREFRESH = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
