"""How a sync is meant, and what it does with a skill."""

from dataclasses import dataclass
from enum import StrEnum

from django.contrib.auth.models import User

from taxonomy.models import Category


class SyncAction(StrEnum):
    UNCHANGED = "unchanged"
    CREATED = "created"
    """Here, from there."""
    UPDATED = "updated"
    """Here, from there."""
    SENT = "sent"
    """There, from here."""
    ARCHIVED = "archived"
    """Here, because it is gone from there."""
    REMOVED = "removed"
    """There, because it is archived or renamed here."""
    KEPT = "kept"
    """Gone from the other side, and nobody said to prune; or nobody can tell."""
    CONFLICT = "conflict"
    REFUSED = "refused"


class Prefer(StrEnum):
    HERE = "here"
    THERE = "there"


@dataclass(frozen=True)
class SyncOptions:
    category: Category | None = None
    """Only its skills are sent anew; what both sides have is kept alike anyhow."""
    prefer: Prefer | None = None
    """Which side wins a conflict; None: neither."""
    prune: bool = False
    lenient: bool = False
    dry_run: bool = False
    author: User | None = None
