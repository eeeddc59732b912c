"""Waivers of findings, of published skills and of drafts alike."""

from collections.abc import Iterable
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from cachelayer import add_cache_tags, cache_endpoint
from core.pagination import PAGE_PARAMS
from core.serializers import NumberField, StrictSerializer, TextField, validated
from taxonomy.api.base import PersonalFieldsSerializer, SkillAPIView
from taxonomy.models import Waiver
from taxonomy.models.verdict import MAX_FILE_CHARS, MAX_REASON_CHARS, BaseWaiver
from taxonomy.permissions import PUBLISH_SKILLS, READ_SKILLS
from taxonomy.skillmd.findings import FindingFilter

MAX_RULE_CHARS = 64


class WaiverSerializer(PersonalFieldsSerializer):
    """A finding that was accepted, by whom and why."""

    personal: ClassVar[dict[str, Any]] = {"person": None, "revoked_by": None}

    id = serializers.IntegerField()
    rule = serializers.CharField()
    severity = serializers.CharField(
        help_text="When waived. A higher one voids the waiver, unless this is empty."
    )
    file = serializers.CharField()
    line = serializers.IntegerField(allow_null=True)
    snippet = serializers.CharField()
    fingerprint = serializers.CharField()
    reason = serializers.CharField()
    person = serializers.CharField(source="person.username", allow_null=True)
    granted_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField(allow_null=True)
    revoked_by = serializers.CharField(
        source="revoked_by.username", default=None, allow_null=True
    )


class WaiveSerializer(StrictSerializer):
    """Selects open findings of the security scan: those that match all sent fields."""

    rule = TextField(
        required=False, max_length=MAX_RULE_CHARS, help_text="scan.destructive"
    )
    file = TextField(required=False, max_length=MAX_FILE_CHARS)
    line = NumberField(required=False, min_value=1, max_value=10**9)
    fingerprint = TextField(
        required=False,
        max_length=64,
        help_text="The fingerprint of one finding, as in reports.",
    )
    reason = TextField(
        trim_whitespace=True,
        max_length=MAX_REASON_CHARS,
        help_text="Why this is no risk here, for later reviewers.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs.keys() & {"rule", "fingerprint"}:
            message = "Send a rule or the fingerprint of a finding."
            raise serializers.ValidationError({"rule": [message]})
        return attrs

    @property
    def chosen(self) -> FindingFilter:
        sent = self.validated_data
        one = sent.get("fingerprint")
        return FindingFilter(
            rule=sent.get("rule", ""),
            file=sent.get("file", ""),
            line=sent.get("line"),
            fingerprints=() if one is None else (one,),
        )


def waived_response(
    request: Request, waivers: Any, created: Iterable[BaseWaiver]
) -> Response:
    """A 201 with the created ones of a skill's or a draft's waivers, as stored."""
    stored = waivers.filter(pk__in=[each.pk for each in created])
    serializer = WaiverSerializer(
        stored.with_people(), many=True, context={"request": request}
    )
    return Response(serializer.data, status=status.HTTP_201_CREATED)


class WaiverList(SkillAPIView, generics.ListAPIView[Waiver]):
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
        """All waivers, newest first. Revoked ones have the time and the person."""
        return self.list(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        return self.skill().waivers.with_people()

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
        """Accept open findings of the security scan; 409 if none matches.

        A waiver holds until the text of the finding changes.
        """
        skill = self.skill()
        serializer = validated(WaiveSerializer, request.data)
        waived = skill.waive(
            serializer.chosen,
            by=self.curator,
            reason=serializer.validated_data["reason"],
        )
        return waived_response(request, skill.waivers, waived)


class WaiverDetail(SkillAPIView):
    """/skills/{ref}/waivers/{id}"""

    required_permissions: ClassVar[dict[str, str | None]] = {"DELETE": PUBLISH_SKILLS}

    @extend_schema(
        operation_id="revoke_waiver",
        responses={204: OpenApiResponse(description="Revoked.")},
    )
    def delete(self, request: Request, ref: str, waiver_id: int) -> Response:
        """Revoke the waiver: its finding counts again. The waiver stays on record."""
        self.skill().revoke(waiver_id, by=self.curator)
        return Response(status=status.HTTP_204_NO_CONTENT)
