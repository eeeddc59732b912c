"""The files of a bundle on admin pages."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models.functions import Length

from core.admin.base import Panel, Text
from taxonomy.models import BundleFile

SHOWN_BYTES = 1_000_000
"""The total size of shown texts. Further files are listed without text."""


@dataclass(frozen=True)
class FilesShown:
    """The files of a bundle, with texts up to SHOWN_BYTES."""

    bundle_id: str
    texts: list[Text] = field(default_factory=list)

    @classmethod
    def of(cls, bundle_id: str) -> "FilesShown":
        """Load the files in two queries."""
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
    """The keys of the first files with at most SHOWN_BYTES in total."""
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
        return Text(entry.path, "", note=f"{size}, too large to show")
    try:
        return Text(entry.path, bytes(content).decode(), note=size, unfolded=first)
    except UnicodeDecodeError:
        return Text(entry.path, "", note=f"{size}, not a text")
