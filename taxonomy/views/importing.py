"""Many skills in one request."""

from typing import ClassVar, cast

from django.contrib.auth.models import User
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from taxonomy.permissions import PUBLISH_SKILLS
from taxonomy.serializers.importing import (
    ImportFormSerializer,
    ImportReportSerializer,
    ImportSerializer,
    import_serializer,
)


class SkillImport(APIView):
    """POST /skills/import"""

    parser_classes = (*APIView.parser_classes, MultiPartParser)
    required_permissions: ClassVar[dict[str, str | None]] = {"POST": PUBLISH_SKILLS}

    @extend_schema(
        operation_id="import_skills",
        request={
            "application/json": ImportSerializer,
            "multipart/form-data": ImportFormSerializer,
        },
        responses=ImportReportSerializer,
    )
    def post(self, request: Request) -> Response:
        """Import every skill of an archive or of files, each whole or not at all.

        200 also when some are refused: the report has each with what was done and why.
        """
        serializer = import_serializer(request)
        serializer.is_valid(raise_exception=True)
        report = serializer.bring(cast(User, request.user))
        return Response(report.as_json())
