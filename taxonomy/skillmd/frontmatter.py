"""Frontmatter as the reference validator reads it, within bounds that it lacks."""

import re
from collections.abc import Iterator
from copy import deepcopy
from functools import lru_cache
from typing import Any

import strictyaml
from strictyaml import ruamel
from strictyaml.parser import StrictYAMLLoader

from taxonomy.packaging.limits import DEFAULT_LIMITS, Limits
from taxonomy.skillmd.errors import (
    FrontmatterInvalid,
    FrontmatterNotMapping,
    FrontmatterTooLarge,
    FrontmatterUnreadable,
)

# The characters that a YAML stream may not hold (YAML 1.2, section 5.1).
UNREADABLE = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)

REMEMBERED = 8
"""Several checks read the same frontmatter, one after the other; reading is slow."""


def load_frontmatter(source: str, limits: Limits = DEFAULT_LIMITS) -> dict[str, Any]:
    """The fields, every scalar a string. `source` starts behind the opening `---`."""
    return deepcopy(_loaded(source, limits))


@lru_cache(maxsize=REMEMBERED)
def _loaded(source: str, limits: Limits) -> dict[str, Any]:
    _refuse_unreadable(source, limits)
    try:
        loaded = strictyaml.load(source).data
    except strictyaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise FrontmatterInvalid(
            getattr(error, "problem", None) or "", line=mark.line + 1 if mark else None
        ) from error
    except Exception as error:  # it crashes on a list as a key, deep nesting and more
        raise FrontmatterInvalid("it cannot be read") from error
    if not isinstance(loaded, dict):
        raise FrontmatterNotMapping(line=1)
    if isinstance(loaded.get("metadata"), dict):
        loaded["metadata"] = {
            str(key): str(value) for key, value in loaded["metadata"].items()
        }
    return loaded


def _refuse_unreadable(source: str, limits: Limits) -> None:
    if len(source) > limits.frontmatter_chars:
        raise FrontmatterTooLarge(
            f"{len(source)} characters, at most {limits.frontmatter_chars}"
        )
    if found := UNREADABLE.search(source):
        raise FrontmatterUnreadable(
            f"U+{ord(found[0]):04X}", line=source.count("\n", 0, found.start()) + 1
        )
    if (count := sum(1 for _ in _nodes(_compose(source)))) > limits.frontmatter_nodes:
        raise FrontmatterTooLarge(f"{count} nodes, at most {limits.frontmatter_nodes}")


class _Loader(StrictYAMLLoader):
    label = "frontmatter"
    allow_flow_style = False


@lru_cache(maxsize=REMEMBERED)
def _compose(source: str) -> Any:
    """The root node; None where there is none, or where it cannot be read."""
    try:
        return ruamel.compose(source, Loader=_Loader)
    except RecursionError as error:
        raise FrontmatterTooLarge("nested too deeply") from error
    except Exception:  # the strict loader that comes next says what is wrong
        return None


def _nodes(root: Any) -> Iterator[Any]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ruamel.nodes.MappingNode):
            waiting += [part for pair in node.value for part in pair]
        elif isinstance(node, ruamel.nodes.SequenceNode):
            waiting += node.value


def source_nodes(source: str) -> dict[str, Any]:
    """Field → YAML node with `style` (None: unquoted), for what loading forgets."""
    root = _compose(source)
    if not isinstance(root, ruamel.nodes.MappingNode):
        return {}
    return {key.value: value for key, value in root.value if _is_scalar(key)}


def _is_scalar(node: Any) -> bool:
    return isinstance(node, ruamel.nodes.ScalarNode)
