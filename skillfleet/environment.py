"""Where settings come from: the environment, or .env beside manage.py."""

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
    """How often, like 600/min; empty for no limit. Refused here, at the start: each
    throttled request would be a fault."""
    found = env.str(name, default=default)
    if found and not re.fullmatch(r"[1-9][0-9]{0,8}/(s|sec|min|m|h|hour|d|day)", found):
        raise ImproperlyConfigured(
            f"{name} is {found!r}; write a number per s, min, h or d like 600/min, "
            "or nothing for no limit."
        )
    return found


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
