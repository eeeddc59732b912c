"""What one look at the server shows, and what can be proved by it."""

from typing import NamedTuple

from cachelayer.remote.wire import Head, Received


class Moment(NamedTuple):
    """A token: the epoch, and the stamps that it is one of."""

    epoch: int
    plane: int


class Sight(NamedTuple):
    """Values, and the stamps as they were read after them."""

    moment: Moment | None  # None: there are none, or they are of another server
    words: dict[int, int]
    raw: dict[str, bytes | None]

    def proves(self, head: Head) -> bool:
        """Whether nothing has retired it; stamps prove only what was made by them."""
        if self.moment is None or head.plane != self.moment.plane:
            return False
        return all(self.words[place] <= head.epoch for place in head.slots)


class Look(NamedTuple):
    """A token, the entries that are fresh, and whatever bytes were there."""

    token: Moment | None
    fresh: dict[str, Received]
    raw: dict[str, bytes | None]
