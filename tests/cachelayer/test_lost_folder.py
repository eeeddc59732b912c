"""While the stamp file cannot be used, nothing is served and no call fails."""

import resource
import shutil
import signal
import threading

import pytest

from cachelayer.backends import MemoryCache
from cachelayer.backends.memory import Limits, store_at, stores_lock
from cachelayer.stamps import EPOCH, Stamps, slot
from cachelayer.stats import Counters
from tests.cachelayer.forks import fork, succeeded


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache"


def replace_by_file(folder):
    """Put a file in place of the folder, so that it cannot be created again."""
    shutil.rmtree(folder)
    folder.write_text("in the way")


def remove_file(cache, folder):
    folder.unlink()
    cache.stamps.remap()


def test_a_removed_folder_is_created_again_with_its_parents(folder):
    cache = MemoryCache(str(folder), {})
    cache.set("a", 1)
    shutil.rmtree(folder)

    cache.invalidate_pattern("/unrelated")

    assert cache.get("a") is None
    cache.set("a", 2)
    assert cache.get("a") == 2


def test_out_of_reach_nothing_is_read_or_stored_and_nothing_fails(folder, caplog):
    cache = MemoryCache(str(folder), {})
    cache.set("a", 1)
    replace_by_file(folder)

    cache.invalidate_pattern("/unrelated")

    assert cache.out_of_service()
    assert "cannot be used" in cache.why_out_of_service()
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert cache.get("a") is None
    cache.set("a", 2)
    cache.delete("a")
    cache.clear()
    remove_file(cache, folder)
    assert cache.get("a") is None


def test_out_of_reach_from_the_start_it_works_once_the_folder_can_be_made(folder):
    folder.write_text("in the way")
    cache = MemoryCache(str(folder), {})
    cache.set("a", 1)
    assert cache.get("a") is None

    remove_file(cache, folder)

    cache.set("a", 2)
    assert cache.get("a") == 2


def test_the_old_map_is_bumped_for_processes_that_still_use_it(folder):
    one, other = Stamps(folder), Stamps(folder)
    before = one.epoch()
    replace_by_file(folder)

    other.bump(["/a"])

    assert one.fresh_epoch([slot("/a")], before) is None
    assert other.failure
    assert not one.failure


def test_once_the_file_is_back_everything_is_invalidated_for_all(folder):
    one = Stamps(folder)
    moved = folder.rename(folder.with_name("kept"))
    folder.write_text("in the way")
    other = Stamps(folder)
    before = one.epoch()
    other.bump(["/a"])
    folder.unlink()
    moved.rename(folder)

    other.remap()

    assert one.fresh_epoch([slot("/a")], before) is None


@pytest.mark.parametrize("kind", [Stamps, Counters])
def test_a_full_disk_leaves_no_half_file_behind(folder, kind):
    folder.mkdir()
    former, quiet = resource.getrlimit(resource.RLIMIT_FSIZE), signal.SIG_IGN
    ours = signal.signal(signal.SIGXFSZ, quiet)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, former[1]))
    try:
        kind(folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)
        signal.signal(signal.SIGXFSZ, ours)

    assert [path.suffix for path in folder.iterdir()] == [".lock"]


def test_a_child_makes_a_store_while_its_parents_thread_holds_the_lock(folder):
    locked, done = threading.Event(), threading.Event()

    def hold():
        with stores_lock:
            locked.set()
            done.wait(20)

    def make():
        signal.alarm(20)
        store_at(str(folder), Limits.of({}))

    holder = threading.Thread(target=hold)
    holder.start()
    assert locked.wait(20)
    child = fork(make)
    done.set()
    holder.join(20)

    assert succeeded(child)


def test_a_writer_that_died_is_noticed_by_the_next_reader(folder):
    stamps = Stamps(folder)
    before = stamps.epoch()
    stamps.words[EPOCH] += 1

    assert stamps.fresh_epoch([slot("/a")], before) is None
    assert not stamps.epoch() & 1


class Interrupted(BaseException):
    """What the time limit of a worker raises, at any line."""


def test_an_interrupted_bump_invalidates_everything(folder):
    stamps = Stamps(folder)
    before = stamps.epoch()

    class Words:
        def __init__(self, words):
            self.words, self.interruptions = words, 1

        def __getitem__(self, place):
            return self.words[place]

        def __setitem__(self, place, value):
            if self.interruptions and place == slot("/a"):
                self.interruptions -= 1
                raise Interrupted
            self.words[place] = value

    stamps.words = Words(stamps.words)
    with pytest.raises(Interrupted):
        stamps.bump(["/a"])

    assert stamps.fresh_epoch([slot("/unrelated")], before) is None
    assert not stamps.epoch() & 1


def test_a_process_with_the_id_of_an_ended_one_takes_its_row(folder):
    folder.mkdir()
    for _ in range(300):
        counters = Counters(folder)
        counters.add("raw", "hits")

    totals = counters.of_host()

    assert (totals["processes"], totals["hits"]) == (1, 300)
