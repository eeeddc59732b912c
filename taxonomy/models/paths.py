"""Slash paths in the database: what lies under one."""

import re

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Q

SEGMENT = r"[a-z0-9]+(?:-[a-z0-9]+)*"
CATEGORY_PATH = re.compile(rf"{SEGMENT}(?:/{SEGMENT})*")
SKILL_NAME = re.compile(SEGMENT)
MAX_PATH_CHARS = 255
MAX_NAME_CHARS = 64


def under(path: str, field: str = "path") -> Q:
    """Rows whose `field` lies below `path`, itself not included.

    SQLite uses its index for a range only; PostgreSQL, whose collation need not
    be by code point, for a prefix only.
    """
    if connections[DEFAULT_DB_ALIAS].vendor == "sqlite":
        after_slash = chr(ord("/") + 1)
        return Q(
            **{f"{field}__gte": f"{path}/", f"{field}__lt": f"{path}{after_slash}"}
        )
    return Q(**{f"{field}__startswith": f"{path}/"})


def within(path: str, field: str = "path") -> Q:
    """Rows whose `field` is `path` or lies below it."""
    return Q(**{field: path}) | under(path, field)


def parent_of(path: str) -> str:
    """The path one level up; empty for a root."""
    return path.rpartition("/")[0]
