"""What every page of the admin shares."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.conf import settings
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html

from taxonomy.admin.lists import ForgivingList
from taxonomy.admin.panels import Panel
from taxonomy.admin.verbs import VerbAdmin


class FleetAdmin(ForgivingList, VerbAdmin):
    """Rows that only verbs write: a list, a page to read, and buttons.

    Who may see them: whoever has the model's own view permission, or one of
    `seen_with`. Rows are narrowed by `visible_to` where the model has it.
    """

    seen_with: ClassVar[tuple[str, ...]] = ()
    list_per_page = settings.SKILLFLEET_PAGE_SIZE
    list_max_show_all = settings.SKILLFLEET_MAX_PAGE_SIZE
    list_fullwidth = True
    show_facets = None
    change_form_outer_before_template = "taxonomy/admin/notices.html"
    change_form_after_template = "taxonomy/admin/panels.html"

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return bool(super().has_view_permission(request, obj)) or any(
            request.user.has_perm(permission) for permission in self.seen_with
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.adding is not None and bool(super().has_add_permission(request))

    def has_change_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows.visible_to(request.user) if hasattr(rows, "visible_to") else rows

    def notices(self, request: HttpRequest, row: Any) -> Iterable[Panel]:
        """What the row's page shows above its fields."""
        return ()

    def panels(self, request: HttpRequest, row: Any) -> Iterable[Panel]:
        """What the row's page shows below its fields."""
        return ()

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row = kwargs.get("obj")
        if row is not None:
            context["actions_detail"] = self.buttons(request.user, row)  # type: ignore[arg-type]
            context["notices"] = list(self.notices(request, row))
            context["panels"] = list(self.panels(request, row))
            context["title"] = self.opts.verbose_name.capitalize()
        return super().render_change_form(request, context, *args, **kwargs)


def badge(text: str, colour: str = "default") -> str:
    """A short word on colour: default, info, success, warning or danger."""
    return format_html('<span class="fleet-badge fleet-{}">{}</span>', colour, text)
