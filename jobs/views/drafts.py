"""Drafts: to be read and decided on."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.pagination import PAGE_PARAMS
from jobs import drafts, promotion
from jobs.models import Draft
from jobs.models.draft import DraftQuerySet
from jobs.permissions import LOGGED_IN, PROMOTE
from jobs.serializers.drafts import (
    DraftFilters,
    DraftItemSerializer,
    DraftSerializer,
    PromotedSerializer,
    PromotionSerializer,
    RejectedSerializer,
    RejectionSerializer,
)
from jobs.views.base import (
    UNLISTED,
    draft_to_decide,
    person,
    visible_draft,
    visible_drafts,
)
from jobs.views.paging import DraftPages
from taxonomy.models import SkillVersion


class DraftList(generics.ListAPIView[Draft]):
    """GET /drafts"""

    serializer_class = DraftItemSerializer
    pagination_class = DraftPages
    required_permissions: ClassVar[dict[str, str | None]] = {"GET": LOGGED_IN}
    query_params = PAGE_PARAMS | frozenset(DraftFilters().fields)

    @extend_schema(operation_id="drafts_list", parameters=[DraftFilters])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One's own drafts, newest first; curators and operators see everyone's."""
        return self.list(request, *args, **kwargs)

    def get_queryset(self) -> DraftQuerySet:
        filters = DraftFilters(data=self.request.query_params)
        filters.is_valid(raise_exception=True)
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
        """The draft, its files, and what validation says of them."""
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
        """Publish it as the next version of an active skill."""
        draft = draft_to_decide(request, job_id)
        serializer = PromotionSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
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
        """Say no, and why; the draft stays readable."""
        draft = draft_to_decide(request, job_id)
        serializer = RejectionSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        draft = drafts.reject(draft, by=person(request), **serializer.validated_data)
        return Response({"status": draft.status, "reason": draft.reason})
