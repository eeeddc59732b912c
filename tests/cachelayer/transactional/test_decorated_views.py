"""What a decorated view answers: MISS, HIT, BYPASS, 304, and to whom."""

import pytest
from django.contrib.auth.models import Group, User
from django.http import HttpResponse, StreamingHttpResponse
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.views import APIView

from cachelayer import (
    add_cache_tags,
    cache_branch_data,
    cache_endpoint,
    cache_global_data,
    cache_manager,
    cache_user_data,
)
from cachelayer.http import UserReadInSharedTier
from tests.cachelayer.arrivals import arrived

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("each_backend"),
]
calls: list[str] = []


@pytest.fixture(autouse=True)
def forget_calls():
    calls.clear()


class OpenView(APIView):
    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    renderer_classes = (JSONRenderer,)


class Groups(OpenView):
    query_params = frozenset({"q"})

    @cache_endpoint(ttl=600)
    def get(self, request, **kwargs):
        calls.append(request.path)
        add_cache_tags(request, "/extra/*")
        return Response({"groups": Group.objects.count(), **kwargs})

    def post(self, request, **kwargs):
        return Response({"posted": True})


class Mine(OpenView):
    @cache_user_data
    def get(self, request):
        calls.append(str(request.user))
        return Response({"name": request.user.username})


def ask(view, path="/api/v1/groups", user=None, method="get", **options):
    request = arrived(getattr(APIRequestFactory(), method)(path, **options))
    if user is not None:
        force_authenticate(request, user)
    response = view.as_view()(request)
    return response.render() if hasattr(response, "render") else response


def outcome(*args, **kwargs):
    return ask(*args, **kwargs)["X-Cache"]


def test_the_second_read_is_a_hit_with_the_same_bytes_and_headers():
    first, second = ask(Groups), ask(Groups)

    assert (first["X-Cache"], second["X-Cache"]) == ("MISS", "HIT")
    assert first.content == second.content
    for name in ("Content-Type", "ETag", "Cache-Control", "Vary", "Allow"):
        assert first[name] == second[name]
    assert second["Age"] == "0"
    assert second["Cache-Control"] == "no-cache"
    assert {"Accept", "Authorization", "Cookie"} <= set(second["Vary"].split(", "))
    assert len(calls) == 1


@pytest.mark.parametrize(
    "pattern", ["/groups", "/groups/*", "/*", "/extra/*", "re:^/g"]
)
def test_a_pattern_that_covers_the_path_invalidates_the_response(pattern):
    ask(Groups)

    cache_manager.invalidate_pattern(pattern)

    assert outcome(Groups) == "MISS"


def test_the_path_in_a_pattern_is_less_the_prefix():
    ask(Groups)

    cache_manager.invalidate_pattern("/api/v1/groups")

    assert outcome(Groups) == "HIT"


@pytest.mark.parametrize("kind", ['"{etag}"', 'W/"{etag}", "other"', "*"])
def test_a_client_that_has_the_bytes_gets_304_without_a_body(kind):
    etag = ask(Groups)["ETag"].strip('"')

    response = ask(Groups, headers={"If-None-Match": kind.format(etag=etag)})

    assert response.status_code == 304
    assert response.content == b""
    assert response["ETag"] == f'"{etag}"'
    assert response["X-Cache"] == "HIT"
    assert "Content-Type" not in response


def test_a_client_with_other_bytes_gets_the_body():
    assert ask(Groups, headers={"If-None-Match": '"other"'}).status_code == 200


def test_head_is_answered_from_the_entry_of_get():
    ask(Groups)

    assert outcome(Groups, method="head") == "HIT"
    assert len(calls) == 1


def test_a_post_is_not_cached_and_not_marked():
    assert "X-Cache" not in ask(Groups, method="post")


def test_declared_query_parameters_have_entries_of_their_own_in_any_order():
    assert outcome(Groups, "/api/v1/groups?q=a&q=b") == "MISS"
    assert outcome(Groups, "/api/v1/groups?q=a&q=b") == "HIT"
    assert outcome(Groups, "/api/v1/groups?q=b") == "MISS"


def test_an_undeclared_query_parameter_bypasses():
    ask(Groups)

    assert outcome(Groups, "/api/v1/groups?page=2") == "BYPASS"
    assert outcome(Groups, "/api/v1/groups?q=a&nonce=1") == "BYPASS"


def test_another_host_has_an_entry_of_its_own():
    ask(Groups, headers={"Host": "testserver"})

    assert outcome(Groups, headers={"Host": "localhost"}) == "MISS"


def test_members_do_not_share_with_strangers():
    ask(Groups)

    assert outcome(Groups, user=User.objects.create(username="ann")) == "MISS"


def test_each_user_has_an_entry_of_their_own():
    ann, bob = (User.objects.create(username=name) for name in ("ann", "bob"))

    assert ask(Mine, user=ann).content == b'{"name":"ann"}'
    assert ask(Mine, user=bob).content == b'{"name":"bob"}'
    again = ask(Mine, user=ann)

    assert again["X-Cache"] == "HIT"
    assert again.content == b'{"name":"ann"}'
    assert again["Cache-Control"] == "private, no-cache"


