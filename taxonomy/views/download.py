"""A whole version in one file."""

from typing import ClassVar

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request

from cachelayer import cache_endpoint
from taxonomy.files.archives import FORMS
from taxonomy.permissions import READ_SKILLS
from taxonomy.serializers.files import DownloadFilters
from taxonomy.views.base import OneForm, SkillReading


class Download(SkillReading):
    """GET /skills/{ref}/download"""

    required_permissions: ClassVar[dict[str, str | None]] = {"GET": READ_SKILLS}
    query_params = frozenset(DownloadFilters().fields)
    content_negotiation_class = OneForm

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
        filters = DownloadFilters(data=request.query_params)
        filters.is_valid(raise_exception=True)
        asked = filters.validated_data
        skill = self.skill()
        version = self.version(skill, asked.get("version"), to_install=True)
        form = FORMS[asked["format"]]
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
