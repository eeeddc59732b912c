"""The limits of skills and sources, from the settings."""

from django.conf import settings

from taxonomy.files.gate import Limits, SourceLimits


def configured_limits() -> Limits:
    """The limits of one skill."""
    return Limits(
        files=settings.SKILLFLEET_MAX_SKILL_FILES,
        total_bytes=settings.SKILLFLEET_MAX_SKILL_BYTES,
        file_bytes=settings.SKILLFLEET_MAX_FILE_BYTES,
        frontmatter_chars=settings.SKILLFLEET_MAX_FRONTMATTER_CHARS,
        frontmatter_nodes=settings.SKILLFLEET_MAX_FRONTMATTER_NODES,
        scanned_bytes=settings.SKILLFLEET_SCANNED_BYTES,
        scanned_total_bytes=settings.SKILLFLEET_SCANNED_TOTAL_BYTES,
        labels=settings.SKILLFLEET_MAX_LABELS,
    )


def source_limits() -> SourceLimits:
    """The limits of a folder or archive of many skills."""
    return SourceLimits(
        skill=configured_limits(),
        entries=settings.SKILLFLEET_IMPORT_ENTRIES,
        total_bytes=settings.SKILLFLEET_IMPORT_BYTES,
        ratio=settings.SKILLFLEET_IMPORT_RATIO,
    )
