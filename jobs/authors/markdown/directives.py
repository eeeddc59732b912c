"""Admonitions of MyST, MkDocs and Docusaurus as paragraphs that begin with a label."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from jobs.authors.markdown.tokens import lines_in, tokens_of

LABELS = {
    "note": "Note",
    "tip": "Tip",
    "hint": "Hint",
    "info": "Note",
    "important": "Important",
    "warning": "Warning",
    "caution": "Caution",
    "danger": "Danger",
    "attention": "Attention",
    "error": "Error",
    "seealso": "See also",
    "admonition": "Note",
}
NAMES = "|".join(LABELS)
COLONS = re.compile(rf"^(\s*)(:{{3,}})\s*(?:\{{({NAMES})\}}|({NAMES})\b)(.*)$", re.I)
FENCE = re.compile(rf"^(\s*)(`{{3,}}|~{{3,}})\{{({NAMES})\}}(.*)$", re.I)
BANGS = re.compile(rf"^(\s*)(?:!!!|\?\?\?\+?)\s+({NAMES})\b(.*)$", re.I)
OPTION = re.compile(r"^\s*:[\w-]+:(?:\s.*)?$")


@dataclass
class Opened:
    """An admonition whose end has not been seen: what ends it, what it said."""

    marks: str
    label: str
    indent: int = 0
    lines: list[str] = field(default_factory=list)

    def ends_at(self, line: str) -> bool:
        """Whether this line closes it: at least as many marks, nothing else."""
        bare = line.strip()
        return bare.startswith(self.marks) and not bare.strip(self.marks[0])


def plain_admonitions(text: str) -> str:
    """`:::{warning}` … `:::` and its kin become `**Warning:** …`, words unchanged."""
    return "\n".join(_colons(_bangs(text.split("\n"), text)))


def _bangs(lines: list[str], text: str) -> list[str]:
    """MkDocs: `!!! note`, with a content that is indented by four."""
    fenced = lines_in(tokens_of(text), frozenset({"fence"}))
    result: list[str] = []
    opened: Opened | None = None
    for number, line in enumerate(lines):
        if opened and (not line.strip() or _indent(line) >= opened.indent):
            opened.lines.append(line[opened.indent :])
            continue
        if opened:
            result += labelled(opened)
            opened = None
        found = None if number in fenced else BANGS.match(line)
        if found:
            opened = Opened("", _label(found[2], found[3]), len(found[1]) + 4)
        else:
            result.append(line)
    return result + (labelled(opened) if opened else [])


def _colons(lines: list[str]) -> Iterator[str]:
    """MyST and Docusaurus: fenced by colons, or by backticks with a {name}."""
    text = "\n".join(lines)
    tokens = tokens_of(text)
    fenced = lines_in(tokens, frozenset({"fence"}))
    starts = {token.map[0] for token in tokens if token.type == "fence" and token.map}
    opened: list[Opened] = []
    for number, line in enumerate(lines):
        found = FENCE.match(line) if number in starts else None
        found = found or (COLONS.match(line) if number not in fenced else None)
        if found:
            name = found[3] or found[4]
            title = found[5] if found.re is COLONS else found[4]
            opened.append(Opened(found[2], _label(name, title)))
        elif opened and opened[-1].ends_at(line):
            done = labelled(opened.pop())
            if opened:
                opened[-1].lines += done
            else:
                yield from done
        elif opened:
            opened[-1].lines.append(line)
        else:
            yield line
    for left in opened:  # never closed: its words are kept all the same
        yield from labelled(left)


def _label(name: str, title: str) -> str:
    title = title.strip("\"'[] ")
    label = LABELS[name.lower()]
    return f"**{label}: {title}**" if title else f"**{label}:**"


def labelled(admonition: Opened) -> list[str]:
    """The label goes before the first line when that is plain text."""
    lines = list(admonition.lines)
    while lines and (not lines[0].strip() or OPTION.match(lines[0])):
        lines.pop(0)
    plain_start = bool(lines) and re.match(r"[\w\"'(\[`*_{]", lines[0]) is not None
    if plain_start and not lines[0].startswith(("```", "* ", "- ")):
        return ["", f"{admonition.label} {lines[0]}", *lines[1:], ""]
    return ["", admonition.label, "", *lines, ""]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
