"""The token of a request is taken for every decorated view, in whatever way it is
routed, and before the view checks permissions."""

import pytest
from django.contrib.auth.models import Group
from django.http import HttpResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View
from rest_framework.permissions import BasePermission
from rest_framework.response import Response
from rest_framework.views import APIView

from cachelayer import add_cache_tags, cache_endpoint
from cachelayer.transactions import backend
from tests.cachelayer.threads import elsewhere

pytestmark = pytest.mark.django_db(transaction=True)


@cache_endpoint
def decorated(request):
    return HttpResponse("page")


def calls_a_decorated_one(request):
    return decorated(request)


class Inherited(APIView):
    authentication_classes = permission_classes = ()

    @cache_endpoint
    def get(self, request):
        return Response("page")


class Inheriting(Inherited):
    pass


@method_decorator(cache_endpoint, name="dispatch")
class Dispatched(View):
    def get(self, request):
        return HttpResponse("page")


then = []


class Gate(BasePermission):
    """Notes on the view whether the group exists, and then calls `then`."""

    def has_permission(self, request, view):
        view.open = Group.objects.filter(name="members").exists()
        while then:
            elsewhere(then.pop())
        return True


class Gated(APIView):
    authentication_classes = ()
    permission_classes = (Gate,)

    @cache_endpoint
    def get(self, request):
        add_cache_tags(request, "/groups/members/*")
        return Response({"open": self.open})


urlpatterns = [
    path("gated", Gated.as_view()),
    path("function", decorated),
    path("class", Inheriting.as_view()),
    path("dispatch", Dispatched.as_view()),
    path("hidden", calls_a_decorated_one),
]


@pytest.mark.parametrize("name", ["function", "class", "dispatch"])
@pytest.mark.urls(__name__)
def test_a_decorated_view_is_cached_from_the_first_request(client, name):
    assert [client.get(f"/{name}")["X-Cache"] for _ in range(2)] == ["MISS", "HIT"]


@pytest.mark.urls(__name__)
def test_a_view_that_calls_a_decorated_one_is_known_after_the_first(client):
    outcomes = [client.get("/hidden")["X-Cache"] for _ in range(3)]

    assert outcomes == ["BYPASS", "MISS", "HIT"]


def ask_twice(client):
    """During the first request the group is deleted after the permission check."""
    group = Group.objects.create(name="members")
    then.append(lambda: group.delete())
    return [client.get("/gated").json()["open"] for _ in range(2)]


@pytest.mark.usefixtures("declared_groups")
@pytest.mark.urls(__name__)
def test_what_a_permission_saw_before_a_change_is_not_kept(client):
    assert ask_twice(client) == [True, False]


@pytest.mark.usefixtures("declared_groups")
@pytest.mark.urls(__name__)
def test_with_a_token_of_the_views_own_it_would_be(client, monkeypatch):
    monkeypatch.setattr("cachelayer.decorators.token_of", lambda _: backend().token())

    assert ask_twice(client) == [True, True]
