"""The stamp file out of reach: nothing is served, nothing fails, and it says so."""

import resource
import shutil
import signal
import threading

import pytest

from cachelayer import store
from cachelayer.backends import MemoryCache
from cachelayer.stamps import EPOCH, Stamps, slot
from cachelayer.stats import Counters
from cachelayer.store import Limits
from tests.cachelayer.forks import fork, succeeded


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "plane"


def take_away(folder):
    """A file in its place: it cannot be made anew."""
    shutil.rmtree(folder)
    folder.write_text("in the way")


def give_back(cache, folder):
    folder.unlink()
    cache.stamps.remap()


def test_a_folder_that_was_removed_is_made_anew_with_its_parents(folder):
    cache = MemoryCache(str(folder), {})
    cache.set("a", 1)
    shutil.rmtree(folder)

    cache.invalidate_pattern("/unrelated")

    assert cache.get("a") is None
    cache.set("a", 2)
    assert cache.get("a") == 2


def test_out_of_reach_it_serves_and_keeps_nothing_and_fails_nowhere(folder, caplog):
    cache = MemoryCache(str(folder), {})
    cache.set("a", 1)
    take_away(folder)

    cache.invalidate_pattern("/unrelated")

    assert cache.out_of_service()
    assert "cannot be used" in cache.why_out_of_service()
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert cache.get("a") is None
    cache.set("a", 2)
    cache.delete("a")
    cache.clear()
    give_back(cache, folder)
    assert cache.get("a") is None


def test_out_of_reach_from_the_start_it_serves_when_the_way_is_free(folder):
    folder.write_text("in the way")
    cache = MemoryCache(str(folder), {})
    cache.set("a", 1)
    assert cache.get("a") is None

    give_back(cache, folder)

    cache.set("a", 2)
    assert cache.get("a") == 2


def test_the_former_map_is_bumped_for_whoever_has_not_noticed_yet(folder):
    one, other = Stamps(folder), Stamps(folder)
    before = one.epoch()
    take_away(folder)

    other.bump(["/a"])

    assert one.newer([slot("/a")], before) is None
    assert other.failure
    assert not one.failure


def test_what_was_retired_out_of_reach_is_retired_for_all_when_it_is_back(folder):
    one = Stamps(folder)
    kept = folder.rename(folder.with_name("kept"))
    folder.write_text("in the way")
    other = Stamps(folder)
    before = one.epoch()
    other.bump(["/a"])
    folder.unlink()
    kept.rename(folder)

    other.remap()

    assert one.newer([slot("/a")], before) is None


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


def test_a_child_makes_a_store_while_a_thread_of_its_parent_did(folder):
    held, done = threading.Event(), threading.Event()

    def hold():
        with store.making:
            held.set()
            done.wait(20)

    def make():
        signal.alarm(20)
        store.store_at(str(folder), Limits.of({}))

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(20)
    child = fork(make)
    done.set()
    holder.join(20)

    assert succeeded(child)


def test_a_writer_that_died_is_noticed_by_the_next_reader(folder):
    stamps = Stamps(folder)
    before = stamps.epoch()
    stamps.words[EPOCH] += 1

    assert stamps.newer([slot("/a")], before) is None
    assert not stamps.epoch() & 1


class Interrupted(BaseException):
    """What a worker's time limit raises, at any line."""


def test_a_bump_that_is_interrupted_retires_everything(folder):
    stamps = Stamps(folder)
    before = stamps.epoch()

    class Words:
        def __init__(self, words):
            self.words, self.left = words, 1

        def __getitem__(self, place):
            return self.words[place]

        def __setitem__(self, place, value):
            if self.left and place == slot("/a"):
                self.left -= 1
                raise Interrupted
            self.words[place] = value

    stamps.words = Words(stamps.words)
    with pytest.raises(Interrupted):
        stamps.bump(["/a"])

    assert stamps.newer([slot("/unrelated")], before) is None
    assert not stamps.epoch() & 1


def test_a_process_with_the_id_of_one_that_has_gone_takes_its_row(folder):
    folder.mkdir()
    for _ in range(300):
        counters = Counters(folder)
        counters.add("raw", "hits")

    found = counters.of_host()

    assert (found["processes"], found["hits"]) == (1, 300)
