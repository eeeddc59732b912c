"""A task reports its start to its sender by a datagram with both times.

The clock is the monotonic one of the system, which all processes share.
"""

import os
import socket
import struct
import time

FORM = struct.Struct("dd")
_sockets: dict[int, socket.socket] = {}


def answer(sent: float, path: str) -> None:
    """The task that every contender runs."""
    _mine().sendto(FORM.pack(sent, time.monotonic()), path)


def _mine() -> socket.socket:
    """The socket of this process."""
    if os.getpid() not in _sockets:
        _sockets[os.getpid()] = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    return _sockets[os.getpid()]


class Answers:
    """The sender's end of the socket."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(path)

    def next(self, timeout: float) -> tuple[float, float] | None:
        """(time sent, time started) of the next task; None if none started in time."""
        self._socket.settimeout(max(timeout, 0.001))
        try:
            sent, ran = FORM.unpack(self._socket.recv(FORM.size))
        except TimeoutError:
            return None
        return sent, ran

    def drain(self, quiet: float) -> None:
        """Discard answers until none has come for `quiet` seconds."""
        while self.next(quiet):
            pass
