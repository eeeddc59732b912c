"""One computation per key among threads: the others wait for what it stores."""

import threading
from typing import Any

from cachelayer.locks import forkables

Flight = tuple[str, Any]  # a key and a backend's token


class Flights:
    """A reader joins only a flight begun at its own epoch: an older one may return
    what has been retired since."""

    def __init__(self) -> None:
        self.after_fork()
        forkables.add(self)

    def after_fork(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[Flight, threading.Event] = {}

    def join(self, flight: Flight) -> threading.Event | None:
        """What to wait for; None: you lead, and land it whatever happens."""
        with self._lock:
            landed = self._open.get(flight)
            if landed is None:
                self._open[flight] = threading.Event()
            return landed

    def land(self, flight: Flight) -> None:
        with self._lock:
            landed = self._open.pop(flight, None)
        if landed is not None:
            landed.set()


flights = Flights()
