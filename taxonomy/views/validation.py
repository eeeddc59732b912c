"""Looking at a skill, before it is published and after."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from taxonomy.package import configured_limits
from taxonomy.permissions import READ_SKILLS
from taxonomy.serializers.validation import ReportSerializer, ValidateSerializer
from taxonomy.skillmd.report import validate
from taxonomy.views.base import SkillReading


class SkillValidation(SkillReading):
    """POST /skills/{ref}/validate"""

    required_permissions: ClassVar[dict[str, str | None]] = {"POST": READ_SKILLS}

    @extend_schema(
        operation_id="validate_published_skill",
        request=None,
        responses=ReportSerializer,
    )
    def post(self, request: Request, ref: str) -> Response:
        """Check the current version anew; the skill shows that verdict from now on."""
        return Response(self.skill().judge().as_json())


class Validation(APIView):
    """POST /skills/validate"""

    required_permissions: ClassVar[dict[str, str | None]] = {"POST": READ_SKILLS}

    @extend_schema(
        operation_id="validate_skill",
        request=ValidateSerializer,
        responses=ReportSerializer,
    )
    def post(self, request: Request) -> Response:
        """Check a SKILL.md or a folder; 200 also when it fails. Nothing is stored."""
        serializer = ValidateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        report = validate(
            serializer.files_over(()),
            serializer.validated_data.get("name"),
            configured_limits(),
        )
        return Response(report.as_json())