def test_a_users_pattern_invalidates_their_entries_alone():
    ann, bob = (User.objects.create(username=name) for name in ("ann", "bob"))
    for user in (ann, bob):
        ask(Mine, user=user)

    cache_manager.invalidate_pattern(f"/user/{ann.pk}/*")

    assert outcome(Mine, user=ann) == "MISS"
    assert outcome(Mine, user=bob) == "HIT"


def test_the_user_tier_bypasses_for_someone_not_logged_in():
    class Anyone(OpenView):
        @cache_user_data
        def get(self, request):
            return Response({})

    ask(Anyone)

    assert outcome(Anyone) == "BYPASS"


class Leaky(OpenView):
    @cache_global_data
    def get(self, request):
        return Response({"name": request.user.username})


def test_a_shared_view_that_looks_at_its_user_raises_in_tests():
    with pytest.raises(UserReadInSharedTier):
        ask(Leaky, user=User(username="ann", pk=1))


def test_a_shared_view_that_looks_at_its_user_is_never_stored(settings):
    settings.CACHELAYER = {**settings.CACHELAYER, "STRICT_SHARED_TIER": False}

    first = ask(Leaky, user=User(username="ann", pk=1))
    second = ask(Leaky, user=User(username="bob", pk=2))

    assert first.content == b'{"name":"ann"}'
    assert second.content == b'{"name":"bob"}'
    assert second["X-Cache"] == "BYPASS"


def with_cookie(response):
    response.set_cookie("a", "b")
    return response


def varying(response):
    response["Vary"] = "Origin"
    return response


def not_to_store(response):
    response["Cache-Control"] = "no-store"
    return response


@pytest.mark.parametrize("change", [with_cookie, varying, not_to_store])
def test_a_response_that_is_not_for_everyone_is_not_stored(change):
    class Odd(OpenView):
        @cache_branch_data
        def get(self, request):
            return change(Response({}))

    ask(Odd)

    assert outcome(Odd) == "BYPASS"


@pytest.mark.parametrize(
    "made",
    [
        lambda: StreamingHttpResponse([b"a"]),
        lambda: HttpResponse(b"made", status=201),
        lambda: HttpResponse(status=404),
    ],
)
def test_only_whole_responses_with_status_200_are_stored(made):
    class Odd(OpenView):
        @cache_endpoint
        def get(self, request):
            return made()

    ask(Odd)

    assert outcome(Odd) == "BYPASS"


def test_the_browsable_api_is_not_stored():
    class Browsed(Groups):
        renderer_classes = (JSONRenderer, BrowsableAPIRenderer)

    ask(Browsed, headers={"Accept": "text/html"})

    assert outcome(Browsed, headers={"Accept": "text/html"}) == "BYPASS"
    assert outcome(Browsed) == "MISS"


def test_media_type_parameters_do_not_multiply_entries():
    ask(Groups)

    response = ask(Groups, headers={"Accept": "application/json; indent=4"})

    assert response["X-Cache"] == "BYPASS"


@pytest.mark.parametrize(
    "accept",
    [
        "application/json;charset=UTF-8",
        'application/json; charset="utf-8"',
        "application/json; q=0.9",
        "application/json;q=0.9;charset=utf-8",
        "Application/JSON",
        "application/json;",
        "application/*; q=0.5",
        "*/*;q=0.8",
        "text/html;q=0.9, application/json;Q=0.8",
    ],
)
def test_charset_and_q_share_the_entry_of_the_type(accept):
    first = ask(Groups, headers={"Accept": accept})
    again = ask(Groups, headers={"Accept": accept})
    plain = ask(Groups)

    answers = (first, again, plain)
    assert [each["X-Cache"] for each in answers] == ["MISS", "HIT", "HIT"]
    assert {each.content for each in answers} == {first.content}
    assert {each["Content-Type"] for each in answers} == {"application/json"}


@pytest.mark.parametrize(
    "accept",
    [
        "application/json; indent=4",
        "application/json; q=0.9; indent=4",
        "application/json; charset=utf-8; made-up=1",
        'application/json; charset="a;b"',
    ],
)
def test_other_parameters_bypass_beside_charset_and_q(accept):
    ask(Groups)

    assert outcome(Groups, headers={"Accept": accept}) == "BYPASS"


def test_an_exception_of_the_view_is_not_stored():
    class Failing(OpenView):
        @cache_endpoint
        def get(self, request):
            calls.append("failed")
            raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError):
            ask(Failing)

    assert calls == ["failed", "failed"]


class Headed(OpenView):
    @cache_endpoint
    def get(self, request):
        return Response("body", headers={"X-Left-Out": left_out[0]})


left_out = ["1"]


def test_a_kept_header_that_changes_is_another_representation(settings):
    settings.CACHELAYER = {**settings.CACHELAYER, "KEPT_HEADERS": ["X-Left-Out"]}
    left_out[0] = "1"
    etag = ask(Headed)["ETag"]
    left_out[0] = "2"
    cache_manager.clear()

    changed = ask(Headed, headers={"If-None-Match": etag})
    same = ask(Headed, headers={"If-None-Match": changed["ETag"]})

    assert (changed.status_code, changed["X-Left-Out"]) == (200, "2")
    assert (same.status_code, same["X-Left-Out"]) == (304, "2")
