"""A HIT in one process becomes a MISS when another process writes."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache, partial

import pytest
from django.db import connection, connections

from cachelayer import cache_endpoint, cache_manager, invalidation
from cachelayer.transactions import backend
from tests.cachelayer.forks import fork, succeeded
from tests.cachelayer.models import BulkGroup
from tests.cachelayer.writer import ACTIONS, declare

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("each_backend"),
    pytest.mark.xdist_group("processes"),
]
WRITES = [
    "save",
    "create",
    "delete",
    "bulk_update",
    "bulk_create",
    "bulk_delete",
    "relate",
]
calls: list[int] = []


@pytest.fixture(autouse=True)
def declared_like_there(declared_groups):
    invalidation.declarations.clear()
    declare()


@cache_endpoint(pattern="/groups/*")
def group_names() -> list[str]:
    calls.append(1)
    return sorted(BulkGroup.objects.values_list("name", flat=True))


@pytest.fixture(scope="module")
def interpreter_with() -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Start a process with another PYTHONHASHSEED, and with this REDIS_URL."""
    with ExitStack() as stack:
        yield cache(partial(start, stack))


def start(stack: ExitStack, redis_url: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.cachelayer.writer"],
        env={**os.environ, "PYTHONHASHSEED": "4242", "REDIS_URL": redis_url},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    stack.enter_context(process)
    stack.callback(process.communicate, timeout=20)
    return process


@pytest.fixture
def interpreter(each_backend, settings, interpreter_with) -> subprocess.Popen[str]:
    """A process that uses the same cache as this one."""
    location = settings.CACHES["default"]["LOCATION"]
    return interpreter_with(location if each_backend == "redis" else "")


@pytest.fixture(params=["interpreter", "fork"])
def another_process(request, interpreter) -> Callable[[str], None]:
    """A function that has the other process do one action, and waits for its end."""
    return in_a_fork if request.param == "fork" else partial(tell, interpreter)


def tell(process: subprocess.Popen[str], action: str) -> None:
    process.stdin.write(f"{connection.settings_dict['NAME']}\t{action}\n")
    process.stdin.flush()
    assert process.stdout.readline() == "done\n"


def in_a_fork(action: str) -> None:
    def act() -> None:
        ACTIONS[action]()
        connections.close_all()

    connections.close_all()
    assert succeeded(fork(act))


@pytest.fixture
def warm(each_backend):
    """Read a value until this process serves it from its own store."""
    BulkGroup.objects.create(name="readers")
    calls.clear()
    group_names()
    group_names()
    assert len(calls) == 1


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize("action", WRITES)
def test_what_another_process_writes_is_computed_again(another_process, action):
    another_process(action)

    names = group_names()

    assert len(calls) == 2
    assert names == sorted(BulkGroup.objects.values_list("name", flat=True))


@pytest.mark.parametrize("action", ["set_key", "delete_key", "clear"])
def test_a_key_that_another_process_sets_or_deletes_is_dropped_here(
    each_backend, another_process, action
):
    cache_manager.set("/groups/key", "old")

    another_process(action)

    shared = each_backend == "redis" and action == "set_key"
    assert cache_manager.get("/groups/key") == ("new" if shared else None)


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize("each_backend", ["memory"], indirect=True)
def test_the_next_write_after_a_kill_in_a_bump_invalidates_everything(
    another_process,
):
    another_process("killed_in_a_bump")
    cache_manager.invalidate_pattern("/unrelated")

    group_names()

    assert len(calls) == 2


@pytest.mark.usefixtures("warm")
def test_reaping_a_killed_process_invalidates_everything():
    backend().invalidate_all()

    group_names()

    assert len(calls) == 2
