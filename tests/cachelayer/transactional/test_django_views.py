"""Plain Django views, sync and async, functions and classes."""

from datetime import UTC, datetime, timedelta
from datetime import timezone as fixed_zone
from zoneinfo import ZoneInfo

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.template import engines
from django.template.response import TemplateResponse
from django.test import RequestFactory
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from cachelayer import add_cache_tags, cache_endpoint, cache_manager, cache_user_data
from tests.cachelayer.arrivals import arrived

pytestmark = pytest.mark.django_db(transaction=True)
calls: list[str] = []


@pytest.fixture(autouse=True)
def forget_calls():
    calls.clear()


@cache_endpoint
def page(request, number=1):
    calls.append(request.path)
    add_cache_tags(request, f"/numbers/{number}")
    return JsonResponse({"number": number})


page.__wrapped__.query_params = frozenset({"q"})


@cache_endpoint
async def later(request):
    calls.append(request.path)
    return HttpResponse("later")


@cache_user_data
def mine(request):
    return HttpResponse(request.user.username)


class Listed(View):
    query_params = frozenset({"page"})

    @cache_endpoint
    def get(self, request):
        calls.append(request.path)
        return HttpResponse("listed")


@method_decorator(cache_endpoint, name="get")
class Decorated(Listed):
    def get(self, request):
        calls.append(request.path)
        return HttpResponse("decorated")


def ask(view, path="/api/v1/page", user=None, **options):
    request = arrived(RequestFactory().get(path, **options))
    request.user = user or AnonymousUser()
    return view(request)


@pytest.mark.parametrize(
    "view",
    [page, async_to_sync(later), Listed.as_view(), Decorated.as_view()],
    ids=["function", "async", "class", "method_decorator"],
)
def test_the_second_read_is_a_hit_and_the_pattern_invalidates_it(view):
    outcomes = [ask(view)["X-Cache"] for _ in range(2)]
    cache_manager.invalidate_pattern("/page")
    outcomes.append(ask(view)["X-Cache"])

    assert outcomes == ["MISS", "HIT", "MISS"]
    assert len(calls) == 2


def test_tags_that_the_view_adds_invalidate_it():
    ask(page)
    cache_manager.invalidate_pattern("/numbers/*")

    assert ask(page)["X-Cache"] == "MISS"


@pytest.mark.parametrize(
    ("view", "query", "outcome"),
    [
        (page, "q=1", "MISS"),
        (page, "page=1", "BYPASS"),
        (Listed.as_view(), "page=1", "MISS"),
        (Listed.as_view(), "q=1", "BYPASS"),
    ],
)
def test_a_view_names_its_query_parameters(view, query, outcome):
    assert ask(view, f"/page?{query}")["X-Cache"] == outcome


def test_another_accept_header_has_an_entry_of_its_own():
    ask(page)

    assert ask(page, headers={"Accept": "text/csv"})["X-Cache"] == "MISS"


NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


@cache_endpoint
def noon(request):
    return HttpResponse(timezone.localtime(NOON).isoformat())


class Noon(APIView):
    authentication_classes = permission_classes = throttle_classes = ()
    renderer_classes = (JSONRenderer,)

    @cache_endpoint
    def get(self, request):
        return Response(timezone.localtime(NOON).isoformat())


ZONES = [
    (ZoneInfo("UTC"), "12:00:00+00:00"),
    (ZoneInfo("Europe/Berlin"), "14:00:00+02:00"),
    (fixed_zone(timedelta(hours=1), "office"), "13:00:00+01:00"),
    (fixed_zone(timedelta(hours=9), "office"), "21:00:00+09:00"),
]


@pytest.mark.parametrize("view", [noon, Noon.as_view()], ids=["django", "drf"])
def test_each_active_time_zone_has_an_entry_of_its_own(view):
    for expected in ("MISS", "HIT"):
        for zone, local in ZONES:
            with timezone.override(zone):
                answer = ask(view)
                answer = answer.render() if hasattr(answer, "render") else answer
            assert (answer["X-Cache"], local in answer.content.decode()) == (
                expected,
                True,
            )


def test_each_user_has_their_own():
    ann, bob = (User.objects.create(username=name) for name in ("ann", "bob"))

    assert [ask(mine, user=each).content for each in (ann, bob, ann)] == [
        b"ann",
        b"bob",
        b"ann",
    ]
    assert ask(mine, user=bob)["X-Cache"] == "HIT"


def test_a_page_with_a_csrf_token_is_not_stored():
    @cache_endpoint
    def form(request):
        return HttpResponse(get_token(request))

    ask(form)

    assert ask(form)["X-Cache"] == "BYPASS"


def test_a_template_is_rendered_before_it_is_stored():
    @cache_endpoint
    def rendered(request):
        template = engines["django"].from_string("Hello {{ name }}")
        return TemplateResponse(request, template, {"name": "world"})

    ask(rendered)
    again = ask(rendered)

    assert again["X-Cache"] == "HIT"
    assert again.content == b"Hello world"


def test_a_view_that_reads_the_session_is_not_stored(client):
    class Session(dict):
        accessed = True  # by the authentication

        def get(self, *args):
            self.accessed = True

    @cache_endpoint
    def visits(request):
        request.session.get("visits")
        return HttpResponse("visits")

    @cache_endpoint
    def other(request):
        return HttpResponse("other")

    def outcomes(view):
        results = []
        for _ in range(2):
            request = arrived(RequestFactory().get("/page"))
            request.user, request.session = AnonymousUser(), Session()
            results.append(view(request)["X-Cache"])
            assert request.session.accessed
        return results

    assert outcomes(visits) == ["BYPASS", "BYPASS"]
    assert outcomes(other) == ["MISS", "HIT"]


def test_one_path_is_not_served_for_another_under_a_key_function():
    @cache_endpoint(key_function=lambda kwargs: "custom:one")
    def any_path(request, **kwargs):
        return HttpResponse(request.path)

    ask(any_path, "/a")

    assert ask(any_path, "/b").content == b"/b"
    assert ask(any_path, "/a")["X-Cache"] == "HIT"


def test_invalidate_invalidates_one_request_or_all():
    ask(page, "/a")
    ask(page, "/b")

    page.invalidate(RequestFactory().get("/a"))
    assert ask(page, "/b")["X-Cache"] == "HIT"
    assert ask(page, "/a")["X-Cache"] == "MISS"

    page.invalidate()
    assert ask(page, "/b")["X-Cache"] == "MISS"
