"""What a curator changes of a skill beside its text, each by the skill's own verb."""

from typing import Any

from django import forms
from django.contrib.auth.models import User
from unfold.enums import ActionVariant

from taxonomy.admin import fields
from taxonomy.admin.rights import holds
from taxonomy.admin.verbs import Verb
from taxonomy.models import Label, Relation, Skill
from taxonomy.models.paths import MAX_NAME_CHARS
from taxonomy.models.version import MAX_REASON_CHARS
from taxonomy.permissions import PUBLISH_SKILLS
from taxonomy.serializers.labels import LABELS, labels_of

VERSIONS_OFFERED = 100
ONE_A_LINE = "One in each line."


class RenameForm(forms.Form):
    name = fields.line(
        max_length=MAX_NAME_CHARS,
        help_text="Lower-case words with single hyphens; it makes a new version.",
    )


class DeprecateForm(forms.Form):
    reason = fields.line(max_length=MAX_REASON_CHARS, required=False)
    replacement = fields.line(
        max_length=MAX_NAME_CHARS,
        required=False,
        help_text="The name of an active skill to use instead.",
    )


class LabelsForm(forms.Form):
    keywords = fields.lines("SKILLFLEET_MAX_LABELS", help_text=ONE_A_LINE)
    tags = fields.lines("SKILLFLEET_MAX_LABELS", help_text=ONE_A_LINE)
    capabilities = fields.lines("SKILLFLEET_MAX_LABELS", help_text=ONE_A_LINE)
    facets = fields.lines(
        "SKILLFLEET_MAX_LABELS",
        help_text="One in each line, as name=value; the facets define both.",
    )


class RelationsForm(forms.Form):
    required = fields.lines("SKILLFLEET_MAX_RELATIONS", help_text=ONE_A_LINE)
    recommended = fields.lines("SKILLFLEET_MAX_RELATIONS", help_text=ONE_A_LINE)
    conflict = fields.lines("SKILLFLEET_MAX_RELATIONS", help_text=ONE_A_LINE)
    see_also = fields.lines("SKILLFLEET_MAX_RELATIONS", help_text=ONE_A_LINE)


def rollback_form(skill: Skill) -> type[forms.Form]:
    offered = skill.versions.filter(yanked_at=None).exclude(pk=skill.current_id)
    numbers = list(offered.values_list("number", flat=True)[:VERSIONS_OFFERED])

    class RollbackForm(forms.Form):
        version = fields.one_of([(number, number) for number in numbers])

    return RollbackForm


def rename(skill: Skill, user: User, answers: dict[str, Any]) -> str:
    former = skill.name
    skill.revise(name=answers["name"], author=user)
    return f"{former} is {skill.name} now; the former name resolves on."


def roll_back(skill: Skill, user: User, answers: dict[str, Any]) -> str:
    skill.roll_back(answers["version"])
    return f"{skill.name} is read from {answers['version']} now."


def deprecate(skill: Skill, user: User, answers: dict[str, Any]) -> str:
    skill.deprecate(answers["reason"], answers["replacement"] or None)
    return f"{skill.name} is deprecated now."


def label(skill: Skill, user: User, answers: dict[str, Any]) -> str:
    skill.revise(labels={kind: answers[name] for name, kind in LABELS.items()})
    return f"{skill.name} is labelled."


def relate(skill: Skill, user: User, answers: dict[str, Any]) -> str:
    Relation.objects.relate(skill, {kind: answers[kind] for kind in Relation.Kind})
    return f"{skill.name} is related."


def labels_now(skill: Skill) -> dict[str, str]:
    return {
        name: "\n".join(labels_of(skill, Label.Kind(kind)))
        for name, kind in LABELS.items()
    }


def relations_now(skill: Skill) -> dict[str, str]:
    pointing = skill.relations.select_related("target")
    return {
        kind: "\n".join(each.shown_name for each in pointing if each.kind == kind)
        for kind in Relation.Kind
    }


def not_archived(skill: Skill) -> bool:
    return skill.status != Skill.Status.ARCHIVED


DEPRECATE = Verb(
    "deprecate",
    "Deprecate",
    deprecate,
    may=holds(PUBLISH_SKILLS),
    fits=lambda skill: skill.status == Skill.Status.ACTIVE,
    form=lambda skill: DeprecateForm,
    intro="It stays readable and is no longer offered to agents.",
    icon="history_toggle_off",
    variant=ActionVariant.WARNING,
)
EDITS = (
    Verb(
        "label",
        "Label",
        label,
        may=holds(PUBLISH_SKILLS),
        form=lambda skill: LabelsForm,
        initial=labels_now,
        intro="The next version's frontmatter replaces what it names again.",
        icon="label",
    ),
    Verb(
        "relate",
        "Relate",
        relate,
        may=holds(PUBLISH_SKILLS),
        form=lambda skill: RelationsForm,
        initial=relations_now,
        intro="Names of skills; one that no skill has yet waits for its skill.",
        icon="share",
    ),
    Verb(
        "rename",
        "Rename",
        rename,
        may=holds(PUBLISH_SKILLS),
        fits=not_archived,
        form=lambda skill: RenameForm,
        initial=lambda skill: {"name": skill.name},
        intro="Its former name stays taken and goes on resolving.",
        icon="edit",
    ),
    Verb(
        "roll-back",
        "Roll back",
        roll_back,
        may=holds(PUBLISH_SKILLS),
        fits=not_archived,
        form=rollback_form,
        intro="Another version is read from now on; none is copied or lost.",
        icon="undo",
    ),
)
