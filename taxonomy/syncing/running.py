"""One sync: every skill that either side has, one after the other."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from django.db import DatabaseError, transaction

from taxonomy.exceptions import InvalidSkill, SkillArchived, TaxonomyError
from taxonomy.files.file import Files, bundle_digest
from taxonomy.files.gate import PackagingError
from taxonomy.files.write import remove_folder, write_folder
from taxonomy.importing.candidates import Found, judge
from taxonomy.importing.failures import GIVEN_UP, DatabaseFailures
from taxonomy.importing.outcomes import Outcome, reasons_of, shown
from taxonomy.importing.placement import Placement
from taxonomy.importing.targets import holder_of
from taxonomy.models import Fleet, Skill
from taxonomy.models.address import SKILL_NAME
from taxonomy.package import source_limits
from taxonomy.syncing.deciding import Step, decide
from taxonomy.syncing.options import Prefer, SyncAction, SyncOptions
from taxonomy.syncing.shelf import Shelf
from taxonomy.syncing.state import FILE, Common, State, read_state, write_state

FOREIGN = f"{FILE} is of another fleet, or does not say of which: it is not believed."
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
        self.shelf = Shelf(folder, self.limits)
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
                    yield Outcome(shown(path), SyncAction.REFUSED, reasons=(reason,))
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
            reason = shown(f"{error.filename}: {error.strerror}.")
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
        here = held(name)
        if len(places := self.shelf.places(name)) > 1:
            why = TWICE.format(", ".join(map(shown, places)))
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
        found = Found(place.as_posix(), files, bundle_digest(files))
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
        return Outcome(shown(path), action, shown(name), number, place, why)


def held(name: str) -> Skill | None:
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
    holder = holder_of(name)
    return holder is not None and holder.versions.filter(bundle=digest).exists()


def fate_of(name: str) -> str:
    holder = holder_of(name)
    if holder and holder.name != name:
        return f"It is called {holder.name} here now"
    return "It is archived here"
