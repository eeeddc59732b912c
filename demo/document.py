"""The document that becomes a skill, and what its owner knows besides."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo.failure import Failed

SHIPPED = Path(__file__).with_name("restore-postgresql-backup.md")
SHIPPED_TASK = "Restore a PostgreSQL database from a pg_dump backup and check it"
SHIPPED_ANSWERS = {
    "purpose": "It brings a nightly dump back without touching the live database.",
    "trigger": (
        "Use it when a table or a whole database was lost or damaged, or when "
        "somebody asks for the data of an earlier day."
    ),
    "steps": "Dump, checksum, restore beside the live database, check, swap names.",
    "constraints": "Never restore over the database that is in use.",
    "examples": (
        "The table orders was truncated by mistake at noon: restore last night's "
        "dump of shop and swap the names."
    ),
}
HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t#]*$", re.MULTILINE)


@dataclass(frozen=True)
class Document:
    path: Path
    text: str
    task: str
    taxonomy_path: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)

    def answer(self, question: Mapping[str, Any]) -> str | list[str] | None:
        """What its owner would say; None when they have nothing to add."""
        options = question.get("options") or []
        if options:
            multiple = question.get("type") == "multi_choice"
            return [options[0]] if multiple else str(options[0])
        topic = str(question.get("topic") or question.get("id"))
        # Of a document that is not ours we know what it is for, and nothing else.
        return self.answers.get(topic) or (self.task if topic == "trigger" else None)


def shipped() -> Document:
    return Document(
        path=SHIPPED,
        text=SHIPPED.read_text(),
        task=SHIPPED_TASK,
        taxonomy_path="data/databases/postgresql",
        answers=SHIPPED_ANSWERS,
    )


def chosen(source: str | None, task: str | None) -> Document:
    """The document that the command line names, else the one that is shipped."""
    if source is None:
        document = shipped()
        return document if task is None else Document(SHIPPED, document.text, task)
    path = Path(source)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as reason:
        raise Failed(f"SOURCE={source} cannot be read as text: {reason}") from reason
    return Document(path, text, task or f"Work by the document {title(path, text)}")


def title(path: Path, text: str) -> str:
    heading = HEADING.search(text)
    return heading[1].strip() if heading else path.stem.replace("-", " ")
