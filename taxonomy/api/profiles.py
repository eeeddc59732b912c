"""Profiles, and the taxonomy adapted to one person."""

from typing import Any, ClassVar

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cachelayer import cache_user_data
from core.pagination import requested_number
from core.serializers import (
    BoundedList,
    FlagField,
    NumberField,
    StrictSerializer,
    TextField,
    validated,
)
from core.users import check_may_change
from taxonomy.api.base import SkillAPIView, requested_user
from taxonomy.api.categories import NodeSerializer
from taxonomy.api.quality import verdict_of
from taxonomy.models.address import MAX_PATH_CHARS
from taxonomy.models.profile import HIGHEST_PRIORITY, Profile
from taxonomy.permissions import READ_SKILLS
from taxonomy.profiles import adapt, adapted

MOST = "SKILLFLEET_MAX_PROFILE_PATHS"


class ProfileSerializer(serializers.Serializer[Any]):
    """A person's profile with the current paths of categories."""

    experience = serializers.ChoiceField(choices=Profile.Experience.choices)
    hidden = serializers.ListField(child=serializers.CharField())
    mounted = serializers.ListField(child=serializers.CharField())
    priorities = serializers.DictField(child=serializers.IntegerField())


class BoundedNumbers(serializers.DictField):
    """Numbers by path. Their count is checked before the numbers themselves."""

    child = NumberField(min_value=1, max_value=HIGHEST_PRIORITY)

    def to_internal_value(self, data: Any) -> Any:
        most = getattr(settings, MOST)
        if isinstance(data, dict) and len(data) > most:
            raise serializers.ValidationError(f"{len(data)} items; at most {most}.")
        return super().to_internal_value(data)


class ProfileChangeSerializer(StrictSerializer):
    """The sent fields replace the stored ones."""

    experience = serializers.ChoiceField(
        required=False, choices=Profile.Experience.choices
    )
    hidden = BoundedList(
        child=TextField(max_length=MAX_PATH_CHARS),
        most=MOST,
        required=False,
        help_text="Paths of categories that are hidden, with their subcategories.",
    )
    mounted = BoundedList(
        child=TextField(max_length=MAX_PATH_CHARS),
        most=MOST,
        required=False,
        help_text="Paths of categories that are listed first.",
    )
    priorities = BoundedNumbers(
        required=False,
        help_text="Priorities from 1 to 10 (highest) by path of category.",
    )


class AdaptedNodeSerializer(NodeSerializer):
    """A category in a person's tree, with its subcategories."""

    mounted = serializers.BooleanField()
    priority = serializers.IntegerField(allow_null=True)
    uses = serializers.IntegerField(
        help_text="How often the person recently used skills in the category or"
        " below it."
    )

    @extend_schema_field(
        {"type": "array", "items": {"$ref": "#/components/schemas/AdaptedNode"}}
    )
    def get_children(self, node: Any) -> Any:
        return node["children"]


class RankedSkillSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    path = serializers.CharField()
    description = serializers.CharField()
    weight = serializers.CharField()
    style = serializers.CharField()  # type: ignore[assignment]
    load_priority = serializers.CharField()
    validation = verdict_of("")
    mounted = serializers.BooleanField(source="is_mounted")
    uses = serializers.IntegerField(
        help_text="How often the person recently used the skill."
    )
    score = serializers.IntegerField()


class AdaptedTreeSerializer(serializers.Serializer[Any]):
    user = serializers.IntegerField()
    profile = ProfileSerializer()
    categories = AdaptedNodeSerializer(many=True)
    ranking = RankedSkillSerializer(many=True)


class AdaptSerializer(StrictSerializer):
    dry_run = FlagField(
        required=False,
        default=False,
        help_text="Report the changes without storing them.",
    )


class AdaptionSerializer(serializers.Serializer[Any]):
    category = serializers.CharField()
    former = serializers.IntegerField(allow_null=True)
    priority = serializers.IntegerField()
    uses = serializers.IntegerField()


class AdaptedSerializer(serializers.Serializer[Any]):
    dry_run = serializers.BooleanField()
    changed = AdaptionSerializer(many=True)
    profile = ProfileSerializer(
        help_text="The profile after the changes, stored or not."
    )


class AdaptedTaxonomy(SkillAPIView):
    """GET /taxonomy/user/{id}"""

    required_permissions: ClassVar[dict[str, str | None]] = {"GET": READ_SKILLS}
    query_params = frozenset({"limit"})

    @extend_schema(
        operation_id="adapted_taxonomy",
        parameters=[
            OpenApiParameter(
                "limit", int, description="How many skills the ranking has."
            )
        ],
        responses=AdaptedTreeSerializer,
    )
    @cache_user_data
    def get(self, request: Request, id: str) -> Response:
        """The tree and the best skills for `me` or, for operators, for any user."""
        most = requested_number(
            request,
            "limit",
            settings.SKILLFLEET_PAGE_SIZE,
            settings.SKILLFLEET_MAX_PAGE_SIZE,
        )
        person = requested_user(request, id)
        tree = adapted(person, self.readable(), most)
        return Response(AdaptedTreeSerializer(tree).data)


class Adaption(SkillAPIView):
    """POST /taxonomy/user/{id}/adapt"""

    required_permissions: ClassVar[dict[str, str | None]] = {"POST": READ_SKILLS}

    @extend_schema(
        operation_id="adapt_taxonomy",
        request=AdaptSerializer,
        responses=AdaptedSerializer,
    )
    def post(self, request: Request, id: str) -> Response:
        """Set the profile's priorities by the person's usage; returns the changes."""
        person = requested_user(request, id)
        check_may_change(request, person)
        serializer = validated(AdaptSerializer, request.data)
        dry_run = serializer.validated_data["dry_run"]
        profile, changed = adapt(person, dry_run=dry_run)
        done = {"dry_run": dry_run, "changed": changed, "profile": profile}
        return Response(AdaptedSerializer(done).data)
