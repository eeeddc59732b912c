"""Pagination of lists: by page number, or by cursor where rows are often added."""

from datetime import UTC
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ValidationError as InvalidPosition
from django.utils.dateparse import parse_datetime
from rest_framework import pagination
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request

if TYPE_CHECKING:
    from rest_framework.views import APIView

PAGE_PARAMS = frozenset({"page", "page_size"})
CURSOR_PARAMS = frozenset({"cursor", "page_size"})


def requested_number(
    request: Request, name: str, default: int, most: int | None
) -> int:
    """An integer from 1 to `most` from the query; a 400 that names it otherwise."""
    text = request.query_params.get(name)
    if text is None:
        return default
    bound = f"from 1 to {most}" if most else "of at least 1"
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise ValidationError({name: [f"{text[:40]!r} is not a number {bound}."]})
    number = int(text)
    if number < 1 or (most and number > most):
        raise ValidationError({name: [f"{number} is not a number {bound}."]})
    return number


class SizedPages:
    """Reads `page_size`, and refuses one over the limit instead of reducing it."""

    page_size_query_param: Any = "page_size"

    def get_page_size(self, request: Request) -> int:
        return requested_number(
            request,
            self.page_size_query_param,
            settings.SKILLFLEET_PAGE_SIZE,
            settings.SKILLFLEET_MAX_PAGE_SIZE,
        )


class Pages(SizedPages, pagination.PageNumberPagination):
    """Pages by `page` and `page_size`: count, next, previous, results."""

    def get_page_number(self, request: Request, paginator: Any) -> int:
        number = requested_number(request, self.page_query_param, 1, None)
        if number > paginator.num_pages:
            raise NotFound(
                f"page: {number} is beyond the end; the last page is "
                f"{paginator.num_pages}.",
                code="page_beyond_end",
            )
        return number


class NewestFirst(SizedPages, pagination.CursorPagination):
    """Pages by `cursor` and `page_size`: next, previous, results, but no count."""

    ordering = "-created_at"

    def paginate_queryset(
        self, queryset: Any, request: Request, view: "APIView | None" = None
    ) -> list[Any] | None:
        try:
            return super().paginate_queryset(queryset, request, view)
        except (NotFound, InvalidPosition, ValueError, OverflowError):
            raise ValidationError(
                {"cursor": ["Not a cursor of this list; follow next and previous."]}
            ) from None

    def decode_cursor(self, request: Request) -> pagination.Cursor | None:
        """Raises ValueError or OverflowError for a position that is not a date."""
        cursor = super().decode_cursor(request)
        if cursor and cursor.position is not None:
            moment = parse_datetime(str(cursor.position))
            if moment is None or moment.tzinfo is None:
                raise ValueError("not a date with a time zone")
            moment.astimezone(UTC)
        return cursor
