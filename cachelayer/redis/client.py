"""The connection to the server, behind a circuit breaker: a request never waits long.

After a failure no request is sent to the server. One thread tries to reach it again,
and first delivers the pending invalidations of this host.
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
from cachelayer.redis.pending import PendingInvalidations, slots_in
from cachelayer.redis.scripts import EXACT, Command, encoded

logger = logging.getLogger(__name__)
DEFAULTS: dict[str, Any] = {
    "PREFIX": "cachelayer:",
    "FOLDER": "",
    "TIMEOUT": 0.1,
    "BUDGET": 0.5,
    "RETRY": 1.0,
    "MAX_VALUE": 4 * 2**20,
}


@dataclass(frozen=True)
class RedisOptions:
    """The OPTIONS of RedisCache.

    `timeout`, `budget` and `retry` are in seconds, `max_value` in bytes.
    """

    prefix: str
    folder: Path
    timeout: float
    budget: float
    retry: float
    max_value: int

    @property
    def settling(self) -> float:
        """How many seconds after an outage all hosts have delivered what is pending."""
        return self.retry + 8 * self.timeout

    @classmethod
    def of(cls, options: dict[str, Any]) -> "RedisOptions":
        """From a backend's OPTIONS; raises ImproperlyConfigured."""
        for name in options.keys() - DEFAULTS.keys():
            allowed = ", ".join(DEFAULTS)
            raise ImproperlyConfigured(f"Unknown option {name!r}. Known: {allowed}.")
        chosen = {**DEFAULTS, **options}
        if not chosen["FOLDER"]:
            raise ImproperlyConfigured(
                "RedisCache needs the option FOLDER, on a disk of this host: its "
                "processes keep counts and pending invalidations there"
            )
        for name in ("TIMEOUT", "BUDGET", "RETRY", "MAX_VALUE"):
            if not isinstance(chosen[name], int | float) or chosen[name] <= 0:
                raise ImproperlyConfigured(f"{name} must be a number above 0")
        if chosen["BUDGET"] < 2 * chosen["TIMEOUT"]:
            raise ImproperlyConfigured("BUDGET must be at least twice TIMEOUT")
        chosen["FOLDER"] = Path(chosen["FOLDER"])
        return cls(*(chosen[name] for name in DEFAULTS))


PERIOD = 10.0
"""After how many seconds a budget is renewed, without the end of a request."""


class Budget(threading.local):
    """How long this thread has waited for the server in its current request."""

    _spent = 0.0
    _since = 0.0

    def renew(self) -> None:
        self._spent, self._since = 0.0, monotonic()

    def spent(self) -> float:
        if monotonic() - self._since > PERIOD:
            self.renew()
        return self._spent

    def spend(self, started: float, *, threshold: float) -> None:
        """Count a wait since `started` (of `monotonic`) towards the budget.

        Waits of up to `threshold` seconds are normal, and are not counted.
        """
        duration = monotonic() - started
        if duration > threshold:
            self._spent += duration


RUN_ID = re.compile(rb"run_id:([0-9a-f]{12})")
Commands = Callable[[int], list[Command | bytes]]
"""A function that makes the commands, given the id of the Redis server's process (its
run): a server that restarts gets another one."""


class Connections:
    """A pool of connections; each stores the run (process) of its server.

    A connection makes one round trip at a time. Errors are RedisError or OSError.
    """

    def __init__(self, url: str, options: RedisOptions) -> None:
        try:
            self._pool = ConnectionPool.from_url(
                url,
                socket_timeout=options.timeout,
                socket_connect_timeout=options.timeout,
                redis_connect_func=read_run,
                retry=Retry(NoBackoff(), 0),
                protocol=2,
                max_connections=2**16,  # the number of threads is the limit
                driver_info=None,
            )
        except ValueError as error:
            raise ImproperlyConfigured(f"RedisCache's LOCATION: {error}") from None

    def exchange(self, commands: Commands) -> tuple[int, list[Any]]:
        """The run of the server, and its reply to each command.

        A reply is None for a key of another type, and if the server has no memory for
        the value; other errors of the server are raised.
        """
        connection: Any = self._pool.get_connection()
        try:
            batch = commands(connection.run)
            connection.send_packed_command([b"".join(map(encoded, batch))])
            replies = [_reply(connection) for _ in batch]
        except BaseException:
            connection.disconnect()  # a later caller must not read these replies
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
    """One reply. None for a key of another type and for a server without memory.

    Other errors are returned instead of raised, so that all replies are read.
    """
    try:
        return connection.read_response()
    except ResponseError as error:
        wrong_type = str(error).startswith("WRONGTYPE")
        harmless = wrong_type or isinstance(error, OutOfMemoryError)
        return None if harmless else error


