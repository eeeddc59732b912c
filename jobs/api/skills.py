"""Submission in the API: `POST /skills`, and `POST /skills/{ref}/refine`."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import User
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.json_values import JSONValueError, check_json, parse_json
from core.serializers import (
    BoundedList,
    FlagField,
    StrictSerializer,
    TextField,
    validated,
)
from jobs import lifecycle
from jobs.api.base import person
from jobs.authors.base import SourceDocument
from jobs.lifecycle import MAX_FOCUS_AREAS, MAX_FOCUS_CHARS, create_refinement_job
from jobs.models import Job
from jobs.models.job import SUBMIT
from jobs.monitoring import how_to_start_a_worker, queue_status
from jobs.pipeline.phases import CHECKPOINTS
from jobs.submission import MIN_TASK_CHARS, read_source
from taxonomy.api.base import SkillAPIView
from taxonomy.api.skills import SkillList
from taxonomy.models import Skill
from taxonomy.models.address import MAX_PATH_CHARS

KEY_CHARS = 128
IDEMPOTENCY_HEADER = "Idempotency-Key"
UPLOADS = ("sources", "files")
"""Form fields in which documents may be uploaded."""
JSON_IN_FORMS = ("sources", "user_context")
"""Form fields whose text is JSON."""


class SourceInputSerializer(StrictSerializer):
    """A document in JSON, or a `SourceDocument` that was read from an upload."""

    name = TextField(max_length=255, help_text="A file name, ending in .md or .txt.")
    text = TextField()

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, SourceDocument):
            return super().to_internal_value(data)
        super().to_internal_value({"name": data.name, "text": data.text})  # validates
        return data


class SubmissionOptionsSerializer(StrictSerializer):
    """The options that every submission of a job may have."""

    auto_promote = FlagField(required=False, default=False)
    checkpoints = BoundedList(
        most=len(CHECKPOINTS),
        child=serializers.ChoiceField(CHECKPOINTS),
        required=False,
        default=list,
        help_text="Where the job asks for approval, besides the necessary questions.",
    )
    idempotency_key = TextField(
        required=False,
        max_length=KEY_CHARS,
        help_text=f"Or the header {IDEMPOTENCY_HEADER}. A second request with the same"
        " key returns the job of the first; 409 if it asks for something else.",
    )


class SubmissionSerializer(SubmissionOptionsSerializer):
    """A request for a new skill."""

    task_description = TextField(
        help_text=f"The purpose of the skill, in at least {MIN_TASK_CHARS} characters."
    )
    sources = BoundedList(
        most="SKILLFLEET_MAX_SOURCES",
        child=SourceInputSerializer(),
        required=False,
        default=list,
    )
    intended_taxonomy_path = TextField(
        required=False, allow_blank=True, default="", max_length=MAX_PATH_CHARS
    )
    style = serializers.ChoiceField(  # type: ignore[assignment]
        Skill.Style.choices, required=False, allow_blank=True, default=""
    )
    user_context = serializers.DictField(required=False, default=dict)

    def validate_user_context(self, value: dict[str, Any]) -> dict[str, Any]:
        limit = settings.SKILLFLEET_MAX_TASK_CHARS
        if len(json.dumps(value, ensure_ascii=False)) > limit:
            raise serializers.ValidationError(
                f"More than {limit} characters; put long material into a source."
            )
        return value

    def submit(self, user: User) -> Job:
        requested = self.validated_data
        return lifecycle.create_skill_job(
            user,
            requested["task_description"],
            sources=[
                source
                if isinstance(source, SourceDocument)
                else read_source(source["name"], source["text"])
                for source in requested["sources"]
            ],
            intended_taxonomy_path=requested["intended_taxonomy_path"],
            options={
                "auto_promote": requested["auto_promote"],
                "checkpoints": list(dict.fromkeys(requested["checkpoints"])),
                "style": requested["style"],
            },
            user_context=requested["user_context"],
            idempotency_key=requested.get("idempotency_key"),
        )


class SubmissionFormSerializer(SubmissionSerializer):
    """The same fields as a form; used only for the API schema."""

    sources = serializers.ListField(  # type: ignore[assignment]
        child=serializers.FileField(), required=False
    )
    user_context = serializers.CharField(  # type: ignore[assignment]
        required=False, help_text="A JSON object."
    )


class SubmittedSerializer(serializers.Serializer[Any]):
    job_id = serializers.UUIDField()
    status = serializers.ChoiceField(Job.Status.choices)
    workers_alive = serializers.IntegerField()
    url = serializers.CharField()
    warning = serializers.CharField(
        required=False, help_text="Only if no worker is alive."
    )


def request_fields(request: Request) -> Any:
    """The fields of a JSON or form request, before their validation."""
    is_form = request.content_type.startswith("multipart/")
    fields = _from_form(request) if is_form else request.data
    key = request.headers.get(IDEMPOTENCY_HEADER)
    if not key or not isinstance(fields, Mapping):
        return fields
    if fields.get("idempotency_key", key) != key:
        raise serializers.ValidationError(
            {"idempotency_key": [f"The header {IDEMPOTENCY_HEADER} has another key."]}
        )
    return {**fields, "idempotency_key": key}


def _from_form(request: Request) -> dict[str, Any]:
    """The fields of a form like those of a JSON request; its files become sources."""
    form = request.POST
    fields: dict[str, Any] = {name: form[name] for name in form}
    if "checkpoints" in form:
        fields["checkpoints"] = form.getlist("checkpoints")
    if form.get("auto_promote") in ("true", "false"):
        fields["auto_promote"] = form["auto_promote"] == "true"
    for name in JSON_IN_FORMS:
        if name in form:
            fields[name] = _json_of(name, form[name])
    check_json(fields)
    if uploads := _read_uploads(request):
        sources = fields.get("sources", [])
        if isinstance(sources, list):  # another type is refused by the serializer
            fields["sources"] = [*sources, *uploads]
    return fields


def _json_of(name: str, text: str) -> Any:
    try:
        return parse_json(
            text,
            max_depth=settings.SKILLFLEET_MAX_JSON_DEPTH,
            max_elements=settings.SKILLFLEET_MAX_JSON_VALUES,
        )
    except JSONValueError as error:
        raise serializers.ValidationError({name: [str(error)]}) from None


def _read_uploads(request: Request) -> list[SourceDocument]:
    """The uploads as sources, read once. Raises UnsupportedSource or TooLarge.

    Of a file that is too large, only one byte more than the limit is read.
    """
    for name in request.FILES:
        if name not in UPLOADS:
            raise serializers.ValidationError(
                {name[:80]: [f"Upload documents as {UPLOADS[0]}."]}
            )
    limit = settings.SKILLFLEET_MAX_SOURCE_BYTES
    uploads = [file for name in UPLOADS for file in request.FILES.getlist(name)]
    return [read_source(file.name, file.read(limit + 1)) for file in uploads]


class RefinementSerializer(SubmissionOptionsSerializer):
    """A request for the next version of a skill."""

    feedback = TextField(
        trim_whitespace=True, max_length=settings.SKILLFLEET_MAX_TASK_CHARS
    )
    focus_areas = BoundedList(
        most=MAX_FOCUS_AREAS,
        child=TextField(trim_whitespace=True, max_length=MAX_FOCUS_CHARS),
        required=False,
        default=list,
        help_text="Headings of the parts to change; they need not exist yet.",
    )

    def submit(self, user: User, skill: Skill) -> Job:
        requested = self.validated_data
        return create_refinement_job(
            user,
            skill,
            requested["feedback"],
            focus_areas=requested["focus_areas"],
            options={
                "auto_promote": requested["auto_promote"],
                "checkpoints": list(dict.fromkeys(requested["checkpoints"])),
            },
            idempotency_key=requested.get("idempotency_key"),
        )


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
        """Submit a job that writes a new skill; Location is the job's URL."""
        serializer = validated(SubmissionSerializer, request_fields(request))
        return accepted(serializer.submit(person(request)))


