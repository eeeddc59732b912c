"""Two-way sync of a folder and the fleet, which overwrites nobody's change.

Each skill has three states: here, in the folder, and what both were at the last sync
(a three-way merge). When one side has changed, the other follows. When both have, it is
a conflict for a person to decide.
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
from taxonomy.files.file import Files, SourceLimits, bundle_digest
from taxonomy.files.gate import FolderOccupied, PackagingError, SourceRefused
from taxonomy.files.sources import FolderSource, PassedOver, find_skills
from taxonomy.files.write import remove_folder, write_folder
from taxonomy.importing.matching import (
    DiscoveredSkill,
    Placement,
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
from taxonomy.models import Category, Fleet, Skill
from taxonomy.models.address import SKILL_NAME
from taxonomy.package import source_limits


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
    """There, because it is archived or renamed here."""
    KEPT = "kept"
    """Gone from the other side, and nobody said to prune; or nobody can tell."""
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


class Step(Enum):
    SAME = auto()
    """Both have the same bytes."""
    BRING = auto()
    """Changed or new there alone: it comes here."""
    SEND = auto()
    """Changed or new here alone: it goes there."""
    GONE_THERE = auto()
    """Unchanged here, gone from there."""
    GONE_HERE = auto()
    """Unchanged there, archived or renamed here."""
    CONFLICT = auto()
    """Changed on both sides, or changed on one and gone from the other."""


def decide(
    common: str | None, here: str | None, there: str | None, *, is_ours: bool
) -> Step:
    """Digests; None: there is no such skill.

    `is_ours`: what is there is, or was, a version here. Nothing else is overwritten or
    removed, whatever the common digest says: it may be of a fleet that is no more.
    """
    if here == there:
        return Step.SAME
    if here == common:
        return Step.BRING if there else Step.GONE_THERE
    if there is None and common is None:
        return Step.SEND
    if there == common and is_ours:
        return Step.SEND if here else Step.GONE_HERE
    if there == common and not here:
        return Step.BRING
    return Step.CONFLICT


STATE_FILE = ".skillfleet-sync.json"
FORMAT = 1
MOST_BYTES = 32 * 2**20
DEPTH = 4
DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Common:
    """The bundle that both sides had, and its version number here."""

    digest: str
    version: str


@dataclass
class State:
    """`fleet`: whose it is; empty before the first time, or where nothing says it."""

    fleet: str = ""
    skills: dict[str, Common] = field(default_factory=dict)
    """By the skill's name."""

    def of(self, fleet: str) -> "State":
        """What this fleet may believe of it: nothing that another one wrote."""
        return self if self.fleet == fleet else State(fleet)

    def change(self, name: str, common: Common | None) -> bool:
        """None: neither side has it any more. Returns whether what was known before
        is no longer true."""
        before = self.skills.pop(name, None)
        if common:
            self.skills[name] = common
        return before is not None and before != common


def read_state(folder: Path) -> State:
    """Empty before the first time. Raises SourceRefused for what we did not write."""
    path = folder / STATE_FILE
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise SourceRefused(f"{path} is no file.")
            text = file.read(MOST_BYTES)
        return as_state(parse_json(text, max_depth=DEPTH))
    except FileNotFoundError:
        return State()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceRefused(f"{path}: {error}.") from error
    except (JSONValueError, KeyError, TypeError, AttributeError):
        raise SourceRefused(
            f"{path} cannot be read. Remove it: then what differs is a conflict."
        ) from None


def as_state(found: dict[str, Any]) -> State:
    """Raises KeyError, TypeError or AttributeError for another form."""
    if found["format"] != FORMAT:
        raise KeyError("format")
    skills = {
        name: Common(each["digest"], each["version"])
        for name, each in found["skills"].items()
    }
    if not all(DIGEST.fullmatch(common.digest) for common in skills.values()):
        raise KeyError("digest")
    return State(str(found.get("fleet", "")), skills)


def write_state(folder: Path, state: State) -> None:
    """In one step: a reader finds the old file or the new one."""
    skills = {
        name: {"digest": common.digest, "version": common.version}
        for name, common in sorted(state.skills.items())
    }
    known = {"format": FORMAT, "fleet": state.fleet, "skills": skills}
    text = json.dumps(known, indent=1)
    descriptor, beside = tempfile.mkstemp(prefix=STATE_FILE, dir=folder)
    try:
        os.fchmod(descriptor, 0o644)
        with open(descriptor, "w") as file:
            file.write(f"{text}\n")
        os.replace(beside, folder / STATE_FILE)
    except BaseException:
        os.unlink(beside)
        raise


EMPTY = "There is no skill in the folder at all; nothing is archived for that."
UNREAD = "It may be in {!r} of the folder, which was not looked into."


