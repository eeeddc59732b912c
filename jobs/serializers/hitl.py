"""Questions to people, and their answers, as JSON."""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from core.serializers import NumberField, StrictSerializer, TextField
from jobs.models import Job, Question


class PromptSerializer(serializers.Serializer[Any]):
    """The open question; without one only `has_prompt`: false."""

    has_prompt = serializers.BooleanField()
    prompt_type = serializers.CharField(required=False)
    round = serializers.IntegerField(required=False)
    timeout_at = serializers.DateTimeField(required=False)
    data = serializers.DictField(  # type: ignore[assignment]
        required=False,
        help_text="`questions` (id, text, type, options, rationale); what is shown;"
        " `revisions_left`: how often it may still be sent back.",
    )


def prompt_of(question: Question | None) -> dict[str, Any]:
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

    round = NumberField(help_text="As the prompt says; an older one is a 409.")
    action = serializers.ChoiceField(Question.Action.choices)
    answers = serializers.DictField(
        required=False,
        default=dict,
        help_text="Question id → text, or a list of choices for multi_choice.",
    )
    feedback = TextField(
        required=False,
        allow_blank=True,
        default="",
        max_length=settings.SKILLFLEET_MAX_TASK_CHARS,
        help_text="What should be different; needed to revise.",
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
    """What a client of the questions has to know beforehand."""

    prompt_types = serializers.ListField(child=serializers.CharField())
    question_types = serializers.ListField(child=serializers.CharField())
    actions = serializers.ListField(child=serializers.CharField())
    checkpoints = serializers.ListField(child=serializers.CharField())
    styles = serializers.ListField(child=serializers.CharField())
    source_types = serializers.ListField(child=serializers.CharField())
    timeout_seconds = serializers.IntegerField()
    limits = LimitsSerializer()
