"""Actions of curators on a skill: publish, classify, label, relate, rename."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from unfold.enums import ActionVariant

from core.admin import fields
from core.admin.base import RebasedForm, Verb, holds
from taxonomy.admin.change_forms import (
    MADE_FROM,
    ChangeForm,
    Values,
    category_field,
    changed_lines,
    check_unchanged,
)
from taxonomy.api.labels import LABELS, labels_of
from taxonomy.exceptions import InvalidRelation, SkillChanged
from taxonomy.files.gate import File, as_files
from taxonomy.models import Label, Relation, Skill
from taxonomy.models.address import MAX_NAME_CHARS
from taxonomy.models.relation import lock_relations
from taxonomy.models.version import MAX_REASON_CHARS, MAX_VERSION_CHARS
from taxonomy.package import MAX_LABEL_CHARS
from taxonomy.permissions import PUBLISH_SKILLS
from taxonomy.skillmd.document import SKILL_MD

VERSIONS_OFFERED = 100
ONE_A_LINE = "One per line."


class PlaceForm(ChangeForm):
    category = category_field(empty_label=None)
    type = fields.one_of(Skill.Type.choices)
    weight = fields.one_of(Skill.Weight.choices)
    load_priority = fields.one_of(Skill.LoadPriority.choices)
    style = fields.one_of(Skill.Style.choices)


class RenameForm(ChangeForm):
    name = fields.line(
        max_length=MAX_NAME_CHARS,
        help_text="Lower-case words with hyphens. Renaming publishes a new version.",
    )


class DeprecateForm(forms.Form):
    reason = fields.line(max_length=MAX_REASON_CHARS, required=False)
    replacement = fields.line(
        max_length=MAX_NAME_CHARS,
        required=False,
        help_text="The name of an active skill to use instead.",
    )


def label_lines(help_text: str = ONE_A_LINE) -> fields.LinesField:
    return fields.lines("SKILLFLEET_MAX_LABELS", MAX_LABEL_CHARS, help_text=help_text)


class LabelsForm(ChangeForm):
    keywords = label_lines()
    tags = label_lines()
    capabilities = label_lines()
    facets = label_lines(
        "One per line, as name=value (language=python): the name of a defined"
        " facet, and a value that it allows.",
    )


def name_lines() -> fields.LinesField:
    return fields.lines(
        "SKILLFLEET_MAX_RELATIONS", MAX_LABEL_CHARS, help_text=ONE_A_LINE
    )


class RelationsForm(ChangeForm):
    required = name_lines()
    recommended = name_lines()
    conflict = name_lines()
    see_also = name_lines()


def rollback_form(skill: Skill) -> type[forms.Form]:
    offered = skill.versions.filter(yanked_at=None).exclude(pk=skill.current_id)
    numbers = list(offered.values_list("number", flat=True)[:VERSIONS_OFFERED])

    class RollbackForm(forms.Form):
        version = fields.one_of([(number, number) for number in numbers])

    return RollbackForm


def place(skill: Skill, user: User, answers: dict[str, Any]) -> str:
    with transaction.atomic():
        check_unchanged(answers, traits(skill.locked()))
        if "category" in answers:
            answers["category"] = answers["category"].path
        skill.revise(**answers)
    return f"{skill.name} was changed. Its path is {skill.path}."


def rename(skill: Skill, user: User, answers: dict[str, Any]) -> str:
    former = skill.name
    check_unchanged(answers, {"name": Skill.objects.get(pk=skill.pk).name})
    skill.revise(author=user, **answers)
    return f"{former} was renamed to {skill.name}. The former name still resolves."


def roll_back(skill: Skill, user: User, answers: dict[str, Any]) -> str:
    skill.roll_back(answers["version"])
    return f"The current version of {skill.name} is {answers['version']} now."


def deprecate(skill: Skill, user: User, answers: dict[str, Any]) -> str:
    skill.deprecate(answers["reason"], answers["replacement"] or None)
    return f"{skill.name} was deprecated."


def label(skill: Skill, user: User, answers: dict[str, Any]) -> str:
    """Concurrent changes of other lines are kept."""
    made_from = answers.pop(MADE_FROM)
    add, remove = {}, {}
    for name, lines in answers.items():
        kind = LABELS[name]
        add[kind], remove[kind] = changed_lines(made_from[name], lines)
    skill.relabel(add, remove)
    return f"The labels of {skill.name} were changed."


def relate(skill: Skill, user: User, answers: dict[str, Any]) -> str:
    """Concurrent changes of other lines are kept."""
    made_from = answers.pop(MADE_FROM)
    with transaction.atomic():
        lock_relations()
        current = relations_now(skill)
        names = {}
        for kind, lines in answers.items():
            added, removed = changed_lines(made_from[kind], lines)
            existing = set(current[kind].splitlines())
            names[Relation.Kind(kind)] = (existing - removed) | added
            check_number(kind, names[Relation.Kind(kind)])
        Relation.objects.relate(skill, names)
    return f"The relations of {skill.name} were changed."


def check_number(kind: str, names: set[str]) -> None:
    limit = settings.SKILLFLEET_MAX_RELATIONS
    if len(names) > limit:
        raise InvalidRelation(**{kind: f"{len(names)} names in all, at most {limit}."})


def traits(skill: Skill) -> dict[str, Any]:
    names = ("type", "weight", "load_priority", "style")
    return {"category": skill.category.path} | {
        trait: getattr(skill, trait) for trait in names
    }


def labels_now(skill: Skill) -> dict[str, str]:
    return {
        name: "\n".join(labels_of(skill, Label.Kind(kind)))
        for name, kind in LABELS.items()
    }


def relations_now(skill: Skill) -> dict[str, str]:
    relations = skill.relations.select_related("target")
    return {
        kind: "\n".join(each.current_name for each in relations if each.kind == kind)
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
    form=DeprecateForm,
    intro="The skill stays readable but is no longer offered to agents.",
    icon="history_toggle_off",
    variant=ActionVariant.WARNING,
)
EDITS = (
    Verb(
        "place",
        "Place and classify",
        place,
        may=holds(PUBLISH_SKILLS),
        form=PlaceForm,
        initial=traits,
        icon="drive_file_move",
    ),
    Verb(
        "label",
        "Label",
        label,
        may=holds(PUBLISH_SKILLS),
        form=LabelsForm,
        initial=labels_now,
        intro="Kinds of labels that the next version's frontmatter names are replaced.",
        icon="label",
    ),
    Verb(
        "relate",
        "Relate",
        relate,
        may=holds(PUBLISH_SKILLS),
        form=RelationsForm,
        initial=relations_now,
        intro="Names of skills, which may not exist yet.",
        icon="share",
    ),
    Verb(
        "rename",
        "Rename",
        rename,
        may=holds(PUBLISH_SKILLS),
        fits=not_archived,
        form=RenameForm,
        initial=lambda skill: {"name": skill.name},
        intro="The former name stays reserved and still resolves.",
        icon="edit",
    ),
    Verb(
        "roll-back",
        "Roll back",
        roll_back,
        may=holds(PUBLISH_SKILLS),
        fits=not_archived,
        form_of=rollback_form,
        intro="Another version becomes current. No version is copied or deleted.",
        icon="undo",
    ),
)


class EditionForm(RebasedForm):
    based_on = forms.CharField(widget=forms.HiddenInput, required=False)
    content = fields.paragraph(
        rows=24,
        label=SKILL_MD,
        strip=False,
        max_length=settings.SKILLFLEET_MAX_FILE_BYTES,
        help_text="The whole file, frontmatter first. The other files are kept.",
    )
    version = fields.line(
        max_length=MAX_VERSION_CHARS,
        required=False,
        help_text="Higher than all published versions. Empty: the next patch.",
    )
    change_summary = fields.paragraph(
        max_length=settings.SKILLFLEET_MAX_SUMMARY_CHARS, required=False
    )

    def clean_content(self) -> str:
        """Convert CRLF, which browsers send, to LF."""
        return str(self.cleaned_data["content"]).replace("\r\n", "\n")

    def rebase(self, current: Values) -> None:
        """Keep the user's input, and base it on the current version."""
        self.data = self.data.copy()
        self.data["based_on"] = current["based_on"]


def publish(skill: Skill, user: User, answers: dict[str, Any]) -> str:
    current, based_on = skill.current.bundle, answers["based_on"]
    try:
        if based_on != current.pk:  # the other files are from another version
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
        return f"Nothing to publish: version {published.version.number} is the same."
    return f"Published {skill.name} {published.version.number}."


def newer_than(skill: Skill) -> str:
    skill.refresh_from_db()
    number = skill.current.number
    return (
        f"Version {number} was published since you opened this page. Your text is kept"
        f" here. Read {number} on the skill's page, add to your text what you want to"
        f" keep of it, and send it again: it becomes the version after {number}."
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
    fits=not_archived,
    form=EditionForm,
    initial=current_text,
    icon="publish",
    variant=ActionVariant.PRIMARY,
)
