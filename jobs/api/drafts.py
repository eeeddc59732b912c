"""Drafts in the API: read, edit file by file, waive findings, promote, reject."""

from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models.functions import Length
from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import generics, serializers, status
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cachelayer import cache_global_data
from core.pagination import PAGE_PARAMS, Pages
from core.serializers import FlagField, StrictSerializer, TextField, validated
from jobs import drafts, promotion
from jobs.api.base import (
    LOGGED_IN,
    UNLISTED,
    draft_to_decide,
    draft_to_edit,
    person,
    visible_draft,
    visible_drafts,
)
from jobs.drafts import changes
from jobs.models import Draft, DraftWaiver, Job
from jobs.models.draft import PROMOTE, DraftQuerySet, sees_all_drafts
from taxonomy.api.base import FixedNegotiation
from taxonomy.api.files import BINARY, FileItemSerializer, safe_type
from taxonomy.api.versions import FileDiffSerializer
from taxonomy.api.waivers import WaiverSerializer, WaiveSerializer, waived_response
from taxonomy.exceptions import UnknownCategory
from taxonomy.files.gate import File
from taxonomy.models import BundleFile, Category, SkillVersion
from taxonomy.models.address import MAX_NAME_CHARS, MAX_PATH_CHARS, SKILL_NAME
from taxonomy.models.version import MAX_VERSION_CHARS
from taxonomy.package import is_reserved
from taxonomy.skillmd.document import SKILL_MD


class RefinedSerializer(serializers.Serializer[Any]):
    """The version that a refinement started from, and the one that is current now."""

    skill = serializers.CharField(source="skill.name")
    version = serializers.CharField(source="number")
    current_version = serializers.CharField(source="skill.current.number")


class DraftFilters(serializers.Serializer[Any]):
    """Query parameters of the list."""

    status = serializers.ChoiceField(Draft.Status.choices, required=False)


class DraftItemSerializer(serializers.ModelSerializer[Draft]):
    """A draft in a list."""

    job_id = serializers.UUIDField()
    user = serializers.CharField(source="job.user.username")
    job_status = serializers.ChoiceField(Job.Status.choices, source="job.status")
    name = serializers.CharField(source="job.skill_name")
    path = serializers.CharField(
        source="job.draft_path",
        help_text="The intended path of the skill in the taxonomy.",
    )
    version = serializers.CharField(
        source="version.number", default=None, allow_null=True
    )
    digest = serializers.CharField(source="bundle_id")
    validation_passed = serializers.BooleanField(
        source="job.validation_passed", allow_null=True
    )
    validation_status = serializers.CharField(source="job.validation_status")
    validation_score = serializers.FloatField(
        source="job.validation_score", allow_null=True
    )

    class Meta:
        model = Draft
        fields: tuple[str, ...] = (
            "job_id",
            "user",
            "job_status",
            "status",
            "reason",
            "name",
            "path",
            "version",
            "digest",
            "validation_passed",
            "validation_status",
            "validation_score",
            "updated_at",
        )
        read_only_fields: tuple[str, ...] = fields


class DraftSerializer(DraftItemSerializer):
    """A draft with its files and its validation report."""

    files = serializers.SerializerMethodField()
    skill_md = serializers.SerializerMethodField()
    validation = serializers.SerializerMethodField()
    refines = RefinedSerializer(source="job.base", allow_null=True)
    diff = serializers.SerializerMethodField(
        help_text="For a refinement: the changes to the current version."
    )

    class Meta(DraftItemSerializer.Meta):
        fields = (
            *DraftItemSerializer.Meta.fields,
            "files",
            "skill_md",
            "validation",
            "refines",
            "diff",
        )
        read_only_fields = fields

    @extend_schema_field(FileDiffSerializer(many=True, allow_null=True))
    def get_diff(self, draft: Draft) -> list[dict[str, Any]] | None:
        if draft.job.base is None:
            return None
        diffs = changes(draft.job, draft.bundle.files())
        return list(FileDiffSerializer(diffs, many=True).data)

    def get_files(self, draft: Draft) -> list[dict[str, Any]]:
        files = BundleFile.objects.filter(bundle_id=draft.bundle_id)
        rows = files.annotate(size=Length("blob__content")).order_by("path")
        return list(FileItemSerializer(rows, many=True).data)

    def get_skill_md(self, draft: Draft) -> str:
        file = draft.bundle.file(SKILL_MD)
        return file.content.decode(errors="replace") if file else ""

    def get_validation(self, draft: Draft) -> dict[str, Any] | None:
        return (draft.job.result or {}).get("validation")


class FileTextSerializer(StrictSerializer):
    content = TextField(allow_blank=True, help_text="The whole file, as text.")


