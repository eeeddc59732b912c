"""SKILL.md as a value: frontmatter and body, read and written."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from taxonomy.packaging.limits import DEFAULT_LIMITS, Limits
from taxonomy.skillmd.errors import FrontmatterMissing, FrontmatterUnclosed, NotText
from taxonomy.skillmd.frontmatter import load_frontmatter
from taxonomy.skillmd.yaml_text import as_yaml


@dataclass(frozen=True)
class Document:
    """What a SKILL.md says. Scalars are strings; the body has no blank edges."""

    frontmatter: dict[str, Any]
    body: str


def decode(content: bytes) -> str:
    """The text of a file, every line break a `\\n`; raises `NotText`."""
    try:
        return _unix(content.decode())
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise NotText(f"byte {error.start}", line=line) from error


def parse(text: str, limits: Limits = DEFAULT_LIMITS) -> Document:
    """Read it as the reference validator does; raises a `SkillMdError`.

    The frontmatter ends at the second `---`, wherever that stands.
    """
    frontmatter, body = split(text)
    return Document(load_frontmatter(frontmatter, limits), body.strip())


def split(text: str) -> tuple[str, str]:
    """(YAML source behind the opening `---`, what follows the closing one)."""
    text = _unix(text)
    if not text.startswith("---"):
        raise FrontmatterMissing(line=1)
    parts = text.split("---", 2)
    if len(parts) < 3:
        raise FrontmatterUnclosed(line=1)
    return parts[1], parts[2]


def render(frontmatter: Mapping[str, Any], body: str) -> str:
    """The text of a SKILL.md that every reader understands and `parse` reads back.

    Values are text, numbers (written as text), or non-empty mappings and lists of
    them; anything else raises `UnwritableFrontmatter`.
    """
    return f"---\n{as_yaml(frontmatter)}---\n\n{_unix(body).strip()}\n"


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