class SkillRefine(SkillAPIView):
    """POST /skills/{ref}/refine"""

    required_permissions: ClassVar[dict[str, str | None]] = {"POST": SUBMIT}

    @extend_schema(
        operation_id="refine_skill",
        parameters=[OpenApiParameter(IDEMPOTENCY_HEADER, str, OpenApiParameter.HEADER)],
        request=RefinementSerializer,
        responses={202: SubmittedSerializer},
    )
    def post(self, request: Request, ref: str) -> Response:
        """Submit a job that writes the next version of a skill."""
        skill = self.skill()
        serializer = validated(RefinementSerializer, request_fields(request))
        return accepted(serializer.submit(person(request), skill))


def accepted(job: Job) -> Response:
    """The response 202 to a submission."""
    body = receipt(job)
    return Response(
        SubmittedSerializer(body).data,
        status=status.HTTP_202_ACCEPTED,
        headers={"Location": body["url"]},
    )


def receipt(job: Job) -> dict[str, Any]:
    """The fields of SubmittedSerializer, with a warning if no worker is alive."""
    workers_alive = queue_status().workers_alive
    body = {
        "job_id": job.pk,
        "status": job.status,
        "workers_alive": workers_alive,
        "url": reverse("job", kwargs={"job_id": job.pk}),
    }
    if workers_alive:
        return body
    hint = how_to_start_a_worker()
    warning = f"No worker is alive, so the job is waiting; {hint}."
    return {**body, "warning": warning}
