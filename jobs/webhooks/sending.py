"""One POST to an address that was looked at: no redirect, no proxy, no long wait."""

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from functools import cache

from jobs.webhooks.addresses import Target

FAULTS = (OSError, http.client.HTTPException, ValueError)
"""What a call that was not answered raises; the last from a name or a TLS socket."""


class PinnedConnection(http.client.HTTPConnection):
    """Connects to the target's address, whatever its name means by now."""

    def __init__(self, target: Target, seconds: float) -> None:
        super().__init__(target.host, target.port, timeout=seconds)
        self.target = target
        self.over = False

    def connect(self) -> None:
        place = (self.target.address, self.target.port)
        self.sock = socket.create_connection(place, timeout=self.timeout)
        if self.target.parts.scheme == "https":
            self.sock = tls().wrap_socket(self.sock, server_hostname=self.target.host)
        if self.over:
            raise TimeoutError("Connecting took all the time there was.")

    def cut(self) -> None:
        """Ends any wait of the thread that uses it: on a socket that is being connected
        there is nothing to shut, so `connect` looks itself."""
        self.over = True
        if self.sock is not None:
            with suppress(OSError):  # it has ended by itself
                self.sock.shutdown(socket.SHUT_RDWR)


@cache
def tls() -> ssl.SSLContext:
    """The system's authorities, or those of SSL_CERT_FILE."""
    return ssl.create_default_context()


def post(
    target: Target, body: bytes, headers: Mapping[str, str], seconds: float
) -> int:
    """The status of the answer; what it says is not read. Raises FAULTS.

    The time is for everything together: a receiver that drips is cut off.
    """
    connection = PinnedConnection(target, seconds)
    clock = threading.Timer(seconds, connection.cut)
    clock.daemon = True
    clock.start()
    try:
        connection.request("POST", target.path, body, dict(headers))
        return connection.getresponse().status
    finally:
        clock.cancel()
        connection.close()
