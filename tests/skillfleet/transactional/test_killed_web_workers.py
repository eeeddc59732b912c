"""A web worker is killed between its COMMIT and the invalidation: no other worker may
serve what it has changed."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection

from cachelayer import cache_manager
from skillfleet.accounts.tokens import make_token
from taxonomy.models import Category
from tests.skillfleet.transactional.web_server import WebServer

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("web servers"),
    pytest.mark.skipif(
        connection.vendor != "sqlite", reason="a reaper asks no database"
    ),
]
BRANCH = "/api/v1/taxonomy/data"


@pytest.fixture
def serve(
    tmp_path: Path, transactional_db: None, seeded: None
) -> Iterator[Callable[..., WebServer]]:
    started: list[WebServer] = []
    log = tmp_path / "gunicorn.log"

    def serve(*options: str) -> WebServer:
        started.append(WebServer(log, *options))
        return started[-1]

    yield serve
    for server in started:
        server.close()
    print(log.read_text())  # pytest shows the log if the test fails


@pytest.fixture
def curator(seeded: None) -> str:
    """The curator's Authorization header."""
    user = User.objects.create_user("carla")
    user.groups.add(Group.objects.get(name="curator"))
    _, secret = make_token(user)
    return f"Bearer {secret}"


def die_between_commit_and_invalidation(server: WebServer, curator: str) -> int:
    """Kill one of two warm workers at a committed change; return the other."""
    victim, survivor = sorted(server.workers())
    for worker in (victim, survivor):
        with server.alone(worker):
            server.get(BRANCH)
            assert server.get(BRANCH)[:2] == (worker, "HIT")
    change = {"description": "Changed by the dead."}
    with server.alone(victim), pytest.raises(OSError):
        server.ask("PATCH", BRANCH, change, Authorization=curator, **{"X-Die": "1"})
    assert Category.objects.get(path="data").description == change["description"]
    server.wait_until(
        lambda: len(server.workers() - {victim, survivor}) == 1, "no new worker"
    )
    return survivor


def test_the_surviving_worker_serves_the_change(serve, curator):
    server = serve()
    survivor = die_between_commit_and_invalidation(server, curator)

    with server.alone(survivor):
        answer = server.get(BRANCH)

    assert answer[:2] == (survivor, "MISS")
    assert "Changed by the dead." in answer.body


def test_without_the_reaper_it_would_not(serve, curator):
    server = serve("-c", "python:tests.skillfleet.transactional.unreaped")
    survivor = die_between_commit_and_invalidation(server, curator)

    with server.alone(survivor):
        answer = server.get(BRANCH)

    assert answer[:2] == (survivor, "HIT")
    assert "Changed by the dead." not in answer.body


def test_a_killed_worker_invalidates_everything_and_a_stopped_one_nothing(serve):
    server, elsewhere = serve(), "kept-by-another-process"
    cache_manager.set(elsewhere, 1)
    former = server.workers()

    server.process.send_signal(signal.SIGHUP)
    server.wait_until(
        lambda: len(server.workers()) == 2 and not former & server.workers(),
        "the workers were not replaced",
    )
    server.wait_until(server.answers, "no answer")
    assert cache_manager.get(elsewhere) == 1

    os.kill(min(server.workers()), signal.SIGKILL)
    server.wait_until(lambda: cache_manager.get(elsewhere) is None, "still there")
