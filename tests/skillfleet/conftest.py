"""One user of each role, and clients that are logged in as them."""

import socket
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import Group, User
from django.core.cache import caches
from django.core.cache.backends.redis import RedisCache
from rest_framework.test import APIClient

from tests.skillfleet.world import World, make_world

PASSWORD = "a-long-Passw0rd"

MakePerson = Callable[..., User]
ClientOf = Callable[[User | None], APIClient]


@pytest.fixture
def make_person(db: None) -> MakePerson:
    def make(name: str, *roles: str, **fields: object) -> User:
        user = User.objects.create_user(name, password=PASSWORD, **fields)
        user.groups.set(Group.objects.filter(name__in=roles))
        return user

    return make


@pytest.fixture
def client_of() -> ClientOf:
    """A client that raises nothing: an exception becomes the 500 that a caller would
    get."""

    def make(user: User | None = None) -> APIClient:
        client = APIClient(raise_request_exception=False)
        if user:
            client.force_authenticate(user)
        return client

    return make


@pytest.fixture
def anonymous(db: None, client_of: ClientOf) -> APIClient:
    return client_of(None)


@pytest.fixture
def viewer(make_person: MakePerson) -> User:
    return make_person("vera", "viewer")


@pytest.fixture
def operator(make_person: MakePerson) -> User:
    return make_person("olga", "operator")


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def api(world: World, client_of: ClientOf) -> Callable[[str], APIClient]:
    """A client of a user of `world`, like `api("author")`."""
    return lambda who: client_of(world.people[who])


@pytest.fixture
def shared_cache_away() -> Iterator[None]:
    """The shared cache is a Redis at a port without a server."""
    usual = caches["shared"]
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"redis://127.0.0.1:{nobody.getsockname()[1]}/0"
        caches["shared"] = RedisCache(url, {})
        yield
    caches["shared"] = usual
