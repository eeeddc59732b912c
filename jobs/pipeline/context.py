"""What a phase is given: plain values, read once, with no database behind them."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from jobs.authors.base import (
    Assignment,
    Author,
    CategoryChoice,
    Given,
    SkillSummary,
    SourceDocument,
)
from jobs.pipeline.state import Brief, State
from taxonomy.files.file import DEFAULT_LIMITS, Files, Limits
from taxonomy.package import SkillPackage
from taxonomy.skillmd.document import SkillMdError, parse
from taxonomy.skillmd.findings import Waived

PROGRESS = {
    "refine": 5,
    "deep_understanding": 15,
    "tdd_red": 35,
    "tdd_green": 50,
    "tdd_refactor": 75,
    "validate": 90,
}
"""Percent of the whole job that is done when a phase begins."""

BEGINNINGS = {
    "refine": "Refining the brief",
    "deep_understanding": "Reading the material",
    "tdd_red": "Writing evals",
    "tdd_green": "Writing the draft",
    "tdd_refactor": "Closing failures",
    "validate": "Validating",
}


def percent_within(phase: str, fraction: float) -> int:
    """Percent of the whole job when this share of the phase is done, 0..1."""
    begins = PROGRESS[phase]
    ends = min((start for start in PROGRESS.values() if start > begins), default=100)
    return begins + int((ends - begins) * max(0.0, min(1.0, fraction)))


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
    author: Author
    intended_taxonomy_path: str = ""
    checkpoints: frozenset[str] = frozenset()
    style: str = ""
    user_context: Mapping[str, Any] = field(default_factory=dict)
    sources: tuple[SourceDocument, ...] = ()
    fleet: tuple[SkillSummary, ...] = ()
    categories: tuple[CategoryChoice, ...] = ()
    taken_names: frozenset[str] = frozenset()
    state: State = field(default_factory=State)
    answers: tuple[Answer, ...] = ()
    draft: Files = ()
    draft_digest: str = ""
    """The digest of a stored draft; empty: not known."""
    waived: frozenset[Waived] = frozenset()
    report_progress: Callable[[int, str], None] = lambda percent, message: None
    limits: Limits = DEFAULT_LIMITS
    skill_text: Callable[[str], str] = lambda name: ""

    @property
    def folder_name(self) -> str | None:
        """The name that the draft must have: a refined skill keeps its own."""
        refined = self.job_type == "skill_refinement"
        return self.brief.name if self.brief and refined else None

    @cached_property
    def brief(self) -> Brief | None:
        """The brief; for a refinement, which has no such phase, what SKILL.md says."""
        if self.state.brief is not None or self.job_type != "skill_refinement":
            return self.state.brief
        return next(
            (
                Brief(self.task_description, name, self.intended_taxonomy_path)
                for source in self.sources
                if source.name.endswith("SKILL.md")
                and (name := skill_name(source.text))
            ),
            None,
        )

    @cached_property
    def package(self) -> SkillPackage:
        """The draft, parsed and checked once for the whole phase."""
        return replace(self.package_of(self.draft), known_digest=self.draft_digest)

    def package_of(self, files: Files) -> SkillPackage:
        return SkillPackage(files, self.limits, self.folder_name)

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


def newest(context: Context, kinds: Collection[str], since: int) -> Answer | None:
    """The last answer to one of these kinds of question, asked in or after a round."""
    for answer in reversed(context.answers):
        if answer.kind in kinds and answer.round >= since:
            return answer
    return None


def approved(context: Context, kinds: Collection[str], since: int) -> bool:
    answer = newest(context, kinds, since)
    return answer is not None and answer.action == "proceed"


def revision(context: Context, kinds: Collection[str], since: int) -> Answer | None:
    """The answer that sent something back and that nobody has acted on yet."""
    answer = newest(context, kinds, since)
    return answer if answer is not None and answer.action == "revise" else None


def assignment_for(context: Context, feedback: str | None = None) -> Assignment:
    """All that the author may draw on.

    Without `feedback` it gets everything people ever said; with it, that alone:
    what was said before is in the draft already.
    """
    said = everything_said(context) if feedback is None else (feedback,)
    return Assignment(
        task_description=context.task_description,
        job_type=context.job_type,
        intended_taxonomy_path=context.intended_taxonomy_path,
        style=context.style,
        user_context=context.user_context,
        sources=context.sources,
        fleet=_neighbours(context),
        categories=context.categories,
        taken_names=context.taken_names,
        brief=context.brief,
        given=given(context.answers),
        feedback=tuple(text for text in said if text.strip()),
        draft=context.draft,
        report=context.report,
    )


def _neighbours(context: Context) -> tuple[SkillSummary, ...]:
    """The fleet; a skill that is refined is not its own neighbour."""
    brief = context.brief
    if brief is None or context.job_type != "skill_refinement":
        return context.fleet
    return tuple(skill for skill in context.fleet if skill.name != brief.name)


def skill_name(text: str) -> str:
    """The name in a SKILL.md's frontmatter, "" when it has none."""
    try:
        name = parse(text).frontmatter.get("name", "")
    except SkillMdError:
        return ""
    return name if isinstance(name, str) else ""


def everything_said(context: Context) -> tuple[str, ...]:
    asked_for = context.user_context.get("feedback", "")
    return (
        asked_for if isinstance(asked_for, str) else "",
        *(answer.feedback for answer in context.answers),
    )


def given(answers: Iterable[Answer]) -> tuple[Given, ...]:
    """Every question that was answered with words, each answer once."""
    return tuple(dict.fromkeys(_given(answers)))


def _given(answers: Iterable[Answer]) -> Iterator[Given]:
    for answer in answers:
        for question in answer.questions:
            if text := words(answer.answers.get(str(question.get("id")))):
                topic = str(question.get("topic", ""))
                yield Given(topic, str(question.get("text", "")), text)


def words(value: Any) -> str:
    """An answer of any JSON type as text; "" when it says nothing."""
    if isinstance(value, list | tuple):
        return ", ".join(filter(None, map(words, value)))
    return "" if value is None else str(value).strip()
