"""Pages of drafts, which are many in the end, and most of them decided on."""

from functools import partial
from typing import Any

from django.core.paginator import Paginator
from rest_framework.request import Request

from cachelayer import cache_global_data
from core.pagination import Pages
from jobs.models.draft import Draft, DraftQuerySet, sees_all


@cache_global_data(pattern="/drafts/*")
def drafts_in_all(status: str) -> int:
    """Of this status, or of any: counted once, until a draft is written."""
    drafts = Draft.objects.filter(status=status) if status else Draft.objects.all()
    return int(drafts.count())


class KnownCount(Paginator):
    """Pages of rows that somebody has counted."""

    def __init__(self, rows: DraftQuerySet, per_page: int, *, count: int) -> None:
        super().__init__(rows, per_page)
        self.count = count


class DraftPages(Pages):
    """What everyone has is not counted anew for each page."""

    django_paginator_class: Any = Paginator

    def paginate_queryset(
        self, queryset: Any, request: Request, view: Any = None
    ) -> list[Any] | None:
        if sees_all(request.user):
            count = drafts_in_all(request.query_params.get("status", ""))
            self.django_paginator_class = partial(KnownCount, count=count)
        return super().paginate_queryset(queryset, request, view)
