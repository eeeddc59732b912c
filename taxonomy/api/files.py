"""The files of a skill: in JSON bodies, one by one, and as an archive."""

import base64
import binascii
import mimetypes
from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_field,
)
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cachelayer import cache_endpoint
from core.json_values import text_finding
from core.serializers import StrictSerializer, TextField, validated
from taxonomy.api.base import FixedNegotiation, SkillAPIView
from taxonomy.files.archives import FORMS
from taxonomy.files.gate import File, Files, as_files
from taxonomy.limits import configured_limits
from taxonomy.models.version import MAX_REF_CHARS
from taxonomy.permissions import READ_SKILLS
from taxonomy.skillmd.document import SKILL_MD

VERSION_REF = "A number or sha256:digest (default: the current version)."
FILES_SCHEMA = {
    "type": "object",
    "description": "Path → text, or an object for bytes and executable files.",
    "additionalProperties": {
        "oneOf": [
            {"type": "string"},
            {
                "type": "object",
                "properties": {
                    "text": {"type": "string"},
                    "base64": {"type": "string", "format": "byte"},
                    "executable": {"type": "boolean"},
                },
            },
        ]
    },
}


@extend_schema_field(FILES_SCHEMA)
class FilesField(serializers.Field[Files, Any, Any, Files]):
    """A mapping of paths to text, `{"text", "executable"}` or `{"base64", …}`."""

    def to_internal_value(self, data: Any) -> Files:
        if not isinstance(data, Mapping) or not data:
            raise serializers.ValidationError(
                'Send an object of at least one file: {"SKILL.md": "text"}.'
            )
        most = self.most_files()
        if len(data) > most:
            raise serializers.ValidationError(f"{len(data)} files, at most {most}.")
        return as_files(self._file(path, content) for path, content in data.items())

    def most_files(self) -> int:
        return configured_limits().files

    def to_representation(self, value: Files) -> Any:
        """The files in the form in which requests send them."""
        return {file.path: _as_sent(file) for file in value}

    def _file(self, path: str, content: Any) -> File:
        if text_finding(path):
            raise serializers.ValidationError(f"{path!r:.80} cannot be a path.")
        if isinstance(content, str):
            content = {"text": content}
        if not isinstance(content, Mapping) or not fits(content):
            raise serializers.ValidationError(
                f'{path[:80]}: send text, or {{"base64": …, "executable": false}}.'
            )
        return File(
            path, self._content(path, content), content.get("executable", False)
        )

    def _content(self, path: str, content: Mapping[str, Any]) -> bytes:
        if "text" in content:
            return str(content["text"]).encode()
        try:
            return base64.b64decode(content["base64"], validate=True)
        except (binascii.Error, ValueError):
            raise serializers.ValidationError(
                f"{path[:80]}: this is not base64."
            ) from None


def _as_sent(file: File) -> str | dict[str, Any]:
    """The file as text, or as base64 if JSON or the database cannot store the text."""
    try:
        text = file.content.decode()
    except UnicodeDecodeError:
        text = None
    if text is None or text_finding(text):
        encoded = base64.b64encode(file.content).decode()
        return {"base64": encoded, "executable": file.executable}
    return {"text": text, "executable": True} if file.executable else text


def fits(content: Mapping[str, Any]) -> bool:
    """Whether it has text or base64, maybe `executable`, and nothing else."""
    kinds = content.keys() - {"executable"}
    return (
        kinds in ({"text"}, {"base64"})
        and isinstance(content[next(iter(kinds))], str)
        and isinstance(content.get("executable", False), bool)
    )


class ContentSerializer(StrictSerializer):
    """Either a SKILL.md as `content`, or a folder as `files`."""

    content = TextField(required=False, help_text="The text of SKILL.md.")
    files = FilesField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("content" in attrs) == ("files" in attrs):
            raise serializers.ValidationError(
                {"content": ["Send either content or files."]}
            )
        return attrs

    def files_over(self, current: Files) -> Files:
        """The sent files; with `content`, the other current files are kept."""
        if "files" in self.validated_data:
            sent: Files = self.validated_data["files"]
            return sent
        skill_md = File(SKILL_MD, self.validated_data["content"].encode())
        others = [file for file in current if file.path != SKILL_MD]
        return as_files([skill_md, *others])


class FileItemSerializer(serializers.Serializer[Any]):
    path = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    digest = serializers.CharField(source="blob_id", help_text="SHA-256.")
    mode = serializers.CharField(
        help_text="The file mode in git's notation: 100644 or 100755."
    )


class DownloadFilters(serializers.Serializer[Any]):
    """Query parameters of an archive."""

    version = serializers.CharField(
        required=False, max_length=MAX_REF_CHARS, help_text=VERSION_REF
    )
    format = serializers.ChoiceField(sorted(FORMS), required=False, default="zip")


BINARY = "application/octet-stream"
SHOWN_AS_THEY_ARE = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf"}
)
"""Types that browsers show without executing content from the skill."""
VERSION = OpenApiParameter("version", str, description=VERSION_REF)


class FileList(SkillAPIView):
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
        """The path, size and digest of each file."""
        version = self.version(self.skill(), request.query_params.get("version"))
        return Response(FileItemSerializer(version.sized_files, many=True).data)


class FileContent(SkillAPIView):
    """GET /skills/{ref}/files/{path}"""

    required_permissions: ClassVar[dict[str, str | None]] = {"GET": READ_SKILLS}
    query_params = frozenset({"version"})
    content_negotiation_class = FixedNegotiation

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
    """A content type with which no browser executes the file."""
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


class Download(SkillAPIView):
    """GET /skills/{ref}/download"""

    required_permissions: ClassVar[dict[str, str | None]] = {"GET": READ_SKILLS}
    query_params = frozenset(DownloadFilters().fields)
    content_negotiation_class = FixedNegotiation

    @extend_schema(
        operation_id="download_skill",
        parameters=[DownloadFilters],
        responses={
            (200, form.media_type): OpenApiResponse(OpenApiTypes.BINARY)
            for form in FORMS.values()
        },
    )
    @cache_endpoint(ttl=600)
    def get(self, request: Request, ref: str) -> HttpResponse:
        """An archive with SKILL.md at its root; the ETag is the content's digest."""
        params = validated(DownloadFilters, request.query_params).validated_data
        skill = self.skill()
        version = self.version(skill, params.get("version"), to_install=True)
        form = FORMS[params["format"]]
        return HttpResponse(
            form.packed(version.bundle.files()),
            content_type=form.media_type,
            headers={
                "Content-Disposition": f'attachment; filename="{skill.name}-'
                f'{version.number}.{form.suffix}"',
                "ETag": f'"{version.bundle_id}"',
                "X-Content-Type-Options": "nosniff",
            },
        )
