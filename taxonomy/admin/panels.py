"""What an object's page shows below its fields: tables, and texts as they are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models.functions import Length

from taxonomy.models import BundleFile

SHOWN_CHARS = 200_000
"""A longer text is cut: a browser would not scroll it any more."""
SHOWN_BYTES = 1_000_000
"""Of all files together; what comes after is listed without its text."""


@dataclass(frozen=True)
class Text:
    """A text that the template escapes; nothing in it is ever HTML."""

    title: str
    text: str
    note: str = ""
    unfolded: bool = False

    @property
    def shown(self) -> str:
        return self.text[:SHOWN_CHARS]

    @property
    def cut(self) -> int:
        """How many characters are left out."""
        return max(0, len(self.text) - SHOWN_CHARS)


@dataclass(frozen=True)
class Panel:
    """A titled box: a paragraph, a table, texts, or all of them."""

    title: str
    lead: str = ""
    headers: Sequence[str] = ()
    rows: Sequence[Sequence[Any]] = ()
    texts: Sequence[Text] = ()
    empty: str = "Nothing yet."
    more: str = ""
    warning: bool = False
    figures: bool = False
    """The table is one of counts, in columns as narrow as they are."""

    @property
    def is_empty(self) -> bool:
        return not (self.lead or self.rows or self.texts)


@dataclass(frozen=True)
class FilesShown:
    """The files of a bundle, until SHOWN_BYTES are reached."""

    bundle_id: str
    texts: list[Text] = field(default_factory=list)

    @classmethod
    def of(cls, bundle_id: str) -> "FilesShown":
        """Two queries, whatever the number of files."""
        entries = BundleFile.objects.filter(bundle_id=bundle_id)
        listed = list(entries.annotate(size=Length("blob__content")).order_by("path"))
        listed.sort(key=lambda entry: entry.path != "SKILL.md")
        read = dict(
            entries.filter(pk__in=within_budget(listed)).values_list(
                "pk", "blob__content"
            )
        )
        return cls(bundle_id, [as_text(entry, read.get(entry.pk)) for entry in listed])

    def panel(self, title: str = "Files") -> Panel:
        return Panel(title, texts=self.texts, empty="No files.")


def within_budget(entries: Iterable[Any]) -> list[int]:
    """The first files that are together no larger than SHOWN_BYTES."""
    chosen, total = [], 0
    for entry in entries:
        if total + entry.size <= SHOWN_BYTES:
            chosen.append(entry.pk)
            total += entry.size
    return chosen


def as_text(entry: Any, content: bytes | memoryview | None) -> Text:
    size = f"{entry.size} bytes"
    first = entry.path == "SKILL.md"
    if content is None:
        return Text(entry.path, "", note=f"{size}, not shown here")
    try:
        return Text(entry.path, bytes(content).decode(), note=size, unfolded=first)
    except UnicodeDecodeError:
        return Text(entry.path, "", note=f"{size}, not text")
