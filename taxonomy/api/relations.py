"""Relations between skills."""

from typing import Any, ClassVar

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cachelayer import add_cache_tags, cache_endpoint
from core.serializers import BoundedList, StrictSerializer, TextField, validated
from taxonomy.api.base import SkillAPIView
from taxonomy.models import Relation, Skill
from taxonomy.models.address import MAX_NAME_CHARS, SKILL_NAME
from taxonomy.models.skill import SkillQuerySet
from taxonomy.permissions import PUBLISH_SKILLS, READ_SKILLS, Audience


class SkillName(TextField):
    """A valid name of a skill, which may not exist yet."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_NAME_CHARS, **options)

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if not SKILL_NAME.fullmatch(name):
            raise serializers.ValidationError(
                f"{name!r} cannot be a skill's name: lower-case words, single hyphens."
            )
        return name


def names() -> BoundedList:
    return BoundedList(
        most="SKILLFLEET_MAX_RELATIONS", child=SkillName(), required=False
    )


class RelationSetSerializer(StrictSerializer):
    """Names by kind of relation. Kinds that are not sent stay unchanged."""

    required = names()  # type: ignore[assignment]  # hides Field.required
    recommended = names()
    conflict = names()
    see_also = names()

    @property
    def by_kind(self) -> dict[Relation.Kind, list[str]]:
        return {Relation.Kind(name): sent for name, sent in self.validated_data.items()}


class PointerSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    available = serializers.BooleanField(
        help_text="Whether the skill exists and is not archived."
    )


class RelationsSerializer(serializers.Serializer[Any]):
    """A skill's relations by kind, and the skills that require it."""

    required = PointerSerializer(many=True)  # type: ignore[assignment]
    recommended = PointerSerializer(many=True)
    conflict = PointerSerializer(many=True)
    see_also = PointerSerializer(many=True)
    requires_all = PointerSerializer(
        many=True,
        help_text="Everything that it requires, directly or indirectly; by name.",
    )
    required_by = serializers.ListField(
        child=serializers.CharField(),
        help_text=f"By name, the first {settings.SKILLFLEET_MAX_PAGE_SIZE}.",
    )
    required_by_count = serializers.IntegerField()


MOST_TAGS = 200
"""An answer that shows more skills is invalidated with the list of all skills."""


class Relations(SkillAPIView):
    """/skills/{ref}/relations"""

    required_permissions: ClassVar[dict[str, str | None]] = {
        "GET": READ_SKILLS,
        "PUT": PUBLISH_SKILLS,
    }

    @extend_schema(operation_id="skill_relations", responses=RelationsSerializer)
    @cache_endpoint(ttl=600)
    def get(self, request: Request, ref: str) -> Response:
        """The skill's relations, all that it requires, and what requires it."""
        return self.relations_response()

    @extend_schema(
        operation_id="set_relations",
        request=RelationSetSerializer,
        responses=RelationsSerializer,
    )
    def put(self, request: Request, ref: str) -> Response:
        """Replace the relations of each kind that is sent.

        A name that no skill has yet is stored, and resolves once one gets it.
        """
        serializer = validated(RelationSetSerializer, request.data)
        Relation.objects.relate(self.skill(), serializer.by_kind)
        return self.relations_response()

    def relations_response(self) -> Response:
        skill = self.skill()
        relations = list(skill.relations.select_related("target"))
        needed = self.needed_by(skill)
        requiring = self.readable().requiring(skill).order_by("name")
        direct: dict[str, list[dict[str, Any]]] = {kind: [] for kind in Relation.Kind}
        for each in relations:
            direct[each.kind].append(pointer(each.public_name, each.target))
        self.tag_skills(
            skill, {each.current_name for each in relations} | {s.name for s in needed}
        )
        answer = {
            **direct,
            "requires_all": [
                pointer(each.name, each) for each in needed if not each.is_archived
            ],
            "required_by": names_of(requiring)[: settings.SKILLFLEET_MAX_PAGE_SIZE],
            "required_by_count": requiring.count(),
        }
        return Response(RelationsSerializer(answer).data)

    def needed_by(self, skill: Skill) -> list[Skill]:
        """All required skills, without those that only hidden skills require."""
        curators = self.audience == Audience.CURATORS
        keys = Relation.objects.needed_by(skill, through_archived=curators)
        return list(Skill.objects.filter(pk__in=keys).order_by("name"))

    def tag_skills(self, skill: Skill, related: set[str]) -> None:
        """Tag the answer with all related skills.

        Hidden skills that require this one are included: they may become visible.
        """
        requiring = names_of(Skill.objects.requiring(skill))[: MOST_TAGS + 1]
        names = {*requiring, *related}
        few = len(names) <= MOST_TAGS
        tags = [f"/skills/{name}/*" for name in sorted(names)] if few else ["/skills"]
        add_cache_tags(self.request, *tags)


def names_of(skills: SkillQuerySet) -> Any:
    return skills.values_list("name", flat=True)


def pointer(name: str, skill: Skill | None) -> dict[str, Any]:
    available = skill is not None and not skill.is_archived
    return {"name": name, "available": available}
