"""The tree of categories."""

from typing import ClassVar

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cachelayer import cache_branch_data, cache_global_data
from taxonomy.models import Category
from taxonomy.permissions import (
    ADD_CATEGORIES,
    CHANGE_CATEGORIES,
    DELETE_CATEGORIES,
    READ_CATEGORIES,
    READ_SKILLS,
)
from taxonomy.serializers.categories import (
    BranchSerializer,
    CategoryChangeSerializer,
    CategoryCreateSerializer,
    CategorySerializer,
    MergeSerializer,
    TreeSerializer,
)
from taxonomy.trees import branch_at, whole_tree
from taxonomy.views.base import category_at


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
        """Create a category; the one above it must exist, a former path leads there."""
        serializer = CategoryCreateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        wanted = dict(serializer.validated_data)
        category = Category.objects.create_at(wanted.pop("path"), **wanted)
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
        """A category by its path or a former one: what is in it and below it."""
        return Response(BranchSerializer(branch_at(category_at(path))).data)

    @extend_schema(
        operation_id="change_category",
        request=CategoryChangeSerializer,
        responses=CategorySerializer,
    )
    def patch(self, request: Request, path: str) -> Response:
        """Describe it anew, or move it with all below; former paths resolve on."""
        category = category_at(path)
        serializer = CategoryChangeSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
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
        """Give all that is in it and below it to another; its paths lead there."""
        category = category_at(path)
        serializer = MergeSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        into = Category.objects.named(serializer.validated_data["into"], field="into")
        category.merge_into(into)
        return Response(CategorySerializer(into).data)
