"""The files of a skill: the list, and each one's bytes."""

import mimetypes
from typing import ClassVar

from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from cachelayer import cache_endpoint
from taxonomy.files.file import File
from taxonomy.permissions import READ_SKILLS
from taxonomy.serializers.files import VERSION_REF, FileItemSerializer
from taxonomy.views.base import OneForm, SkillReading

BINARY = "application/octet-stream"
SHOWN_AS_THEY_ARE = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf"}
)
"""Types that a browser can show without running anything of the skill's author."""
VERSION = OpenApiParameter("version", str, description=VERSION_REF)


class FileList(SkillReading):
    """GET /skills/{ref}/files"""

    required_permissions: ClassVar[dict[str, str | None]] = {"GET": READ_SKILLS}
    query_params = frozenset({"version"})

    @extend_schema(
        operation_id="skill_files",
        parameters=[VERSION],
        responses=FileItemSerializer(many=True),
    )
    @cache_endpoint(ttl=600)
    def get(self, request: Request, ref: str) -> Response:
        """Path, size and digest of each file."""
        version = self.version(self.skill(), request.query_params.get("version"))
        return Response(FileItemSerializer(version.sized_files, many=True).data)


class FileContent(SkillReading):
    """GET /skills/{ref}/files/{path}"""

    required_permissions: ClassVar[dict[str, str | None]] = {"GET": READ_SKILLS}
    query_params = frozenset({"version"})
    content_negotiation_class = OneForm

    @extend_schema(
        operation_id="skill_file",
        parameters=[VERSION],
        responses={(200, BINARY): OpenApiResponse(OpenApiTypes.BINARY)},
    )
    @cache_endpoint(ttl=600)
    def get(self, request: Request, ref: str, path: str) -> HttpResponse:
        """The bytes of one file, exactly as published."""
        skill = self.skill()
        version = self.version(skill, request.query_params.get("version"))
        file = version.bundle.file(path)
        if file is None:
            raise Http404(f"{skill.name} has no file {path[:80]!r}.")
        return HttpResponse(
            file.content,
            content_type=safe_type(file),
            headers={"X-Content-Type-Options": "nosniff"},
        )


def safe_type(file: File) -> str:
    """A content type under which no browser runs what is in the file."""
    guessed = mimetypes.guess_type(file.path)[0]
    if guessed in SHOWN_AS_THEY_ARE:
        return str(guessed)
    if not is_text(file.content):
        return BINARY
    subtype = "markdown" if file.path.lower().endswith(".md") else "plain"
    return f"text/{subtype}; charset=utf-8"


def is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode()
    except UnicodeDecodeError:
        return False