class PromotionSerializer(StrictSerializer):
    """The path, name and version number; by default those of the draft."""

    taxonomy_path = TextField(
        required=False, allow_blank=True, default="", max_length=MAX_PATH_CHARS
    )
    name = TextField(
        required=False, allow_blank=True, default="", max_length=MAX_NAME_CHARS
    )
    version = TextField(
        required=False, allow_blank=True, default="", max_length=MAX_VERSION_CHARS
    )

    over_newer = FlagField(
        required=False,
        default=False,
        help_text="For a refinement: publish even if the skill has a newer version.",
    )
    digest = TextField(
        required=False,
        allow_blank=True,
        default="",
        max_length=64,
        help_text="The digest that was reviewed; 409 if the draft has changed.",
    )

    def validate_taxonomy_path(self, value: str) -> str:
        try:
            return Category.objects.named(value).path if value else ""
        except UnknownCategory as error:
            raise serializers.ValidationError(error.fields["category"]) from None

    def validate_name(self, value: str) -> str:
        if value and not SKILL_NAME.fullmatch(value):
            raise serializers.ValidationError(
                "Use lower-case words with single hyphens between them, like pdf-tools."
            )
        if is_reserved(value):
            raise serializers.ValidationError(f"{value!r} is reserved; choose another.")
        return value


class PromotedSerializer(serializers.Serializer[Any]):
    status = serializers.CharField(help_text="promoted")
    skill = serializers.CharField()
    path = serializers.CharField()
    version = serializers.CharField()


class RejectionSerializer(StrictSerializer):
    reason = TextField(
        trim_whitespace=True,
        max_length=settings.SKILLFLEET_MAX_TASK_CHARS,
        help_text="Shown to the author.",
    )


class RejectedSerializer(serializers.Serializer[Any]):
    status = serializers.CharField(help_text="rejected")
    reason = serializers.CharField()


@cache_global_data(pattern="/drafts/*")
def draft_count(status: str) -> int:
    """The number of drafts of this status, or of all; cached until a draft changes."""
    drafts = Draft.objects.filter(status=status) if status else Draft.objects.all()
    return int(drafts.count())


class CountedPaginator(Paginator):
    """A paginator that gets its count instead of counting the rows."""

    def __init__(self, rows: DraftQuerySet, per_page: int, *, count: int) -> None:
        super().__init__(rows, per_page)
        self.count = count


class DraftPages(Pages):
    """Pages of drafts; users who see all drafts get their number from the cache."""

    django_paginator_class: Any = Paginator

    def paginate_queryset(
        self, queryset: Any, request: Request, view: Any = None
    ) -> list[Any] | None:
        if sees_all_drafts(request.user):
            count = draft_count(request.query_params.get("status", ""))
            self.django_paginator_class = partial(CountedPaginator, count=count)
        return super().paginate_queryset(queryset, request, view)