def read_run(connection: Any) -> None:
    """Give a new connection the run of its server.

    A server that was restarted, or another one, may have lost the latest stamps.
    """
    connection.on_connect()
    connection.send_command("INFO", "server")
    match = RUN_ID.search(connection.read_response())
    if match is None:
        raise ConnectionError("INFO server has no run_id")
    connection.run = 1 + int(match[1], 16) % (EXACT - 1)


FOREVER = float("inf")


class OutOfService(Exception):
    """The circuit breaker is open, or the server has just failed to answer."""


class Client:
    """A circuit breaker in front of the connections.

    It opens at the first failure. A recovery thread tries to reach the server and
    delivers the pending invalidations; then invalidations go through again. Reads
    follow after the settling time, in which the other hosts deliver theirs.
    """

    def __init__(
        self,
        connections: Connections,
        pending: PendingInvalidations,
        stamps: str,
        options: RedisOptions,
    ) -> None:
        self.connections, self.pending = connections, pending
        self.stamps, self.options = stamps, options
        self.budget = Budget()
        self.reason = ""
        self._reads_from = self._writes_from = 0.0
        self.after_fork()
        forkables.add(self)
        atexit.register(self.close)

    def after_fork(self) -> None:
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._recovery: threading.Thread | None = None

    def readable(self) -> bool:
        """Whether reads may be sent to the server now."""
        if monotonic() < self._reads_from:
            if self._writes_from == FOREVER and self._recovery is None:
                self._start_recovery()  # a fork does not inherit the parent's thread
            return False
        if self.pending.exist():
            self.trip("pending invalidations are delivered first")
            return False
        return True

    def exchange(self, commands: Commands, *, invalidates: bool = False) -> Any:
        """Run the commands in one round trip; (run of the server, replies).

        Raises OutOfService when the circuit breaker is open, when the request's time
        budget is spent, and when the server fails.
        """
        available = monotonic() >= self._writes_from if invalidates else self.readable()
        if not available:
            raise OutOfService(self.reason)
        started = monotonic()
        # a read must be able to wait for a whole timeout
        reserve = 0 if invalidates else self.options.timeout
        if self.budget.spent() + reserve >= self.options.budget:
            self._fail("slow: this request has used up its BUDGET of waiting")
        try:
            return self.connections.exchange(commands)
        except (RedisError, OSError) as error:
            self._fail(f"{type(error).__name__}: {error}")
        finally:
            self.budget.spend(started, threshold=self.options.timeout / 10)

    def _fail(self, reason: str) -> NoReturn:
        self.trip(reason)
        raise OutOfService(reason)

    def trip(self, reason: str) -> None:
        """Open the circuit breaker until the recovery thread reaches the server."""
        with self._lock:
            if self._writes_from == FOREVER:
                return
            self.reason = reason
            self._reads_from = self._writes_from = FOREVER
        logger.warning("cache out of service: %s", reason)
        self._start_recovery()

    def _start_recovery(self) -> None:
        with self._lock, suppress(RuntimeError):  # at exit no thread can be started
            if self._recovery is None:
                recovery = threading.Thread(target=self._recover, daemon=True)
                recovery.start()
                self._recovery = recovery

    def _recover(self) -> None:
        """Try until the server accepts the pending invalidations, then close the
        circuit breaker."""
        started = monotonic()
        while not self._try_to_deliver():
            if self._closed.wait(self.options.retry):
                return
        with self._lock:
            self._writes_from = 0.0
            self._reads_from = monotonic() + self.options.settling
            self.reason = f"settling after: {self.reason}"
            self._recovery = None
        logger.warning(
            "cache reaches the server again: seconds=%.1f settling=%.1f",
            monotonic() - started,
            self.options.settling,
        )

    def _try_to_deliver(self) -> bool:
        try:
            self.deliver()
        except Exception as error:  # any error: no other thread would try again
            self.reason = f"{type(error).__name__}: {error}"
            return False
        return True

    def deliver(self) -> None:
        """Send the pending invalidations; raises RedisError or OSError."""
        self._invalidate(set())  # fails unless the server accepts invalidations
        while lines := self.pending.read():
            self._invalidate(slots_in(lines))
            self.pending.remove(lines)

    def _invalidate(self, slots: set[int] | None) -> None:
        def command(run: int) -> list[scripts.Command | bytes]:
            return [scripts.bump(self.stamps, run, slots)]

        self.connections.exchange(command)

    def close(self) -> None:
        """End the recovery thread, and try once more to deliver what is pending."""
        self._closed.set()
        if self.pending.exist():
            with suppress(RedisError, OSError):  # the file keeps them for the others
                self.deliver()
        self.connections.close()
