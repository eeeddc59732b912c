"""What a phase is given: plain values, read once, no database behind them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jobs.pipeline.progress import percent_within
from jobs.pipeline.state import State
from taxonomy.files.file import DEFAULT_LIMITS, Files, Limits
from taxonomy.skillmd.findings import Waived

if TYPE_CHECKING:
    from jobs.authors.base import Author


@dataclass(frozen=True)
class SourceText:
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
class Answer:
    """A person's answer. `round` is the round of the question that it answers."""

    kind: str
    phase: str
    round: int
    action: str
    answers: Mapping[str, Any] = field(default_factory=dict)
    feedback: str = ""
    questions: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Context:
    """Everything that one run of one phase may look at.

    `taken_names` holds names that no new skill may have; `answers` are in the
    order they were given; `draft` is the draft as it stands, edits by hand included;
    `waived` are the findings that curators accepted.
    `skill_text` gives all Markdown of an active skill, "" where it is not at hand.
    """

    job_id: str
    job_type: str
    phase: str
    round: int
    task_description: str
    author: "Author"
    intended_taxonomy_path: str = ""
    checkpoints: frozenset[str] = frozenset()
    style: str = ""
    user_context: Mapping[str, Any] = field(default_factory=dict)
    sources: tuple[SourceText, ...] = ()
    fleet: tuple[SkillSummary, ...] = ()
    categories: tuple[CategoryChoice, ...] = ()
    taken_names: frozenset[str] = frozenset()
    state: State = field(default_factory=State)
    answers: tuple[Answer, ...] = ()
    draft: Files = ()
    waived: frozenset[Waived] = frozenset()
    report_progress: Callable[[int, str], None] = lambda percent, message: None
    limits: Limits = DEFAULT_LIMITS
    skill_text: Callable[[str], str] = lambda name: ""

    def report(self, message: str, fraction: float) -> None:
        """Say what is being done, and which share of this phase is, 0..1.

        As often as one likes: only some of it is written down. Raises what ends the
        phase when another worker has taken the job.
        """
        self.report_progress(percent_within(self.phase, fraction), message)

    def answer_to(self, kind: str, since_round: int = 0) -> Answer | None:
        """The newest answer to a question of this kind asked in or after a round."""
        for answer in reversed(self.answers):
            if answer.kind == kind and answer.round >= since_round:
                return answer
        return None
