"""Labels, by which skills are filtered, and the definitions of facets."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import Count

from cachelayer import InvalidatingManager
from taxonomy.exceptions import FacetInUse, FacetTaken, InvalidFacet
from taxonomy.models.address import MAX_NAME_CHARS, SKILL_NAME
from taxonomy.package import MAX_LABEL_CHARS

if TYPE_CHECKING:
    from taxonomy.models.skill import Skill


class LabelManager(InvalidatingManager):
    def set_labels(
        self, skill: "Skill", kind: "Label.Kind", values: Iterable[str]
    ) -> None:
        """Replace the skill's labels of this kind by these.

        Rows are written one by one and not in bulk, so that only this skill's cache
        entries become stale. Facets must have passed FacetDefinition.objects.require().
        """
        missing = set(values)
        for label in self.filter(skill=skill, kind=kind):
            if label.value in missing:
                missing.remove(label.value)
            else:
                label.delete()
        for value in sorted(missing):
            self.create(skill=skill, kind=kind, value=value)


class Label(models.Model):
    """One word of one kind on one skill."""

    class Kind(models.TextChoices):
        KEYWORD = "keyword"
        """Found by search, beside name and description."""
        TAG = "tag"
        """A word of free choice that groups skills."""
        CAPABILITY = "capability"
        """What an agent can do with the skill."""
        FACET = "facet"
        """The name and value of a facet, as in language=python."""
        TOOL = "tool"
        """A tool of the frontmatter's allowed-tools."""

    skill = models.ForeignKey("taxonomy.Skill", models.CASCADE, related_name="labels")
    kind = models.CharField(max_length=10, choices=Kind)
    value = models.CharField(max_length=MAX_LABEL_CHARS)

    objects = LabelManager()

    class Meta:
        base_manager_name = "objects"
        ordering = ("kind", "value")
        constraints = (
            models.UniqueConstraint(
                fields=["skill", "kind", "value"], name="label_once"
            ),
        )
        indexes = (models.Index(fields=["kind", "value"], name="label_kind_value"),)

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"


MOST_NAMED = 5
"""An error names at most so many values."""


class FacetManager(InvalidatingManager):
    def define(self, name: str, **fields: Any) -> "FacetDefinition":
        """Create a facet. Raises FacetTaken or InvalidFacet."""
        if not SKILL_NAME.fullmatch(name):
            raise InvalidFacet(name="Write lower-case words with single hyphens.")
        limit = settings.SKILLFLEET_MAX_FACETS
        if self.count() >= limit:
            raise InvalidFacet(name=f"There are {limit} facets already, the maximum.")
        try:
            with transaction.atomic():
                facet: FacetDefinition = self.create(name=name, **fields)
        except IntegrityError:
            raise FacetTaken(name=f"There is a facet {name!r} already.") from None
        return facet

    def require(self, labels: Iterable[str]) -> None:
        """Check that each label is a name=value which its facet allows.

        Raises InvalidFacet with all problems. The definitions are locked until the
        transaction ends.
        """
        values_by_name: dict[str, set[str]] = {}
        for label in labels:
            name, _, value = label.partition("=")
            values_by_name.setdefault(name, set()).add(value)
        locked = self.select_for_update(no_key=True).filter(name__in=values_by_name)
        facets = {facet.name: facet for facet in locked.order_by("pk")}
        problems = []
        for name, values in sorted(values_by_name.items()):
            if name in facets:
                problems += facets[name].problems(values)
            else:
                problems.append(_not_a_facet(name))
        if problems:
            raise InvalidFacet(facets=problems)


def _not_a_facet(name: str) -> str:
    return (
        f"{name[:80]!r} is not a facet. Write name=value. GET /facets lists the names;"
        " a curator can define more."
    )


class FacetDefinition(models.Model):
    """A facet, a dimension such as `language`, with the values that labels may have.

    A label of the kind facet is name=value, as in language=python.
    """

    name = models.CharField(max_length=MAX_NAME_CHARS, unique=True)
    description = models.CharField(max_length=1024, blank=True)
    values = models.JSONField(default=list, blank=True)
    """The allowed values; an empty list allows any text."""
    multiple = models.BooleanField(default=False)
    """Whether one skill may have several values."""

    objects = FacetManager()

    class Meta:
        base_manager_name = "objects"
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def problems(self, values: set[str]) -> list[str]:
        """The problems of a skill that has all of these values, as sentences."""
        problems = [
            f"{self.name} cannot be {value[:80]!r}; it is one of"
            f" {', '.join(self.values)}."
            if self.values
            else f"{self.name} needs a value: {self.name}=…"
            for value in sorted(values)
            if not value or (self.values and value not in self.values)
        ]
        if len(values) > 1 and not self.multiple:
            problem = f"{self.name} has one value; {len(values)} were given."
            problems.append(problem)
        return problems

    def revise(self, **fields: Any) -> None:
        """Change the fields. Raises FacetInUse if skills have values then forbidden."""
        with transaction.atomic():
            locked = self._locked()
            for field, value in fields.items():
                setattr(locked, field, value)
            used = locked.used_values()
            forbidden = sorted(used - set(locked.values)) if locked.values else []
            if forbidden:
                raise FacetInUse(
                    values=f"Skills have {', '.join(forbidden[:MOST_NAMED])};"
                    " relabel them."
                )
            if not locked.multiple and locked.skills_with_several_values().exists():
                raise FacetInUse(multiple="Skills have several values; relabel them.")
            locked.save()
        self.refresh_from_db()

    def remove(self) -> None:
        """Delete the facet. Raises FacetInUse while a skill has a value of it."""
        with transaction.atomic():
            if self._locked().labels().exists():
                raise FacetInUse
            self.delete()

    def _locked(self) -> "FacetDefinition":
        locked = FacetDefinition.objects.select_for_update().filter(pk=self.pk).first()
        if locked is None:
            raise InvalidFacet(name=f"{self.name!r} was removed meanwhile.")
        return locked

    def labels(self) -> models.QuerySet[Any]:
        return Label.objects.filter(
            kind=Label.Kind.FACET, value__startswith=f"{self.name}="
        )

    def used_values(self) -> set[str]:
        used = self.labels().order_by().values_list("value", flat=True).distinct()
        return {value.partition("=")[2] for value in used}

    def skills_with_several_values(self) -> models.QuerySet[Any]:
        """Rows with the keys of skills that have more than one value."""
        counts = self.labels().order_by().values("skill").annotate(n=Count("pk"))
        return counts.filter(n__gt=1)
