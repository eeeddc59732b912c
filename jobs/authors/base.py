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
    """A text that a skill is written from.

    It is a document of the user, or a file of the skill to refine.
    `jobs.submission.read_source` makes it from an upload, once.
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
    """A category that a skill can be filed under."""

    path: str
    name: str
    description: str


@dataclass(frozen=True)
class Given:
    """A person's answer to one question, in their words."""

    topic: str
    question: str
    text: str


@dataclass(frozen=True)
class Assignment:
    """Everything that an author may draw on; it must not invent anything else.

    `fleet` are the active skills. `given` are the answers of people, `feedback` is
    what they wrote when they asked for a revision, oldest first. `draft` are the
    files to start from, () for a new skill. An author reports its progress with
    `report(message, fraction)`, as often as it likes; the fraction is the share of
    the phase that is done, 0..1.
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
    given: tuple[Given, ...] = ()
    feedback: tuple[str, ...] = ()
    draft: Files = ()
    report: Callable[[str, float], None] = field(default=ignore_report, compare=False)

    def answer(self, topic: str) -> str:
        """All answers on a topic; "" when there is none."""
        return "\n\n".join(given.text for given in self.given if given.topic == topic)


@dataclass(frozen=True)
class Findings:
    """What an author knows about each topic, and what it has to ask."""

    found: Mapping[str, str] = field(default_factory=dict)
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
        """Return the evals of the skill, which is not written yet."""
        ...

    def write(self, assignment: Assignment, evals: Evals) -> Files:
        """Return the first draft."""
        ...

    def revise(
        self, assignment: Assignment, draft: Files, failures: tuple[Failure, ...]
    ) -> Files | None:
        """Return a better draft by the failures and the feedback; None when stuck."""
        ...
