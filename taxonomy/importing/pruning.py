"""Archiving what a source has lost: only what came from it, and only as it came."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from django.db import DatabaseError, transaction

from taxonomy.files.sources import above, first_of
from taxonomy.importing.failures import DatabaseFailures
from taxonomy.importing.options import Options
from taxonomy.importing.outcomes import Action, Outcome, shown
from taxonomy.models import Origin, Skill

CHANGED_HERE = (
    "The source has lost it, but it was changed here since: archive it there."
)
ELSEWHERE = "The source has lost it, but another source has it, too."
ADOPTED = "The source has lost it, but it was here before the source had it."
UNSURE = "It may be in {!r} of the source, which was not read."
COVERED = "It lies in {!r} of the source, which is one skill now."


@dataclass
class Seen:
    """What an import has seen of its source."""

    folders: frozenset[str]
    """All that it has, refused ones with them."""
    names: set[str] = field(default_factory=set)
    """Of the skills in it, refused ones with them."""
    missed: str | None = None
    """The first folder of which nobody can say what it holds."""

    def is_missing(self, folder: str) -> None:
        self.missed = folder if self.missed is None else self.missed

    def why_not(self, path: str) -> str:
        """Why what is no longer at the path may be in the source all the same."""
        if self.missed is not None:
            return UNSURE.format(shown(self.missed) or ".")
        cover = first_of(above(path), self.folders)
        return "" if cover is None else COVERED.format(shown(cover) or ".")


def prune(options: Options, seen: Seen) -> Iterator[Outcome]:
    """Ends early, with a refusal, when the database fails again and again."""
    origins = list(Origin.objects.of(options.origin))
    here = {origin.skill_id for origin in origins if origin.path in seen.folders}
    failures = DatabaseFailures()
    for origin in origins:
        if origin.path in seen.folders or origin.pruned or failures.too_many:
            continue
        try:
            outcome = _lost(origin, seen, origin.skill_id in here, options.dry_run)
            failures.over()
        except DatabaseError as error:
            reasons = (failures.reason(error),)
            outcome = replace(_told(origin), action=Action.REFUSED, reasons=reasons)
        if outcome:
            yield outcome


@transaction.atomic
def _lost(
    origin: Origin, seen: Seen, is_elsewhere: bool, dry_run: bool
) -> Outcome | None:
    """`is_elsewhere`: the skill came from another folder of the source now."""
    outcome = None
    # Nobody publishes between the look at it and the archiving.
    Skill.objects.select_for_update(of=("self",)).get(pk=origin.skill_id)
    origin.skill.refresh_from_db()
    if is_elsewhere:
        origin.delete()
    elif origin.skill.name not in seen.names and not origin.skill.is_archived:
        outcome = _archive(origin, seen.why_not(origin.path))
    if dry_run:
        transaction.set_rollback(True)
    return outcome


def _archive(origin: Origin, why_not: str) -> Outcome:
    skill, outcome = origin.skill, _told(origin)
    if not why_not and skill.current.bundle_id != origin.published:
        why_not = CHANGED_HERE
    why_not = why_not or _left_to_others(origin)
    if why_not:
        return replace(outcome, action=Action.KEPT, reasons=(why_not,))
    skill.archive()
    origin.pruned = True
    origin.save(update_fields=["pruned"])
    return outcome


def _left_to_others(origin: Origin) -> str:
    """Why it is not this source's to archive; the source has done with it then."""
    others = origin.skill.origins.exclude(source=origin.source).filter(pruned=False)
    why_not = ELSEWHERE if others.exists() else ADOPTED if origin.adopted else ""
    if why_not:
        others.filter(adopted=True).update(adopted=origin.adopted)
        origin.delete()
    return why_not


def _told(origin: Origin) -> Outcome:
    skill = origin.skill
    return Outcome(
        shown(origin.path),
        Action.ARCHIVED,
        skill.name,
        skill.current.number,
        skill.category.path,
    )
