"""The web server on RedisCache answers, and nothing stale, whatever happens to Valkey.

`make chaos-outage` runs it for long and prints what docs/why/caching.md shows.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection

from skillfleet.accounts.tokens import make_token
from tests.cachelayer.outages.own_server import OwnServer
from tests.skillfleet.outages.load import CEILING, Load, Phase, table
from tests.skillfleet.transactional.web_server import WebServer

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("web servers"),
]
TIMED = "tests.skillfleet.outages.timed_wsgi"
BUDGET = 500  # ms: SKILLFLEET_CACHE_BUDGET as it comes


class Run:
    """A web server, a Valkey, a load, and the phases so far."""

    def __init__(self, valkey: OwnServer, load: Load, reads: int) -> None:
        self.valkey, self.load, self.reads = valkey, load, reads
        self.phases: list[Phase] = []

    def phase(self, name: str, *, until: str) -> Phase:
        """A phase lasts for `reads` answers, of which an eighth had this outcome."""
        first, give_up = len(self.load.seen), time.monotonic() + CEILING * 3
        while True:
            current = Phase(name, self.load.seen[first:])
            enough = len(current.of("GET")) >= self.reads and current.of("PATCH")
            if enough and current.outcomes(until) >= self.reads // 8:
                break
            assert time.monotonic() < give_up, (name, current.seen[-20:])
            assert self.load.failures == []
            time.sleep(0.02)
        self.phases.append(current)
        return current

    @contextmanager
    def slow(self, ms: int) -> Iterator[None]:
        """Delay each command by this time."""
        ended = threading.Event()

        def pause() -> None:
            with self.valkey.client() as client:
                while not ended.is_set():
                    client.client_pause(ms, all=True)

        thread = threading.Thread(target=pause)
        thread.start()
        yield
        ended.set()
        thread.join()

    def walk(self) -> None:
        valkey = self.valkey
        self.phase("well", until="HIT")
        valkey.kill()
        self.phase("killed", until="BYPASS")
        valkey.start()
        self.phase("started again, empty", until="HIT")
        valkey.freeze()
        self.phase("frozen", until="BYPASS")
        valkey.thaw()
        self.phase("thawed", until="HIT")
        with valkey.client() as client:
            client.flushall()
        self.phase("emptied by FLUSHALL", until="HIT")
        with self.slow(60):
            self.phase("slow: 60 ms", until="BYPASS")
        self.phase("well again", until="HIT")
        with self.slow(300):
            self.phase("slower than TIMEOUT: 300 ms", until="BYPASS")
        self.phase("well at the end", until="HIT")


@pytest.fixture
def make_run(
    tmp_path: Path, transactional_db: None, seeded: None
) -> Iterator[Callable[..., Run]]:
    curator = User.objects.create_user("carla")
    curator.groups.add(Group.objects.get(name="curator"))
    token = f"Bearer {make_token(curator).secret}"
    valkey = OwnServer(tmp_path / "valkey")
    started: list[WebServer] = []

    def make(reads: int, pause: float, hosts: int = 1, **environment: str) -> Run:
        for number in range(hosts):
            server = WebServer(
                tmp_path / f"gunicorn{number}.log",
                wsgi=TIMED,
                DJANGO_SETTINGS_MODULE="tests.skillfleet.outages.settings",
                SKILLFLEET_TEST_FOLDER=str(tmp_path / f"host{number}"),
                SKILLFLEET_HOST_NAME=f"host{number}",
                REDIS_URL=valkey.url,
                **environment,
            )
            started.append(server)
        ports = [server.port for server in started]
        return Run(valkey, Load(ports, token, pause), reads)

    yield make
    for server in started:
        server.close()
    valkey.stop()
    for log in sorted(tmp_path.glob("gunicorn*.log")):
        print(log.read_text()[-4000:])


def check(run: Run) -> None:
    for phase in run.phases:
        assert phase.errors == [], phase.name
        assert phase.stale == [], phase.name


@pytest.mark.skipif(connection.vendor != "sqlite", reason="once is enough")
def test_no_outage_shows_but_in_the_time(make_run):
    run = make_run(reads=24, pause=0.02, SKILLFLEET_CACHE_RETRY="0.1")
    with run.load.running():
        run.phase("well", until="HIT")
        run.valkey.kill()
        run.phase("killed", until="BYPASS")
        run.valkey.start()
        run.phase("started again, empty", until="HIT")
        run.valkey.freeze()
        run.phase("frozen", until="BYPASS")
        run.valkey.thaw()
        run.phase("thawed", until="HIT")

    check(run)


@pytest.mark.slow
def test_every_outage_for_long(make_run):
    run = make_run(reads=400, pause=0.04, hosts=2)
    with run.load.running():
        run.walk()

    print(table(run.phases))
    check(run)
    for phase in run.phases:
        assert phase.waits[-1] <= BUDGET, phase.name
