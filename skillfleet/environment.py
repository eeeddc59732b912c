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
VAR_DIR.mkdir(parents=True, exist_ok=True)


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
