"""Hostile archives and folders, each with one trick, drawn by a seed.

A trick in `TRICKS` builds its source in an empty folder and returns the path to import.
The reason for the refusal must contain `because`.
"""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

Build = Callable[[random.Random, Path], Path]


class Trick(NamedTuple):
    name: str
    because: str
    build: Build


TRICKS: list[Trick] = []


def trick(because: str) -> Callable[[Build], Build]:
    """Add the function to `TRICKS`."""

    def added(build: Build) -> Build:
        TRICKS.append(Trick(build.__name__, because, build))
        return build

    return added


def drawn(count: int) -> Iterator[tuple[int, Trick]]:
    """So many (seed, trick) pairs; the tricks take turns."""
    from tests.taxonomy.importing.hostile import contents, folders, tars, zips

    assert contents and folders and tars and zips
    for seed in range(count):
        yield seed, TRICKS[seed % len(TRICKS)]


def skill_md(rng: random.Random, name: str = "evil", extra: str = "") -> bytes:
    """A valid SKILL.md of random length."""
    body = "Do it well.\n" * rng.randrange(1, 40)
    text = f"---\nname: {name}\ndescription: Does it. Use for it.\n{extra}---\n\n{body}"
    return text.encode()
