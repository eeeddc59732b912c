"""Two-way sync of a folder and the fleet, which overwrites nobody's change.

For each skill this is a three-way merge: of the fleet's files, the folder's files, and
what both had after the last sync. A change on one side is copied to the other. Changes
on both sides are a conflict, which a person decides.
"""

import json
import os
import re
import stat
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, StrEnum, auto
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import DatabaseError, transaction

from core.json_values import JSONValueError, parse_json
from taxonomy.exceptions import InvalidSkill, SkillArchived, TaxonomyError
from taxonomy.files.gate import (
    Files,
    FolderOccupied,
    PackagingError,
    SourceLimits,
    SourceRefused,
    misspelt_skill_md,
)
from taxonomy.files.sources import FolderSource, Skipped, find_skills
from taxonomy.files.write import is_empty_folder, remove_folder, write_folder
from taxonomy.importing.matching import (
    Categories,
    DiscoveredSkill,
    skill_named,
    validated,
)
from taxonomy.importing.report import (
    GIVEN_UP,
    DatabaseFailures,
    Outcome,
    reasons_of,
    sanitized,
)
from taxonomy.limits import source_limits
from taxonomy.models import Category, Fleet, Skill
from taxonomy.models.address import SKILL_NAME
from taxonomy.package import SkillPackage


class SyncAction(StrEnum):
    UNCHANGED = "unchanged"
    CREATED = "created"
    """The skill was published from the folder."""
    UPDATED = "updated"
    """A new version was published from the folder."""
    SENT = "sent"
    """The current version was written to the folder."""
    ARCHIVED = "archived"
    """The skill was archived in the fleet, because the folder no longer has it."""
    REMOVED = "removed"
    """The folder of a skill that is archived or renamed in the fleet was removed."""
    KEPT = "kept"
    """One side no longer has it, but pruning is off or a folder could not be read."""
    CONFLICT = "conflict"
    REFUSED = "refused"


class Prefer(StrEnum):
    HERE = "here"
    """The fleet."""
    THERE = "there"
    """The folder."""


@dataclass(frozen=True)
class SyncOptions:
    category: Category | None = None
    """Export only skills of this category to a folder that lacks them. Skills that the
    folder already has are updated whatever their category."""
    prefer: Prefer | None = None
    """The side that wins conflicts; None: neither."""
    prune: bool = False
    lenient: bool = False
    dry_run: bool = False
    author: User | None = None


class Step(Enum):
    SAME = auto()
    """Both sides have the same files."""
    IMPORT = auto()
    """Only the folder changed the skill, or has it: copy it to the fleet."""
    EXPORT = auto()
    """Only the fleet changed the skill, or has it: copy it to the folder."""
    GONE_FROM_FOLDER = auto()
    """The fleet did not change the skill; the folder no longer has it."""
    GONE_FROM_FLEET = auto()
    """The folder did not change the skill; the fleet archived or renamed it."""
    CONFLICT = auto()
    """Both sides changed the skill, or one changed it and the other removed it."""


def decide(
    base: str | None, fleet: str | None, folder: str | None, *, was_published: bool
) -> Step:
    """The step for a skill with these digests. None: that side does not have it.

    `base` is what both had after the last sync. `was_published`: the folder's files are
    or were a version in this fleet. Other files are never overwritten or removed, even
    if they equal `base`, which may come from a fleet whose database was lost.
    """
    if fleet == folder:
        return Step.SAME
    if fleet == base:
        return Step.IMPORT if folder else Step.GONE_FROM_FOLDER
    if folder is None and base is None:
        return Step.EXPORT
    if folder == base and was_published:
        return Step.EXPORT if fleet else Step.GONE_FROM_FLEET
    if folder == base and not fleet:
        return Step.IMPORT
    return Step.CONFLICT


STATE_FILE = ".skillfleet-sync.json"
FORMAT = 1
MOST_BYTES = 32 * 2**20
DEPTH = 4
DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Common:
    """The content that both sides had, and its version number in the fleet."""

    digest: str
    version: str


@dataclass
class State:
    """The content that both sides had after the last sync, stored in the folder."""

    fleet: str = ""
    """The identity of the fleet that wrote it; empty if unknown."""
    skills: dict[str, Common] = field(default_factory=dict)
    """The common content by the skill's name."""

    def if_of(self, fleet: str) -> "State":
        """The state if this fleet wrote it, else an empty one."""
        return self if self.fleet == fleet else State(fleet)

    def change(self, name: str, common: Common | None) -> bool:
        """Set the content that both sides have; None: neither has the skill.

        True: the state had other content for the skill before.
        """
        before = self.skills.pop(name, None)
        if common:
            self.skills[name] = common
        return before is not None and before != common


