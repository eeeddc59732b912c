"""Looking at a skill before it is published."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from taxonomy.admission import configured_limits
from taxonomy.permissions import READ_SKILLS
from taxonomy.serializers.validation import ReportSerializer, ValidateSerializer
from taxonomy.skillmd.report import validate


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
