"""Connections to the server; each knows which run of the server it leads to."""

import re
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from redis import ConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError, OutOfMemoryError, ResponseError
from redis.retry import Retry

from cachelayer.remote.limits import RemoteLimits
from cachelayer.remote.scripts import EXACT, Command, packed

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
