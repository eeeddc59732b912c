"""The connection to the server, with a circuit breaker: a request never waits long
for the cache.
"""

import atexit
import logging
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, NoReturn

from django.core.exceptions import ImproperlyConfigured
from redis import ConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import (
    ConnectionError,
    OutOfMemoryError,
    RedisError,
    ResponseError,
)
from redis.retry import Retry

from cachelayer.locks import forkables
from cachelayer.redis import scripts
from cachelayer.redis.pending import Debts, slots_in
from cachelayer.redis.scripts import EXACT, Command, packed

DEFAULTS: dict[str, Any] = {
    "PREFIX": "cachelayer:",
    "FOLDER": "",
    "TIMEOUT": 0.1,
    "BUDGET": 0.5,
    "RETRY": 1.0,
    "MAX_VALUE": 4 * 2**20,
}


@dataclass(frozen=True)
class RemoteLimits:
    """`timeout`, `budget` and `retry` in seconds, `max_value` in bytes."""

    prefix: str
    folder: Path
    timeout: float
    budget: float
    retry: float
    max_value: int

    @property
    def settling(self) -> float:
        """After an outage: by then every other host has delivered what it owed."""
        return self.retry + 8 * self.timeout

    @classmethod
    def of(cls, options: dict[str, Any]) -> "RemoteLimits":
        """From a backend's OPTIONS; raises ImproperlyConfigured."""
        for name in options.keys() - DEFAULTS.keys():
            known = ", ".join(DEFAULTS)
            raise ImproperlyConfigured(f"There is no option {name!r}, but {known}")
        chosen = {**DEFAULTS, **options}
        if not chosen["FOLDER"]:
            raise ImproperlyConfigured(
                "RedisCache needs the option FOLDER, on a disk of this host: its "
                "processes count there, and note what they could not deliver"
            )
        for name in ("TIMEOUT", "BUDGET", "RETRY", "MAX_VALUE"):
            if not isinstance(chosen[name], int | float) or chosen[name] <= 0:
                raise ImproperlyConfigured(f"{name} is a number above 0")
        if chosen["BUDGET"] < 2 * chosen["TIMEOUT"]:
            raise ImproperlyConfigured("BUDGET is at least twice TIMEOUT")
        chosen["FOLDER"] = Path(chosen["FOLDER"])
        return cls(*(chosen[name] for name in DEFAULTS))


PERIOD = 10.0


class Budget(threading.local):
    """What this thread has waited in its request, at most in the last ten seconds."""

    _spent = 0.0
    _since = 0.0

    def renew(self) -> None:
        self._spent, self._since = 0.0, monotonic()

    def spent(self) -> float:
        if monotonic() - self._since > PERIOD:
            self.renew()
        return self._spent

    def spend(self, started: float, *, above: float) -> None:
        """Waits as they should be are free: a long import has thousands."""
        waited = monotonic() - started
        self._spent += waited if waited > above else 0.0


RUN_ID = re.compile(rb"run_id:([0-9a-f]{12})")
Commands = Callable[[int], list[Command | bytes]]


class Connections:
    """One round trip at a time on each; what goes wrong is RedisError or OSError."""

    def __init__(self, url: str, limits: RemoteLimits) -> None:
        try:
            self._pool = ConnectionPool.from_url(
                url,
                socket_timeout=limits.timeout,
                socket_connect_timeout=limits.timeout,
                redis_connect_func=learn_run,
                retry=Retry(NoBackoff(), 0),
                protocol=2,
                max_connections=2**16,  # threads are what limits them
                driver_info=None,
            )
        except ValueError as error:
            raise ImproperlyConfigured(f"RedisCache's LOCATION: {error}") from None

    def exchange(self, commands: Commands) -> tuple[int, list[Any]]:
        """The run, and a reply to each command made for it.

        None for a key of another type, and when there is no memory for the value;
        other refusals are raised.
        """
        connection: Any = self._pool.get_connection()
        try:
            made = commands(connection.run)
            connection.send_packed_command([b"".join(map(packed, made))])
            replies = [_reply(connection) for _ in made]
        except BaseException:
            connection.disconnect()  # what is still to come is nobody's reply
            raise
        finally:
            self._pool.release(connection)
        for reply in replies:
            if isinstance(reply, ResponseError):
                raise reply
        return connection.run, replies

    def close(self) -> None:
        self._pool.disconnect()


