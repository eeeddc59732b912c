"""What an operator does to the cache; the log says who did it."""

import logging

from cachelayer import transactions
from cachelayer.keys import strip_prefix
from cachelayer.manager import cache_manager
from cachelayer.options import option
from cachelayer.patterns import ROOT, widen

logger = logging.getLogger(__name__)
OPERATE = "cachelayer.operate_cache"


def invalidate_pattern(pattern: str, *, by: object) -> str:
    """Retire what the pattern covers; returns the tag that was retired for it.

    A full path, with the PATH_PREFIX, means the same as without.
    """
    pattern = strip_prefix(pattern, option("PATH_PREFIX"))
    cache_manager.invalidate_pattern(pattern)
    tag = widen(pattern)
    logger.info("cache invalidated pattern=%r retired=%r by=%s", pattern, tag, by)
    return tag


def invalidate_key(key: str, *, by: object) -> str:
    """Retire the one entry that has this key text; returns its tag."""
    tag = transactions.backend().tag_of(key)
    cache_manager.invalidate_pattern(tag)
    logger.info("cache invalidated key=%r by=%s", key, by)
    return str(tag)


def clear(*, by: object) -> str:
    cache_manager.clear()
    logger.info("cache cleared by=%s", by)
    return ROOT
