"""Usage: reported by clients, and shown as figures of the fleet."""

from typing import ClassVar, cast

from django.contrib.auth.models import User
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from taxonomy.permissions import READ_SKILLS
from taxonomy.serializers.usage import ReceiptSerializer, UsageBatchSerializer
from taxonomy.usage.recording import record
from taxonomy.views.base import SkillReading


class Usage(SkillReading):
    """POST /usage"""

    required_permissions: ClassVar[dict[str, str | None]] = {"POST": READ_SKILLS}

    @extend_schema(
        operation_id="report_usage",
        request=UsageBatchSerializer,
        responses=ReceiptSerializer,
    )
    def post(self, request: Request) -> Response:
        """Report what was done with skills, many events at a time.

        A batch that is not well formed is refused whole. In one that is, events that
        cannot be kept (a skill that is not there, a clock that is wrong) are told in
        `refused`, and all others are kept.
        """
        serializer = UsageBatchSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        receipt = record(
            cast(User, request.user),
            self.readable(),
            serializer.validated_data["events"],
        )
        return Response(ReceiptSerializer(receipt).data)
