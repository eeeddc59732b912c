"""Findings and waivers on the pages of skills and drafts, with their forms."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.utils.html import format_html
from django.utils.http import urlencode

from core.admin import fields
from core.admin.base import Panel, badge
from taxonomy.models import Verdict
from taxonomy.models.verdict import MAX_REASON_CHARS
from taxonomy.skillmd.findings import FindingFilter
from taxonomy.validation import outdated_skills

COLOURS = {
    "critical": "danger",
    "error": "danger",
    "warning": "warning",
    "notice": "info",
}
VERDICT_COLOURS = {
    Verdict.Status.PASSED: "success",
    Verdict.Status.WARNINGS: "warning",
    Verdict.Status.FAILED: "danger",
}
OPEN = ("errors", "warnings", "notices")

Report = Mapping[str, Any]
"""As returned by `skillmd.report.Report.as_json`."""


def verdict_badge(verdict: Verdict | None) -> str | None:
    if verdict is None:
        return None
    status = Verdict.Status(verdict.status)
    return badge(f"{status.label} {verdict.score:.0%}", VERDICT_COLOURS[status])


class ValidatedByFilter(admin.SimpleListFilter):
    title = "validation rules"
    parameter_name = "rules"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        return [("others", "Older rules (workers validate again)")]

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(pk__in=outdated_skills()) if self.value() else queryset


def open_findings(report: Report) -> list[dict[str, Any]]:
    findings = (each for kind in OPEN for each in report.get(kind, ()))
    return [each for each in findings if isinstance(each, dict)]


def open_risks(report: Report) -> list[dict[str, Any]]:
    """The open findings of the security scan, which can be waived."""
    return [each for each in open_findings(report) if each.get("fingerprint")]


def place_of(finding: Mapping[str, Any]) -> str:
    parts = (finding.get("file"), finding.get("line"))
    return ":".join(str(part) for part in parts if part)


def findings_panel(report: Report, waive_at: str = "") -> Panel:
    """`waive_at`: the page for waiving; empty for users who may not waive."""
    return Panel(
        "Validation findings",
        headers=("Severity", "Where", "Finding", "What to do", ""),
        rows=[
            (
                badge(each["severity"], COLOURS.get(each["severity"], "default")),
                place_of(each),
                message_of(each),
                each.get("remedy", ""),
                action("Waive", waive_at, finding=each.get("fingerprint")),
            )
            for each in open_findings(report)
        ],
        empty="There are no findings.",
        warning=report.get("status") == Verdict.Status.FAILED,
    )


def message_of(finding: Mapping[str, Any]) -> str:
    """The message with its rule, and the line in question."""
    return format_html(
        "{} <small>{}</small>{}",
        finding.get("message", ""),
        finding.get("rule", ""),
        format_html("<br><code>{}</code>", finding["snippet"])
        if finding.get("snippet")
        else "",
    )


def waivers_panel(waivers: Any, revoke_at: str = "") -> Panel:
    return Panel(
        "Waivers",
        headers=("Rule", "Where", "Reason", "By", "At", "Revoked", ""),
        rows=[
            (
                each.rule,
                place_of({"file": each.file, "line": each.line}),
                each.reason,
                each.person,
                each.granted_at,
                f"{each.revoked_at:%Y-%m-%d %H:%M} by {each.revoked_by}"
                if each.revoked_at
                else None,
                "" if each.revoked_at else action("Revoke", revoke_at, waiver=each.pk),
            )
            for each in waivers.with_people()
        ],
        empty="There are no waivers.",
    )


def action(label: str, address: str, **chosen: Any) -> str:
    """A link to an action's page with a preset choice; empty without an address."""
    if not address or None in chosen.values():
        return ""
    return format_html('<a href="{}?{}">{}</a>', address, urlencode(chosen), label)


def waive_form(report: Report) -> type[forms.Form]:
    """A form that offers the open findings of the security scan."""
    choices = [
        (each["fingerprint"], f"{place_of(each)} {each['message']} ({each['rule']})")
        for each in open_risks(report)
    ]

    class WaiveForm(forms.Form):
        finding = fields.checkboxes(choices, label="Findings")
        reason = fields.paragraph(
            max_length=MAX_REASON_CHARS,
            help_text="Why this is no risk here, for later reviewers.",
        )

    return WaiveForm


def revoke_form(waivers: Any) -> type[forms.Form]:
    """A form that offers the active waivers."""
    active = waivers.active()

    class RevokeForm(forms.Form):
        waiver = fields.radio([(each.pk, f"{each}: {each.reason}") for each in active])

    return RevokeForm


def chosen(answers: Mapping[str, Any]) -> FindingFilter:
    """The findings that the user selected in the form."""
    return FindingFilter(fingerprints=frozenset(answers["finding"]))


def counted(rows: Iterable[Any]) -> str:
    number = len(list(rows))
    return f"{number} finding{'' if number == 1 else 's'} waived."
