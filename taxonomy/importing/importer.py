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
from taxonomy.files.sources import SkillSource, first_in, folders_of
from taxonomy.importing.matching import (
    Categories,
    DiscoveredSkill,
    ImportSource,
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
from taxonomy.skillmd.findings import Severity


class OnConflict(StrEnum):
    """What to do when another skill has the name but other files."""

    VERSION = "version"
    """Publish the imported files as its next version."""
    SKIP = "skip"
    """Leave the existing skill unchanged."""
    RENAME = "rename"
    """Import the skill under another name."""


@dataclass(frozen=True)
class ImportOptions:
    """`origin` identifies the source from one import to the next.

    Without it nothing is recorded about the source, and nothing can be pruned.
    """

    origin: str = ""
    category: Category | None = None
    """The category of all skills. None: new ones get one each, others keep theirs."""
    lenient: bool = False
    """Ignore unknown fields, and folders whose name is not the skill's."""
    dry_run: bool = False
    on_conflict: OnConflict = OnConflict.VERSION
    prune: bool = False
    """Archive skills that were imported from this source and are missing there now."""
    author: User | None = None
    most_seconds: float = math.inf
    """Folders that are not reached in time are refused; import again for the rest."""


CHANGED_HERE = "It was changed here after the import. The source has not changed."
ALREADY_PUBLISHED = (
    "These files are version {} already. The skill was changed here since."
)
ARCHIVED_HERE = "It is archived here. Set its status to active first."
NAME_IN_USE = "Another skill is named {!r}."
REPLACES_OTHER_VERSION = (
    "Version {} did not come from this source; the imported version follows it."
)
OUT_OF_TIME = "The time limit of one import is reached. Import again to continue."
GONE_BUT_CHANGED = (
    "It is gone from the source, but was changed here. Archive it here if you want to."
)
GONE_BUT_SHARED = "It is gone from the source, but another source has it."
GONE_BUT_OLDER = "It is gone from the source, but existed here before the first import."
MAYBE_UNREAD = (
    "The skill may still be in the folder {!r} of the source: that folder could not be"
    " read."
)
COVERED = "Its folder is inside of {!r} of the source, which is one skill now."
MOST_NAMESAKES = 99
MOST_RISKS = 5


@dataclass
class SourceContent:
    """The skills that an import has seen in its source so far."""

    folders: frozenset[str]
    """The folders of all skills, refused ones included."""
    names: set[str] = field(default_factory=set)
    """The names of all skills, refused ones included."""
    first_unread: str | None = None
    """The first folder that could not be read, so that it may contain any skill."""

    def mark_unread(self, folder: str) -> None:
        if self.first_unread is None:
            self.first_unread = folder

    def why_maybe_present(self, path: str) -> str:
        """The reason why the skill of this folder may still be in the source.

        Empty: the skill was removed from it.
        """
        if self.first_unread is not None:
            return MAYBE_UNREAD.format(sanitized(self.first_unread) or ".")
        enclosing_skill = first_in(folders_of(path), self.folders)
        if enclosing_skill is None:
            return ""
        return COVERED.format(sanitized(enclosing_skill) or ".")


class Importer:
    """One import. It loads categories and former imports once, at the start."""

    def __init__(self, files: SkillSource, options: ImportOptions) -> None:
        self.files = files
        self.options = options
        self.categories = Categories()
        self.source = ImportSource(options.origin, frozenset(files.folders))
        self.content = SourceContent(frozenset(files.folders))
        self.folder_by_name: dict[str, str] = {}
        self.failures = DatabaseFailures()
        self.stopped = ""
        """The reason why the remaining folders are not read; empty: they are."""

    def run(self) -> Iterator[Outcome]:
        """Import skill by skill, and yield what happened to each."""
        ends_at = time.monotonic() + self.options.most_seconds
        for folder in self.files.folders:
            if not self.stopped and time.monotonic() >= ends_at:
                self.stopped = OUT_OF_TIME
            if self.stopped:
                self.content.mark_unread(folder)
                yield self._refused(folder, "", self.stopped)
            else:
                yield self._import_folder(folder)
        for path, reason in self.files.skipped:
            self.content.mark_unread(path)
            yield Outcome(sanitized(path), Action.REFUSED, reasons=(reason,))
        if self.options.prune and not self.failures.too_many:
            yield from prune(self.options, self.content)

    def _import_folder(self, folder: str) -> Outcome:
        """Import one skill. An error refuses only this skill.

        Several database errors in a row stop the run (circuit breaker).
        """
        discovered = None
        try:
            discovered = discover(self.files, folder)
            outcome = self._unchanged(discovered) or self._import(discovered)
        except (TaxonomyError, PackagingError) as error:
            name = self._name_in(discovered)
            outcome = self._refused(folder, name, *reasons_of(error))
        except DatabaseError as error:
            reason = self.failures.add(error)
            self.stopped = GIVEN_UP if self.failures.too_many else ""
            return self._refused(folder, self._name_in(discovered), reason)
        self.failures.reset()
        return outcome

    def _name_in(self, discovered: DiscoveredSkill | None) -> str:
        return declared_name(discovered.package) if discovered else ""

    def _refused(self, folder: str, name: str, *reasons: str) -> Outcome:
        """The outcome of a refused skill.

        If neither its name nor an earlier import tells which skill it is, it may be
        any; then no skill counts as removed from the source.
        """
        if name:
            self.content.names.add(name)
        elif folder not in self.source.by_folder:
            self.content.mark_unread(folder)
        return Outcome(sanitized(folder), Action.REFUSED, name, reasons=reasons)

    def _unchanged(self, discovered: DiscoveredSkill) -> Outcome | None:
        """The outcome if neither folder nor skill has changed since the last import.

        None: the skill must be imported. This check avoids parsing unchanged skills.
        """
        origin = self.source.by_folder.get(discovered.folder)
        if origin is None or origin.digest != discovered.digest or origin.pruned:
            return None
        skill = origin.skill
        if self.options.category:  # a requested category must be applied
            return None
        if skill.current.bundle_id != origin.published:
            return None
        if skill.is_archived:
            return None
        self._claim(skill.name, discovered.folder)
        return outcome_of(discovered, Action.UNCHANGED, skill)

    def _import(self, discovered: DiscoveredSkill) -> Outcome:
        folder_name = self.files.name_of(discovered.folder)
        skill = validated(discovered, folder_name, self.options.lenient)
        self._claim(skill.name, discovered.folder)
        # Compute the cached report before the transaction: a scan may take seconds,
        # and on SQLite nobody else could write meanwhile.
        _ = discovered.package.report
        with transaction.atomic():
            match = match_skill(skill, self.source)
            self._claim(match.name, discovered.folder)
            outcome = self._apply(match)
            if self.options.dry_run:
                transaction.set_rollback(True)
        self.content.names.add(outcome.name)
        return replace(outcome, notes=(*skill.notes, *outcome.notes))

    def _claim(self, name: str, folder: str) -> None:
        """Register the name for this folder of the source.

        Raises InvalidSkill if another folder has the name, or if the folder's path
        cannot be stored.
        """
        first = self.folder_by_name.setdefault(name, folder)
        if first != folder:
            raise InvalidSkill(
                name=f"The folder {sanitized(first)!r} of this source also contains a "
                f"skill {name!r}. Rename one of them."
            )
        self.content.names.add(name)
        if len(folder) > Origin.MOST_CHARS or text_finding(folder):
            raise InvalidSkill(
                path=f"The folder's path is not UTF-8, or has more than "
                f"{Origin.MOST_CHARS} characters. Rename folders."
            )

    def _apply(self, match: SkillMatch) -> Outcome:
        """A three-way merge: a change here is kept unless the source changed, too."""
        discovered, skill = match.source_skill.discovered, match.skill
        if skill is None:
            return self._publish(match)
        if skill.is_archived:
            return self._archived(match, skill)
        if match.digest == match.current or match.is_as_imported:
            return self._publish(match)
        if not match.source_changed:
            return outcome_of(discovered, Action.KEPT, skill, CHANGED_HERE)
        if former := match.version:
            reason = ALREADY_PUBLISHED.format(former.number)
            return outcome_of(discovered, Action.KEPT, skill, reason)
        return self._conflict(match, skill)

    def _archived(self, match: SkillMatch, skill: Skill) -> Outcome:
        """Restore the skill if it was archived because the source no longer had it."""
        discovered, origin = match.source_skill.discovered, match.origin
        if origin and origin.pruned and match.is_as_imported:
            skill.revise(status=Skill.Status.ACTIVE)
            return replace(self._publish(match), action=Action.RESTORED)
        if match.version:
            return outcome_of(discovered, Action.KEPT, skill, ARCHIVED_HERE)
        if match.is_as_imported or self.options.on_conflict is OnConflict.VERSION:
            raise SkillArchived
        return self._conflict(match, skill)

    def _conflict(self, match: SkillMatch, skill: Skill) -> Outcome:
        """Apply `on_conflict`: both sides changed, or another source has the skill."""
        if self.options.on_conflict is OnConflict.SKIP:
            reason = NAME_IN_USE.format(skill.name)
            discovered = match.source_skill.discovered
            return outcome_of(discovered, Action.SKIPPED, skill, reason)
        if self.options.on_conflict is OnConflict.RENAME:
            return self._rename(match.source_skill)
        # OnConflict.VERSION: publish the imported files as the skill's next version.
        note = REPLACES_OTHER_VERSION.format(skill.current.number)
        outcome = self._publish(match)
        return replace(outcome, notes=(note, *outcome.notes))

    def _rename(self, skill: ValidSkill) -> Outcome:
        """Publish it under the first name that is free or has exactly these files."""
        stem = skill.name[: MAX_NAME_CHARS - 3].rstrip("-")
        for number in range(2, MOST_NAMESAKES + 1):
            name = f"{stem}-{number}"
            package = skill.discovered.package.renamed(name)
            match = SkillMatch(skill, name, package, skill_named(name))
            if match.skill is None:
                return replace(self._publish(match), action=Action.RENAMED)
            if match.digest == match.current and not match.skill.is_archived:
                return self._publish(match)
        raise NameTaken(
            name=f"{stem!r} is taken, and so are {stem}-2 to {stem}-{MOST_NAMESAKES}."
        )

    def _publish(self, match: SkillMatch) -> Outcome:
        options, skill = self.options, match.skill
        discovered = match.source_skill.discovered
        category, note = options.category, ""
        if category is None and skill is None:
            category, note = self.categories.match(match.source_skill)
        published = Skill.objects.publish(
            match.package,
            category=category,
            author=options.author,
            name=match.name,
            change_summary=f"Imported from {sanitized(options.origin) or 'a request'}.",
            based_on=match.current,
            lenient=options.lenient,
        )
        self.source.record(discovered, published, match.origin)
        moved = bool(skill and published.skill.category_id != skill.category_id)
        outcome = outcome_of(discovered, action_of(published, moved), published.skill)
        risks = risks_of(published) if published.changed else ()
        return replace(outcome, notes=tuple(filter(None, (note, *risks))))


def action_of(published: Published, moved: bool) -> Action:
    if published.created:
        return Action.CREATED
    if published.changed:
        return Action.UPDATED
    return Action.MOVED if moved else Action.UNCHANGED


def outcome_of(
    discovered: DiscoveredSkill, action: Action, skill: Skill, *reasons: str
) -> Outcome:
    return Outcome(
        sanitized(discovered.folder),
        action,
        skill.name,
        skill.current.number,
        skill.category.path,
        reasons,
    )


def risks_of(published: Published) -> tuple[str, ...]:
    """The critical findings of the security scan. They do not stop an import."""
    errors = Verdict.objects.get(skill=published.skill).report["errors"]
    risks = [each for each in errors if each["severity"] == Severity.CRITICAL]
    return tuple(
        f"Security: {risk['file']}:{risk['line']}: {risk['message']} ({risk['rule']})"
        for risk in risks[:MOST_RISKS]
    )


def prune(options: ImportOptions, content: SourceContent) -> Iterator[Outcome]:
    """Archive unchanged skills that came from the source and are missing there now.

    It stops early, with a refusal, after several database errors in a row.
    """
    origins = list(Origin.objects.of_source(options.origin))
    present = {origin.skill_id for origin in origins if origin.path in content.folders}
    failures = DatabaseFailures()
    for origin in origins:
        if origin.path in content.folders or origin.pruned or failures.too_many:
            continue
        try:
            has_moved = origin.skill_id in present
            outcome = _prune_one(origin, content, has_moved, options.dry_run)
            failures.reset()
        except DatabaseError as error:
            reasons = (failures.add(error),)
            outcome = _outcome_for(origin)
            outcome = replace(outcome, action=Action.REFUSED, reasons=reasons)
        if outcome:
            yield outcome


@transaction.atomic
def _prune_one(
    origin: Origin, content: SourceContent, has_moved: bool, dry_run: bool
) -> Outcome | None:
    """Archive the skill of one origin, unless there is a reason against it.

    `has_moved`: another folder of the source contains the skill now. None: nothing is
    to be reported.
    """
    outcome = None
    # The row lock prevents publishing between the check and the archiving.
    Skill.objects.select_for_update(of=("self",)).get(pk=origin.skill_id)
    origin.skill.refresh_from_db()
    if has_moved:
        origin.delete()
    elif origin.skill.name not in content.names and not origin.skill.is_archived:
        outcome = _archive(origin, content.why_maybe_present(origin.path))
    if dry_run:
        transaction.set_rollback(True)
    return outcome


def _archive(origin: Origin, reason_to_keep: str) -> Outcome:
    """Archive the skill, unless `reason_to_keep` is given or there is another one."""
    skill, outcome = origin.skill, _outcome_for(origin)
    if not reason_to_keep and skill.current.bundle_id != origin.published:
        reason_to_keep = GONE_BUT_CHANGED
    reason_to_keep = reason_to_keep or _release(origin)
    if reason_to_keep:
        return replace(outcome, action=Action.KEPT, reasons=(reason_to_keep,))
    skill.archive()
    origin.pruned = True
    origin.save(update_fields=["pruned"])
    return outcome


def _release(origin: Origin) -> str:
    """The reason why this source must not archive the skill; empty: it may.

    With a reason, the origin is deleted: the skill no longer depends on this source.
    """
    others = origin.skill.origins.exclude(source=origin.source).filter(pruned=False)
    reason = ""
    if others.exists():
        reason = GONE_BUT_SHARED
    elif origin.adopted:
        reason = GONE_BUT_OLDER
    if reason:
        # If this source created the skill, the others inherit the right to archive it.
        others.filter(adopted=True).update(adopted=origin.adopted)
        origin.delete()
    return reason


def _outcome_for(origin: Origin) -> Outcome:
    skill = origin.skill
    return Outcome(
        sanitized(origin.path),
        Action.ARCHIVED,
        skill.name,
        skill.current.number,
        skill.category.path,
    )
