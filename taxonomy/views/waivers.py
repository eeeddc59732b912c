"""Findings of a skill that curators accept."""

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response

from cachelayer import add_cache_tags, cache_endpoint
from core.pagination import PAGE_PARAMS
from taxonomy.models import Waiver
from taxonomy.permissions import PUBLISH_SKILLS, READ_SKILLS
from taxonomy.serializers.waivers import WaiverSerializer, WaiveSerializer
from taxonomy.views.base import SkillReading


class WaiverList(SkillReading, generics.ListAPIView[Waiver]):
    """/skills/{ref}/waivers"""

    serializer_class = WaiverSerializer
    required_permissions: ClassVar[dict[str, str | None]] = {
        "GET": READ_SKILLS,
        "POST": PUBLISH_SKILLS,
    }
    query_params = PAGE_PARAMS

    @extend_schema(operation_id="skill_waivers")
    @cache_endpoint(ttl=600)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """What was waived, newest first; revoked ones say when and by whom."""
        return self.list(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        return self.skill().waivers.select_related("person", "revoked_by")

    def paginate_queryset(self, queryset: Any) -> Any:
        page = super().paginate_queryset(queryset)
        people = {each.person_id for each in page or ()}
        people |= {each.revoked_by_id for each in page or () if each.revoked_by_id}
        add_cache_tags(self.request, *(f"/authors/{pk}/*" for pk in sorted(people)))
        return page

    @extend_schema(
        operation_id="waive_findings",
        request=WaiveSerializer,
        responses={201: WaiverSerializer(many=True)},
    )
    def post(self, request: Request, ref: str) -> Response:
        """Accept open findings of the security scan; 409 when none is like that.

        A waiver holds as long as the text that was found stays as it is.
        """
        skill = self.skill()
        serializer = WaiveSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        waived = skill.waive(
            serializer.chosen,
            by=self.curator,
            reason=serializer.validated_data["reason"],
        )
        shown = Waiver.objects.filter(pk__in=[each.pk for each in waived])
        rows = shown.select_related("person", "revoked_by")
        return Response(
            WaiverSerializer(rows, many=True).data, status=status.HTTP_201_CREATED
        )


class WaiverDetail(SkillReading):
    """/skills/{ref}/waivers/{id}"""

    required_permissions: ClassVar[dict[str, str | None]] = {"DELETE": PUBLISH_SKILLS}

    @extend_schema(
        operation_id="revoke_waiver",
        responses={204: OpenApiResponse(description="Revoked.")},
    )
    def delete(self, request: Request, ref: str, waiver_id: int) -> Response:
        """The finding counts again; that it was waived stays on record."""
        self.skill().revoke(waiver_id, by=self.curator)
        return Response(status=status.HTTP_204_NO_CONTENT)