class SyncFolder:
    """Raises SourceRefused when it cannot be looked through, or is itself a skill."""

    def __init__(self, root: Path, limits: SourceLimits) -> None:
        self.root = root
        self.source = source_in(root, limits)
        folders = self.source.folders if self.source else ()
        if "" in folders:
            raise SourceRefused(
                f"{root} is a skill itself: name the folder above it, or take its "
                "SKILL.md away."
            )
        self.by_name: dict[str, list[str]] = {}
        for folder in folders:
            self.by_name.setdefault(folder.rpartition("/")[2], []).append(folder)

    @property
    def passed_over(self) -> Sequence[PassedOver]:
        return self.source.passed_over if self.source else ()

    @property
    def why_unsure(self) -> str:
        """Why a skill that is not found may be there all the same, or nothing."""
        if self.passed_over:
            return UNREAD.format(self.passed_over[0].path)
        return "" if self.by_name else EMPTY

    def places(self, name: str) -> list[str]:
        return self.by_name.get(name, [])

    def place(self, name: str) -> Path:
        """Where it lies, or would."""
        return self.root / next(iter(self.places(name)), name)

    def read(self, name: str) -> Files | None:
        """None: it is not there. Raises FolderOccupied where something else is."""
        if self.source and (places := self.places(name)):
            return self.source.read(places[0])
        place = self.root / name
        is_free = not os.path.lexists(place) or is_empty_folder(place)
        if not is_free:
            raise FolderOccupied(place)
        return None


def is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and not any(path.iterdir())


def source_in(root: Path, limits: SourceLimits) -> FolderSource | None:
    """None: there is no skill in it yet."""
    try:
        if not root.exists() or not any(
            True for _ in find_skills(root, limits.entries)
        ):
            return None
    except OSError as error:
        raise SourceRefused(f"{error.filename}: {error.strerror}.") from error
    return FolderSource(root, limits)


FOREIGN = (
    f"{STATE_FILE} is of another fleet, or does not say of which: it is not believed."
)
BOTH_CHANGED = "Both sides have changed it since they were alike; say which to prefer."
NEVER_HERE = "The folder has what was never a version here; say which to prefer."
DIFFERENT = "Both sides have it, with other files; say which to prefer."
TWICE = "The folder has it more than once: {}. Take all but one away."


