"""The import itself: one folder after the other, each in a transaction of its own."""

import time
from collections.abc import Iterator
from dataclasses import replace

from django.db import transaction

from taxonomy.admission import with_name
from taxonomy.exceptions import InvalidSkill, NameTaken, TaxonomyError
from taxonomy.importing.candidates import Candidate, Found, find, judge
from taxonomy.importing.options import OnConflict, Options
from taxonomy.importing.outcomes import Action, Outcome, reasons_of, shown
from taxonomy.importing.placement import Placement
from taxonomy.importing.pruning import prune
from taxonomy.models import Address, Origin, Published, Skill, Verdict
from taxonomy.models.paths import MAX_NAME_CHARS
from taxonomy.packaging.errors import PackagingError
from taxonomy.packaging.files import Files, bundle_digest
from taxonomy.packaging.json_values import text_finding
from taxonomy.packaging.sources import SkillSource
from taxonomy.skillmd.findings import Severity

MOST_NAMESAKES = 99
CHANGED_HERE = "It was changed here since it was imported, and the source was not."
OUT_OF_TIME = "The time for one import is over; the next one goes on here."
MOST_RISKS = 5


class Import:
    """One run. What it needs of the taxonomy is read once, at the beginning."""

    def __init__(self, source: SkillSource, options: Options) -> None:
        self.source = source
        self.options = options
        self.placement = Placement()
        self.origins = {
            origin.path: origin for origin in Origin.objects.of(options.origin)
        }
        self.ours = {origin.skill_id for origin in self.origins.values()}
        self.taken: dict[str, str] = {}
        """Name → the folder of this source that has it."""

    def run(self) -> Iterator[Outcome]:
        ends_at = time.monotonic() + self.options.most_seconds
        for folder in self.source.folders:
            if time.monotonic() < ends_at:
                yield self._take(folder)
            else:
                yield Outcome(shown(folder), Action.REFUSED, reasons=(OUT_OF_TIME,))
        if self.options.prune:
            yield from prune(
                self.options, frozenset(self.source.folders), frozenset(self.taken)
            )

    def _take(self, folder: str) -> Outcome:
        name = ""
        try:
            found = find(self.source, folder)
            if outcome := self._known(found):
                return outcome
            folder_name = self.source.name_of(folder)
            candidate = judge(found, folder_name, self.options.lenient)
            name = candidate.name
            self._claim(name, folder)
            return self._import(candidate)
        except (TaxonomyError, PackagingError) as error:
            reasons = reasons_of(error)
            return Outcome(shown(folder), Action.REFUSED, name, reasons=reasons)

    def _known(self, found: Found) -> Outcome | None:
        """Nothing is read anew when the source and the fleet are as the last time."""
        origin = self.origins.get(found.folder)
        if origin is None or origin.digest != found.digest or origin.pruned:
            return None
        if self.options.category or origin.skill.current.bundle_id != origin.published:
            return None
        self._claim(origin.skill.name, found.folder)
        return told(found, Action.UNCHANGED, origin.skill)

    def _claim(self, name: str, folder: str) -> None:
        first = self.taken.setdefault(name, folder)
        if first != folder:
            raise InvalidSkill(
                name=f"The folder {shown(first)!r} of this source holds the skill "
                f"{name!r} already. Rename one of them."
            )
        if len(folder) > Origin.MOST_CHARS or text_finding(folder):
            raise InvalidSkill(
                path=f"The folder's path is not UTF-8, or has more than "
                f"{Origin.MOST_CHARS} characters. Rename folders."
            )

    def _import(self, candidate: Candidate) -> Outcome:
        with transaction.atomic():
            outcome = self._write(candidate)
            if self.options.dry_run:
                transaction.set_rollback(True)
        return replace(outcome, notes=(*candidate.notes, *outcome.notes))

    def _write(self, candidate: Candidate) -> Outcome:
        found, name = candidate.found, candidate.name
        origin, holder = self.origins.get(found.folder), holder_of(name)
        if origin and origin.skill == holder and origin.pruned:
            return self._restore(candidate, holder)
        if origin and origin.skill == holder and origin.digest == found.digest:
            if holder.current.bundle_id != origin.published:
                return told(found, Action.KEPT, holder, CHANGED_HERE)
        elif holder and (holder.name, holder.current.bundle_id) != (name, found.digest):
            if self.options.on_conflict is OnConflict.SKIP:
                reason = f"{name!r} is the name of a skill with other files."
                return told(found, Action.SKIPPED, holder, reason)
            if self.options.on_conflict is OnConflict.RENAME:
                return self._rename(candidate, origin)
        return self._publish(candidate, holder)

    def _restore(self, candidate: Candidate, skill: Skill) -> Outcome:
        """It was archived because the source had lost it."""
        if skill.status == Skill.Status.ARCHIVED:
            skill.revise(status=Skill.Status.ACTIVE)
        return replace(self._publish(candidate, skill), action=Action.RESTORED)

    def _rename(self, candidate: Candidate, origin: Origin | None) -> Outcome:
        """Under the name that the last import gave it, or the first that is free."""
        name = candidate.name
        former = [origin.skill.name] if origin and origin.skill.name != name else []
        numbered = (
            f"{name[: MAX_NAME_CHARS - 3].rstrip('-')}-{number}"
            for number in range(2, MOST_NAMESAKES + 1)
        )
        for other in (*former, *numbered):
            files = with_name(candidate.found.files, other)
            holder = holder_of(other)
            same = holder and holder.current.bundle_id == bundle_digest(files)
            if holder is None or same or other in former:
                outcome = self._publish(candidate, holder, files, other)
                if outcome.action is Action.CREATED:
                    return replace(outcome, action=Action.RENAMED)
                return outcome
        raise NameTaken(name=f"{name!r} and {MOST_NAMESAKES} names like it are taken.")

    def _publish(
        self,
        candidate: Candidate,
        holder: Skill | None,
        files: Files | None = None,
        name: str | None = None,
    ) -> Outcome:
        """`files` and `name`: those of the skill under another name."""
        options, found = self.options, candidate.found
        category, how = options.category, ""
        if category is None and holder is None:
            category, how = self.placement.of(candidate)
        published = Skill.objects.publish(
            files or found.files,
            category=category,
            author=options.author,
            name=name,
            change_summary=f"Imported from {shown(options.origin) or 'a request'}.",
            based_on=holder.current.bundle_id if holder else "",
            lenient=options.lenient,
        )
        if options.origin:
            self._remember(found, published)
        moved = holder and published.skill.category_id != holder.category_id
        outcome = told(found, action_of(published, bool(moved)), published.skill)
        risks = risks_of(published) if published.changed else ()
        return replace(outcome, notes=tuple(filter(None, (how, *risks))))

    def _remember(self, found: Found, published: Published) -> None:
        """Not of what was there already, unless it came from this source."""
        if not published.changed and published.skill.pk not in self.ours:
            return
        Origin.objects.update_or_create(
            source=self.options.origin,
            path=found.folder,
            defaults={
                "skill": published.skill,
                "digest": found.digest,
                "published": published.version.bundle_id,
                "pruned": False,
            },
        )


def holder_of(name: str) -> Skill | None:
    """The skill that has the name, or had it."""
    skills = Skill.objects.select_related("current", "category")
    return skills.filter(
        addresses__kind=Address.Kind.SKILL, addresses__path=name
    ).first()


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
