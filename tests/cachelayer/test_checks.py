"""`manage.py check` names mistakes in the settings."""

import pytest
from django.core.checks import Tags, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

import cachelayer
from cachelayer.backends import MemoryCache


def messages_by_id() -> dict[str, str]:
    """The messages of our checks, by their ids."""
    return {
        message.id: f"{message.msg} {message.hint or ''}"
        for message in run_checks(tags=[Tags.caches])
        if message.id.startswith("cachelayer.")
    }


def test_the_projects_settings_pass():
    assert messages_by_id() == {}


@pytest.mark.parametrize(
    ("name", "value", "number", "message"),
    [
        ("DEFAULT_TLL", 300, "E001", "Did you mean 'DEFAULT_TTL'?"),
        ("SOMETHING", 1, "E001", "Known: ALIAS"),
        ("USER_TTL", -1, "E002", "a number of seconds"),
        ("USER_TTL", "120", "E002", "a number of seconds"),
        ("LOW_HIT_RATE", 70, "E002", "0 to 1"),
        ("PLANE_INTERVAL", 60, "W007", "called 'HOST_INTERVAL' now"),
        ("FLIGHT_WAIT", 0, "E002", "a number of seconds"),
        ("AUDIENCE", "no.such.callable", "E002", "dotted path"),
        ("STRICT_SHARED_TIER", 1, "E002", "True or False"),
        ("ALIAS", "shared", "E003", "cannot invalidate by tag"),
    ],
)
def test_a_wrong_option_is_named_with_its_remedy(
    settings, name, value, number, message
):
    settings.CACHELAYER = {name: value}

    assert message in messages_by_id()[f"cachelayer.{number}"]


def test_atomic_requests_are_refused(settings, monkeypatch):
    monkeypatch.setitem(settings.DATABASES["default"], "ATOMIC_REQUESTS", True)

    assert "'default'" in messages_by_id()["cachelayer.E004"]


class Mine(APIView):
    authentication_classes = ()

    @cachelayer.cache_user_data
    def get(self, request: Request) -> Response:
        return Response()


@cachelayer.cache_user_data
def my_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def test_the_user_tier_where_nobody_is_authenticated_is_named(settings):
    settings.ROOT_URLCONF = (path("", Mine.as_view()), path("page", my_page))
    assert (
        "test_checks.Mine.get is in the user tier"
        in messages_by_id()["cachelayer.W005"]
    )

    settings.MIDDLEWARE = [each for each in settings.MIDDLEWARE if "auth" not in each]
    settings.ROOT_URLCONF = (path("", include([path("page", my_page)])),)
    assert (
        "test_checks.my_page is in the user tier" in messages_by_id()["cachelayer.W005"]
    )


@pytest.mark.parametrize("backend", ["MemoryCache", "RedisCache"])
def test_an_unusable_folder_is_named(settings, monkeypatch, tmp_path, backend):
    (tmp_path / "file").touch()
    folder = str(tmp_path / "file" / "cache")
    away = {"LOCATION": "redis://127.0.0.1:1", "OPTIONS": {"FOLDER": folder}}
    place = {"LOCATION": folder} if backend == "MemoryCache" else away
    cache = {"BACKEND": f"cachelayer.backends.{backend}", **place}
    monkeypatch.setitem(settings.CACHES, "default", cache)

    assert f"{tmp_path / 'file'} is not a folder" in messages_by_id()["cachelayer.W006"]


@pytest.mark.parametrize(
    ("location", "options", "message"),
    [
        ("", {}, "LOCATION"),
        ("unused", {"MAX_SIZE": 10}, "Unknown option 'MAX_SIZE'"),
        ("unused", {"EVICTION_POLICY": "random"}, "lru, lfu, fifo"),
        ("unused", {"MAX_ENTRIES": 0}, "MAX_ENTRIES"),
        ("unused", {"MAX_BYTES": "many"}, "MAX_BYTES"),
    ],
)
def test_a_wrong_backend_option_is_named(location, options, message):
    with pytest.raises(ImproperlyConfigured, match=message):
        MemoryCache(location, {"OPTIONS": options})


@pytest.mark.parametrize("name", cachelayer.__all__)
def test_every_public_name_is_importable(name):
    assert getattr(cachelayer, name) is not None


def test_other_names_are_not():
    with pytest.raises(AttributeError, match="no_such_name"):
        cachelayer.no_such_name  # noqa: B018
