"""Version numbers, ordered as semver.org orders them. No build part."""

import re
from dataclasses import dataclass
from functools import total_ordering
from typing import Self

FULL = re.compile(
    r"(0|[1-9]\d{0,17})\.(0|[1-9]\d{0,17})\.(0|[1-9]\d{0,17})"
    r"(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?",
    re.ASCII,
)
SHORT = re.compile(r"v?(\d{1,9}(?:\.\d{1,9}){0,2})", re.ASCII)
MAX_CHARS = 64
LARGEST_GIVEN = 10**9 - 1
"""For each part. Patches count on from there, so a next number always exists."""


@total_ordering
@dataclass(frozen=True)
class Version:
    major: int
    minor: int
    patch: int
    stage: tuple[str, ...] = ()
    """The pre-release part: ("rc", "1") of 2.0.0-rc.1."""

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """None unless it is a full version number of at most 64 characters."""
        match = FULL.fullmatch(text) if len(text) <= MAX_CHARS else None
        if not match:
            return None
        stage = tuple(match[4].split(".")) if match[4] else ()
        if any(part.isdigit() and part != str(int(part)) for part in stage):
            return None
        return cls(int(match[1]), int(match[2]), int(match[3]), stage)

    @classmethod
    def given(cls, text: str) -> Self | None:
        """As a publisher gives it: a full number that leaves room for more."""
        version = cls.parse(text)
        if version and max(version.major, version.minor, version.patch) > LARGEST_GIVEN:
            return None
        return version

    @classmethod
    def lenient(cls, text: str) -> Self | None:
        """As authors write it in `metadata.version`: also 1, 1.0 and v1.0.0."""
        if match := SHORT.fullmatch(text.strip()):
            major, minor, patch = map(int, f"{match[1]}.0.0".split(".")[:3])
            return cls(major, minor, patch)
        return cls.given(text.strip())

    def next_patch(self) -> "Version":
        """2.0.0-rc.1 is followed by 2.0.0, 2.0.0 by 2.0.1."""
        patch = self.patch if self.stage else self.patch + 1
        return Version(self.major, self.minor, patch)

    def __str__(self) -> str:
        stage = f"-{'.'.join(self.stage)}" if self.stage else ""
        return f"{self.major}.{self.minor}.{self.patch}{stage}"

    def __lt__(self, other: "Version") -> bool:
        return self._precedence < other._precedence

    @property
    def _precedence(self) -> tuple[object, ...]:
        """Rule 11 of semver: a release after its stages, numbers before words."""
        stage = tuple(
            (0, int(part), "") if part.isdigit() else (1, 0, part)
            for part in self.stage
        )
        return (self.major, self.minor, self.patch, not stage, stage)


FIRST = Version(1, 0, 0)
