"""Skills: the list, one skill, and publishing it."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import generics, serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from cachelayer import add_cache_tags, cache_endpoint
from core.pagination import PAGE_PARAMS, Pages
from core.serializers import TextField, validated
from taxonomy.api.base import PersonalFieldsSerializer, SkillAPIView
from taxonomy.api.files import ContentSerializer
from taxonomy.api.labels import LABELS, LabelSetSerializer, LabelsField
from taxonomy.api.quality import verdict_of
from taxonomy.exceptions import SkillChanged
from taxonomy.limits import configured_limits
from taxonomy.models import Category, Label, Skill
from taxonomy.models.address import MAX_NAME_CHARS, MAX_PATH_CHARS
from taxonomy.models.skill import SkillQuerySet
from taxonomy.models.verdict import Verdict
from taxonomy.models.version import BY_DIGEST, MAX_REF_CHARS, MAX_VERSION_CHARS
from taxonomy.package import SkillPackage
from taxonomy.permissions import PUBLISH_SKILLS, READ_SKILLS
from taxonomy.search.facets import facets
from taxonomy.search.results import SearchResults, search

DIGEST = re.compile("[0-9a-f]{64}")
ORDERINGS = ("name", "-name", "created_at", "-created_at", "updated_at", "-updated_at")


class SkillFilters(serializers.Serializer[Any]):
    """Query parameters of the list."""

    q = serializers.CharField(
        required=False,
        max_length=settings.SKILLFLEET_MAX_QUERY_CHARS,
        help_text="Words (the last may be incomplete) or a sentence. Best first.",
    )
    category = serializers.CharField(
        required=False,
        max_length=MAX_PATH_CHARS,
        help_text="A category's path; its subcategories are included.",
    )
    path = serializers.CharField(
        required=False,
        max_length=MAX_PATH_CHARS + MAX_NAME_CHARS + 1,
        help_text="A skill's path, or its start up to a slash.",
    )
    tag = serializers.CharField(required=False, max_length=200)
    keyword = serializers.CharField(required=False, max_length=200)
    capability = serializers.CharField(required=False, max_length=200)
    tool = serializers.CharField(required=False, max_length=200)
    facet = serializers.CharField(
        required=False, max_length=200, help_text="For example language=python."
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
        Verdict.Status.choices,
        required=False,
        help_text="The result of the validation.",
    )
    ordering = serializers.ChoiceField(
        ORDERINGS, required=False, help_text="Default: by rank with `q`, else by name."
    )
    facets = serializers.BooleanField(
        default=False,
        help_text="Also return facet counts: how many of the results each value of each"
        " filter matches.",
    )


class SkillItemSerializer(serializers.ModelSerializer[Skill]):
    """A skill in a list."""

    category = serializers.CharField(source="category.path")
    path = serializers.CharField()
    version = serializers.CharField(source="current.number")
    keywords = LabelsField(Label.Kind.KEYWORD)
    tags = LabelsField(Label.Kind.TAG)
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


class SkillFoundSerializer(SkillItemSerializer):
    """A skill in a list, with the reasons why a search returned it."""

    score = serializers.FloatField(
        default=None,
        allow_null=True,
        help_text="Better matches have higher scores; comparable within one answer.",
    )
    highlights = serializers.DictField(
        child=serializers.CharField(),
        default=None,
        allow_null=True,
        help_text="HTML by field (name, description, body) with the words in <mark>.",
    )

    class Meta(SkillItemSerializer.Meta):
        fields = (*SkillItemSerializer.Meta.fields, "score", "highlights")


class RelationSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    target = serializers.CharField(source="public_name")


class SkillDetailSerializer(PersonalFieldsSerializer, SkillItemSerializer):
    """A skill with the content of its current version."""

    personal: ClassVar[dict[str, Any]] = {"author": None}

    capabilities = LabelsField(Label.Kind.CAPABILITY)
    facets = LabelsField(Label.Kind.FACET)
    allowed_tools = LabelsField(Label.Kind.TOOL)
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
        """The name of the replacement; None also if that is archived."""
        other = skill.replacement
        return other.name if other and not other.is_archived else None

    def get_aliases(self, skill: Skill) -> list[str]:
        return sorted(each.path for each in skill.addresses.all() if not each.current)


class PublishSerializer(ContentSerializer):
    """A new version of a skill."""

    category = TextField(
        required=False,
        max_length=MAX_PATH_CHARS,
        help_text="A category's path (default: the skill's current category).",
    )
    version = TextField(
        required=False,
        max_length=MAX_VERSION_CHARS,
        help_text="Higher than all published versions. Default: `metadata.version` of"
        " the frontmatter if that is higher, else the next patch.",
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
        help_text="The current version's digest, otherwise a 409; empty: a new skill.",
    )

    def validate_based_on(self, sent: str) -> str:
        digest = sent.removeprefix(BY_DIGEST)
        if sent and not DIGEST.fullmatch(digest):
            raise serializers.ValidationError(
                "Send the digest of a version: 64 hexadecimal digits."
            )
        return digest


class SkillChangeSerializer(LabelSetSerializer):
    """Changes of a skill. Only a new name publishes a new version."""

    name = TextField(
        required=False,
        max_length=MAX_NAME_CHARS,
        help_text="The former name still resolves and stays reserved.",
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
        """The sent labels by kind."""
        return self.by_kind(self.validated_data)

    @property
    def others(self) -> dict[str, str]:
        """The sent fields other than labels."""
        sent = self.validated_data
        return {name: sent[name] for name in sent.keys() - LABELS.keys()}


QUOTED_DIGEST = re.compile(r'"(?:sha256:)?([0-9a-f]{64})"')
IF_MATCH = "Like `based_on`: the digest in quotes, which is the ETag of the download."


def based_on(request: Request, sent: str | None) -> str | None:
    """The digest that must still be current (an optimistic lock), or None.

    It comes from the body or from If-Match. Raises ValidationError if the header is no
    digest or contradicts the body.
    """
    header = request.headers.get("If-Match")
    if header is None:
        return sent
    match = QUOTED_DIGEST.fullmatch(header.strip())
    if match is None:
        remedy = "Send the digest of the version that you changed, in quotes."
        raise ValidationError({"If-Match": [remedy]})
    if sent not in (None, match[1]):
        raise ValidationError({"If-Match": ["It differs from based_on."]})
    return match[1]


LABEL_FILTERS = {
    "tag": Label.Kind.TAG,
    "keyword": Label.Kind.KEYWORD,
    "capability": Label.Kind.CAPABILITY,
    "tool": Label.Kind.TOOL,
    "facet": Label.Kind.FACET,
}
FIELD_FILTERS = ("type", "weight", "load_priority", "style", "status")


class SearchPages(Pages):
    """Pages of search results, with the corrected query and the facet counts."""

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        page = super().get_paginated_response_schema(schema)
        count = {"value": {"type": "string"}, "count": {"type": "integer"}}
        page["properties"] |= {
            "corrected": {
                "type": "string",
                "nullable": True,
                "description": "The query with corrected spelling, or null.",
            },
            "facets": {
                "type": "object",
                "description": "With facets=true: how many skills each filter has.",
                "additionalProperties": {
                    "type": "array",
                    "items": {"type": "object", "properties": count},
                },
            },
        }
        return page


class SkillList(SkillAPIView, generics.ListAPIView[Skill]):
    """GET /skills"""

    serializer_class = SkillFoundSerializer
    pagination_class = SearchPages
    required_permissions: ClassVar[dict[str, str | None]] = {"GET": READ_SKILLS}
    query_params = PAGE_PARAMS | frozenset(SkillFilters().fields)

    @extend_schema(operation_id="skills_list", parameters=[SkillFilters])
    @cache_endpoint
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List or search skills, with filters, page by page."""
        return self.list(request, *args, **kwargs)

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        params = validated(SkillFilters, request.query_params).validated_data
        matches = matching(self.readable().for_listing(), **params)
        page = self.paginate_queryset(matches)  # type: ignore[arg-type]
        if isinstance(matches, SearchResults):
            matches.highlight(page or [])
        response = self.get_paginated_response(
            self.get_serializer(page, many=True).data
        )
        response.data["corrected"] = getattr(matches, "corrected", None)
        if params["facets"]:
            if isinstance(matches, SearchResults):
                matches = matches.skills()
            response.data["facets"] = facets(matches)
        return response


