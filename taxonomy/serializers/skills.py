"""Skills, their versions and files as JSON."""

import re
from typing import Any

from django.conf import settings
from rest_framework import serializers

from core.serializers import TextField
from taxonomy.models import Label, Skill
from taxonomy.models.address import MAX_NAME_CHARS, MAX_PATH_CHARS
from taxonomy.models.verdict import Verdict
from taxonomy.models.version import BY_DIGEST, MAX_REF_CHARS
from taxonomy.serializers.files import ContentSerializer
from taxonomy.serializers.labels import LABELS, LabelSetSerializer, labels_of
from taxonomy.serializers.verdicts import verdict_of

DIGEST = re.compile("[0-9a-f]{64}")
ORDERINGS = ("name", "-name", "created_at", "-created_at", "updated_at", "-updated_at")


class SkillFilters(serializers.Serializer[Any]):
    """Query parameters of the list."""

    q = serializers.CharField(
        required=False,
        max_length=settings.SKILLFLEET_MAX_QUERY_CHARS,
        help_text="Words, the last one perhaps begun, or a sentence; best first.",
    )
    category = serializers.CharField(
        required=False,
        max_length=MAX_PATH_CHARS,
        help_text="A category's path; those below it are included.",
    )
    path = serializers.CharField(
        required=False,
        max_length=MAX_PATH_CHARS + MAX_NAME_CHARS + 1,
        help_text="A skill's path, or the beginning of it up to a slash.",
    )
    tag = serializers.CharField(required=False, max_length=200)
    keyword = serializers.CharField(required=False, max_length=200)
    capability = serializers.CharField(required=False, max_length=200)
    tool = serializers.CharField(required=False, max_length=200)
    facet = serializers.CharField(
        required=False, max_length=200, help_text="As in language=python."
    )
    type = serializers.ChoiceField(Skill.Type.choices, required=False)
    weight = serializers.ChoiceField(Skill.Weight.choices, required=False)
    load_priority = serializers.ChoiceField(Skill.LoadPriority.choices, required=False)
    style = serializers.ChoiceField(  # type: ignore[assignment]  # of Field, unused
        Skill.Style.choices, required=False
    )
    status = serializers.ChoiceField(
        Skill.Status.choices, required=False, default=Skill.Status.ACTIVE
    )
    validation = serializers.ChoiceField(
        Verdict.Status.choices, required=False, help_text="What validation says."
    )
    ordering = serializers.ChoiceField(
        ORDERINGS, required=False, help_text="By name, or by rank when there is a q."
    )
    facets = serializers.BooleanField(
        default=False, help_text="Count what each filter would leave, too."
    )


class SkillItemSerializer(serializers.ModelSerializer[Skill]):
    """A skill as lists show it."""

    category = serializers.CharField(source="category.path")
    path = serializers.CharField()
    version = serializers.CharField(source="current.number")
    keywords = serializers.SerializerMethodField()
    tags = serializers.SerializerMethodField()
    validation = verdict_of("")

    class Meta:
        model = Skill
        fields: tuple[str, ...] = (
            "uuid",
            "name",
            "path",
            "category",
            "description",
            "type",
            "weight",
            "load_priority",
            "style",
            "status",
            "version",
            "keywords",
            "tags",
            "validation",
            "created_at",
            "updated_at",
        )

    def get_keywords(self, skill: Skill) -> list[str]:
        return labels_of(skill, Label.Kind.KEYWORD)

    def get_tags(self, skill: Skill) -> list[str]:
        return labels_of(skill, Label.Kind.TAG)


class SkillFoundSerializer(SkillItemSerializer):
    """A skill as the list shows it, and why a search found it."""

    score = serializers.FloatField(
        default=None,
        allow_null=True,
        help_text="Of two in one answer the better match has the higher one.",
    )
    highlights = serializers.DictField(
        child=serializers.CharField(),
        default=None,
        allow_null=True,
        help_text="By field (name, description, body): HTML, the words in <mark>.",
    )

    class Meta(SkillItemSerializer.Meta):
        fields = (*SkillItemSerializer.Meta.fields, "score", "highlights")


class RelationSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    target = serializers.CharField(source="told_name")


class SkillDetailSerializer(SkillItemSerializer):
    """A skill with all that its current version says."""

    capabilities = serializers.SerializerMethodField()
    facets = serializers.SerializerMethodField()
    allowed_tools = serializers.SerializerMethodField()
    aliases = serializers.SerializerMethodField()
    relations = RelationSerializer(many=True)
    replacement = serializers.SerializerMethodField()
    frontmatter = serializers.DictField(source="current.frontmatter")
    body = serializers.CharField(source="current.body")
    digest = serializers.CharField(source="current.bundle_id")
    author = serializers.CharField(
        source="current.author.username", default=None, allow_null=True
    )

    class Meta(SkillItemSerializer.Meta):
        fields = (
            *SkillItemSerializer.Meta.fields,
            "capabilities",
            "facets",
            "allowed_tools",
            "aliases",
            "relations",
            "deprecated_reason",
            "replacement",
            "frontmatter",
            "body",
            "digest",
            "author",
        )

    def get_replacement(self, skill: Skill) -> str | None:
        """None also when it was archived since."""
        instead = skill.replacement
        return instead.name if instead and not instead.is_archived else None

    def get_capabilities(self, skill: Skill) -> list[str]:
        return labels_of(skill, Label.Kind.CAPABILITY)

    def get_facets(self, skill: Skill) -> list[str]:
        return labels_of(skill, Label.Kind.FACET)

    def get_allowed_tools(self, skill: Skill) -> list[str]:
        return labels_of(skill, Label.Kind.TOOL)

    def get_aliases(self, skill: Skill) -> list[str]:
        return sorted(each.path for each in skill.addresses.all() if not each.current)


class PublishSerializer(ContentSerializer):
    """What a curator publishes under a name."""

    category = TextField(
        required=False,
        max_length=MAX_PATH_CHARS,
        help_text="A category's path; without it the skill stays where it is.",
    )
    version = TextField(
        required=False,
        max_length=64,
        help_text="Higher than all published ones; without it `metadata.version` of the"
        " frontmatter if that is higher, else the next patch.",
    )
    change_summary = TextField(
        required=False,
        allow_blank=True,
        default="",
        max_length=settings.SKILLFLEET_MAX_SUMMARY_CHARS,
    )
    based_on = TextField(
        required=False,
        allow_blank=True,
        max_length=MAX_REF_CHARS,
        help_text="The digest that this was made from, else a 409; empty: a new skill.",
    )

    def validate_based_on(self, sent: str) -> str:
        digest = sent.removeprefix(BY_DIGEST)
        if sent and not DIGEST.fullmatch(digest):
            raise serializers.ValidationError("Send a version's digest: 64 hex digits.")
        return digest


class SkillChangeSerializer(LabelSetSerializer):
    """What can be changed of a skill; only another name makes a new version."""

    name = TextField(
        required=False,
        max_length=MAX_NAME_CHARS,
        help_text="The former name goes on resolving and stays taken.",
    )
    category = TextField(required=False, max_length=MAX_PATH_CHARS)
    type = serializers.ChoiceField(Skill.Type.choices, required=False)
    weight = serializers.ChoiceField(Skill.Weight.choices, required=False)
    load_priority = serializers.ChoiceField(Skill.LoadPriority.choices, required=False)
    style = serializers.ChoiceField(  # type: ignore[assignment]  # of Field, unused
        Skill.Style.choices, required=False
    )
    status = serializers.ChoiceField(Skill.Status.choices, required=False)

    @property
    def labels(self) -> dict[Label.Kind, list[str]]:
        """By kind, for those that were sent."""
        return self.by_kind(self.validated_data)

    @property
    def others(self) -> dict[str, str]:
        """What was sent beside labels."""
        sent = self.validated_data
        return {name: sent[name] for name in sent.keys() - LABELS.keys()}
