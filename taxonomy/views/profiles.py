"""The taxonomy as one person wants it."""

from typing import ClassVar

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from cachelayer import cache_user_data
from core.pagination import requested_number
from core.users import check_may_change
from taxonomy.permissions import READ_SKILLS
from taxonomy.profiles.adapting import adapt
from taxonomy.profiles.trees import adapted
from taxonomy.serializers.profiles import (
    AdaptedSerializer,
    AdaptedTreeSerializer,
    AdaptSerializer,
)
from taxonomy.views.base import SkillReading, requested_user


class AdaptedTaxonomy(SkillReading):
    """GET /taxonomy/user/{id}"""

    required_permissions: ClassVar[dict[str, str | None]] = {"GET": READ_SKILLS}
    query_params = frozenset({"limit"})

    @extend_schema(
        operation_id="adapted_taxonomy",
        parameters=[
            OpenApiParameter("limit", int, description="Skills in the ranking.")
        ],
        responses=AdaptedTreeSerializer,
    )
    @cache_user_data
    def get(self, request: Request, id: str) -> Response:
        """The tree and the best skills for oneself (`me`); for operators, anyone's."""
        most = requested_number(
            request,
            "limit",
            settings.SKILLFLEET_PAGE_SIZE,
            settings.SKILLFLEET_MAX_PAGE_SIZE,
        )
        person = requested_user(request, id)
        found = adapted(person, self.readable(), most)
        return Response(AdaptedTreeSerializer(found).data)


class Adaption(SkillReading):
    """POST /taxonomy/user/{id}/adapt"""

    required_permissions: ClassVar[dict[str, str | None]] = {"POST": READ_SKILLS}

    @extend_schema(
        operation_id="adapt_taxonomy",
        request=AdaptSerializer,
        responses=AdaptedSerializer,
    )
    def post(self, request: Request, id: str) -> Response:
        """Set the profile's priorities by what the person uses, and say which."""
        person = requested_user(request, id)
        check_may_change(request, person)
        serializer = AdaptSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        dry_run = serializer.validated_data["dry_run"]
        profile, changed = adapt(person, dry_run=dry_run)
        done = {"dry_run": dry_run, "changed": changed, "profile": profile}
        return Response(AdaptedSerializer(done).data)
