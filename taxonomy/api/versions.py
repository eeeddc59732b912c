"""The versions of a skill: history, diff, rollback, yanking and deprecation."""

from typing import Any, ClassVar

from django.conf import settings
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from cachelayer import cache_endpoint
from core.pagination import PAGE_PARAMS
from core.serializers import StrictSerializer, TextField, validated
from taxonomy.api.base import PersonalFieldsSerializer, SkillAPIView
from taxonomy.api.files import VERSION_REF, FileItemSerializer
from taxonomy.api.quality import VerdictSummarySerializer
from taxonomy.api.skills import SkillDetailSerializer
from taxonomy.files.diffs import ADDED, CHANGED, REMOVED, differences
from taxonomy.files.gate import Files
from taxonomy.models import SkillVersion
from taxonomy.models.version import MAX_REASON_CHARS, MAX_REF_CHARS, MAX_VERSION_CHARS
from taxonomy.permissions import PUBLISH_SKILLS, READ_SKILLS


class RollbackSerializer(StrictSerializer):
    version = TextField(max_length=MAX_VERSION_CHARS)


class YankSerializer(StrictSerializer):
    reason = TextField(
        required=False,
        allow_blank=True,
        default="",
        max_length=MAX_REASON_CHARS,
        help_text="Shown to everyone who requests the version.",
    )


class DeprecateSerializer(YankSerializer):
    replacement = TextField(
        required=False,
        allow_null=True,
        default=None,
        max_length=64,
        help_text="An active skill to use instead: name, former name or UUID.",
    )


