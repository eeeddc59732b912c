"""One store a process for all backends with the same parameters."""

import atexit
from pathlib import Path

from cachelayer.limits import Limits
from cachelayer.locks import ThreadLock
from cachelayer.stamps import Stamps
from cachelayer.stats import Counters
from cachelayer.stores import Store

stores: dict[tuple[str, Limits], Store] = {}
making = ThreadLock()


def store_at(folder: str, limits: Limits) -> Store:
    """Django makes a backend for each thread."""
    with making:
        if (folder, limits) not in stores:
            place = Path(folder)
            store = Store(Stamps(place), Counters(place), limits)
            atexit.register(store.tell)
            stores[folder, limits] = store
        return stores[folder, limits]
