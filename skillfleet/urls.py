"""All URLs except /healthz and /readyz, which `health.Probes` answers."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver
from django.views.generic import RedirectView

from skillfleet.api.errors import no_such_route
from skillfleet.api.schema import DocsPage, SchemaPage
from skillfleet.metrics import Metrics

# jobs first: its POST /skills extends the list that taxonomy serves.
API_URLS = (
    "jobs.urls",
    "taxonomy.urls",
    "skillfleet.api.cache",
    "skillfleet.accounts.api",
)
api = [path("", include(urls)) for urls in API_URLS]
urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(url="/api/docs")),
    path("favicon.ico", RedirectView.as_view(url=static("skillfleet/icon.svg"))),
    path("metrics", Metrics.as_view()),
    path("api/schema", SchemaPage.as_view(), name="schema"),
    path("api/docs", DocsPage.as_view(), name="docs"),
    path("api/v1/", include(api)),
    path("api/<path:rest>", no_such_route),
    path("admin", RedirectView.as_view(url="/admin/")),
    path(
        "admin/cachelayer/plane/",  # its former name, for one release
        RedirectView.as_view(url="/admin/cachelayer/cachehost/"),
    ),
    path("admin/", admin.site.urls),
]
handler400 = "skillfleet.api.errors.bad_request"
handler403 = "skillfleet.api.errors.permission_denied"
handler404 = "skillfleet.api.errors.not_found"
handler500 = "skillfleet.api.errors.server_error"
