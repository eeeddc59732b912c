"""What an import or a sync did with each skill, and why."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.db import DatabaseError

from taxonomy.exceptions import TaxonomyError
from taxonomy.files.gate import FilesRefused, PackagingError, SourceRefused
from taxonomy.skillmd.findings import CONTROL

MOST_REASONS = 20


class Action(StrEnum):
    CREATED = "created"
    """There was no skill of that name."""
    UPDATED = "updated"
    """A new version of a skill that was there."""
    RENAMED = "renamed"
    """The name was taken: created under another one."""
    MOVED = "moved"
    """The same bytes, in another category now."""
    RESTORED = "restored"
    """The source has it again: active once more."""
    UNCHANGED = "unchanged"
    """These very bytes are current."""
    SKIPPED = "skipped"
    """The name was taken, and the skill was left as it is."""
    KEPT = "kept"
    """It was changed here, and the source was not, or lost it."""
    ARCHIVED = "archived"
    """The source has lost it."""
    REFUSED = "refused"
    """Nothing of it was imported."""


@dataclass(frozen=True)
class Outcome:
    """One skill. `path` is its folder in the source; `name` empty: not known."""

    path: str
    action: StrEnum
    """An `Action`, or a `SyncAction`."""
    name: str = ""
    version: str = ""
    category: str = ""
    reasons: tuple[str, ...] = ()
    """Why it was refused, skipped or kept."""
    notes: tuple[str, ...] = ()
    """What was let pass, and how its category was found."""

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
    """About the whole of it: what was not tried, or not believed."""

    @property
    def counts(self) -> dict[str, int]:
        """By action, those that did not occur left out."""
        found = Counter(outcome.action for outcome in self.outcomes)
        return {str(action): found[action] for action in self.actions if found[action]}

    @property
    def refused(self) -> int:
        """How many did not come through, conflicts with them."""
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
    """Without what cannot be stored or sent."""
    return CONTROL.sub("\ufffd", text)


def reasons_of(error: TaxonomyError | PackagingError) -> tuple[str, ...]:
    """Every finding with what to do about it; not more than one could read."""
    found = [sanitized(reason) for reason in _reasons(error)]
    if len(found) > MOST_REASONS:
        more = f"and {len(found) - MOST_REASONS} more"
        found = [*found[:MOST_REASONS], more]
    return tuple(found)


def _reasons(error: TaxonomyError | PackagingError) -> Iterator[str]:
    if isinstance(error, FilesRefused):
        for finding in error.findings:
            yield f"{str(finding).rstrip('.')}. {finding.remedy}".strip()
    elif isinstance(error, TaxonomyError) and error.fields:
        yield from flat(error.fields.values())
    elif isinstance(error, SourceRefused) and error.detail:
        yield error.detail  # of a skill; the others are imported
    else:
        yield str(error)


def flat(lists: Iterable[list[str]]) -> Iterator[str]:
    for each in lists:
        yield from each


MOST_IN_A_ROW = 3
"""Each may have waited as long as the database lets one wait."""
GIVEN_UP = "The database failed several times in a row: the rest was not tried."


class DatabaseFailures:
    def __init__(self) -> None:
        self.in_a_row = 0

    @property
    def too_many(self) -> bool:
        return self.in_a_row >= MOST_IN_A_ROW

    def over(self) -> None:
        self.in_a_row = 0

    def reason(self, error: DatabaseError) -> str:
        self.in_a_row += 1
        said = " ".join(str(error).split()).rstrip(".")
        return f"The database failed: {said[:200]}. Try it again."
