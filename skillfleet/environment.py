"""Functions that read settings from the environment, or from .env beside manage.py."""

import os
import re
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent
environ.Env.read_env(BASE_DIR / ".env")
VAR_DIR = Path(env.str("SKILLFLEET_VAR_DIR", default=str(BASE_DIR / "var")))
VAR_DIR.parent.mkdir(parents=True, exist_ok=True)
VAR_DIR.mkdir(mode=0o700, exist_ok=True)  # whatever the umask
MIN_KEY_CHARS = 32
MIN_KEY_LETTERS = 5
"""How many different characters a key must have, as Django's check security.W009."""


def seconds(name: str, default: float) -> timedelta:
    """A duration from the environment, in seconds."""
    return timedelta(seconds=env.float(name, default=default))


def rate(name: str, default: str) -> str:
    """A rate like 600/min, empty for no limit.

    A malformed rate stops the server here; later it would fail every request.
    """
    value = env.str(name, default=default)
    if value and not re.fullmatch(r"[1-9][0-9]{0,8}/(s|sec|min|m|h|hour|d|day)", value):
        raise ImproperlyConfigured(
            f"{name} is {value!r}; write a number per s, min, h or d like 600/min, "
            "or nothing for no limit."
        )
    return value


def local_secret_key() -> str:
    """The secret key in var/, which is created at the first start."""
    path = VAR_DIR / "secret_key"
    if not path.exists():
        temporary = VAR_DIR / f"secret_key.{os.getpid()}"
        temporary.touch(mode=0o600)
        temporary.write_text(get_random_secret_key())
        with suppress(FileExistsError):  # another process was first: its key is used
            os.link(temporary, path)
        temporary.unlink()
    return path.read_text()


def checked_secret_key(key: str) -> str:
    """The key, unless it could be guessed. Raises ImproperlyConfigured.

    Who has the key can sign sessions and the messages that workers unpickle.
    """
    if len(key) >= MIN_KEY_CHARS and len(set(key)) >= MIN_KEY_LETTERS:
        return key
    raise ImproperlyConfigured(
        f"SECRET_KEY has {len(key)} characters, {len(set(key))} of them different; use"
        f" at least {MIN_KEY_CHARS} random ones, for example the output of `openssl"
        " rand -hex 32`, or leave it out: then one is generated."
    )


def keep_private(database: str) -> None:
    """Create an SQLite file that only its owner can read, or withdraw others' rights.

    SQLite gives its journals the rights of the file. Rights of the group alone are
    left: somebody arranged them.
    """
    if not database or database.startswith((":memory:", "file:")):
        return
    path = Path(database)
    with suppress(OSError):  # Django reports what it cannot open
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    for file in (path, *(Path(f"{path}-{end}") for end in ("wal", "shm", "journal"))):
        with suppress(OSError):  # it does not exist, or is another user's
            if file.stat().st_mode & 0o007:
                file.chmod(0o600)
