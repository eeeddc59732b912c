"""A Valkey server for one test, and backends of the hosts that share it."""

from collections.abc import Iterator

import pytest

from cachelayer.backends import RedisCache
from tests.cachelayer.outages.own_server import OPTIONS, OwnServer


@pytest.fixture
def server(tmp_path) -> Iterator[OwnServer]:
    own = OwnServer(tmp_path / "server")
    yield own
    own.stop()


@pytest.fixture
def make(server, tmp_path):
    """`make("name", **options)`: a RedisCache of the host that has this folder."""
    made: list[RedisCache] = []

    def make(host: str = "here", **options) -> RedisCache:
        chosen = {**OPTIONS, "FOLDER": str(tmp_path / host), **options}
        made.append(RedisCache(server.url, {"OPTIONS": chosen}))
        return made[-1]

    yield make
    for cache in made:
        cache.store.client.close()


@pytest.fixture
def cache(make):
    return make()
