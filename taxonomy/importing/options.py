"""How an import is meant."""

import math
from dataclasses import dataclass
from enum import StrEnum

from django.contrib.auth.models import User

from taxonomy.models import Category


class OnConflict(StrEnum):
    """What to do when another skill has the name, with other bytes."""

    VERSION = "version"
    """Publish the next version of it."""
    SKIP = "skip"
    """Leave it as it is."""
    RENAME = "rename"
    """Import this one under another name."""


@dataclass(frozen=True)
class Options:
    """`origin` names the source from one import to the next; empty: nothing of it is
    remembered, and nothing can be pruned."""

    origin: str = ""
    category: Category | None = None
    """Where all of them go; None: each is placed, and one that is there stays."""
    lenient: bool = False
    """Let unknown fields pass, and folders that are not named as their skill."""
    dry_run: bool = False
    on_conflict: OnConflict = OnConflict.VERSION
    prune: bool = False
    """Archive what came from this source and is not in it any more."""
    author: User | None = None
    most_seconds: float = math.inf
    """Folders that come later are refused, for the next import to take."""
