"""The protocol of an author: five methods over plain values, without a database."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from jobs.pipeline.state import Brief, Evals, Failure, Question
from taxonomy.files.gate import Files


class AuthorError(Exception):
    """The author failed. `permanent`: a retry cannot succeed."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        self.permanent = permanent
        super().__init__(message)


def ignore_report(message: str, fraction: float) -> None:
    """Ignore the progress of an assignment that belongs to no job."""


@dataclass(frozen=True)
class SourceDocument:
    """A text that a skill is written from: a document, or a file of a refined skill.

    `jobs.submission.read_source` reads it from an upload, once.
    """

    name: str
    media_type: str
    text: str


@dataclass(frozen=True)
class SkillSummary:
    """An active skill as an agent sees it before opening it."""

    name: str
    description: str


@dataclass(frozen=True)
class CategoryChoice:
    """A category that a skill can be in."""

    path: str
    name: str
    description: str


@dataclass(frozen=True)
class TopicAnswer:
    """A person's answer to a question on a topic, in the person's words."""

    topic: str
    question: str
    text: str


@dataclass(frozen=True)
class Assignment:
    """Everything that an author may use; it must not invent anything else.

    `fleet` are the active skills. `answers` are those of people, and `feedback` is
    their reasons for revisions, the oldest first. `draft` are the files to start from,
    () for a new skill. An author reports its progress with `report(message, fraction)`,
    as often as it likes; the fraction is the finished part of the phase, 0..1.
    """

    task_description: str
    job_type: str = "skill_creation"
    intended_taxonomy_path: str = ""
    style: str = ""
    user_context: Mapping[str, Any] = field(default_factory=dict)
    sources: tuple[SourceDocument, ...] = ()
    fleet: tuple[SkillSummary, ...] = ()
    categories: tuple[CategoryChoice, ...] = ()
    taken_names: frozenset[str] = frozenset()
    brief: Brief | None = None
    answers: tuple[TopicAnswer, ...] = ()
    feedback: tuple[str, ...] = ()
    draft: Files = ()
    report: Callable[[str, float], None] = field(default=ignore_report, compare=False)

    def answer(self, topic: str) -> str:
        """All answers on a topic as one text, or "" if there are none."""
        return "\n\n".join(each.text for each in self.answers if each.topic == topic)


@dataclass(frozen=True)
class Findings:
    """The words that answer each topic, and questions on the other topics."""

    answers: Mapping[str, str] = field(default_factory=dict)
    questions: tuple[Question, ...] = ()


class Author(Protocol):
    """Writes a skill from an assignment. Its methods raise `AuthorError`.

    `revision_hint` tells people how to word feedback that this author can follow.
    """

    revision_hint: str

    def refine(self, assignment: Assignment) -> Brief:
        """Return the brief in its final words, with a name that is not taken."""
        ...

    def questions(self, assignment: Assignment) -> Findings:
        """Return what the material says about each topic, and questions on the rest."""
        ...

    def evals(self, assignment: Assignment) -> Evals:
        """Return the evals of a skill that is not written yet."""
        ...

    def write(self, assignment: Assignment, evals: Evals) -> Files:
        """Return the first draft."""
        ...

    def revise(
        self, assignment: Assignment, draft: Files, failures: tuple[Failure, ...]
    ) -> Files | None:
        """Return a draft that fixes failures and follows feedback; None: no change."""
        ...
