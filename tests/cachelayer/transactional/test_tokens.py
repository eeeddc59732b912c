"""The token of a request is taken for views that are decorated, wherever that is."""

import pytest
from django.http import HttpResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View
from rest_framework.response import Response
from rest_framework.views import APIView

from cachelayer import cache_endpoint

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


urlpatterns = [
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
