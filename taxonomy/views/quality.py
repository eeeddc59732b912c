"""Looking at a skill's quality, and mending what a machine can mend."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from taxonomy.files.file import Files
from taxonomy.package import configured_limits
from taxonomy.permissions import READ_SKILLS
from taxonomy.serializers.files import FilesField
from taxonomy.serializers.quality import (
    AssessmentSerializer,
    FixedSerializer,
    QualitySerializer,
)
from taxonomy.serializers.validation import ReportSerializer
from taxonomy.skillmd.findings import Waived
from taxonomy.skillmd.repair import fix
from taxonomy.skillmd.report import Report, validate
from taxonomy.views.base import SkillReading


class Quality(SkillReading):
    """What the three have in common; nothing is stored."""

    required_permissions: ClassVar[dict[str, str | None]] = {"POST": READ_SKILLS}

    def sent(self, request: Request) -> tuple[Files, str | None, frozenset[Waived]]:
        """Files, the folder's name if there is one, and what is waived in them."""
        serializer = QualitySerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        if "skill" not in serializer.validated_data:
            name = serializer.validated_data.get("name")
            return serializer.files_over(()), name, frozenset()
        self.kwargs["ref"] = serializer.validated_data["skill"]
        skill = self.skill()
        return skill.current.bundle.files(), skill.name, skill.waivers.waived()


class QualityValidation(Quality):
    """POST /quality/validate"""

    @extend_schema(
        operation_id="validate_quality",
        request=QualitySerializer,
        responses=ReportSerializer,
    )
    def post(self, request: Request) -> Response:
        """All rules, the security scan and the quality; 200 also when it fails."""
        files, name, waived = self.sent(request)
        report = validate(files, name, configured_limits(), waived)
        return Response(report.as_json())


class QualityAssessment(Quality):
    """POST /quality/assess"""

    @extend_schema(
        operation_id="assess_quality",
        request=QualitySerializer,
        responses=AssessmentSerializer,
    )
    def post(self, request: Request) -> Response:
        """Whether agents find it and can follow it: each check, and what to do."""
        files, name, waived = self.sent(request)
        return Response(assessed(validate(files, name, configured_limits(), waived)))


def assessed(report: Report) -> dict[str, Any]:
    checks = [check for check in report.checks if check.rule.startswith("quality.")]
    passed = sum(check.weight for check in checks if check.passed)
    failed = sorted(
        (check for check in checks if not check.passed), key=lambda it: -it.weight
    )
    advice = [found.remedy for check in failed for found in check.findings]
    return {
        "score": round(passed / sum(check.weight for check in checks), 4),
        "checks": [
            {
                "rule": check.rule,
                "title": check.title,
                "weight": check.weight,
                "passed": check.passed,
                "findings": [found.as_json() for found in check.findings],
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
        """Mend what needs no judgement, and say what that was; publish it yourself."""
        files, name, waived = self.sent(request)
        fixed = fix(files, configured_limits())
        report = validate(fixed.files, name, configured_limits(), waived)
        return Response(
            {
                "files": FilesField().to_representation(fixed.files),
                "changes": [vars(change) for change in fixed.changes],
                "report": report.as_json(),
            }
        )
