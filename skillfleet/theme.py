"""What the admin's theme is told; settings take UNFOLD from here."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static


def icon(request: HttpRequest) -> str:
    return static("skillfleet/icon.svg")


def stylesheet(request: HttpRequest) -> str:
    return static("core/admin.css")


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Skill Fleet",
    "SITE_HEADER": "Skill Fleet",
    "SITE_SUBHEADER": "Skills for AI agents",
    "SITE_SYMBOL": "hub",
    "SITE_URL": "/api/docs",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": icon}],
    "STYLES": [stylesheet],
    "DASHBOARD_CALLBACK": "skillfleet.admin.dashboard.dashboard",
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": False,
        "navigation": "skillfleet.admin.navigation.navigation",
    },
}
