"""Every decorated way to read a row."""

import json
import random
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.http import HttpRequest, JsonResponse
from django.test import RequestFactory
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.views import APIView

from cachelayer import (
    cache_branch_data,
    cache_endpoint,
    cache_global_data,
    cache_manager,
    cache_user_data,
)
from tests.cachelayer.arrivals import arrived
from tests.cachelayer.chaos.rows import NUMBERS, Row

Content = list[Any] | None  # version and token
USERS = [User(pk=pk, username=f"user-{pk}") for pk in (1, 2)]
computed: ContextVar[bool] = ContextVar("computed", default=False)
last_responses: dict[str, tuple[str, bytes]] = {}
"""The last ETag and body, by path and user."""


class Foreign(AssertionError):
    """A value of the user tier reached another user."""


def pause() -> None:
    """Sleep a little in three of ten calls, so that other threads overtake."""
    if random.random() < 0.3:
        time.sleep(random.random() * 0.002)


def read(number: int) -> Content:
    """Read the row from the database, as every reader below does."""
    computed.set(True)
    pause()
    row = Row.objects.filter(number=number).values_list("version", "token").first()
    pause()
    return list(row) if row else None


@cache_endpoint(pattern="/rows/{number}/*")
def plain(number: int) -> Content:
    return read(number)


@cache_branch_data(pattern="/rows/{number}/branch", ttl=0.02)
def short_lived(number: int) -> Content:
    return read(number)


@cache_endpoint(
    pattern="/rows/{number}/*", key_function=lambda kwargs: f"own:{kwargs['number']}"
)
def by_own_key(number: int) -> Content:
    return read(number)


@cache_endpoint
def around(number: int) -> list[Content]:
    """Has no pattern of its own: the functions that it calls invalidate it."""
    pause()
    return [plain(number), plain(number % len(NUMBERS) + 1)]


@cache_global_data(pattern="/rows")
def listed() -> dict[str, Content]:
    computed.set(True)
    pause()
    rows = Row.objects.values_list("number", "version", "token")
    contents: dict[str, Content] = {str(number): rest for number, *rest in rows}
    pause()
    return {str(number): contents.get(str(number)) for number in NUMBERS}


@cache_user_data(pattern="/rows/{number}/mine")
def mine(user_id: int, number: int) -> list[Any]:
    return [user_id, read(number)]


@cache_endpoint(pattern="/rows/{number}/later")
async def later(number: int) -> Content:
    computed.set(True)
    row = await Row.objects.filter(number=number).afirst()
    return [row.version, row.token] if row else None


class RowView(APIView):
    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    renderer_classes = (JSONRenderer,)

    @cache_endpoint
    def get(self, request: Any, number: int) -> Response:
        return Response({"user": None, "row": read(number)})


class MyRowView(RowView):
    @cache_user_data
    def get(self, request: Any, number: int) -> Response:
        return Response({"user": request.user.pk, "row": read(number)})


@cache_user_data
def my_page(request: HttpRequest, number: int) -> JsonResponse:
    return JsonResponse({"user": request.user.pk, "row": read(number)})


def ask(
    view: Callable[..., Any], path: str, number: int, user: Any, *, rest: bool
) -> Content:
    """The row in the response's body. On a 304, the body that came earlier with that
    ETag."""
    path = f"/api/v1/rows/{number}/{path}"
    previous = last_responses.get(f"{path} {user}")
    headers = {"If-None-Match": previous[0]} if previous else {}
    factory = APIRequestFactory() if rest else RequestFactory()
    request = arrived(factory.get(path, headers=headers))
    if rest:
        force_authenticate(request, user)
    else:
        request.user = user
    response = view(request, number=number)
    response = response.render() if hasattr(response, "render") else response
    etag, body = response.headers.get("ETag"), response.content
    if response.status_code == 304:
        if previous is None or previous[0] != etag:
            raise Foreign(f"304 with an ETag that was not asked for: {etag}")
        body = previous[1]
    if etag:  # a response that bypassed the cache has none
        last_responses[f"{path} {user}"] = etag, body
    return owned(json.loads(body), user)


def owned(body: dict[str, Any], user: Any) -> Content:
    expected = getattr(user, "pk", None)
    if body["user"] not in (None, expected):
        raise Foreign(f"user {expected} was given what is user {body['user']}'s")
    row: Content = body["row"]
    return row


def mine_of(number: int) -> Content:
    user = random.choice(USERS)
    owner, row = mine(user.pk, number)
    return owned({"user": owner, "row": row}, user)


def pair(number: int) -> dict[int, Content]:
    first, second = around(number)
    return {number: first, number % len(NUMBERS) + 1: second}


def single(reader: Callable[[int], Content]) -> Callable[[int], dict[int, Content]]:
    return lambda number: {number: reader(number)}


READERS: dict[str, Callable[[int], dict[int, Content]]] = {
    "function": single(plain),
    "short-lived": single(short_lived),
    "key function": single(by_own_key),
    "nested": pair,
    "list": lambda _: {int(n): row for n, row in listed().items()},
    "user function": single(mine_of),
    "coroutine": single(async_to_sync(later)),
    "get_or_set": single(
        lambda n: cache_manager.get_or_set(f"/rows/{n}/by-hand", lambda: read(n))
    ),
    "view": single(lambda n: ask(RowView.as_view(), "view", n, None, rest=True)),
    "user view": single(
        lambda n: ask(
            MyRowView.as_view(), "my-view", n, random.choice(USERS), rest=True
        )
    ),
    "page": single(lambda n: ask(my_page, "page", n, random.choice(USERS), rest=False)),
}
