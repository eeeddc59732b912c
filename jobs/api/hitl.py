"""Questions of jobs in the API (human in the loop), and the answers of people."""

from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.serializers import NumberField, StrictSerializer, TextField, validated
from jobs import lifecycle
from jobs.api.base import LOGGED_IN, person, visible_job
from jobs.models import Job, Question
from jobs.pipeline.phases import CHECKPOINTS, QUESTION_KINDS
from jobs.submission import MEDIA_TYPES, MIN_TASK_CHARS
from taxonomy.models import Skill


class PromptSerializer(serializers.Serializer[Any]):
    """The open question; if there is none, only `has_prompt`: false."""

    has_prompt = serializers.BooleanField()
    prompt_type = serializers.CharField(required=False)
    round = serializers.IntegerField(required=False)
    timeout_at = serializers.DateTimeField(required=False)
    data = serializers.DictField(  # type: ignore[assignment]
        required=False,
        help_text="`questions` (id, text, type, options, rationale), what the job"
        " shows, and `revisions_left`: how many more revisions are allowed.",
    )


def prompt_of(question: Question | None) -> dict[str, Any]:
    """The fields of PromptSerializer."""
    if question is None:
        return {"has_prompt": False}
    return {
        "has_prompt": True,
        "prompt_type": question.kind,
        "round": question.round,
        "timeout_at": question.timeout_at,
        "data": {
            "questions": [],
            **question.prompt,
            "revisions_left": question.revisions_left(),
        },
    }


class AnswerSerializer(StrictSerializer):
    """An answer to the question of this round."""

    round = NumberField(help_text="The round of the prompt; 409 for an older one.")
    action = serializers.ChoiceField(Question.Action.choices)
    answers = serializers.DictField(
        required=False,
        default=dict,
        help_text="Question id → text, or a list of options for multi_choice.",
    )
    feedback = TextField(
        required=False,
        allow_blank=True,
        default="",
        max_length=settings.SKILLFLEET_MAX_TASK_CHARS,
        help_text="What should be different; required to revise.",
    )


class AnsweredSerializer(serializers.Serializer[Any]):
    status = serializers.CharField(help_text="received")
    job_status = serializers.ChoiceField(Job.Status.choices)


class LimitsSerializer(serializers.Serializer[Any]):
    min_task_characters = serializers.IntegerField()
    max_task_characters = serializers.IntegerField()
    max_answer_characters = serializers.IntegerField()
    max_sources = serializers.IntegerField()
    max_source_bytes = serializers.IntegerField()


class ConfigSerializer(serializers.Serializer[Any]):
    """What a client needs to know to show and answer questions."""

    prompt_types = serializers.ListField(child=serializers.CharField())
    question_types = serializers.ListField(child=serializers.CharField())
    actions = serializers.ListField(child=serializers.CharField())
    checkpoints = serializers.ListField(child=serializers.CharField())
    styles = serializers.ListField(child=serializers.CharField())
    source_types = serializers.ListField(child=serializers.CharField())
    timeout_seconds = serializers.IntegerField()
    limits = LimitsSerializer()


QUESTION_TYPES = ("text", "single_choice", "multi_choice")


class Prompt(APIView):
    """GET /hitl/{job_id}/prompt"""

    required_permissions: ClassVar[dict[str, str | None]] = {"GET": LOGGED_IN}

    @extend_schema(operation_id="prompt", responses=PromptSerializer)
    def get(self, request: Request, job_id: UUID) -> Response:
        """The job's open question, if there is one."""
        question = visible_job(request, job_id).questions.open().first()
        return Response(PromptSerializer(prompt_of(question)).data)


class Answer(APIView):
    """POST /hitl/{job_id}/response"""

    required_permissions: ClassVar[dict[str, str | None]] = {"POST": LOGGED_IN}

    @extend_schema(
        operation_id="respond", request=AnswerSerializer, responses=AnsweredSerializer
    )
    def post(self, request: Request, job_id: UUID) -> Response:
        """Answer the open question; only the first answer counts, a second gets 409."""
        job = visible_job(request, job_id)
        serializer = validated(AnswerSerializer, request.data)
        job = lifecycle.answer(job, by=person(request), **serializer.validated_data)
        return Response({"status": "received", "job_status": job.status})


class Config(APIView):
    """GET /hitl/config"""

    required_permissions: ClassVar[dict[str, str | None]] = {"GET": LOGGED_IN}

    @extend_schema(operation_id="hitl_config", responses=ConfigSerializer)
    def get(self, request: Request) -> Response:
        """The kinds of questions, the actions, the time limit and other limits."""
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
