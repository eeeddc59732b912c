"""What a skill's versions are compared by, and what decides which one is read."""

from typing import ClassVar

from django.conf import settings
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from cachelayer import cache_endpoint
from taxonomy.files.diffs import differences
from taxonomy.files.file import Files
from taxonomy.models import SkillVersion
from taxonomy.permissions import PUBLISH_SKILLS, READ_SKILLS
from taxonomy.serializers.history import (
    DeprecateSerializer,
    DiffFilters,
    DiffSerializer,
    RollbackSerializer,
    VersionItemSerializer,
    YankSerializer,
)
from taxonomy.serializers.skills import SkillDetailSerializer
from taxonomy.views.base import SkillReading


class Diff(SkillReading):
    """GET /skills/{ref}/diff"""

    required_permissions: ClassVar[dict[str, str | None]] = {"GET": READ_SKILLS}
    query_params = frozenset(DiffFilters().fields)

    @extend_schema(
        operation_id="skill_diff", parameters=[DiffFilters], responses=DiffSerializer
    )
    @cache_endpoint(ttl=600)
    def get(self, request: Request, ref: str) -> Response:
        """What changed from one version to another, file by file."""
        filters = DiffFilters(data=request.query_params)
        filters.is_valid(raise_exception=True)
        asked = filters.validated_data
        skill = self.skill()
        after = self.version(skill, asked.get("to"))
        if "from" in asked:
            before: SkillVersion | None = self.version(skill, asked["from"])
        else:
            before = after.previous()
        path = asked.get("path")
        found = differences(
            files_of(before, path),
            files_of(after, path),
            settings.SKILLFLEET_MAX_DIFF_LINES,
        )
        shown = {"from": before and before.number, "to": after.number, "files": found}
        return Response(DiffSerializer(shown).data)


def files_of(version: SkillVersion | None, path: str | None) -> Files:
    if version is None:
        return ()
    if path is None:
        return version.bundle.files()
    file = version.bundle.file(path)
    return (file,) if file else ()


class Rollback(SkillReading):
    """POST /skills/{ref}/rollback"""

    required_permissions: ClassVar[dict[str, str | None]] = {"POST": PUBLISH_SKILLS}

    @extend_schema(
        operation_id="roll_back_skill",
        request=RollbackSerializer,
        responses=SkillDetailSerializer,
    )
    def post(self, request: Request, ref: str) -> Response:
        """Make a former version current again; nothing is copied, none is lost."""
        serializer = RollbackSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        self.skill().roll_back(serializer.validated_data["version"])
        return Response(SkillDetailSerializer(self.skill()).data)


class Yank(SkillReading):
    """/skills/{ref}/versions/{number}/yank"""

    required_permissions: ClassVar[dict[str, str | None]] = {
        "POST": PUBLISH_SKILLS,
        "DELETE": PUBLISH_SKILLS,
    }

    @extend_schema(
        operation_id="yank_version",
        request=YankSerializer,
        responses=VersionItemSerializer,
    )
    def post(self, request: Request, ref: str, number: str) -> Response:
        """Withdraw a version: it is kept, and who asks for it gets a 410."""
        serializer = YankSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        skill = self.skill()
        version = self.version(skill, number)
        yanked = skill.yank(version.number, serializer.validated_data["reason"])
        return Response(VersionItemSerializer(yanked).data)

    @extend_schema(
        operation_id="put_version_back",
        responses={204: OpenApiResponse(description="It can be had again.")},
    )
    def delete(self, request: Request, ref: str, number: str) -> Response:
        """Undo a yank; which version is current stays."""
        skill = self.skill()
        skill.put_back(self.version(skill, number).number)
        return Response(status=status.HTTP_204_NO_CONTENT)


class Deprecation(SkillReading):
    """/skills/{ref}/deprecate"""

    required_permissions: ClassVar[dict[str, str | None]] = {
        "POST": PUBLISH_SKILLS,
        "DELETE": PUBLISH_SKILLS,
    }

    @extend_schema(
        operation_id="deprecate_skill",
        request=DeprecateSerializer,
        responses=SkillDetailSerializer,
    )
    def post(self, request: Request, ref: str) -> Response:
        """Offer it no longer; it stays readable, with the reason and a replacement."""
        serializer = DeprecateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        self.skill().deprecate(**serializer.validated_data)
        return Response(SkillDetailSerializer(self.skill()).data)

    @extend_schema(
        operation_id="undo_deprecation",
        responses={204: OpenApiResponse(description="It is offered again.")},
    )
    def delete(self, request: Request, ref: str) -> Response:
        """Offer it again."""
        self.skill().undeprecate()
        return Response(status=status.HTTP_204_NO_CONTENT)
