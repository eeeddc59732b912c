"""The way to the server, with a breaker: a request never waits long for a cache."""

import atexit
import logging
import threading
from contextlib import suppress
from time import monotonic
from typing import Any, NoReturn

from redis.exceptions import RedisError

from cachelayer.locks import forkables
from cachelayer.remote import scripts
from cachelayer.remote.budgets import Budget
from cachelayer.remote.connections import Commands, Connections
from cachelayer.remote.debts import Debts, slots_in
from cachelayer.remote.limits import RemoteLimits

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
