"""The `<available_skills>` list that agents read before they choose a skill."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

OPENING, CLOSING = "<available_skills>", "</available_skills>"
# XML 1.0 has no way to write these, escaped or not.
UNWRITABLE = re.compile(
    "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]",
)


@dataclass(frozen=True)
class SkillEntry:
    """One line of the list; `always` entries are listed before all others."""

    name: str
    description: str
    location: str
    always: bool = False


def render_available_skills(
    entries: Iterable[SkillEntry], max_chars: int | None = None
) -> tuple[str, int]:
    """(the XML, how many entries did not fit). Entries come in order of preference.

    An entry is whole or left out; one that does not fit makes room for the next.
    The two outer lines are there even when `max_chars` is less.
    """
    room = None if max_chars is None else max_chars - len(f"{OPENING}\n{CLOSING}")
    blocks: list[str] = []
    omitted = 0
    for entry in sorted(entries, key=lambda entry: not entry.always):
        block = _block(entry)
        if room is not None and len(block) + 1 > room:
            omitted += 1
            continue
        room = None if room is None else room - len(block) - 1
        blocks.append(block)
    return "\n".join([OPENING, *blocks, CLOSING]), omitted


def _block(entry: SkillEntry) -> str:
    return "\n".join(
        (
            "<skill>",
            *_element("name", entry.name),
            *_element("description", entry.description),
            *_element("location", entry.location),
            "</skill>",
        )
    )


def _element(tag: str, text: str) -> tuple[str, str, str]:
    return f"<{tag}>", escape(UNWRITABLE.sub("\ufffd", text)), f"</{tag}>"
