"""What the decorators and cache_manager ask of a backend."""

import logging
from collections.abc import Iterable
from typing import Any

from cachelayer import patterns
from cachelayer.entries import Found, Unstorable

logger = logging.getLogger(__name__)
Token = Any  # a backend's own; equal ones were taken at one moment


class Seam:
    """Look-ups give tokens, fills take them, tags retire."""

    def token(self) -> Token | None:
        """The moment of a value that is about to be computed; None: do not keep it."""
        raise NotImplementedError

    def find(self, key: str) -> Found | None:
        """The entry, if it is fresh."""
        return self._find(key, None)

    def lookup(
        self, key: str, version: int | None = None
    ) -> tuple[Token | None, Found | None]:
        """The entry, and a token for when there is none."""
        token = self.token()
        return token, self._find(key, version)

    def fill(
        self,
        key: str,
        value: Any,
        *,
        token: Token | None,
        slots: Iterable[int],
        ttl: float | None,
        tier: str,
    ) -> bool:
        """Store what was computed since the token, unless its tags retired since.

        Whether it is kept: a value that cannot be stored is a line in the log.
        """
        try:
            return self._store(key, value, token, ttl, slots=slots, tier=tier)
        except Unstorable as error:
            logger.warning("cache value not kept: key=%s error=%s", key, error)
            return False

    def retire(self, tags: Iterable[str]) -> Token | None:
        """Retire these tags; returns the moment from which that counts."""
        raise NotImplementedError

    def retire_all(self) -> None:
        """For whoever reaps a process that was killed."""
        raise NotImplementedError

    def count(self, tier: str, event: str) -> None:
        raise NotImplementedError

    def out_of_service(self) -> bool:
        """Whether nothing may be read or stored at present."""
        raise NotImplementedError

    def why_out_of_service(self) -> str:
        """For an operator."""
        raise NotImplementedError

    def keeps_what_it_is_given(self) -> bool:
        """Whether a value can be read back; neither retires nor counts a look-up."""
        self._store("/probe", 1, self.token(), 1.0)
        return self._find("/probe", None) is not None

    def refresh_plane(self) -> None:
        """Once an interval: tell the database that this host is here."""

    def get_stats(self) -> dict[str, Any]:
        """This process's counts; `host` has those of all, `tiers` each by tier."""
        raise NotImplementedError

    def host_figures(self) -> dict[str, Any]:
        """Counts of all processes of this host; `size` and `bytes` if it keeps any."""
        raise NotImplementedError

    def invalidate_pattern(self, pattern: str) -> None:
        """Retire all that the pattern covers; its cost does not grow with the cache."""
        self.retire([patterns.widen(pattern)])

    def _find(self, key: str, version: int | None) -> Found | None:
        raise NotImplementedError

    def _store(
        self,
        key: str,
        value: Any,
        token: Token | None,
        ttl: float | None,
        *,
        version: int | None = None,
        slots: Iterable[int] = (),
        tier: str = "raw",
    ) -> bool:
        """Whether it may be found from now on."""
        raise NotImplementedError
