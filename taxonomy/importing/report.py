"""The report of an import or a sync: what it did with each skill, and why."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain
from typing import Any

from django.db import DatabaseError

from taxonomy.exceptions import TaxonomyError
from taxonomy.files.gate import FilesRefused, PackagingError, SourceRefused
from taxonomy.skillmd.findings import CONTROL

MOST_REASONS = 20


class Action(StrEnum):
    CREATED = "created"
    """No skill had that name."""
    UPDATED = "updated"
    """A new version of an existing skill was published."""
    RENAMED = "renamed"
    """The name was taken, so it was created under another one."""
    MOVED = "moved"
    """The files are the same; the category changed."""
    RESTORED = "restored"
    """The source has it again, so it is active again."""
    UNCHANGED = "unchanged"
    """The current version has exactly these files."""
    SKIPPED = "skipped"
    """The name was taken, and the existing skill was left as it is."""
    KEPT = "kept"
    """It was changed here, and the source has not changed it or no longer has it."""
    ARCHIVED = "archived"
    """The source no longer has it."""
    REFUSED = "refused"
    """It was not imported."""


@dataclass(frozen=True)
class Outcome:
    """What happened to one skill.

    `path` is its folder in the source; `name` is empty if it is unknown.
    """

    path: str
    action: StrEnum
    """An `Action` or a `SyncAction`."""
    name: str = ""
    version: str = ""
    category: str = ""
    reasons: tuple[str, ...] = ()
    """Why it was refused, skipped or kept."""
    notes: tuple[str, ...] = ()
    """Ignored rules, and how its category was chosen."""

    def as_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "name": self.name,
            "action": str(self.action),
            "version": self.version,
            "category": self.category,
            "reasons": list(self.reasons),
            "notes": list(self.notes),
        }


@dataclass
class Report:
    """All outcomes of an import, in the order of its folders."""

    source: str
    dry_run: bool = False
    outcomes: list[Outcome] = field(default_factory=list)
    actions: type[StrEnum] = Action
    notes: list[str] = field(default_factory=list)
    """Remarks on the import or sync as a whole."""

    @property
    def counts(self) -> dict[str, int]:
        """How many skills per action, without actions that did not occur."""
        counted = Counter(outcome.action for outcome in self.outcomes)
        return {
            str(action): counted[action] for action in self.actions if counted[action]
        }

    @property
    def refused(self) -> int:
        """How many skills were refused or are in conflict."""
        return self.counts.get("refused", 0) + self.counts.get("conflict", 0)

    def as_json(self) -> dict[str, Any]:
        return {
            "source": sanitized(self.source),
            "dry_run": self.dry_run,
            "counts": self.counts,
            "notes": [sanitized(note) for note in self.notes],
            "skills": [outcome.as_json() for outcome in self.outcomes],
        }


def sanitized(text: str) -> str:
    """The text with control characters, which cannot be stored or sent, replaced."""
    return CONTROL.sub("\ufffd", text)


def reasons_of(error: TaxonomyError | PackagingError) -> tuple[str, ...]:
    """Each finding with its remedy; at most MOST_REASONS of them."""
    reasons = [sanitized(reason) for reason in _reasons(error)]
    if len(reasons) > MOST_REASONS:
        more = f"and {len(reasons) - MOST_REASONS} more"
        reasons = [*reasons[:MOST_REASONS], more]
    return tuple(reasons)


def _reasons(error: TaxonomyError | PackagingError) -> Iterator[str]:
    if isinstance(error, FilesRefused):
        for finding in error.findings:
            yield f"{str(finding).rstrip('.')}. {finding.remedy}".strip()
    elif isinstance(error, TaxonomyError) and error.fields:
        yield from chain.from_iterable(error.fields.values())
    elif isinstance(error, SourceRefused) and error.detail:
        yield error.detail  # str(error) would say that the whole source is refused
    else:
        yield str(error)


MOST_IN_A_ROW = 3
"""Few, because each failure may have waited for the database's lock timeout."""
GIVEN_UP = (
    "The database failed several times in a row. The remaining skills were not tried."
)


class DatabaseFailures:
    """A circuit breaker: after MOST_IN_A_ROW database errors the run stops."""

    def __init__(self) -> None:
        self.in_a_row = 0

    @property
    def too_many(self) -> bool:
        return self.in_a_row >= MOST_IN_A_ROW

    def reset(self) -> None:
        self.in_a_row = 0

    def add(self, error: DatabaseError) -> str:
        """Count the error, and return it as a reason for the report."""
        self.in_a_row += 1
        message = " ".join(str(error).split()).rstrip(".")
        return f"The database failed: {message[:200]}. Try again."
