"""Throttles whose counts all processes share, in the `shared` cache."""

import hashlib
import logging
import unicodedata
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.core.cache import BaseCache, caches
from django.http import HttpRequest
from django.utils.connection import ConnectionProxy
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

if TYPE_CHECKING:
    from rest_framework.views import APIView


log = logging.getLogger(__name__)


def unreachable_errors() -> tuple[type[Exception], ...]:
    """The errors of the shared cache when its server does not answer.

    The Redis client is imported when something has failed: most processes on SQLite
    never use it, and it takes a tenth of a second of their start.
    """
    from redis.exceptions import RedisError

    return RedisError, OSError


class SharedThrottle(SimpleRateThrottle):
    """A rate from the settings, read at each request; empty means no limit.

    While the shared cache is unreachable, nothing is counted and every request passes,
    so that its outage locks nobody out; /readyz reports the outage.
    """

    cache = cast(BaseCache, ConnectionProxy(caches, "shared"))

    def get_rate(self) -> str | None:
        return settings.SKILLFLEET_RATES[str(self.scope)] or None

    def allow_request(self, request: Request, view: "APIView") -> bool:
        try:
            return super().allow_request(request, view)
        except unreachable_errors() as error:
            log.error(
                "shared cache unreachable: rate=%s not counted: %s", self.scope, error
            )
            return True

    def counter(self, ident: Any) -> str:
        """The cache key of a counter; the identity is hashed, as it may be any text."""
        ident = hashlib.sha256(str(ident).encode()).hexdigest()
        return self.cache_format % {"scope": self.scope, "ident": ident}


class WriteThrottle(SharedThrottle):
    """Writes per user, or per address without login.

    Reads are not counted: they come from the cache, and counting them would cost
    more than answering them.
    """

    scope = "write"

    def get_cache_key(self, request: Request, view: "APIView") -> str | None:
        if request.method in SAFE_METHODS:
            return None
        user = request.user
        return self.counter(
            user.pk if user.is_authenticated else self.get_ident(request)
        )


class LoginThrottle(SharedThrottle):
    """Attempts to log in per address, in the API and the admin together."""

    scope = "login"

    def get_cache_key(self, request: Request, view: "APIView") -> str | None:
        return self.counter(self.get_ident(request))


class LoginNameThrottle(SharedThrottle):
    """Attempts per user name and address: one address cannot try many passwords.

    The address is part of the key, so that nobody can lock another person out.
    """

    scope = "login_name"

    def __init__(self, name: str | None = None) -> None:
        super().__init__()
        self.name = name
        """The user name, if it is not in the body of an API request."""

    def get_cache_key(self, request: Request, view: "APIView") -> str | None:
        name: Any = self.name
        if name is None:
            sent = request.data
            name = sent.get("username") if isinstance(sent, dict) else ""
        return self.counter(f"{self.get_ident(request)} {spelling(str(name))!a}")


def spelling(name: str) -> str:
    """The one spelling under which attempts at a user name are counted.

    Django's login form trims and normalises names, too.
    """
    return unicodedata.normalize("NFKC", name).strip().casefold()


def seconds_until_login(request: HttpRequest, name: str) -> float:
    """Count an attempt to log in as `name` outside of the API; 0: it is allowed."""
    api_request, view = cast(Request, request), cast("APIView", None)  # neither is read
    throttles = (LoginThrottle(), LoginNameThrottle(name))
    refusing = [each for each in throttles if not each.allow_request(api_request, view)]
    return max((each.wait() or 1 for each in refusing), default=0)
