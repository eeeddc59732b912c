"""Validation, quality and automatic fixes of a skill, published or not."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.serializers import TextField, validated
from taxonomy.api.base import SkillAPIView
from taxonomy.api.files import ContentSerializer, FilesField
from taxonomy.limits import configured_limits
from taxonomy.models.address import MAX_NAME_CHARS
from taxonomy.package import SkillPackage
from taxonomy.permissions import READ_SKILLS
from taxonomy.skillmd.findings import WaivedFinding
from taxonomy.skillmd.repair import fix
from taxonomy.skillmd.report import Report

STATUSES = ["passed", "warnings", "failed"]


class ValidateSerializer(ContentSerializer):
    """A skill to validate."""

    name = TextField(
        required=False,
        max_length=MAX_NAME_CHARS,
        help_text="The folder's name, if any; it must equal the skill's name.",
    )


class FindingSerializer(serializers.Serializer[Any]):
    rule = serializers.CharField()
    severity = serializers.ChoiceField(["critical", "error", "warning", "notice"])
    message = serializers.CharField()
    file = serializers.CharField()
    line = serializers.IntegerField(allow_null=True)
    field = serializers.CharField(required=False)
    snippet = serializers.CharField(required=False)
    why = serializers.CharField(required=False)
    fingerprint = serializers.CharField(
        required=False,
        help_text="Identifies a finding of the security scan in waivers.",
    )
    remedy = serializers.CharField()


class VerdictSerializer(serializers.Serializer[Any]):
    valid = serializers.BooleanField()
    errors = FindingSerializer(many=True)  # type: ignore[assignment]


class PortableSerializer(VerdictSerializer):
    warnings = FindingSerializer(many=True)


class CheckSerializer(serializers.Serializer[Any]):
    rule = serializers.CharField()
    title = serializers.CharField()
    weight = serializers.IntegerField()
    passed = serializers.BooleanField()


class ReportSerializer(serializers.Serializer[Any]):
    """Describes `Report.as_json` in the OpenAPI schema."""

    passed = serializers.BooleanField()
    status = serializers.ChoiceField(STATUSES)
    score = serializers.FloatField(help_text="0 to 1: the share of weighted checks.")
    spec = VerdictSerializer()
    portable = PortableSerializer()
    errors = FindingSerializer(many=True)  # type: ignore[assignment]
    warnings = FindingSerializer(many=True)
    notices = FindingSerializer(many=True)
    waived = FindingSerializer(many=True)
    checks = CheckSerializer(many=True)


class VerdictSummarySerializer(serializers.Serializer[Any]):
    """Status, score and numbers of findings; `POST …/validate` lists the findings."""

    status = serializers.ChoiceField(STATUSES)
    score = serializers.FloatField(help_text="0 to 1: the share of weighted checks.")
    errors = serializers.IntegerField()  # type: ignore[assignment]
    warnings = serializers.IntegerField()
    waived = serializers.IntegerField()
    judged_at = serializers.DateTimeField()


def verdict_of(source: str) -> VerdictSummarySerializer:
    """The field `validation` of a skill, or of an object with a skill at `source`."""
    return VerdictSummarySerializer(
        source=f"{source}.verdict" if source else "verdict",
        default=None,
        allow_null=True,
        help_text="Of the current version; null until it has been validated.",
    )


class QualitySerializer(ValidateSerializer):
    """Either a SKILL.md, a folder or a published skill."""

    skill = TextField(
        required=False,
        max_length=MAX_NAME_CHARS,
        help_text="The name, a former name or the UUID of a published skill.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        sent = attrs.keys() & {"content", "files", "skill"}
        if len(sent) != 1:
            message = "Send either content, files or skill."
            raise serializers.ValidationError({"content": [message]})
        return attrs


class AssessedCheckSerializer(CheckSerializer):
    findings = FindingSerializer(many=True)


class AssessmentSerializer(serializers.Serializer[Any]):
    """The quality, apart from the rules; `score` covers these checks only."""

    score = serializers.FloatField(help_text="0 to 1: the share of weighted checks.")
    checks = AssessedCheckSerializer(many=True)
    suggestions = serializers.ListField(
        child=serializers.CharField(),
        help_text="Remedies, by the weight of their checks.",
    )


class ChangeSerializer(serializers.Serializer[Any]):
    file = serializers.CharField()
    rule = serializers.CharField()
    what = serializers.CharField()


class FixedSerializer(serializers.Serializer[Any]):
    """The fixed files, the changes, and a report on what remains to be fixed."""

    files = FilesField(
        help_text='Path → text; {"text", "executable"} for executable text; {"base64",'
        ' "executable"} for other bytes.'
    )
    changes = ChangeSerializer(many=True)
    report = ReportSerializer()


class SkillValidation(SkillAPIView):
    """POST /skills/{ref}/validate"""

    required_permissions: ClassVar[dict[str, str | None]] = {"POST": READ_SKILLS}

    @extend_schema(
        operation_id="validate_published_skill",
        request=None,
        responses=ReportSerializer,
    )
    def post(self, request: Request, ref: str) -> Response:
        """Validate the current version again, and store the verdict."""
        return Response(self.skill().validate().as_json())


class Validation(APIView):
    """POST /skills/validate"""

    required_permissions: ClassVar[dict[str, str | None]] = {"POST": READ_SKILLS}

    @extend_schema(
        operation_id="validate_skill",
        request=ValidateSerializer,
        responses=ReportSerializer,
    )
    def post(self, request: Request) -> Response:
        """Validate a SKILL.md or a folder; 200 even if it fails. Nothing is stored."""
        serializer = validated(ValidateSerializer, request.data)
        package = SkillPackage(
            serializer.files_over(()),
            configured_limits(),
            serializer.validated_data.get("name"),
        )
        return Response(package.report.as_json())


class Quality(SkillAPIView):
    """The base of the three quality views, which store nothing."""

    required_permissions: ClassVar[dict[str, str | None]] = {"POST": READ_SKILLS}

    def package_and_waivers(
        self, request: Request
    ) -> tuple[SkillPackage, frozenset[WaivedFinding]]:
        """The files in the request; or the current version of a skill, and its waivers.

        Files that are not published have no waivers.
        """
        serializer = validated(QualitySerializer, request.data)
        if "skill" not in serializer.validated_data:
            name = serializer.validated_data.get("name")
            files = serializer.files_over(())
            return SkillPackage(files, configured_limits(), name), frozenset()
        self.kwargs["ref"] = serializer.validated_data["skill"]
        skill = self.skill()
        return skill.current.bundle.package(skill.name), skill.waivers.waived()


class QualityValidation(Quality):
    """POST /quality/validate"""

    @extend_schema(
        operation_id="validate_quality",
        request=QualitySerializer,
        responses=ReportSerializer,
    )
    def post(self, request: Request) -> Response:
        """Check all rules, the security scan and the quality; 200 even if it fails."""
        package, waived = self.package_and_waivers(request)
        report = package.report_with(waived)
        return Response(report.as_json())


class QualityAssessment(Quality):
    """POST /quality/assess"""

    @extend_schema(
        operation_id="assess_quality",
        request=QualitySerializer,
        responses=AssessmentSerializer,
    )
    def post(self, request: Request) -> Response:
        """Check whether agents can find and follow the skill, and suggest remedies."""
        package, waived = self.package_and_waivers(request)
        return Response(assessed(package.report_with(waived)))


def assessed(report: Report) -> dict[str, Any]:
    """The result of the quality checks alone, with remedies by weight."""
    checks = [check for check in report.checks if check.rule.startswith("quality.")]
    passed = sum(check.weight for check in checks if check.passed)
    failed = sorted(
        (check for check in checks if not check.passed), key=lambda it: -it.weight
    )
    advice = [each.remedy for check in failed for each in check.findings]
    return {
        "score": round(passed / sum(check.weight for check in checks), 4),
        "checks": [
            {
                "rule": check.rule,
                "title": check.title,
                "weight": check.weight,
                "passed": check.passed,
                "findings": [each.as_json() for each in check.findings],
            }
            for check in checks
        ],
        "suggestions": list(dict.fromkeys(advice)),
    }


class QualityFix(Quality):
    """POST /quality/fix"""

    @extend_schema(
        operation_id="fix_quality",
        request=QualitySerializer,
        responses=FixedSerializer,
    )
    def post(self, request: Request) -> Response:
        """Fix what can be fixed automatically; returns the files, publishes nothing."""
        package, waived = self.package_and_waivers(request)
        fixed = fix(package.files, package.limits)
        repaired = SkillPackage(fixed.files, package.limits, package.folder_name)
        report = repaired.report_with(waived)
        return Response(
            {
                "files": FilesField().to_representation(fixed.files),
                "changes": [change.as_json() for change in fixed.changes],
                "report": report.as_json(),
            }
        )
