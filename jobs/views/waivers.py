"""Findings of a draft that curators accept."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.pagination import PAGE_PARAMS
from jobs import waiving
from jobs.models import DraftWaiver
from jobs.permissions import LOGGED_IN, PROMOTE
from jobs.views.base import draft_to_decide, person, visible_draft
from taxonomy.api.waivers import WaiverSerializer, WaiveSerializer


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
        """What was waived, newest first; revoked ones say when and by whom."""
        return self.list(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        draft = visible_draft(self.request, self.kwargs["job_id"])
        return draft.waivers.select_related("person", "revoked_by")

    @extend_schema(
        operation_id="waive_draft_findings",
        request=WaiveSerializer,
        responses={201: WaiverSerializer(many=True)},
    )
    def post(self, request: Request, job_id: UUID) -> Response:
        """Accept open findings of the scan; the draft is validated again.

        Promoted, the draft takes its waivers along.
        """
        draft = draft_to_decide(request, job_id)
        serializer = WaiveSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        reason = serializer.validated_data["reason"]
        by = person(request)
        waived = waiving.waive(draft, serializer.chosen, by=by, reason=reason)
        shown = DraftWaiver.objects.filter(pk__in=[each.pk for each in waived])
        rows = shown.select_related("person", "revoked_by")
        return Response(
            WaiverSerializer(rows, many=True).data, status=status.HTTP_201_CREATED
        )


class DraftWaiverDetail(APIView):
    """/drafts/{job_id}/waivers/{waiver_id}"""

    required_permissions: ClassVar[dict[str, str | None]] = {"DELETE": PROMOTE}

    @extend_schema(
        operation_id="revoke_draft_waiver",
        responses={204: OpenApiResponse(description="Revoked.")},
    )
    def delete(self, request: Request, job_id: UUID, waiver_id: int) -> Response:
        """The finding counts again, and the draft is validated again."""
        draft = draft_to_decide(request, job_id)
        waiving.revoke(draft, waiver_id, by=person(request))
        return Response(status=status.HTTP_204_NO_CONTENT)
