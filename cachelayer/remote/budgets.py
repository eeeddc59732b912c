"""How long a request may wait for the cache's server, all its waits together."""

import threading
from time import monotonic

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
