"""The files of a draft: read, written and removed one by one."""

from typing import ClassVar
from uuid import UUID

from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from jobs import drafts
from jobs.models import Draft
from jobs.permissions import LOGGED_IN
from jobs.serializers.drafts import DraftSerializer, FileTextSerializer
from jobs.views.base import draft_to_edit, person, visible_draft
from taxonomy.api.base import OneForm
from taxonomy.api.files import BINARY, safe_type
from taxonomy.files.file import File


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
        draft = draft_to_edit(request, job_id)
        serializer = FileTextSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        content = serializer.validated_data["content"].encode()
        draft = drafts.edit(draft, path, content, by=person(request))
        return Response(DraftSerializer(draft).data)

    @extend_schema(operation_id="delete_draft_file", responses={200: DraftSerializer})
    def delete(self, request: Request, job_id: UUID, path: str) -> Response:
        """Remove a file; the draft is validated again."""
        draft = draft_to_edit(request, job_id)
        file_at(draft, path)
        draft = drafts.edit(draft, path, None, by=person(request))
        return Response(DraftSerializer(draft).data)


def file_at(draft: Draft, path: str) -> File:
    file = draft.bundle.file(path)
    if file is None:
        raise Http404(f"The draft has no file {path[:80]!r}.")
    return file
