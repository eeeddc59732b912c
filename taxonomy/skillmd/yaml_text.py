"""Writing frontmatter: every value quoted, so that no reader takes it for a number."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from taxonomy.skillmd.errors import UnwritableFrontmatter

PLAIN_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
# Read as true, null and the like by some YAML reader when they stand unquoted.
TYPED_KEYS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
# What must not stand raw between double quotes: quotes, backslashes, and whatever is
# not printable, breaks a line or is trimmed by a reader. Each becomes an escape.
ESCAPED = re.compile(
    r'["\\]|---|'
    "[\x00-\x1f\x7f-\xa0\xad\u2000-\u200f\u2028-\u202f\u205f-\u206f"
    "\ud800-\uf8ff\ufeff\ufff0-\uffff\U000e0000-\U0010ffff]"
)
SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "---": "--\\x2d"}


def as_yaml(frontmatter: Mapping[str, Any]) -> str:
    """Block YAML, one field per line, ending in a line break."""
    return "".join(f"{line}\n" for line in _mapping_lines(frontmatter, indent=""))


def _mapping_lines(mapping: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, value in mapping.items():
        yield from _entry_lines(f"{indent}{_key(key)}:", value, indent + "  ")


def _entry_lines(start: str, value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        yield start
        yield from _mapping_lines(value, indent)
    elif _is_list(value) and value:
        yield start
        for item in value:
            yield from _entry_lines(f"{indent}-", item, indent + "  ")
    else:
        yield f"{start} {quoted(_as_text(value))}"


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise UnwritableFrontmatter(f"{value!r:.80} is not text")


def _key(key: str) -> str:
    plain = PLAIN_KEY.fullmatch(key) and key.lower() not in TYPED_KEYS
    return key if plain and "---" not in key else quoted(key)


def quoted(text: str) -> str:
    """A double-quoted YAML scalar on one line; it never holds `---`."""
    return f'"{ESCAPED.sub(lambda found: _escape(found[0]), text)}"'


def _escape(found: str) -> str:
    if found in SHORT:
        return SHORT[found]
    code = ord(found)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