def read_state(folder: Path) -> State:
    """The state of the folder, empty before the first sync.

    Raises SourceRefused for an invalid file.
    """
    path = folder / STATE_FILE
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise SourceRefused(f"{path} is not a regular file.")
            text = file.read(MOST_BYTES)
        values = parse_json(text, max_depth=DEPTH, max_elements=MOST_BYTES)
        return as_state(values)
    except FileNotFoundError:
        return State()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceRefused(f"{path}: {error}.") from error
    except (JSONValueError, KeyError, TypeError, AttributeError):
        raise SourceRefused(
            f"{path} cannot be read. If you remove it, every difference is a conflict."
        ) from None


def as_state(content: dict[str, Any]) -> State:
    """Raises KeyError, TypeError or AttributeError for another format."""
    if content["format"] != FORMAT:
        raise KeyError("format")
    skills = {
        name: Common(each["digest"], each["version"])
        for name, each in content["skills"].items()
    }
    if not all(DIGEST.fullmatch(common.digest) for common in skills.values()):
        raise KeyError("digest")
    return State(str(content.get("fleet", "")), skills)


def write_state(folder: Path, state: State) -> None:
    """Replace the file atomically: readers see the old state or the new one."""
    skills = {
        name: {"digest": common.digest, "version": common.version}
        for name, common in sorted(state.skills.items())
    }
    content = {"format": FORMAT, "fleet": state.fleet, "skills": skills}
    text = json.dumps(content, indent=1)
    descriptor, temporary = tempfile.mkstemp(prefix=STATE_FILE, dir=folder)
    try:
        os.fchmod(descriptor, 0o644)
        with open(descriptor, "w") as file:
            file.write(f"{text}\n")
        os.replace(temporary, folder / STATE_FILE)
    except BaseException:
        os.unlink(temporary)
        raise


EMPTY = "The folder contains no skill at all, so nothing is archived."
UNREAD = "The skill may still be in {!r} of the folder: that part could not be read."


class SyncFolder:
    """The skills of a folder, at any depth.

    Raises SourceRefused if the folder cannot be read or is itself a skill.
    """

    def __init__(self, root: Path, limits: SourceLimits) -> None:
        self.root = root
        self.source = source_in(root, limits)
        misspelt = self.source.misspelt if self.source else {}
        folders = self.source.folders if self.source else ()
        if "" in folders and "" not in misspelt:
            raise SourceRefused(
                f"{root} is a skill itself. Name the folder above it, or remove its "
                "SKILL.md."
            )
        self.by_name: dict[str, list[str]] = {}
        for folder in filter(None, folders):
            self.by_name.setdefault(folder.rpartition("/")[2], []).append(folder)

    @property
    def skipped(self) -> Sequence[Skipped]:
        if self.source is None:
            return ()
        if name := self.source.misspelt.get(""):
            reason = str(misspelt_skill_md(name))
            return (Skipped("", reason), *self.source.skipped)
        return self.source.skipped

    @property
    def why_uncertain(self) -> str:
        """Why a missing skill may be in the folder nevertheless; empty: it is not."""
        if self.skipped:
            return UNREAD.format(self.skipped[0].path)
        return "" if self.by_name else EMPTY

    def paths(self, name: str) -> list[str]:
        return self.by_name.get(name, [])

    def path_for(self, name: str) -> Path:
        """The folder of the skill, or the one to which it would be written."""
        return self.root / next(iter(self.paths(name)), name)

    def read(self, name: str) -> Files | None:
        """None: the skill is not in the folder.

        Raises FolderOccupied if its path is taken by something else.
        """
        if self.source and (paths := self.paths(name)):
            return self.source.read(paths[0])
        path = self.root / name
        if os.path.lexists(path) and not is_empty_folder(path):
            raise FolderOccupied(path)
        return None


def source_in(root: Path, limits: SourceLimits) -> FolderSource | None:
    """The skills of the folder; None if it contains none yet."""
    try:
        if not root.exists() or not find_skills(root, limits.entries).folders:
            return None
    except OSError as error:
        raise SourceRefused(f"{error.filename}: {error.strerror}.") from error
    return FolderSource(root, limits)


OTHER_FLEET = (
    f"{STATE_FILE} was written by another fleet or an unknown one, so it is ignored."
)
BOTH_CHANGED = "Both sides changed it since the last sync. Say which one to prefer."
NEVER_PUBLISHED = (
    "The folder's files were never a version in this fleet. Say which side to prefer."
)
DIFFERENT = "Both sides have it, with different files. Say which one to prefer."
SEVERAL = "The folder has it more than once: {}. Remove all but one."


