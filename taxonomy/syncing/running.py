"""One sync: every skill that either side has, one after the other."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from django.contrib.auth.models import User
from django.db import transaction

from taxonomy.admission import source_limits
from taxonomy.exceptions import InvalidSkill, SkillArchived, TaxonomyError
from taxonomy.importing.candidates import Found, judge
from taxonomy.importing.outcomes import Outcome, reasons_of, shown
from taxonomy.importing.placement import Placement
from taxonomy.models import Category, Skill
from taxonomy.models.paths import SKILL_NAME
from taxonomy.packaging.errors import (
    FolderMissing,
    FolderOccupied,
    PackagingError,
    SourceRefused,
)
from taxonomy.packaging.files import Files, bundle_digest
from taxonomy.packaging.folder import read_folder, remove_folder, write_folder
from taxonomy.packaging.sources import SKILL_FILES
from taxonomy.syncing.deciding import Step, decide
from taxonomy.syncing.state import Common, State, read_state, write_state


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
    """There, because it is archived here."""
    KEPT = "kept"
    """Gone from the other side; nobody said to prune."""
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


class Sync:
    """Raises SourceRefused when the folder or its state cannot be read."""

    def __init__(self, folder: Path, options: SyncOptions) -> None:
        self.folder = folder
        self.options = options
        self.limits = source_limits()
        self.state: State = read_state(folder)
        self.placement = Placement()
        self.alike: dict[str, Common | None] = {}
        """What the transaction at hand makes true, if it is committed."""
        self.names = sorted(self.state.keys() | self._sendable() | self._there())

    def run(self) -> Iterator[Outcome]:
        """What was alike before an interruption is remembered, too."""
        try:
            for name in self.names:
                if outcome := self._take(name):
                    yield outcome
        finally:
            if not self.options.dry_run:
                write_state(self.folder, self.state)

    def _sendable(self) -> set[str]:
        skills = Skill.objects.active()
        if self.options.category:
            skills = skills.within(self.options.category.path)
        return set(skills.values_list("name", flat=True))

    def _there(self) -> set[str]:
        """Folders with a SKILL.md; no file is opened yet."""
        try:
            below = list(self.folder.iterdir()) if self.folder.exists() else []
        except OSError as error:
            raise SourceRefused(f"{self.folder}: {error.strerror}.") from error
        if len(below) > self.limits.entries:
            raise SourceRefused(f"More than {self.limits.entries} folders.")
        return {path.name for path in below if is_skill(path)}

    def _take(self, name: str) -> Outcome | None:
        """None: neither side has it any more."""
        self.alike.clear()
        try:
            with transaction.atomic():
                outcome = self._sync(name)
                if self.options.dry_run:
                    transaction.set_rollback(True)
            self._remember()
            return outcome
        except (TaxonomyError, PackagingError) as error:
            reasons = reasons_of(error)
        except OSError as error:
            reasons = (shown(f"{error.filename}: {error.strerror}."),)
        return replace(told(name, SyncAction.REFUSED, None), reasons=reasons)

    def _remember(self) -> None:
        for name, common in self.alike.items():
            if common:
                self.state[name] = common
            else:
                self.state.pop(name, None)

    def _sync(self, name: str) -> Outcome | None:
        if not SKILL_NAME.fullmatch(name):
            raise InvalidSkill(name="The folder's name cannot be a skill's; rename it.")
        here = held(name)
        there = self._read(name)
        digest = bundle_digest(there) if there else None
        common = self._common(name, here, digest)
        current = here.current.bundle_id if here else None
        match self._decided(decide(common, current, digest), here, there):
            case Step.SAME:
                outcome = self._alike(name, SyncAction.UNCHANGED, here)
                return outcome if here else None
            case Step.BRING:
                return self._bring(name, here, there or ())
            case Step.SEND if here:
                return self._send(here, there)
            case Step.GONE_THERE if here:
                return self._gone_there(here)
            case Step.GONE_HERE:
                return self._gone_here(name, there or ())
        why = "Both sides have changed it since they were alike; say which to prefer."
        return told(name, SyncAction.CONFLICT, here, why)

    def _common(self, name: str, here: Skill | None, there: str | None) -> str | None:
        """What both had the last time. Unknown to us, as of an exported folder: a
        former version is there, so it is behind, and nothing of it can be lost."""
        if known := self.state.get(name):
            return known.digest
        is_former = here and there and here.versions.filter(bundle=there).exists()
        return there if is_former else None

    def _decided(self, step: Step, here: Skill | None, there: Files | None) -> Step:
        """A conflict goes to the preferred side, if that has anything to give."""
        if step is Step.CONFLICT and self.options.prefer is Prefer.HERE and here:
            return Step.SEND
        if step is Step.CONFLICT and self.options.prefer is Prefer.THERE and there:
            return Step.BRING
        return step

    def _read(self, name: str) -> Files | None:
        if (self.folder / name).is_symlink():
            raise FolderOccupied(self.folder / name)
        try:
            return read_folder(self.folder / name, self.limits.skill)
        except FolderMissing:
            return None

    def _bring(self, name: str, here: Skill | None, files: Files) -> Outcome:
        if here is None and Skill.objects.filter(name=name).exists():
            raise SkillArchived
        found = Found(name, files, bundle_digest(files))
        candidate = judge(found, name, self.options.lenient)
        published = Skill.objects.publish(
            files,
            category=None if here else self.placement.of(candidate)[0],
            author=self.options.author,
            name=name,
            change_summary=f"Synced from {shown(str(self.folder))[-200:]}.",
            based_on=here.current.bundle_id if here else "",
            lenient=self.options.lenient,
        )
        action = SyncAction.CREATED if published.created else SyncAction.UPDATED
        return self._alike(name, action, published.skill, candidate.notes)

    def _send(self, here: Skill, there: Files | None) -> Outcome:
        if not self.options.dry_run:
            write_folder(
                here.current.bundle.files(),
                self.folder / here.name,
                replace=bool(there),
                replacing=there or None,
                limits=self.limits.skill,
            )
        return self._alike(here.name, SyncAction.SENT, here)

    def _gone_there(self, here: Skill) -> Outcome:
        if not self.options.prune:
            why = "It is gone from the folder; prune to archive it, too."
            return told(here.name, SyncAction.KEPT, here, why)
        here.archive()
        return self._alike(here.name, SyncAction.ARCHIVED, None)

    def _gone_here(self, name: str, there: Files) -> Outcome:
        if not self.options.prune:
            why = "It is archived here; prune to remove the folder, too."
            return told(name, SyncAction.KEPT, None, why)
        if not self.options.dry_run:
            remove_folder(self.folder / name, there, self.limits.skill)
        return self._alike(name, SyncAction.REMOVED, None)

    def _alike(
        self,
        name: str,
        action: SyncAction,
        skill: Skill | None,
        notes: tuple[str, ...] = (),
    ) -> Outcome:
        """Both sides have the same now, or neither has it."""
        current = skill.current if skill else None
        self.alike[name] = (
            Common(current.bundle_id, current.number) if current else None
        )
        return replace(told(name, action, skill), notes=notes)


def is_skill(path: Path) -> bool:
    return not path.is_symlink() and any((path / each).exists() for each in SKILL_FILES)


def held(name: str) -> Skill | None:
    """The skill that is called so now, unless it is archived."""
    skills = Skill.objects.select_related("current", "category")
    return (
        skills.exclude(status=Skill.Status.ARCHIVED)
        .select_for_update(of=("self",))
        .filter(name=name)
        .first()
    )


def told(name: str, action: SyncAction, skill: Skill | None, *why: str) -> Outcome:
    number = skill.current.number if skill else ""
    place = skill.category.path if skill else ""
    return Outcome("", action, shown(name), number, place, why)