def matching(skills: SkillQuerySet, **params: str) -> SkillQuerySet | SearchResults:
    """The skills that match the parameters of `SkillFilters`, in their order."""
    skills = filtered(skills, params)
    order = (params["ordering"], "pk") if "ordering" in params else ()
    if "q" not in params:
        return skills.order_by(*order) if order else skills
    return search(skills, params["q"], *order)


def filtered(skills: SkillQuerySet, params: Mapping[str, str]) -> SkillQuerySet:
    """The skills that match all filters. Raises UnknownCategory."""
    for field in FIELD_FILTERS:
        if field in params:
            skills = skills.filter(**{field: params[field]})
    for field, kind in LABEL_FILTERS.items():
        if field in params:
            skills = skills.labelled(kind, params[field])
    if "validation" in params:
        skills = skills.filter(verdict__status=params["validation"])
    if "category" in params:
        skills = skills.within(Category.objects.named(params["category"]).path)
    if "path" in params:
        skills = skills.at(params["path"])
    return skills


class SkillDetail(SkillAPIView):
    """/skills/{ref}"""

    required_permissions: ClassVar[dict[str, str | None]] = {
        "GET": READ_SKILLS,
        "PUT": PUBLISH_SKILLS,
        "PATCH": PUBLISH_SKILLS,
        "DELETE": PUBLISH_SKILLS,
    }

    @extend_schema(operation_id="skill", responses=SkillDetailSerializer)
    @cache_endpoint(ttl=600)
    def get(self, request: Request, ref: str) -> Response:
        """A skill by its name, a former name or its UUID."""
        skill = self.skill(self.readable().for_detail())
        for relation in skill.relations.all():
            add_cache_tags(request, f"/skills/{relation.current_name}/*")
        return Response(SkillDetailSerializer(skill, context=self.with_request).data)

    @extend_schema(
        operation_id="publish_skill",
        parameters=[
            OpenApiParameter(
                "If-Match", str, OpenApiParameter.HEADER, description=IF_MATCH
            )
        ],
        request=PublishSerializer,
        responses={200: SkillDetailSerializer, 201: SkillDetailSerializer},
    )
    def put(self, request: Request, ref: str) -> Response:
        """Publish a SKILL.md (`content`, other files are kept) or a folder (`files`).

        201: a new skill. 200: a new version, or none if the files are the same. 409:
        the version that the change is based on is not, or no longer, the current one.
        """
        serializer = validated(PublishSerializer, request.data)
        edition = serializer.validated_data
        skills = Skill.objects.select_related("current__bundle")
        existing = skills.filter(name=ref).first()
        current = existing.current.bundle if existing else None
        base = based_on(request, edition.get("based_on"))
        if base not in (None, current.pk if current else ""):
            raise SkillChanged
        if base is None and "content" in edition:
            base = current.pk if current else ""
        files = serializer.files_over(current.files() if current else ())
        published = Skill.objects.publish(
            SkillPackage(files, configured_limits()),
            category=edition.get("category"),
            author=self.curator,
            number=edition.get("version"),
            change_summary=edition["change_summary"],
            name=ref,
            based_on=base,
        )
        code = status.HTTP_201_CREATED if published.created else status.HTTP_200_OK
        return Response(
            SkillDetailSerializer(published.skill, context=self.with_request).data,
            status=code,
        )

    @extend_schema(
        operation_id="change_skill",
        request=SkillChangeSerializer,
        responses=SkillDetailSerializer,
    )
    def patch(self, request: Request, ref: str) -> Response:
        """Move, classify, label, rename, deprecate, archive or restore a skill."""
        skill = self.skill()
        serializer = validated(SkillChangeSerializer, request.data)
        skill.revise(author=self.curator, labels=serializer.labels, **serializer.others)
        self.kwargs["ref"] = skill.name
        return Response(
            SkillDetailSerializer(self.skill(), context=self.with_request).data
        )

    @extend_schema(
        operation_id="archive_skill",
        responses={204: OpenApiResponse(description="Archived.")},
    )
    def delete(self, request: Request, ref: str) -> Response:
        """Archive the skill. Its name stays reserved and its versions are kept."""
        self.skill().archive()
        return Response(status=status.HTTP_204_NO_CONTENT)