class Sync:
    """One sync of a folder and the fleet.

    Raises SourceRefused if the folder or its state file cannot be read.
    """

    def __init__(self, root: Path, options: SyncOptions) -> None:
        self.root = root
        self.options = options
        self.limits = source_limits()
        self.folder = SyncFolder(root, self.limits)
        self.notes: list[str] = []
        """Remarks on the sync as a whole."""
        self.state = self._own_state()
        self.categories = Categories()
        self.failures = DatabaseFailures()
        self.stopped = ""
        """The reason why the remaining skills are not synced; empty: they are."""
        self.changes: dict[str, Common | None] = {}
        """Changes of the state, to be made when the transaction is committed."""
        self.names = sorted(
            self.state.skills.keys() | self._sendable() | self.folder.by_name.keys()
        )

    def _own_state(self) -> State:
        """The stored state, if this fleet wrote it.

        A dry run does not create an identity for the fleet; without one it trusts no
        state.
        """
        fleets, stored = Fleet.objects, read_state(self.root)
        dry_run = self.options.dry_run
        state = stored.if_of(
            fleets.existing_identity() if dry_run else fleets.identity()
        )
        if stored.skills and not state.skills:
            self.notes.append(OTHER_FLEET)
        return state

    def run(self) -> Iterator[Outcome]:
        """Sync every skill that either side has.

        The state is written first, so nothing changes if that fails, and at the end,
        also after an interruption.
        """
        self._write_state()
        try:
            for name in self.names:
                if outcome := self._sync_one(name):
                    yield outcome
            for path, reason in self.folder.skipped:
                if path not in self.names:  # else it is refused by its name
                    yield Outcome(
                        sanitized(path), SyncAction.REFUSED, reasons=(reason,)
                    )
        finally:
            self._write_state()

    def _write_state(self) -> None:
        if not self.options.dry_run:
            write_state(self.root, self.state)

    def _sendable(self) -> set[str]:
        skills = Skill.objects.active()
        if self.options.category:
            skills = skills.within(self.options.category.path)
        return set(skills.values_list("name", flat=True))

    def _sync_one(self, name: str) -> Outcome | None:
        """None: neither side has it any more."""
        if self.stopped:
            return self._outcome(name, SyncAction.REFUSED, None, self.stopped)
        self.changes.clear()
        try:
            with transaction.atomic():
                outcome = self._merge(name)
                if self.options.dry_run:
                    transaction.set_rollback(True)
        except (TaxonomyError, PackagingError) as error:
            return self._outcome(name, SyncAction.REFUSED, None, *reasons_of(error))
        except OSError as error:
            reason = sanitized(f"{error.filename}: {error.strerror}.")
            return self._outcome(name, SyncAction.REFUSED, None, reason)
        except DatabaseError as error:
            reason = self.failures.add(error)
            self.stopped = GIVEN_UP if self.failures.too_many else ""
            return self._outcome(name, SyncAction.REFUSED, None, reason)
        self.failures.reset()
        self._record_changes()
        return outcome

    def _record_changes(self) -> None:
        """Write the state at once if it became wrong; additions wait for the end.

        After a crash a wrong state would make the next sync undo later changes.
        """
        changed = [self.state.change(*each) for each in self.changes.items()]
        if any(changed):
            self._write_state()

    def _merge(self, name: str) -> Outcome | None:
        """Sync one skill; None: neither side has it any more."""
        if not SKILL_NAME.fullmatch(name):
            raise InvalidSkill(name="A skill cannot have the folder's name. Rename it.")
        skill = locked_skill(name)
        if len(paths := self.folder.paths(name)) > 1:
            why = SEVERAL.format(", ".join(map(sanitized, paths)))
            return self._outcome(name, SyncAction.CONFLICT, skill, why)
        files = self.folder.read(name)
        package = SkillPackage(files or (), self.limits.skill, is_gated=True)
        digest = package.digest if files else None
        was_published = digest is not None and was_version(name, digest)
        base = self._base(name, skill, digest, was_published)
        current = skill.current.bundle_id if skill else None
        step = decide(base, current, digest, was_published=was_published)
        match self._preferred(step, skill, files):
            case Step.SAME:
                outcome = self._synced(name, SyncAction.UNCHANGED, skill)
                return outcome if skill else None
            case Step.IMPORT:
                return self._import(name, skill, package)
            case Step.EXPORT if skill:
                return self._export(skill, files)
            case Step.GONE_FROM_FOLDER if skill:
                return self._gone_from_folder(skill)
            case Step.GONE_FROM_FLEET:
                return self._gone_from_fleet(name, files or ())
        why = why_conflict(base, digest)
        return self._outcome(name, SyncAction.CONFLICT, skill, why)

    def _base(
        self, name: str, skill: Skill | None, digest: str | None, was_published: bool
    ) -> str | None:
        """The content that both sides had after the last sync; None if it is unknown.

        Without a state, as in an exported folder, it is the folder's content if that
        was published here: then the folder is merely out of date.
        """
        if common := self.state.skills.get(name):
            return common.digest
        return digest if skill and was_published else None

    def _preferred(self, step: Step, skill: Skill | None, files: Files | None) -> Step:
        """In a conflict the preferred side wins, if it has the skill."""
        if step is Step.CONFLICT and self.options.prefer is Prefer.HERE and skill:
            return Step.EXPORT
        if step is Step.CONFLICT and self.options.prefer is Prefer.THERE and files:
            return Step.IMPORT
        return step

    def _import(self, name: str, skill: Skill | None, package: SkillPackage) -> Outcome:
        """Publish the folder's files in the fleet."""
        if skill is None and Skill.objects.filter(name=name).exists():
            raise SkillArchived
        path = self.folder.path_for(name).relative_to(self.root)
        discovered = DiscoveredSkill(path.as_posix(), package)
        valid = validated(discovered, name, self.options.lenient)
        published = Skill.objects.publish(
            package,
            category=None if skill else self.categories.match(valid)[0],
            author=self.options.author,
            name=name,
            change_summary=f"Synced from {sanitized(str(self.root))[-200:]}.",
            based_on=skill.current.bundle_id if skill else "",
            lenient=self.options.lenient,
        )
        action = SyncAction.CREATED if published.created else SyncAction.UPDATED
        return self._synced(name, action, published.skill, valid.notes)

    def _export(self, skill: Skill, replaced: Files | None) -> Outcome:
        """Write the current version to the folder, in place of the files `replaced`."""
        if not self.options.dry_run:
            write_folder(
                skill.current.bundle.files(),
                self.folder.path_for(skill.name),
                replace=bool(replaced),
                replacing=replaced or None,
                limits=self.limits.skill,
            )
        return self._synced(skill.name, SyncAction.SENT, skill)

    def _gone_from_folder(self, skill: Skill) -> Outcome:
        """Archive the skill, unless pruning is off or the folder was not read fully."""
        why_not = self.folder.why_uncertain
        if not self.options.prune:
            why_not = "It is gone from the folder. Use --prune to archive it here, too."
        if why_not:
            return self._outcome(skill.name, SyncAction.KEPT, skill, why_not)
        skill.archive()
        return self._synced(skill.name, SyncAction.ARCHIVED, None)

    def _gone_from_fleet(self, name: str, files: Files) -> Outcome:
        """Remove the folder, unless pruning is off or its files have changed."""
        if not self.options.prune:
            why = f"{why_gone(name)} Use --prune to remove the folder, too."
            return self._outcome(name, SyncAction.KEPT, None, why)
        if not self.options.dry_run:
            remove_folder(self.folder.path_for(name), files, self.limits.skill)
        return self._synced(name, SyncAction.REMOVED, None)

    def _synced(
        self,
        name: str,
        action: SyncAction,
        skill: Skill | None,
        notes: tuple[str, ...] = (),
    ) -> Outcome:
        """The outcome, after recording that both sides now have the same content."""
        current = skill.current if skill else None
        self.changes[name] = (
            Common(current.bundle_id, current.number) if current else None
        )
        return replace(self._outcome(name, action, skill), notes=notes)

    def _outcome(
        self, name: str, action: SyncAction, skill: Skill | None, *why: str
    ) -> Outcome:
        path = next(iter(self.folder.paths(name)), "")
        number = skill.current.number if skill else ""
        category = skill.category.path if skill else ""
        return Outcome(sanitized(path), action, sanitized(name), number, category, why)


def locked_skill(name: str) -> Skill | None:
    """The skill that has the name now, with its row locked; None if it is archived."""
    skills = Skill.objects.select_related("current", "category")
    return (
        skills.exclude(status=Skill.Status.ARCHIVED)
        .select_for_update(of=("self",))
        .filter(name=name)
        .first()
    )


def why_conflict(base: str | None, folder: str | None) -> str:
    if base is None:
        return DIFFERENT
    return NEVER_PUBLISHED if folder == base else BOTH_CHANGED


def was_version(name: str, digest: str) -> bool:
    """Whether the skill that has or had the name ever had a version of that digest."""
    skill = skill_named(name)
    return skill is not None and skill.versions.filter(bundle=digest).exists()


def why_gone(name: str) -> str:
    skill = skill_named(name)
    if skill and skill.name != name:
        return f"It is named {skill.name} here now."
    return "It is archived here."
