"""The stamp file is bumped under a lock, read without one, and never truncated."""

import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cachelayer.backends import MemoryCache
from cachelayer.locks import HostLock
from cachelayer.stamps import EPOCH, SLOTS, SUPERSEDED, Stamps, slot
from tests.cachelayer.forks import fork, succeeded


@pytest.fixture
def stamps(tmp_path):
    return Stamps(tmp_path)


def places(*tags):
    return tuple(map(slot, tags))


def test_a_bump_invalidates_its_tags_and_no_others(stamps):
    before = stamps.epoch()

    stamps.bump(["/a/*"])

    assert stamps.fresh_epoch(places("/a/*"), before) is None
    assert stamps.fresh_epoch(places("/b/*"), before) == stamps.epoch() > before


def test_what_was_computed_after_the_bump_is_fresh(stamps):
    stamps.bump(["/a/*"])

    assert stamps.fresh_epoch(places("/a/*"), stamps.epoch()) == stamps.epoch()


def test_the_epoch_is_even_at_rest_and_only_rises(stamps):
    seen = [stamps.epoch()]
    for _ in range(5):
        seen.append(stamps.bump(["/a"]))

    assert seen == sorted(set(seen))
    assert not any(epoch & 1 for epoch in seen)


@given(st.text())
def test_any_tag_has_a_place_within_the_slots(tag):
    assert 8 <= slot(tag) < 8 + SLOTS


def test_a_value_begun_while_a_process_writes_is_invalidated_by_it(stamps):
    stamps.words[EPOCH] += 1
    token = stamps.epoch()
    stamps.words[EPOCH] -= 1

    stamps.bump(["/a"])

    assert stamps.fresh_epoch(places("/a"), token) is None


def test_a_process_that_died_while_it_wrote_invalidates_everything(stamps):
    before = stamps.epoch()
    stamps.words[EPOCH] += 1

    after = stamps.bump(["/a"])

    assert stamps.fresh_epoch(places("/unrelated"), before) is None
    assert stamps.fresh_epoch(places("/unrelated"), after) == after


def test_two_maps_of_one_file_see_each_other(stamps, tmp_path):
    other, before = Stamps(tmp_path), stamps.epoch()

    other.bump(["/a"])

    assert other.host_id == stamps.host_id
    assert stamps.fresh_epoch(places("/a"), before) is None


def test_a_removed_file_is_created_again_and_its_readers_follow(tmp_path):
    one, other = Stamps(tmp_path), Stamps(tmp_path)
    before, host_id = one.epoch(), one.host_id
    one.path.unlink()

    other.bump(["/a"])

    assert one.words[EPOCH] == SUPERSEDED
    assert one.fresh_epoch(places("/unrelated"), before) is None
    assert one.epoch() == other.epoch() > before
    assert one.host_id == host_id


def test_a_file_of_another_size_is_replaced_and_not_truncated(tmp_path):
    one = Stamps(tmp_path)
    before = one.epoch()
    one.path.rename(tmp_path / "kept")
    one.path.write_bytes(b"short")

    one.bump(["/a"])

    assert one.path.stat().st_size == (tmp_path / "kept").stat().st_size
    assert one.fresh_epoch(places("/unrelated"), before) is None


def test_a_new_file_drops_what_this_process_stored(tmp_path):
    cache = MemoryCache(str(tmp_path), {})
    cache.set("a", 1)
    cache.stamps.path.unlink()

    cache.invalidate_pattern("/unrelated")

    assert cache.get("a") is None
    cache.set("a", 2)
    assert cache.get("a") == 2


def test_a_removed_folder_is_created_again(tmp_path):
    stamps = Stamps(tmp_path / "cache")
    for path in stamps.path.parent.iterdir():
        path.unlink()

    stamps.bump(["/a"])

    assert Stamps(tmp_path / "cache").epoch() == stamps.epoch()


def test_no_bump_is_lost_among_threads_and_processes(stamps):
    started, each = stamps.epoch(), 200

    def bump_often():
        for number in range(each):
            stamps.bump([f"/a/{number}"])

    children = [fork(bump_often), fork(bump_often)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: bump_often(), range(2)))

    assert all(map(succeeded, children))
    assert stamps.epoch() == started + 2 * each * 4


def test_a_child_does_not_inherit_a_lock_that_a_thread_holds(tmp_path):
    lock, locked, done = (
        HostLock(tmp_path / "lock"),
        threading.Event(),
        threading.Event(),
    )

    def hold():
        with lock:
            locked.set()
            done.wait(20)

    def take():
        signal.alarm(20)
        with lock:  # waits for the parent's thread, then has it
            pass

    holder = threading.Thread(target=hold)
    holder.start()
    assert locked.wait(20)
    child = fork(take)
    done.set()
    holder.join(20)

    assert succeeded(child)


def test_a_late_and_slower_reader_does_not_replace_what_is_newer(tmp_path):
    cache = MemoryCache(str(tmp_path), {})

    def fill(value, token):
        cache.fill("a", value, token=token, slots=(), ttl=60, tier="raw")

    slow = cache.token()
    cache.invalidate_pattern("/unrelated")
    fill("newer", cache.token())
    fill("older", slow)

    assert cache.get("a") == "newer"
