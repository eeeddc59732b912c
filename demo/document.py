"""The document that becomes a skill, and the answers of its owner."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.api import Failed

SHIPPED = Path(__file__).with_name("restore-postgresql-backup.md")
SHIPPED_TASK = "Restore a PostgreSQL database from a pg_dump backup and check it"
ANY_TASK = "Write a skill from this document"
SHIPPED_FEEDBACK = (
    "description: Restore a PostgreSQL database from a nightly pg_dump backup beside "
    "the live one, check it and swap the names. Use when a table or a whole database "
    "was lost or damaged, or when somebody needs the rows of an earlier day."
)


@dataclass(frozen=True)
class Document:
    """A document and its task. `feedback` is sent at the first preview, unless
    empty."""

    path: Path
    text: str
    task: str
    taxonomy_path: str = ""
    feedback: str = ""

    def answer(self, question: Mapping[str, Any]) -> str | list[str] | None:
        """The owner's answer to this question, or None if they have nothing to add."""
        if options := question.get("options"):
            multiple = question.get("type") == "multi_choice"
            return [options[0]] if multiple else str(options[0])
        # The command line gives nothing else, and the demo invents nothing.
        has_answer = self.task != ANY_TASK and question.get("topic") == "trigger"
        return self.task if has_answer else None


def shipped(task: str | None) -> Document:
    return Document(
        path=SHIPPED,
        text=SHIPPED.read_text(encoding="utf-8"),
        task=task or SHIPPED_TASK,
        taxonomy_path="data/databases/postgresql",
        feedback=SHIPPED_FEEDBACK,
    )


def chosen(source: str | None, task: str | None) -> Document:
    """The document named on the command line, or the one that is shipped."""
    if source is None:
        return shipped(task)
    path = Path(source)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as reason:
        raise Failed(f"SOURCE={source} cannot be read as text: {reason}") from reason
    return Document(path, text, task or ANY_TASK)