class DraftList(generics.ListAPIView[Draft]):
    """GET /drafts"""

    serializer_class = DraftItemSerializer
    pagination_class = DraftPages
    required_permissions: ClassVar[dict[str, str | None]] = {"GET": LOGGED_IN}
    query_params = PAGE_PARAMS | frozenset(DraftFilters().fields)

    @extend_schema(operation_id="drafts_list", parameters=[DraftFilters])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Your own drafts, newest first; curators and operators see all drafts."""
        return self.list(request, *args, **kwargs)

    def get_queryset(self) -> DraftQuerySet:
        filters = validated(DraftFilters, self.request.query_params)
        unlisted = [
            *(f"job__{field}" for field in (*UNLISTED, "task_description")),
            *(f"version__{field}" for field in SkillVersion.CONTENT),
        ]
        drafts = visible_drafts(self.request).defer(*unlisted)
        return drafts.filter(**filters.validated_data)


class DraftDetail(APIView):
    """GET /drafts/{job_id}"""

    required_permissions: ClassVar[dict[str, str | None]] = {"GET": LOGGED_IN}

    @extend_schema(operation_id="draft", responses=DraftSerializer)
    def get(self, request: Request, job_id: UUID) -> Response:
        """The draft with its files and its validation report."""
        return Response(DraftSerializer(visible_draft(request, job_id)).data)


class DraftPromote(APIView):
    """POST /drafts/{job_id}/promote"""

    required_permissions: ClassVar[dict[str, str | None]] = {"POST": PROMOTE}

    @extend_schema(
        operation_id="promote_draft",
        request=PromotionSerializer,
        responses=PromotedSerializer,
    )
    def post(self, request: Request, job_id: UUID) -> Response:
        """Publish the draft as a new version of a skill."""
        draft = draft_to_decide(request, job_id)
        serializer = validated(PromotionSerializer, request.data)
        published = promotion.promote(
            draft, by=person(request), **serializer.validated_data
        )
        return Response(
            {
                "status": "promoted",
                "skill": published.skill.name,
                "path": published.skill.path,
                "version": published.version.number,
            }
        )


class DraftReject(APIView):
    """POST /drafts/{job_id}/reject"""

    required_permissions: ClassVar[dict[str, str | None]] = {"POST": PROMOTE}

    @extend_schema(
        operation_id="reject_draft",
        request=RejectionSerializer,
        responses=RejectedSerializer,
    )
    def post(self, request: Request, job_id: UUID) -> Response:
        """Reject the draft with a reason; it can still be read."""
        draft = draft_to_decide(request, job_id)
        serializer = validated(RejectionSerializer, request.data)
        draft = drafts.reject(draft, by=person(request), **serializer.validated_data)
        return Response({"status": draft.status, "reason": draft.reason})


class IgnoreAccept(DefaultContentNegotiation):
    """Ignores the Accept header, because the response has only one format."""

    select_renderer = FixedNegotiation.select_renderer


class DraftFile(APIView):
    """/drafts/{job_id}/files/{path}"""

    content_negotiation_class = IgnoreAccept

    required_permissions: ClassVar[dict[str, str | None]] = {
        "GET": LOGGED_IN,
        "PUT": LOGGED_IN,
        "DELETE": LOGGED_IN,
    }

    @extend_schema(
        operation_id="draft_file",
        responses={(200, BINARY): OpenApiResponse(OpenApiTypes.BINARY)},
    )
    def get(self, request: Request, job_id: UUID, path: str) -> HttpResponse:
        """The bytes of one file."""
        file = file_at(visible_draft(request, job_id), path)
        return HttpResponse(
            file.content,
            content_type=safe_type(file),
            headers={"X-Content-Type-Options": "nosniff"},
        )

    @extend_schema(
        operation_id="edit_draft_file",
        request=FileTextSerializer,
        responses=DraftSerializer,
    )
    def put(self, request: Request, job_id: UUID, path: str) -> Response:
        """Create or replace a file; the draft is validated again."""
        draft = draft_to_edit(request, job_id)
        serializer = validated(FileTextSerializer, request.data)
        content = serializer.validated_data["content"].encode()
        draft = drafts.edit(draft, path, content, by=person(request))
        return Response(DraftSerializer(draft).data)

    @extend_schema(operation_id="delete_draft_file", responses={200: DraftSerializer})
    def delete(self, request: Request, job_id: UUID, path: str) -> Response:
        """Remove a file; the draft is validated again."""
        draft = draft_to_edit(request, job_id)
        file_at(draft, path)  # answers 404 if there is no such file
        draft = drafts.edit(draft, path, content=None, by=person(request))
        return Response(DraftSerializer(draft).data)


def file_at(draft: Draft, path: str) -> File:
    file = draft.bundle.file(path)
    if file is None:
        raise Http404(f"The draft has no file {path[:80]!r}.")
    return file


class DraftWaiverList(generics.ListAPIView[DraftWaiver]):
    """/drafts/{job_id}/waivers"""

    serializer_class = WaiverSerializer
    required_permissions: ClassVar[dict[str, str | None]] = {
        "GET": LOGGED_IN,
        "POST": PROMOTE,
    }
    query_params = PAGE_PARAMS

    @extend_schema(operation_id="draft_waivers")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The draft's waivers, newest first, including revoked ones."""
        return self.list(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        draft = visible_draft(self.request, self.kwargs["job_id"])
        return draft.waivers.with_people()

    @extend_schema(
        operation_id="waive_draft_findings",
        request=WaiveSerializer,
        responses={201: WaiverSerializer(many=True)},
    )
    def post(self, request: Request, job_id: UUID) -> Response:
        """Waive open findings of the scan; the draft is validated again.

        When the draft is promoted, its waivers apply to the skill.
        """
        draft = draft_to_decide(request, job_id)
        serializer = validated(WaiveSerializer, request.data)
        reason = serializer.validated_data["reason"]
        by = person(request)
        waived = drafts.waive(draft, serializer.chosen, by=by, reason=reason)
        return waived_response(request, draft.waivers, waived)


class DraftWaiverDetail(APIView):
    """/drafts/{job_id}/waivers/{waiver_id}"""

    required_permissions: ClassVar[dict[str, str | None]] = {"DELETE": PROMOTE}

    @extend_schema(
        operation_id="revoke_draft_waiver",
        responses={204: OpenApiResponse(description="Revoked.")},
    )
    def delete(self, request: Request, job_id: UUID, waiver_id: int) -> Response:
        """Revoke a waiver; the draft is validated again."""
        draft = draft_to_decide(request, job_id)
        drafts.revoke(draft, waiver_id, by=person(request))
        return Response(status=status.HTTP_204_NO_CONTENT)
