"""One call of a decorated function, from its look-up to what is kept of it."""

from collections.abc import Callable
from contextlib import ExitStack
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cachelayer import transactions
from cachelayer.entries import Found
from cachelayer.flights import flights
from cachelayer.options import option
from cachelayer.routes import count_route
from cachelayer.stamps import slot

if TYPE_CHECKING:
    from cachelayer.recipes import Recipe

collecting: ContextVar[set[int] | None] = ContextVar("collecting", default=None)


def collect(slots: set[int] | tuple[int, ...]) -> None:
    """Whatever is being computed around us now depends on these too."""
    around = collecting.get()
    if around is not None:
        around.update(slots)


@dataclass
class Attempt:
    """One call: its key, what retires it, and what became of it."""

    recipe: "Recipe"
    key: str
    tags: Callable[[], list[str]]  # asked on a miss
    bypass: bool
    request: Any = None
    begun: Any = None
    entry: Found | None = None
    token: Any = None
    slots: set[int] = field(default_factory=set)
    leads: bool = False
    look: Any = None

    def __post_init__(self) -> None:
        self.bypass = self.bypass or transactions.dirty()
        self._reading = transactions.Reading()

    def find(self, *, wait: bool) -> bool:
        """Whether there is a fresh entry; counted as hit, miss or bypass."""
        backend = transactions.backend()
        backend.refresh_plane()
        self.bypass = self.bypass or backend.out_of_service()
        if self.bypass:
            self._count(backend, "bypasses")
            return False
        token, self.entry = backend.lookup(self.key)
        self.token = token if self.begun is None else self.begun
        absent = self.entry is None and self.token is not None
        if absent and wait and not transactions.in_transaction():
            self._join(backend)
        self._count(backend, "misses" if self.entry is None else "hits")
        if self.entry is not None:
            collect(self.entry.slots)
        return self.entry is not None

    def _count(self, backend: Any, outcome: str) -> None:
        backend.count(self.recipe.tier, outcome)
        count_route(self.recipe.route(self.request), outcome)

    def _join(self, backend: Any) -> None:
        landed = flights.join((self.key, self.token))
        if landed is None:
            self.leads = True
            self.entry = backend.find(self.key)  # the last flight may just have landed
        elif landed.wait(option("FLIGHT_WAIT")):
            self.entry = backend.find(self.key)

    def __enter__(self) -> None:
        self.slots.update(map(slot, self.tags()))
        with ExitStack() as stack:
            stack.callback(collect, self.slots)
            stack.callback(collecting.reset, collecting.set(self.slots))
            self.recipe.around(self, stack)
            self._around = stack.pop_all()

    def __exit__(self, *_: object) -> None:
        self._around.close()

    def land(self) -> None:
        if self.leads:
            flights.land((self.key, self.token))

    def keep(self, value: Any) -> bool:
        """Store it, if what was read for it is committed; whether that was so."""
        if self.bypass or not self._reading.committed():
            return False
        kept: bool = transactions.backend().fill(
            self.key,
            value,
            token=self.token,
            slots=self.slots,
            ttl=self.recipe.seconds(),
            tier=self.recipe.tier,
        )
        return kept
