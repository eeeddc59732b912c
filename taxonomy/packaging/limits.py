"""The bounds that a skill must keep; the project fills them from its settings."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What one skill may hold. Sizes are in bytes unless the name says otherwise."""

    files: int = 512
    total_bytes: int = 16 * 2**20
    file_bytes: int = 10_000_000
    # The strict YAML reader takes quadratic time: 3,000 list items need 12 seconds.
    frontmatter_chars: int = 16_384
    frontmatter_nodes: int = 500
    # Beyond this much of one file the security scan does not look.
    scanned_bytes: int = 1_000_000
    # And not beyond this much of all files together.
    scanned_total_bytes: int = 2_000_000


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class SourceLimits:
    """What a folder or an archive of many skills may hold."""

    skill: Limits = DEFAULT_LIMITS
    entries: int = 50_000
    """Files and folders that are looked at."""
    total_bytes: int = 512 * 2**20
    """Unpacked."""
    ratio: int = 200
    """How many times larger it may be unpacked than packed."""


DEFAULT_SOURCE_LIMITS = SourceLimits()