class DiffFilters(serializers.Serializer[Any]):
    """Query parameters of the comparison."""

    to = serializers.CharField(
        required=False, max_length=MAX_REF_CHARS, help_text=VERSION_REF
    )
    path = serializers.CharField(
        required=False,
        max_length=500,
        help_text="Compare one file only (default: all files).",
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add `from`, which is a Python keyword and cannot be an attribute."""
        former = serializers.CharField(
            required=False,
            max_length=MAX_REF_CHARS,
            help_text="The same (default: the version published before `to`).",
        )
        return {"from": former, **super().get_fields()}


class FileDiffSerializer(serializers.Serializer[Any]):
    """A file that differs. If `text` is empty, `note` says why."""

    path = serializers.CharField()
    change = serializers.ChoiceField((ADDED, REMOVED, CHANGED))
    text = serializers.CharField(help_text="A unified diff.")
    note = serializers.CharField()


class DiffSerializer(serializers.Serializer[Any]):
    to = serializers.CharField()
    files = FileDiffSerializer(many=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {
            "from": serializers.CharField(allow_null=True),
            **super().get_fields(),
        }


class VersionItemSerializer(
    PersonalFieldsSerializer, serializers.ModelSerializer[SkillVersion]
):
    """A version in the list of versions."""

    personal: ClassVar[dict[str, Any]] = {"author": None, "change_summary": ""}
    version = serializers.CharField(source="number")
    digest = serializers.CharField(source="bundle_id")
    current = serializers.BooleanField(source="is_current")
    author = serializers.CharField(
        source="author.username", default=None, allow_null=True
    )
    validation = serializers.SerializerMethodField()

    class Meta:
        model = SkillVersion
        fields: tuple[str, ...] = (
            "version",
            "current",
            "change_summary",
            "author",
            "created_at",
            "yanked_at",
            "yanked_reason",
            "digest",
            "validation",
        )

    @extend_schema_field(VerdictSummarySerializer(allow_null=True))
    def get_validation(self, version: SkillVersion) -> dict[str, Any] | None:
        """The verdict; null for former versions, whose verdicts are not stored."""
        verdict = getattr(version.skill, "verdict", None)
        if verdict is None or not version.is_current:
            return None
        return VerdictSummarySerializer(verdict).data


class VersionDetailSerializer(VersionItemSerializer):
    """A version with its frontmatter, body and list of files."""

    frontmatter = serializers.DictField()
    files = FileItemSerializer(many=True, source="sized_files")

    class Meta(VersionItemSerializer.Meta):
        fields = (*VersionItemSerializer.Meta.fields, "frontmatter", "body", "files")


class VersionList(SkillAPIView, generics.ListAPIView[SkillVersion]):
    """GET /skills/{ref}/versions"""

    serializer_class = VersionItemSerializer
    required_permissions: ClassVar[dict[str, str | None]] = {"GET": READ_SKILLS}
    query_params = PAGE_PARAMS

    @extend_schema(operation_id="skill_versions")
    @cache_endpoint(ttl=600)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Every published version, newest first."""
        return self.list(request, *args, **kwargs)

    def paginate_queryset(self, queryset: Any) -> Any:
        page = super().paginate_queryset(queryset)
        self.tag_authors(*(page or ()))
        return page

    def get_queryset(self) -> Any:
        # The related manager sets the skill, with its verdict, without a query.
        versions = self.skill().versions.select_related("author")
        return versions.defer(*SkillVersion.CONTENT)


class VersionDetail(SkillAPIView):
    """GET /skills/{ref}/versions/{number}"""

    required_permissions: ClassVar[dict[str, str | None]] = {"GET": READ_SKILLS}

    @extend_schema(operation_id="skill_version", responses=VersionDetailSerializer)
    @cache_endpoint(ttl=600)
    def get(self, request: Request, ref: str, number: str) -> Response:
        """One version with its content and list of files."""
        version = self.version(self.skill(), number)
        return Response(
            VersionDetailSerializer(version, context=self.with_request).data
        )


class Diff(SkillAPIView):
    """GET /skills/{ref}/diff"""

    required_permissions: ClassVar[dict[str, str | None]] = {"GET": READ_SKILLS}
    query_params = frozenset(DiffFilters().fields)

    @extend_schema(
        operation_id="skill_diff", parameters=[DiffFilters], responses=DiffSerializer
    )
    @cache_endpoint(ttl=600)
    def get(self, request: Request, ref: str) -> Response:
        """What changed from one version to another, file by file."""
        params = validated(DiffFilters, request.query_params).validated_data
        skill = self.skill()
        after = self.version(skill, params.get("to"))
        if "from" in params:
            before: SkillVersion | None = self.version(skill, params["from"])
        else:
            before = after.previous()
        path = params.get("path")
        files = differences(
            files_of(before, path),
            files_of(after, path),
            settings.SKILLFLEET_MAX_DIFF_LINES,
        )
        diff = {"from": before and before.number, "to": after.number, "files": files}
        return Response(DiffSerializer(diff).data)


def files_of(version: SkillVersion | None, path: str | None) -> Files:
    if version is None:
        return ()
    if path is None:
        return version.bundle.files()
    file = version.bundle.file(path)
    return (file,) if file else ()


class Rollback(SkillAPIView):
    """POST /skills/{ref}/rollback"""

    required_permissions: ClassVar[dict[str, str | None]] = {"POST": PUBLISH_SKILLS}

    @extend_schema(
        operation_id="roll_back_skill",
        request=RollbackSerializer,
        responses=SkillDetailSerializer,
    )
    def post(self, request: Request, ref: str) -> Response:
        """Make a former version current again. No version is copied or deleted."""
        serializer = validated(RollbackSerializer, request.data)
        self.skill().roll_back(serializer.validated_data["version"])
        return Response(
            SkillDetailSerializer(self.skill(), context=self.with_request).data
        )


class Yank(SkillAPIView):
    """/skills/{ref}/versions/{number}/yank"""

    required_permissions: ClassVar[dict[str, str | None]] = {
        "POST": PUBLISH_SKILLS,
        "DELETE": PUBLISH_SKILLS,
    }

    @extend_schema(
        operation_id="yank_version",
        request=YankSerializer,
        responses=VersionItemSerializer,
    )
    def post(self, request: Request, ref: str, number: str) -> Response:
        """Withdraw a version. It is kept, but requests for it are answered with 410."""
        serializer = validated(YankSerializer, request.data)
        skill = self.skill()
        version = self.version(skill, number)
        yanked = skill.yank(version.number, serializer.validated_data["reason"])
        return Response(VersionItemSerializer(yanked, context=self.with_request).data)

    @extend_schema(
        operation_id="put_version_back",
        responses={204: OpenApiResponse(description="The version is available again.")},
    )
    def delete(self, request: Request, ref: str, number: str) -> Response:
        """Undo a yank. The current version does not change."""
        skill = self.skill()
        skill.unyank(self.version(skill, number).number)
        return Response(status=status.HTTP_204_NO_CONTENT)


class Deprecation(SkillAPIView):
    """/skills/{ref}/deprecate"""

    required_permissions: ClassVar[dict[str, str | None]] = {
        "POST": PUBLISH_SKILLS,
        "DELETE": PUBLISH_SKILLS,
    }

    @extend_schema(
        operation_id="deprecate_skill",
        request=DeprecateSerializer,
        responses=SkillDetailSerializer,
    )
    def post(self, request: Request, ref: str) -> Response:
        """Stop offering the skill. It stays readable, with reason and replacement."""
        serializer = validated(DeprecateSerializer, request.data)
        self.skill().deprecate(**serializer.validated_data)
        return Response(
            SkillDetailSerializer(self.skill(), context=self.with_request).data
        )

    @extend_schema(
        operation_id="undo_deprecation",
        responses={204: OpenApiResponse(description="The skill is offered again.")},
    )
    def delete(self, request: Request, ref: str) -> Response:
        """Offer the skill again."""
        self.skill().undeprecate()
        return Response(status=status.HTTP_204_NO_CONTENT)
