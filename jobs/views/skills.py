"""`POST /skills`: a skill is asked for; `GET /skills` is the taxonomy's."""

from typing import Any, ClassVar

from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from jobs.models import Job
from jobs.monitoring import attendance, how_to_start_a_worker
from jobs.permissions import SUBMIT
from jobs.serializers.refinement import RefinementSerializer
from jobs.serializers.submission import (
    IDEMPOTENCY_HEADER,
    SubmissionFormSerializer,
    SubmissionSerializer,
    SubmittedSerializer,
    submitted,
)
from jobs.views.base import person
from taxonomy.api.base import SkillReading
from taxonomy.api.skills import SkillList


class SkillCollection(SkillList):
    """/skills"""

    parser_classes = (*APIView.parser_classes, MultiPartParser)
    required_permissions: ClassVar[dict[str, str | None]] = {
        **SkillList.required_permissions,
        "POST": SUBMIT,
    }

    @extend_schema(
        operation_id="submit_skill",
        parameters=[OpenApiParameter(IDEMPOTENCY_HEADER, str, OpenApiParameter.HEADER)],
        request={
            "application/json": SubmissionSerializer,
            "multipart/form-data": SubmissionFormSerializer,
        },
        responses={202: SubmittedSerializer},
    )
    def post(self, request: Request) -> Response:
        """Ask for a skill: a job is submitted, and Location says where it is."""
        serializer = SubmissionSerializer(data=submitted(request))
        serializer.is_valid(raise_exception=True)
        return accepted(serializer.submit(person(request)))


class SkillRefine(SkillReading):
    """POST /skills/{ref}/refine"""

    required_permissions: ClassVar[dict[str, str | None]] = {"POST": SUBMIT}

    @extend_schema(
        operation_id="refine_skill",
        parameters=[OpenApiParameter(IDEMPOTENCY_HEADER, str, OpenApiParameter.HEADER)],
        request=RefinementSerializer,
        responses={202: SubmittedSerializer},
    )
    def post(self, request: Request, ref: str) -> Response:
        """Ask for the next version of a skill: a job starts from the current one."""
        skill = self.skill()
        serializer = RefinementSerializer(data=submitted(request))
        serializer.is_valid(raise_exception=True)
        return accepted(serializer.submit(person(request), skill))


def accepted(job: Job) -> Response:
    shown = receipt(job)
    return Response(
        SubmittedSerializer(shown).data,
        status=status.HTTP_202_ACCEPTED,
        headers={"Location": shown["url"]},
    )


def receipt(job: Job) -> dict[str, Any]:
    """What the person who submitted the job is told."""
    alive = attendance().workers_alive
    told = {
        "job_id": job.pk,
        "status": job.status,
        "workers_alive": alive,
        "url": reverse("job", kwargs={"job_id": job.pk}),
    }
    if alive:
        return told
    waits = f"No worker is alive, the job waits: {how_to_start_a_worker()}"
    return {**told, "warning": waits}
