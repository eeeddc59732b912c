"""The importer: publishes a source's skills, each in its own transaction."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from django.contrib.auth.models import User
from django.db import DatabaseError, transaction

from core.json_values import text_finding
from taxonomy.exceptions import InvalidSkill, NameTaken, SkillArchived, TaxonomyError
from taxonomy.files.gate import PackagingError
from taxonomy.files.sources import SkillSource, above, first_of
from taxonomy.importing.matching import (
    DiscoveredSkill,
    ImportSource,
    Placement,
    SkillMatch,
    ValidSkill,
    declared_name,
    discover,
    match_skill,
    skill_named,
    validated,
)
from taxonomy.importing.report import (
    GIVEN_UP,
    Action,
    DatabaseFailures,
    Outcome,
    reasons_of,
    sanitized,
)
from taxonomy.models import Category, Origin, Published, Skill, Verdict
from taxonomy.models.address import MAX_NAME_CHARS
from taxonomy.package import with_name
from taxonomy.skillmd.findings import Severity


class OnConflict(StrEnum):
    """What to do when another skill has the name, with other bytes."""

    VERSION = "version"
    """Publish the next version of it."""
    SKIP = "skip"
    """Leave it as it is."""
    RENAME = "rename"
    """Import this one under another name."""


@dataclass(frozen=True)
class ImportOptions:
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


LOST_BUT_CHANGED = (
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
            return UNSURE.format(sanitized(self.missed) or ".")
        cover = first_of(above(path), self.folders)
        return "" if cover is None else COVERED.format(sanitized(cover) or ".")


def prune(options: ImportOptions, seen: Seen) -> Iterator[Outcome]:
    """Ends early, with a refusal, when the database fails again and again."""
    origins = list(Origin.objects.of(options.origin))
    here = {origin.skill_id for origin in origins if origin.path in seen.folders}
    failures = DatabaseFailures()
    for origin in origins:
        if origin.path in seen.folders or origin.pruned or failures.too_many:
            continue
        try:
            outcome = _prune_one(origin, seen, origin.skill_id in here, options.dry_run)
            failures.over()
        except DatabaseError as error:
            reasons = (failures.reason(error),)
            outcome = replace(_told(origin), action=Action.REFUSED, reasons=reasons)
        if outcome:
            yield outcome


@transaction.atomic
def _prune_one(
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
        why_not = LOST_BUT_CHANGED
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
        sanitized(origin.path),
        Action.ARCHIVED,
        skill.name,
        skill.current.number,
        skill.category.path,
    )


MOST_NAMESAKES = 99
MOST_RISKS = 5
CHANGED_HERE = "It was changed here since it was imported, and the source was not."
FORMER = "It is version {} already; it was changed here since."
ARCHIVED_HERE = "It is archived here; set its status to active first."
BEHIND = "Version {} did not come from this source; this one follows it."
OUT_OF_TIME = "The time for one import is over; the next one goes on here."


class Importer:
    """One run. What it needs of the taxonomy is read once, at the beginning."""

    def __init__(self, source: SkillSource, options: ImportOptions) -> None:
        self.source = source
        self.options = options
        self.placement = Placement()
        self.memory = ImportSource(options.origin, frozenset(source.folders))
        self.seen = Seen(frozenset(source.folders))
        self.taken: dict[str, str] = {}
        """Name → the folder of this source that has it."""
        self.failures = DatabaseFailures()
        self.stopped = ""
        """Why what was left was not looked at."""

    def run(self) -> Iterator[Outcome]:
        ends_at = time.monotonic() + self.options.most_seconds
        for folder in self.source.folders:
            if not self.stopped and time.monotonic() >= ends_at:
                self.stopped = OUT_OF_TIME
            if self.stopped:
                self.seen.is_missing(folder)
                yield self._refused(folder, "", self.stopped)
            else:
                yield self._take(folder)
        for path, reason in self.source.passed_over:
            self.seen.is_missing(path)
            yield Outcome(sanitized(path), Action.REFUSED, reasons=(reason,))
        if self.options.prune and not self.failures.too_many:
            yield from prune(self.options, self.seen)

    def _take(self, folder: str) -> Outcome:
        """A failure of the database is the skill's own, unless it goes on and on."""
        found = None
        try:
            found = discover(self.source, folder)
            outcome = self._known(found) or self._judged(found)
        except (TaxonomyError, PackagingError) as error:
            outcome = self._refused(folder, self._name_in(found), *reasons_of(error))
        except DatabaseError as error:
            reason = self.failures.reason(error)
            self.stopped = GIVEN_UP if self.failures.too_many else ""
            return self._refused(folder, self._name_in(found), reason)
        self.failures.over()
        return outcome

    def _name_in(self, found: DiscoveredSkill | None) -> str:
        """Empty: not known."""
        return declared_name(found.files) if found else ""

    def _refused(self, folder: str, name: str, *reasons: str) -> Outcome:
        """Who cannot tell which skill it is cannot tell which one is gone."""
        if name:
            self.seen.names.add(name)
        elif folder not in self.memory.by_folder:
            self.seen.is_missing(folder)
        return Outcome(sanitized(folder), Action.REFUSED, name, reasons=reasons)

    def _known(self, found: DiscoveredSkill) -> Outcome | None:
        """Nothing is read anew when the source and the fleet are as the last time."""
        origin = self.memory.by_folder.get(found.folder)
        if origin is None or origin.digest != found.digest or origin.pruned:
            return None
        skill = origin.skill
        if self.options.category or skill.current.bundle_id != origin.published:
            return None
        if skill.is_archived:
            return None
        self._claim(skill.name, found.folder)
        return outcome_of(found, Action.UNCHANGED, skill)

    def _judged(self, found: DiscoveredSkill) -> Outcome:
        folder_name = self.source.name_of(found.folder)
        candidate = validated(found, folder_name, self.options.lenient)
        self._claim(candidate.name, found.folder)
        with transaction.atomic():
            target = match_skill(candidate, self.memory)
            self._claim(target.name, found.folder)
            outcome = self._write(target)
            if self.options.dry_run:
                transaction.set_rollback(True)
        self.seen.names.add(outcome.name)
        return replace(outcome, notes=(*candidate.notes, *outcome.notes))

    def _claim(self, name: str, folder: str) -> None:
        first = self.taken.setdefault(name, folder)
        if first != folder:
            raise InvalidSkill(
                name=f"The folder {sanitized(first)!r} of this source holds the skill "
                f"{name!r} already. Rename one of them."
            )
        self.seen.names.add(name)
        if len(folder) > Origin.MOST_CHARS or text_finding(folder):
            raise InvalidSkill(
                path=f"The folder's path is not UTF-8, or has more than "
                f"{Origin.MOST_CHARS} characters. Rename folders."
            )

    def _write(self, target: SkillMatch) -> Outcome:
        """What somebody changed here gives way to what is new in the source alone."""
        found, skill = target.candidate.found, target.skill
        if skill is None:
            return self._publish(target)
        if skill.is_archived:
            return self._archived(target, skill)
        if target.digest == target.current or target.is_as_imported:
            return self._publish(target)
        if not target.is_news:
            return outcome_of(found, Action.KEPT, skill, CHANGED_HERE)
        if former := target.version:
            return outcome_of(found, Action.KEPT, skill, FORMER.format(former.number))
        return self._conflict(target, skill)

    def _archived(self, target: SkillMatch, skill: Skill) -> Outcome:
        """It is active again if it was archived because the source had lost it."""
        found, origin = target.candidate.found, target.origin
        if origin and origin.pruned and target.is_as_imported:
            skill.revise(status=Skill.Status.ACTIVE)
            return replace(self._publish(target), action=Action.RESTORED)
        if target.version:
            return outcome_of(found, Action.KEPT, skill, ARCHIVED_HERE)
        if target.is_as_imported or self.options.on_conflict is OnConflict.VERSION:
            raise SkillArchived
        return self._conflict(target, skill)

    def _conflict(self, target: SkillMatch, skill: Skill) -> Outcome:
        """Changed here and in the source, or not from this source at all."""
        match self.options.on_conflict:
            case OnConflict.SKIP:
                reason = f"{skill.name!r} is the name of a skill with other files."
                return outcome_of(target.candidate.found, Action.SKIPPED, skill, reason)
            case OnConflict.RENAME:
                return self._rename(target.candidate)
        note = BEHIND.format(skill.current.number)
        outcome = self._publish(target)
        return replace(outcome, notes=(note, *outcome.notes))

    def _rename(self, candidate: ValidSkill) -> Outcome:
        """Under the first name that is free, or that has the very same files."""
        stem = candidate.name[: MAX_NAME_CHARS - 3].rstrip("-")
        for number in range(2, MOST_NAMESAKES + 1):
            other = f"{stem}-{number}"
            files = with_name(candidate.found.files, other)
            target = SkillMatch(candidate, other, files, skill_named(other))
            if target.skill is None:
                return replace(self._publish(target), action=Action.RENAMED)
            if target.digest == target.current and not target.skill.is_archived:
                return self._publish(target)
        raise NameTaken(name=f"{stem!r} and {MOST_NAMESAKES} names like it are taken.")

    def _publish(self, target: SkillMatch) -> Outcome:
        options, found, skill = self.options, target.candidate.found, target.skill
        category, how = options.category, ""
        if category is None and skill is None:
            category, how = self.placement.of(target.candidate)
        published = Skill.objects.publish(
            target.files,
            category=category,
            author=options.author,
            name=target.name,
            change_summary=f"Imported from {sanitized(options.origin) or 'a request'}.",
            based_on=target.current,
            lenient=options.lenient,
        )
        self.memory.keep(found, published, target.origin)
        moved = skill and published.skill.category_id != skill.category_id
        outcome = outcome_of(found, action_of(published, bool(moved)), published.skill)
        risks = risks_of(published) if published.changed else ()
        return replace(outcome, notes=tuple(filter(None, (how, *risks))))


def action_of(published: Published, moved: bool) -> Action:
    if published.created:
        return Action.CREATED
    if published.changed:
        return Action.UPDATED
    return Action.MOVED if moved else Action.UNCHANGED


def outcome_of(
    found: DiscoveredSkill, action: Action, skill: Skill, *reasons: str
) -> Outcome:
    return Outcome(
        sanitized(found.folder),
        action,
        skill.name,
        skill.current.number,
        skill.category.path,
        reasons,
    )


def risks_of(published: Published) -> tuple[str, ...]:
    """What the security scan calls critical: advice to whoever imports."""
    found = Verdict.objects.get(skill=published.skill).report["errors"]
    risks = [each for each in found if each["severity"] == Severity.CRITICAL]
    return tuple(
        f"Security: {risk['file']}:{risk['line']}: {risk['message']} ({risk['rule']})"
        for risk in risks[:MOST_RISKS]
    )
