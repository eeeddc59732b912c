"""What an author of skills is: five verbs over plain values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from jobs.pipeline.state import Brief, Evals, Failure, Question
from taxonomy.files.file import Files


class AuthorError(Exception):
    """The author could not do its part.

    `permanent` says that trying again cannot help.
    """

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        self.permanent = permanent
        super().__init__(message)


def _unheard(message: str, fraction: float) -> None:
    """For an assignment that comes from no job."""


@dataclass(frozen=True)
class SourceDocument:
    """One text that the user gave, or the current version of a skill to refine."""

    name: str
    media_type: str
    text: str


@dataclass(frozen=True)
class SkillSummary:
    """What an agent sees of an active skill before it opens it."""

    name: str
    description: str


@dataclass(frozen=True)
class CategoryChoice:
    """A place in the taxonomy that a skill can be put in."""

    path: str
    name: str
    description: str


@dataclass(frozen=True)
class Given:
    """What a person answered to one question, in their words."""

    topic: str
    question: str
    text: str


@dataclass(frozen=True)
class Assignment:
    """Everything an author may draw on: nothing else is true.

    `feedback` holds what people said when they sent something back, oldest first.
    `draft` is what there is to start from: empty for a new skill. An author says how
    far it is by `report(message, fraction)`, as often as it likes; the fraction is of
    the phase, 0..1.
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
    report: Callable[[str, float], None] = field(default=_unheard, compare=False)

    def answer(self, topic: str) -> str:
        """All that was answered on a topic, "" when nothing was."""
        return "\n\n".join(given.text for given in self.given if given.topic == topic)


@dataclass(frozen=True)
class Findings:
    """What an author knows after reading, by topic, and what it must ask."""

    found: Mapping[str, str] = field(default_factory=dict)
    questions: tuple[Question, ...] = ()


class Author(Protocol):
    """Writes a skill from an assignment. Raises `AuthorError`.

    `revision_hint` tells people how to word feedback that this author can act on.
    """

    revision_hint: str

    def refine(self, assignment: Assignment) -> Brief:
        """The brief in its final words, with a name that is not taken."""
        ...

    def questions(self, assignment: Assignment) -> Findings:
        """What the material answers of each topic, and questions on the rest."""
        ...

    def evals(self, assignment: Assignment) -> Evals:
        """Prompts that must select the skill, some that must not, facts to hold."""
        ...

    def write(self, assignment: Assignment, evals: Evals) -> Files:
        """The first draft."""
        ...

    def revise(
        self, assignment: Assignment, draft: Files, failures: tuple[Failure, ...]
    ) -> Files | None:
        """A better draft, by the failures and the last feedback. None: stuck."""
        ...
