"""The import itself: one folder after the other, each in a transaction of its own."""

import time
from collections.abc import Iterator
from dataclasses import replace

from django.db import DatabaseError, transaction

from core.json_values import text_finding
from taxonomy.exceptions import InvalidSkill, NameTaken, SkillArchived, TaxonomyError
from taxonomy.files.gate import PackagingError
from taxonomy.files.sources import SkillSource
from taxonomy.importing.candidates import Candidate, Found, find, judge, said_name
from taxonomy.importing.failures import GIVEN_UP, DatabaseFailures
from taxonomy.importing.memory import Memory
from taxonomy.importing.options import OnConflict, Options
from taxonomy.importing.outcomes import Action, Outcome, reasons_of, shown
from taxonomy.importing.placement import Placement
from taxonomy.importing.pruning import Seen, prune
from taxonomy.importing.targets import Target, aim, holder_of
from taxonomy.models import Origin, Published, Skill, Verdict
from taxonomy.models.address import MAX_NAME_CHARS
from taxonomy.package import with_name
from taxonomy.skillmd.findings import Severity

MOST_NAMESAKES = 99
MOST_RISKS = 5
CHANGED_HERE = "It was changed here since it was imported, and the source was not."
FORMER = "It is version {} already; it was changed here since."
ARCHIVED_HERE = "It is archived here; set its status to active first."
BEHIND = "Version {} did not come from this source; this one follows it."
OUT_OF_TIME = "The time for one import is over; the next one goes on here."


class Import:
    """One run. What it needs of the taxonomy is read once, at the beginning."""

    def __init__(self, source: SkillSource, options: Options) -> None:
        self.source = source
        self.options = options
        self.placement = Placement()
        self.memory = Memory(options.origin, frozenset(source.folders))
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
            yield Outcome(shown(path), Action.REFUSED, reasons=(reason,))
        if self.options.prune and not self.failures.too_many:
            yield from prune(self.options, self.seen)

    def _take(self, folder: str) -> Outcome:
        """A failure of the database is the skill's own, unless it goes on and on."""
        found = None
        try:
            found = find(self.source, folder)
            outcome = self._known(found) or self._judged(found)
        except (TaxonomyError, PackagingError) as error:
            outcome = self._refused(folder, self._name_in(found), *reasons_of(error))
        except DatabaseError as error:
            reason = self.failures.reason(error)
            self.stopped = GIVEN_UP if self.failures.too_many else ""
            return self._refused(folder, self._name_in(found), reason)
        self.failures.over()
        return outcome

    def _name_in(self, found: Found | None) -> str:
        """Empty: not known."""
        return said_name(found.files) if found else ""

    def _refused(self, folder: str, name: str, *reasons: str) -> Outcome:
        """Who cannot tell which skill it is cannot tell which one is gone."""
        if name:
            self.seen.names.add(name)
        elif folder not in self.memory.by_folder:
            self.seen.is_missing(folder)
        return Outcome(shown(folder), Action.REFUSED, name, reasons=reasons)

    def _known(self, found: Found) -> Outcome | None:
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
        return told(found, Action.UNCHANGED, skill)

    def _judged(self, found: Found) -> Outcome:
        folder_name = self.source.name_of(found.folder)
        candidate = judge(found, folder_name, self.options.lenient)
        self._claim(candidate.name, found.folder)
        with transaction.atomic():
            target = aim(candidate, self.memory)
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
                name=f"The folder {shown(first)!r} of this source holds the skill "
                f"{name!r} already. Rename one of them."
            )
        self.seen.names.add(name)
        if len(folder) > Origin.MOST_CHARS or text_finding(folder):
            raise InvalidSkill(
                path=f"The folder's path is not UTF-8, or has more than "
                f"{Origin.MOST_CHARS} characters. Rename folders."
            )

    def _write(self, target: Target) -> Outcome:
        """What somebody changed here gives way to what is new in the source alone."""
        found, skill = target.candidate.found, target.skill
        if skill is None:
            return self._publish(target)
        if skill.is_archived:
            return self._archived(target, skill)
        if target.digest == target.current or target.is_as_imported:
            return self._publish(target)
        if not target.is_news:
            return told(found, Action.KEPT, skill, CHANGED_HERE)
        if former := target.version:
            return told(found, Action.KEPT, skill, FORMER.format(former.number))
        return self._conflict(target, skill)

    def _archived(self, target: Target, skill: Skill) -> Outcome:
        """It is active again if it was archived because the source had lost it."""
        found, origin = target.candidate.found, target.origin
        if origin and origin.pruned and target.is_as_imported:
            skill.revise(status=Skill.Status.ACTIVE)
            return replace(self._publish(target), action=Action.RESTORED)
        if target.version:
            return told(found, Action.KEPT, skill, ARCHIVED_HERE)
        if target.is_as_imported or self.options.on_conflict is OnConflict.VERSION:
            raise SkillArchived
        return self._conflict(target, skill)

    def _conflict(self, target: Target, skill: Skill) -> Outcome:
        """Changed here and in the source, or not from this source at all."""
        match self.options.on_conflict:
            case OnConflict.SKIP:
                reason = f"{skill.name!r} is the name of a skill with other files."
                return told(target.candidate.found, Action.SKIPPED, skill, reason)
            case OnConflict.RENAME:
                return self._rename(target.candidate)
        note = BEHIND.format(skill.current.number)
        outcome = self._publish(target)
        return replace(outcome, notes=(note, *outcome.notes))

    def _rename(self, candidate: Candidate) -> Outcome:
        """Under the first name that is free, or that has the very same files."""
        stem = candidate.name[: MAX_NAME_CHARS - 3].rstrip("-")
        for number in range(2, MOST_NAMESAKES + 1):
            other = f"{stem}-{number}"
            files = with_name(candidate.found.files, other)
            target = Target(candidate, other, files, holder_of(other))
            if target.skill is None:
                return replace(self._publish(target), action=Action.RENAMED)
            if target.digest == target.current and not target.skill.is_archived:
                return self._publish(target)
        raise NameTaken(name=f"{stem!r} and {MOST_NAMESAKES} names like it are taken.")

    def _publish(self, target: Target) -> Outcome:
        options, found, skill = self.options, target.candidate.found, target.skill
        category, how = options.category, ""
        if category is None and skill is None:
            category, how = self.placement.of(target.candidate)
        published = Skill.objects.publish(
            target.files,
            category=category,
            author=options.author,
            name=target.name,
            change_summary=f"Imported from {shown(options.origin) or 'a request'}.",
            based_on=target.current,
            lenient=options.lenient,
        )
        self.memory.keep(found, published, target.origin)
        moved = skill and published.skill.category_id != skill.category_id
        outcome = told(found, action_of(published, bool(moved)), published.skill)
        risks = risks_of(published) if published.changed else ()
        return replace(outcome, notes=tuple(filter(None, (how, *risks))))


def action_of(published: Published, moved: bool) -> Action:
    if published.created:
        return Action.CREATED
    if published.changed:
        return Action.UPDATED
    return Action.MOVED if moved else Action.UNCHANGED


def told(found: Found, action: Action, skill: Skill, *reasons: str) -> Outcome:
    return Outcome(
        shown(found.folder),
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
