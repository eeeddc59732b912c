"""Skills in the admin once more, with a button that asks for their next version."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from unfold.enums import ActionVariant

from core.admin import fields
from core.admin.base import Verb, holds
from jobs.exceptions import JobError
from jobs.lifecycle import create_refinement_job
from jobs.permissions import SUBMIT
from taxonomy.admin.skill import SkillAdmin
from taxonomy.models import Skill


class RefinementForm(forms.Form):
    feedback = fields.paragraph(
        max_length=settings.SKILLFLEET_MAX_TASK_CHARS,
        help_text="What should be different in the next version.",
    )
    focus_areas = fields.paragraph(
        required=False,
        max_length=settings.SKILLFLEET_MAX_TASK_CHARS,
        help_text="Headings of parts that it is about, one a line.",
    )


def refine(skill: Skill, user: User, answers: dict[str, Any]) -> str:
    areas = [line for line in answers["focus_areas"].splitlines() if line.strip()]
    job = create_refinement_job(user, skill, answers["feedback"], focus_areas=areas)
    return f"Job {job.pk} is to write the next version."


def is_in_use(skill: Skill) -> bool:
    return skill.status != Skill.Status.ARCHIVED


admin.site.unregister(Skill)


@admin.register(Skill)
class RefinableSkillAdmin(SkillAdmin):
    refusals = (*SkillAdmin.refusals, JobError)
    verbs = (
        *SkillAdmin.verbs,
        Verb(
            "refine",
            "Refine",
            refine,
            may=holds(SUBMIT),
            fits=is_in_use,
            form=lambda skill: RefinementForm,
            intro="A job writes its next version, which a curator promotes.",
            icon="auto_fix_high",
            variant=ActionVariant.DEFAULT,
        ),
    )
