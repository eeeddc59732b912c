"""The history of a skill."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from cachelayer import cache_endpoint
from core.pagination import PAGE_PARAMS
from taxonomy.models import SkillVersion
from taxonomy.permissions import READ_SKILLS
from taxonomy.serializers.history import VersionDetailSerializer, VersionItemSerializer
from taxonomy.views.base import SkillReading


class VersionList(SkillReading, generics.ListAPIView[SkillVersion]):
    """GET /skills/{ref}/versions"""

    serializer_class = VersionItemSerializer
    required_permissions: ClassVar[dict[str, str | None]] = {"GET": READ_SKILLS}
    query_params = PAGE_PARAMS

    @extend_schema(operation_id="skill_versions")
    @cache_endpoint(ttl=600)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Every published version, newest first."""
        return self.list(request, *args, **kwargs)

    def paginate_queryset(self, queryset: Any) -> Any:
        page = super().paginate_queryset(queryset)
        self.shows(*(page or ()))
        return page

    def get_queryset(self) -> Any:
        # Each knows the skill, and that its verdict, from here: no join, no query.
        versions = self.skill().versions.select_related("author")
        return versions.defer(*SkillVersion.CONTENT)


class VersionDetail(SkillReading):
    """GET /skills/{ref}/versions/{number}"""

    required_permissions: ClassVar[dict[str, str | None]] = {"GET": READ_SKILLS}

    @extend_schema(operation_id="skill_version", responses=VersionDetailSerializer)
    @cache_endpoint(ttl=600)
    def get(self, request: Request, ref: str, number: str) -> Response:
        """One version: what it says and the list of its files."""
        version = self.version(self.skill(), number)
        return Response(VersionDetailSerializer(version).data)