class Sync:
    """Raises SourceRefused when the folder or its state cannot be read."""

    def __init__(self, folder: Path, options: SyncOptions) -> None:
        self.folder = folder
        self.options = options
        self.limits = source_limits()
        self.shelf = SyncFolder(folder, self.limits)
        self.notes: list[str] = []
        """About the whole of it."""
        self.state = self._believed()
        self.placement = Placement()
        self.failures = DatabaseFailures()
        self.stopped = ""
        """Why what was left was not tried."""
        self.alike: dict[str, Common | None] = {}
        """What the transaction at hand makes true, if it is committed."""
        self.names = sorted(
            self.state.skills.keys() | self._sendable() | self.shelf.by_name.keys()
        )

    def _believed(self) -> State:
        """A dry run makes no identity: then no state can be of this fleet."""
        fleets, found = Fleet.objects, read_state(self.folder)
        dry = self.options.dry_run
        state = found.of(fleets.known_identity() if dry else fleets.identity())
        if found.skills and not state.skills:
            self.notes.append(FOREIGN)
        return state

    def run(self) -> Iterator[Outcome]:
        """Nothing is changed before it is known that the state can be written. What
        was alike before an interruption is remembered, too."""
        self._write_state()
        try:
            for name in self.names:
                if outcome := self._take(name):
                    yield outcome
            for path, reason in self.shelf.passed_over:
                if path not in self.names:  # else it is refused by its name
                    yield Outcome(
                        sanitized(path), SyncAction.REFUSED, reasons=(reason,)
                    )
        finally:
            self._write_state()

    def _write_state(self) -> None:
        if not self.options.dry_run:
            write_state(self.folder, self.state)

    def _sendable(self) -> set[str]:
        skills = Skill.objects.active()
        if self.options.category:
            skills = skills.within(self.options.category.path)
        return set(skills.values_list("name", flat=True))

    def _take(self, name: str) -> Outcome | None:
        """None: neither side has it any more."""
        if self.stopped:
            return self._told(name, SyncAction.REFUSED, None, self.stopped)
        self.alike.clear()
        try:
            with transaction.atomic():
                outcome = self._sync(name)
                if self.options.dry_run:
                    transaction.set_rollback(True)
        except (TaxonomyError, PackagingError) as error:
            return self._told(name, SyncAction.REFUSED, None, *reasons_of(error))
        except OSError as error:
            reason = sanitized(f"{error.filename}: {error.strerror}.")
            return self._told(name, SyncAction.REFUSED, None, reason)
        except DatabaseError as error:
            reason = self.failures.reason(error)
            self.stopped = GIVEN_UP if self.failures.too_many else ""
            return self._told(name, SyncAction.REFUSED, None, reason)
        self.failures.over()
        self._remember()
        return outcome

    def _remember(self) -> None:
        """At once where the state says what is no longer true: a later sync would
        undo here what somebody does meanwhile. What is new can wait for the end."""
        changed = [self.state.change(*each) for each in self.alike.items()]
        if any(changed):
            self._write_state()

    def _sync(self, name: str) -> Outcome | None:
        if not SKILL_NAME.fullmatch(name):
            raise InvalidSkill(name="The folder's name cannot be a skill's; rename it.")
        here = locked_skill(name)
        if len(places := self.shelf.places(name)) > 1:
            why = TWICE.format(", ".join(map(sanitized, places)))
            return self._told(name, SyncAction.CONFLICT, here, why)
        there = self.shelf.read(name)
        digest = bundle_digest(there) if there else None
        is_ours = digest is not None and was_version(name, digest)
        common = self._common(name, here, digest, is_ours)
        current = here.current.bundle_id if here else None
        step = decide(common, current, digest, is_ours=is_ours)
        match self._decided(step, here, there):
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
        why = why_conflict(common, digest)
        return self._told(name, SyncAction.CONFLICT, here, why)

    def _common(
        self, name: str, here: Skill | None, there: str | None, is_ours: bool
    ) -> str | None:
        """What both had the last time. Unknown to us, as of an exported folder: a
        former version is there, so it is behind, and nothing of it can be lost."""
        if known := self.state.skills.get(name):
            return known.digest
        return there if here and is_ours else None

    def _decided(self, step: Step, here: Skill | None, there: Files | None) -> Step:
        """A conflict goes to the preferred side, if that has anything to give."""
        if step is Step.CONFLICT and self.options.prefer is Prefer.HERE and here:
            return Step.SEND
        if step is Step.CONFLICT and self.options.prefer is Prefer.THERE and there:
            return Step.BRING
        return step

    def _bring(self, name: str, here: Skill | None, files: Files) -> Outcome:
        if here is None and Skill.objects.filter(name=name).exists():
            raise SkillArchived
        place = self.shelf.place(name).relative_to(self.folder)
        found = DiscoveredSkill(place.as_posix(), files, bundle_digest(files))
        candidate = validated(found, name, self.options.lenient)
        published = Skill.objects.publish(
            files,
            category=None if here else self.placement.of(candidate)[0],
            author=self.options.author,
            name=name,
            change_summary=f"Synced from {sanitized(str(self.folder))[-200:]}.",
            based_on=here.current.bundle_id if here else "",
            lenient=self.options.lenient,
        )
        action = SyncAction.CREATED if published.created else SyncAction.UPDATED
        return self._alike(name, action, published.skill, candidate.notes)

    def _send(self, here: Skill, there: Files | None) -> Outcome:
        if not self.options.dry_run:
            write_folder(
                here.current.bundle.files(),
                self.shelf.place(here.name),
                replace=bool(there),
                replacing=there or None,
                limits=self.limits.skill,
            )
        return self._alike(here.name, SyncAction.SENT, here)

    def _gone_there(self, here: Skill) -> Outcome:
        why_not = self.shelf.why_unsure
        if not self.options.prune:
            why_not = "It is gone from the folder; prune to archive it, too."
        if why_not:
            return self._told(here.name, SyncAction.KEPT, here, why_not)
        here.archive()
        return self._alike(here.name, SyncAction.ARCHIVED, None)

    def _gone_here(self, name: str, there: Files) -> Outcome:
        if not self.options.prune:
            why = f"{fate_of(name)}; prune to remove the folder, too."
            return self._told(name, SyncAction.KEPT, None, why)
        if not self.options.dry_run:
            remove_folder(self.shelf.place(name), there, self.limits.skill)
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
        return replace(self._told(name, action, skill), notes=notes)

    def _told(
        self, name: str, action: SyncAction, skill: Skill | None, *why: str
    ) -> Outcome:
        path = next(iter(self.shelf.places(name)), "")
        number = skill.current.number if skill else ""
        place = skill.category.path if skill else ""
        return Outcome(sanitized(path), action, sanitized(name), number, place, why)


def locked_skill(name: str) -> Skill | None:
    """The skill that is called so now, unless it is archived."""
    skills = Skill.objects.select_related("current", "category")
    return (
        skills.exclude(status=Skill.Status.ARCHIVED)
        .select_for_update(of=("self",))
        .filter(name=name)
        .first()
    )


def why_conflict(common: str | None, there: str | None) -> str:
    if common is None:
        return DIFFERENT
    return NEVER_HERE if there == common else BOTH_CHANGED


def was_version(name: str, digest: str) -> bool:
    """Of the skill that has the name or had it, whatever became of that."""
    holder = skill_named(name)
    return holder is not None and holder.versions.filter(bundle=digest).exists()


def fate_of(name: str) -> str:
    holder = skill_named(name)
    if holder and holder.name != name:
        return f"It is called {holder.name} here now"
    return "It is archived here"
