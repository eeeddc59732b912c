"""The tree of categories."""

from typing import Any, ClassVar, TypedDict

from django.conf import settings
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cachelayer import cache_branch_data, cache_global_data
from core.serializers import NumberField, StrictSerializer, TextField, validated
from taxonomy.api.base import category_at
from taxonomy.api.quality import verdict_of
from taxonomy.models import Category, Skill
from taxonomy.models.address import MAX_PATH_CHARS, parent_of
from taxonomy.permissions import (
    ADD_CATEGORIES,
    CHANGE_CATEGORIES,
    DELETE_CATEGORIES,
    READ_CATEGORIES,
    READ_SKILLS,
)


class Node(TypedDict):
    """A category. `skills` counts active skills in it and in its subcategories."""

    path: str
    name: str
    description: str
    position: int
    skills: int
    children: "list[Node]"


def whole_tree() -> list[Node]:
    """The root categories with all below them, by position and path."""
    return nested(Category.objects.all(), above="")


def branch_at(category: Category) -> dict[str, Any]:
    """One category, the tree below it, and the first active skills directly in it."""
    skills = Skill.objects.active().filter(category=category)
    most = settings.SKILLFLEET_MAX_PAGE_SIZE
    return {
        "path": category.path,
        "name": category.name,
        "description": category.description,
        "position": category.position,
        "aliases": category.aliases,
        "parent": parent_of(category.path) or None,
        "children": nested(Category.objects.under(category.path), category.path),
        "skills": skills.for_naming().order_by("name")[:most],
        "skills_count": skills.count(),
    }


def nested(categories: Any, above: str) -> list[Node]:
    """The nodes directly below the path `above`, each with all below it."""
    counts = Skill.objects.active().counts_by_path()
    children: dict[str, list[Node]] = {}
    for category in sorted(categories, key=lambda each: (each.position, each.path)):
        children.setdefault(parent_of(category.path), []).append(
            Node(
                path=category.path,
                name=category.name,
                description=category.description,
                position=category.position,
                skills=counts[category.path],
                children=children.setdefault(category.path, []),
            )
        )
    return children.get(above, [])


MAX_POSITION = 32_767


class CategorySerializer(serializers.Serializer[Any]):
    """One category."""

    path = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    position = serializers.IntegerField()
    aliases = serializers.ListField(child=serializers.CharField())


class BranchSkillSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    path = serializers.CharField()
    description = serializers.CharField()
    version = serializers.CharField(source="current.number")
    validation = verdict_of("")


class NodeSerializer(serializers.Serializer[Any]):
    """A category with its subcategories, to any depth."""

    path = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    position = serializers.IntegerField()
    skills = serializers.IntegerField(
        help_text="Active skills in it and in its subcategories."
    )
    children = serializers.SerializerMethodField()

    @extend_schema_field(
        {"type": "array", "items": {"$ref": "#/components/schemas/Node"}}
    )
    def get_children(self, node: Any) -> Any:
        """Nested nodes are serialized already."""
        return node["children"]


class TreeSerializer(serializers.Serializer[Any]):
    categories = NodeSerializer(many=True)


class BranchSerializer(CategorySerializer):
    """A category, the tree below it, and the first active skills directly in it."""

    parent = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    children = NodeSerializer(many=True)
    skills = BranchSkillSerializer(
        many=True, help_text=f"By name, the first {settings.SKILLFLEET_MAX_PAGE_SIZE}."
    )
    skills_count = serializers.IntegerField(
        help_text="The number of active skills directly in the category."
    )
    skills_url = serializers.SerializerMethodField(
        help_text="The list of all of them and those of the subcategories, page by"
        " page."
    )

    def get_skills_url(self, branch: dict[str, Any]) -> str:
        return f"/api/v1/skills?category={branch['path']}"


class CategoryCreateSerializer(StrictSerializer):
    path = TextField(max_length=MAX_PATH_CHARS)
    name = TextField(required=False, max_length=100, default="", allow_blank=True)
    description = TextField(
        required=False, max_length=1024, default="", allow_blank=True
    )
    position = NumberField(
        required=False, min_value=0, max_value=MAX_POSITION, default=0
    )


class MergeSerializer(StrictSerializer):
    into = TextField(
        max_length=MAX_PATH_CHARS,
        help_text="The path of the category that takes over the content of this one.",
    )


class CategoryChangeSerializer(StrictSerializer):
    """A new `path` moves it with all below it; the former paths still resolve."""

    path = TextField(required=False, max_length=MAX_PATH_CHARS)
    name = TextField(required=False, max_length=100)
    description = TextField(required=False, max_length=1024, allow_blank=True)
    position = NumberField(required=False, min_value=0, max_value=MAX_POSITION)


class Taxonomy(APIView):
    """/taxonomy"""

    required_permissions: ClassVar[dict[str, str | None]] = {
        "GET": READ_CATEGORIES,
        "POST": ADD_CATEGORIES,
    }

    @extend_schema(operation_id="taxonomy", responses=TreeSerializer)
    @cache_global_data
    def get(self, request: Request) -> Response:
        """The whole tree, with the number of active skills in each branch."""
        return Response(TreeSerializer({"categories": whole_tree()}).data)

    @extend_schema(
        operation_id="create_category",
        request=CategoryCreateSerializer,
        responses={201: CategorySerializer},
    )
    def post(self, request: Request) -> Response:
        """Create a category. Its parent must exist; a former path of it is accepted."""
        serializer = validated(CategoryCreateSerializer, request.data)
        fields = dict(serializer.validated_data)
        category = Category.objects.create_at(fields.pop("path"), **fields)
        return Response(
            CategorySerializer(category).data, status=status.HTTP_201_CREATED
        )


class Branch(APIView):
    """/taxonomy/{path}"""

    required_permissions: ClassVar[dict[str, str | None]] = {
        "GET": READ_SKILLS,
        "PATCH": CHANGE_CATEGORIES,
        "DELETE": DELETE_CATEGORIES,
    }

    @extend_schema(operation_id="taxonomy_branch", responses=BranchSerializer)
    @cache_branch_data
    def get(self, request: Request, path: str) -> Response:
        """A category by its current or a former path, with its content."""
        return Response(BranchSerializer(branch_at(category_at(path))).data)

    @extend_schema(
        operation_id="change_category",
        request=CategoryChangeSerializer,
        responses=CategorySerializer,
    )
    def patch(self, request: Request, path: str) -> Response:
        """Change or move the category. Former paths still resolve."""
        category = category_at(path)
        serializer = validated(CategoryChangeSerializer, request.data)
        category.revise(**serializer.validated_data)
        return Response(CategorySerializer(category).data)

    @extend_schema(
        operation_id="delete_category",
        responses={204: OpenApiResponse(description="Deleted.")},
    )
    def delete(self, request: Request, path: str) -> Response:
        """Delete an empty category."""
        category_at(path).remove()
        return Response(status=status.HTTP_204_NO_CONTENT)


class Merge(APIView):
    """/taxonomy/{path}/merge"""

    required_permissions: ClassVar[dict[str, str | None]] = {"POST": CHANGE_CATEGORIES}

    @extend_schema(
        operation_id="merge_category",
        request=MergeSerializer,
        responses=CategorySerializer,
    )
    def post(self, request: Request, path: str) -> Response:
        """Merge the category and all below it into another, which takes its paths."""
        category = category_at(path)
        serializer = validated(MergeSerializer, request.data)
        into = Category.objects.named(serializer.validated_data["into"], field="into")
        category.merge_into(into)
        return Response(CategorySerializer(into).data)
