"""Archiving what a source has lost: only what came from it, and only as it came."""

from collections.abc import Iterator
from dataclasses import replace

from django.db import transaction

from taxonomy.importing.options import Options
from taxonomy.importing.outcomes import Action, Outcome, shown
from taxonomy.models import Origin, Skill

CHANGED_HERE = (
    "The source has lost it, but it was changed here since: archive it there."
)
ELSEWHERE = "The source has lost it, but another source has it, too."


def prune(
    options: Options, present: frozenset[str], names: frozenset[str]
) -> Iterator[Outcome]:
    """The folders that the source has now, refused ones with them, and the names of
    the skills in them."""
    origins = list(Origin.objects.of(options.origin))
    here = {origin.skill_id for origin in origins if origin.path in present}
    for origin in origins:
        if origin.path in present or origin.pruned:
            continue
        is_elsewhere = origin.skill_id in here or origin.skill.name in names
        if outcome := _lost(origin, is_elsewhere, options.dry_run):
            yield outcome


@transaction.atomic
def _lost(origin: Origin, is_elsewhere: bool, dry_run: bool) -> Outcome | None:
    """`is_elsewhere`: the skill lies in another folder of the source now."""
    outcome = None
    # Nobody publishes between the look at it and the archiving.
    Skill.objects.select_for_update(of=("self",)).get(pk=origin.skill_id)
    origin.skill.refresh_from_db()
    if is_elsewhere:
        origin.delete()
    elif origin.skill.status != Skill.Status.ARCHIVED:
        outcome = _archive(origin)
    if dry_run:
        transaction.set_rollback(True)
    return outcome


def _archive(origin: Origin) -> Outcome:
    skill = origin.skill
    outcome = Outcome(
        shown(origin.path),
        Action.ARCHIVED,
        skill.name,
        skill.current.number,
        skill.category.path,
    )
    if skill.current.bundle_id != origin.published:
        return replace(outcome, action=Action.KEPT, reasons=(CHANGED_HERE,))
    others = skill.origins.exclude(source=origin.source).filter(pruned=False)
    if others.exists():
        return replace(outcome, action=Action.KEPT, reasons=(ELSEWHERE,))
    skill.archive()
    origin.pruned = True
    origin.save(update_fields=["pruned"])
    return outcome
