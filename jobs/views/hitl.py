"""Questions that jobs ask people."""

from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from jobs import lifecycle
from jobs.models import Question
from jobs.permissions import LOGGED_IN
from jobs.pipeline.phases import CHECKPOINTS, QUESTION_KINDS
from jobs.serializers.hitl import (
    AnsweredSerializer,
    AnswerSerializer,
    ConfigSerializer,
    PromptSerializer,
    prompt_of,
)
from jobs.submission import MEDIA_TYPES, MIN_TASK_CHARS
from jobs.views.base import person, visible_job
from taxonomy.models import Skill

QUESTION_TYPES = ("text", "single_choice", "multi_choice")


class Prompt(APIView):
    """GET /hitl/{job_id}/prompt"""

    required_permissions: ClassVar[dict[str, str | None]] = {"GET": LOGGED_IN}

    @extend_schema(operation_id="prompt", responses=PromptSerializer)
    def get(self, request: Request, job_id: UUID) -> Response:
        """What the job asks right now, if it asks anything."""
        question = visible_job(request, job_id).questions.open().first()
        return Response(PromptSerializer(prompt_of(question)).data)


class Answer(APIView):
    """POST /hitl/{job_id}/response"""

    required_permissions: ClassVar[dict[str, str | None]] = {"POST": LOGGED_IN}

    @extend_schema(
        operation_id="respond", request=AnswerSerializer, responses=AnsweredSerializer
    )
    def post(self, request: Request, job_id: UUID) -> Response:
        """Answer the open question; the first answer counts, a second one is a 409."""
        job = visible_job(request, job_id)
        serializer = AnswerSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        job = lifecycle.answer(job, by=person(request), **serializer.validated_data)
        return Response({"status": "received", "job_status": job.status})


class Config(APIView):
    """GET /hitl/config"""

    required_permissions: ClassVar[dict[str, str | None]] = {"GET": LOGGED_IN}

    @extend_schema(operation_id="hitl_config", responses=ConfigSerializer)
    def get(self, request: Request) -> Response:
        """Kinds of questions, actions, time and limits."""
        return Response(config())


def config() -> dict[str, Any]:
    return {
        "prompt_types": list(QUESTION_KINDS),
        "question_types": list(QUESTION_TYPES),
        "actions": list(Question.Action.values),
        "checkpoints": list(CHECKPOINTS),
        "styles": Skill.Style.values,
        "source_types": list(MEDIA_TYPES),
        "timeout_seconds": int(settings.SKILLFLEET_QUESTION_TIMEOUT.total_seconds()),
        "limits": {
            "min_task_characters": MIN_TASK_CHARS,
            "max_task_characters": settings.SKILLFLEET_MAX_TASK_CHARS,
            "max_answer_characters": settings.SKILLFLEET_MAX_TASK_CHARS,
            "max_sources": settings.SKILLFLEET_MAX_SOURCES,
            "max_source_bytes": settings.SKILLFLEET_MAX_SOURCE_BYTES,
        },
    }
