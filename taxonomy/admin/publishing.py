"""A new version of a skill, from the text of its SKILL.md."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from unfold.enums import ActionVariant

from core.admin import fields
from core.admin.base import RebasedForm, Verb, holds
from taxonomy.admin.changes import Values
from taxonomy.exceptions import SkillChanged
from taxonomy.files.file import File, as_files
from taxonomy.models import Skill
from taxonomy.permissions import PUBLISH_SKILLS

SKILL_MD = "SKILL.md"
VERSION_CHARS = 64


class EditionForm(RebasedForm):
    based_on = forms.CharField(widget=forms.HiddenInput, required=False)
    content = fields.paragraph(
        rows=24,
        label=SKILL_MD,
        strip=False,
        max_length=settings.SKILLFLEET_MAX_FILE_BYTES,
        help_text="The whole file, frontmatter first. The other files stay.",
    )
    version = fields.line(
        max_length=VERSION_CHARS,
        required=False,
        help_text="A higher number than every published one; empty: the next patch.",
    )
    change_summary = fields.paragraph(
        max_length=settings.SKILLFLEET_MAX_SUMMARY_CHARS, required=False
    )

    def clean_content(self) -> str:
        """Browsers send line ends as CRLF; the file has none."""
        return str(self.cleaned_data["content"]).replace("\r\n", "\n")

    def rebase(self, today: Values) -> None:
        """All that was typed stays."""
        self.data = self.data.copy()
        self.data["based_on"] = today["based_on"]


def publish(skill: Skill, user: User, answers: dict[str, Any]) -> str:
    current, based_on = skill.current.bundle, answers["based_on"]
    try:
        if based_on != current.pk:  # the other files would be of another version
            raise SkillChanged
        others = [file for file in current.files() if file.path != SKILL_MD]
        published = Skill.objects.publish(
            as_files([*others, File(SKILL_MD, answers["content"].encode())]),
            author=user,
            number=answers["version"] or None,
            change_summary=answers["change_summary"],
            name=skill.name,
            based_on=based_on,
        )
    except SkillChanged:
        raise SkillChanged(newer_than(skill)) from None
    if not published.changed:
        return f"These are the bytes of {published.version.number}: nothing to publish."
    return f"Published {skill.name} {published.version.number}."


def newer_than(skill: Skill) -> str:
    skill.refresh_from_db()
    number = skill.current.number
    return (
        f"Since you opened this page {number} has become the current version. Your text"
        f" is kept here: read {number} on the skill's page, bring into your text what"
        f" shall stay of it, and send it again, to be the version after {number}."
    )


def current_text(skill: Skill) -> dict[str, Any]:
    bundle = skill.current.bundle
    file = bundle.file(SKILL_MD)
    text = file.content.decode(errors="replace") if file else ""
    return {"content": text, "based_on": bundle.pk}


PUBLISH = Verb(
    "publish",
    "Publish a new version",
    publish,
    may=holds(PUBLISH_SKILLS),
    fits=lambda skill: skill.status != Skill.Status.ARCHIVED,
    form=lambda skill: EditionForm,
    initial=current_text,
    icon="publish",
    variant=ActionVariant.PRIMARY,
)
