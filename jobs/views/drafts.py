"""Drafts: to be read, edited file by file, and decided on."""

from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import generics
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from jobs import drafts
from jobs.exceptions import SourceTooLarge
from jobs.models import Draft
from jobs.models.draft import DraftQuerySet
from jobs.permissions import LOGGED_IN, PROMOTE
from jobs.serializers.drafts import (
    DraftFilters,
    DraftItemSerializer,
    DraftSerializer,
    FileTextSerializer,
    PromotedSerializer,
    PromotionSerializer,
    RejectedSerializer,
    RejectionSerializer,
)
from jobs.views.base import draft_to_decide, person, visible_draft, visible_drafts
from taxonomy.packaging.files import File
from taxonomy.pagination import PAGE_PARAMS
from taxonomy.views.base import OneForm
from taxonomy.views.files import BINARY, safe_type


class DraftList(generics.ListAPIView[Draft]):
    """GET /drafts"""

    serializer_class = DraftItemSerializer
    required_permissions: ClassVar[dict[str, str | None]] = {"GET": LOGGED_IN}
    query_params = PAGE_PARAMS | frozenset(DraftFilters().fields)

    @extend_schema(operation_id="drafts_list", parameters=[DraftFilters])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One's own drafts, newest first; curators and operators see everyone's."""
        return self.list(request, *args, **kwargs)

    def get_queryset(self) -> DraftQuerySet:
        filters = DraftFilters(data=self.request.query_params)
        filters.is_valid(raise_exception=True)
        return visible_drafts(self.request).filter(**filters.validated_data)


class DraftDetail(APIView):
    """GET /drafts/{job_id}"""

    required_permissions: ClassVar[dict[str, str | None]] = {"GET": LOGGED_IN}

    @extend_schema(operation_id="draft", responses=DraftSerializer)
    def get(self, request: Request, job_id: UUID) -> Response:
        """The draft, its files, and what validation says of them."""
        return Response(DraftSerializer(visible_draft(request, job_id)).data)


class OneAnswer(DefaultContentNegotiation):
    """Bodies by their type; the answer has one form, whatever the client accepts."""

    select_renderer = OneForm.select_renderer


class DraftFile(APIView):
    """/drafts/{job_id}/files/{path}"""

    content_negotiation_class = OneAnswer

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
        """Write a file, new or not; the draft is validated again."""
        draft = draft_to_decide(request, job_id)
        serializer = FileTextSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        content = serializer.validated_data["content"].encode()
        check_size(path, content)
        draft = drafts.edit(draft, path, content, by=person(request))
        return Response(DraftSerializer(draft).data)

    @extend_schema(operation_id="delete_draft_file", responses={200: DraftSerializer})
    def delete(self, request: Request, job_id: UUID, path: str) -> Response:
        """Remove a file; the draft is validated again."""
        draft = draft_to_decide(request, job_id)
        file_at(draft, path)
        draft = drafts.edit(draft, path, None, by=person(request))
        return Response(DraftSerializer(draft).data)


def file_at(draft: Draft, path: str) -> File:
    file = draft.bundle.file(path)
    if file is None:
        raise Http404(f"The draft has no file {path[:80]!r}.")
    return file


def check_size(path: str, content: bytes) -> None:
    limit = settings.SKILLFLEET_MAX_FILE_BYTES
    if len(content) > limit:
        found = f"{len(content)} bytes; a file may have {limit}."
        raise SourceTooLarge(f"{path[:80]} has {found}", {"content": [found]})


class DraftPromote(APIView):
    """POST /drafts/{job_id}/promote"""

    required_permissions: ClassVar[dict[str, str | None]] = {"POST": PROMOTE}

    @extend_schema(
        operation_id="promote_draft",
        request=PromotionSerializer,
        responses=PromotedSerializer,
    )
    def post(self, request: Request, job_id: UUID) -> Response:
        """Publish it as the next version of an active skill."""
        draft = draft_to_decide(request, job_id)
        serializer = PromotionSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        published = drafts.promote(
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
        """Say no, and why; the draft stays readable."""
        draft = draft_to_decide(request, job_id)
        serializer = RejectionSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        draft = drafts.reject(draft, by=person(request), **serializer.validated_data)
        return Response({"status": draft.status, "reason": draft.reason})
