"""Two hosts on one database without a shared cache: both bypass theirs."""

import asyncio
import time
from contextlib import nullcontext
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models.functions import Now

from cachelayer import cache_global_data, cache_manager, hosts
from cachelayer.models import CacheHost
from cachelayer.stamps import CONFLICT, REFRESH_AT
from cachelayer.transactions import backend

pytestmark = pytest.mark.django_db(transaction=True)
calls: list[int] = []


@cache_global_data
def value():
    calls.append(1)
    return "value"


@pytest.fixture(autouse=True)
def stamps():
    calls.clear()
    CacheHost.objects.all().delete()  # creating the roles has announced this host
    stamps = backend().stamps
    stamps.words[REFRESH_AT] = 0
    yield stamps
    stamps.words[CONFLICT] = 0


def look_up() -> None:
    cache_manager.get("anything")


def test_using_the_cache_announces_the_host_once_in_an_interval(stamps):
    look_up()
    first = CacheHost.objects.get()
    look_up()

    assert first.host_id == stamps.host_id
    assert CacheHost.objects.get().seen_at == first.seen_at


@pytest.mark.parametrize("within", [transaction.atomic, nullcontext])
def test_an_invalidation_announces_it_too(declared_groups, within):
    with within():
        Group.objects.create(name="readers")

    assert CacheHost.objects.count() == 1


def test_another_live_host_takes_the_cache_out_of_service(stamps):
    CacheHost.objects.create(host_id="another", host="elsewhere", seen_at=Now())
    cache_manager.set("a", 1)

    look_up()

    assert cache_manager.get("a") is None
    cache_manager.set("a", 2)
    assert cache_manager.get("a") is None
    assert [value(), value()] == ["value", "value"]
    assert len(calls) == 2
    assert "elsewhere" in hosts.conflict(hosts.other_hosts(stamps))


def test_the_cache_is_back_when_the_other_host_is_gone(stamps):
    CacheHost.objects.create(host_id="another", host="elsewhere", seen_at=Now())
    look_up()
    CacheHost.objects.filter(host_id="another").update(
        seen_at=Now() - timedelta(hours=1)
    )
    stamps.words[REFRESH_AT] = 0

    look_up()

    assert [value(), value()] == ["value", "value"]
    assert len(calls) == 1
    assert hosts.conflict(hosts.other_hosts(stamps)) == ""


def test_within_a_transaction_the_announcement_waits(stamps):
    with transaction.atomic():
        look_up()
        transaction.set_rollback(True)
    assert stamps.words[REFRESH_AT] == 0

    look_up()

    assert CacheHost.objects.count() == 1


def let_pass(stamps, *host_ids, hours=1) -> None:
    """Set back when these hosts were last seen; the next refresh of ours is due."""
    for host_id in host_ids:
        CacheHost.objects.filter(host_id=host_id).update(
            seen_at=Now() - timedelta(hours=hours)
        )
    stamps.words[REFRESH_AT] = 0


def test_what_was_stored_before_another_host_came_is_not_served_after_it(stamps):
    assert [value(), value(), len(calls)] == ["value", "value", 1]
    CacheHost.objects.create(host_id="another", host="elsewhere", seen_at=Now())
    stamps.words[REFRESH_AT] = 0
    look_up()
    let_pass(stamps, "another", stamps.host_id)

    value()

    assert len(calls) == 2


def test_a_host_that_came_and_went_while_this_one_slept_invalidates_all(stamps):
    value()
    let_pass(stamps, stamps.host_id, hours=2)
    CacheHost.objects.create(host_id="another", host="elsewhere", seen_at=Now())
    let_pass(stamps, "another", hours=1)

    value()

    assert len(calls) == 2


def test_an_ordinary_refresh_invalidates_nothing(stamps):
    value()
    let_pass(stamps, stamps.host_id)

    value()

    assert len(calls) == 1


def test_an_announcement_is_due_when_the_clock_was_set_back(stamps):
    stamps.words[REFRESH_AT] = time.time_ns() + int(86_400e9)

    look_up()

    assert CacheHost.objects.exists()


def test_hosts_that_are_long_gone_are_deleted(stamps):
    CacheHost.objects.create(host_id="another", host="elsewhere", seen_at=Now())
    let_pass(stamps, "another", hours=25)

    look_up()

    assert CacheHost.objects.get().host_id == stamps.host_id


def test_within_an_event_loop_the_announcement_waits(stamps):
    async def read() -> None:
        cache_manager.get("anything")

    asyncio.run(read())

    assert stamps.words[REFRESH_AT] == 0