def _reply(connection: Any) -> Any:
    try:
        return connection.read_response()
    except ResponseError as refusal:
        harmless = isinstance(refusal, OutOfMemoryError)
        return None if harmless or str(refusal).startswith("WRONGTYPE") else refusal


def learn_run(connection: Any) -> None:
    """A server that was started again, or another one, has lost what it knew last."""
    connection.on_connect()
    connection.send_command("INFO", "server")
    found = RUN_ID.search(connection.read_response())
    if found is None:
        raise ConnectionError("INFO server says no run_id")
    connection.run = 1 + int(found[1], 16) % (EXACT - 1)


logger = logging.getLogger(__name__)
FOREVER = float("inf")


class OutOfService(Exception):
    """The server is not asked at present, or has just failed to answer."""


class Link:
    """Reads happen while nothing is owed and the last outage is some time ago.

    After a failure nobody asks the server but one thread, until what is owed has
    been delivered. Then retirements go through, and reads after the settling time:
    another host may have owed some too.
    """

    def __init__(
        self, connections: Connections, debts: Debts, stamps: str, limits: RemoteLimits
    ) -> None:
        self.connections, self.debts = connections, debts
        self.stamps, self.limits = stamps, limits
        self.budget = Budget()
        self.reason = ""
        self._reads_from = self._writes_from = 0.0
        self.after_fork()
        forkables.add(self)
        atexit.register(self.close)

    def after_fork(self) -> None:
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._mender: threading.Thread | None = None

    def readable(self) -> bool:
        if monotonic() < self._reads_from:
            if self._writes_from == FOREVER and self._mender is None:
                self._start_mender()  # we are a fork of whose parent was mending
            return False
        if self.debts.owed():
            self.trip("retirements are to be delivered first")
            return False
        return True

    def exchange(self, commands: Commands, *, retires: bool = False) -> Any:
        """(run, replies) of one round trip; raises OutOfService."""
        if not (monotonic() >= self._writes_from if retires else self.readable()):
            raise OutOfService(self.reason)
        started = monotonic()
        reserve = 0 if retires else self.limits.timeout
        if self.budget.spent() + reserve >= self.limits.budget:
            self._fail("slow: a request's budget of waiting is used up")
        try:
            return self.connections.exchange(commands)
        except (RedisError, OSError) as error:
            self._fail(f"{type(error).__name__}: {error}")
        finally:
            self.budget.spend(started, above=self.limits.timeout / 10)

    def _fail(self, reason: str) -> NoReturn:
        self.trip(reason)
        raise OutOfService(reason)

    def trip(self, reason: str) -> None:
        """Out of service from now on, until the mender has got through."""
        with self._lock:
            if self._writes_from == FOREVER:
                return
            self.reason = reason
            self._reads_from = self._writes_from = FOREVER
        logger.warning("cache out of service: %s", reason)
        self._start_mender()

    def _start_mender(self) -> None:
        with self._lock, suppress(RuntimeError):  # no threads at the very end
            if self._mender is None:
                mender = threading.Thread(target=self._mend, daemon=True)
                mender.start()
                self._mender = mender

    def _mend(self) -> None:
        started = monotonic()
        while not self._got_through():
            if self._closed.wait(self.limits.retry):
                return
        with self._lock:
            self._writes_from = 0.0
            self._reads_from = monotonic() + self.limits.settling
            self.reason = f"settling after: {self.reason}"
            self._mender = None
        logger.warning(
            "cache back: seconds=%.1f settling=%.1f",
            monotonic() - started,
            self.limits.settling,
        )

    def _got_through(self) -> bool:
        try:
            self.deliver()
        except Exception as error:  # whatever it is: without us nobody tries again
            self.reason = f"{type(error).__name__}: {error}"
            return False
        return True

    def deliver(self) -> None:
        """Retire on the server what is owed; raises RedisError or OSError."""
        self._retire(set())  # the server is there, and takes retirements
        while listed := self.debts.listed():
            self._retire(slots_in(listed))
            self.debts.paid(listed)

    def _retire(self, slots: set[int] | None) -> None:
        def command(run: int) -> list[scripts.Command | bytes]:
            return [scripts.bump(self.stamps, run, slots)]

        self.connections.exchange(command)

    def close(self) -> None:
        """Try once more to deliver what is owed, and end the mender."""
        self._closed.set()
        if self.debts.owed():
            with suppress(RedisError, OSError):  # the file keeps them for the others
                self.deliver()
        self.connections.close()
