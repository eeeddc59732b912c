"""The input of a phase: values and callables, so that no phase uses the database."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from jobs.authors.base import (
    Assignment,
    Author,
    CategoryChoice,
    SkillSummary,
    SourceDocument,
    TopicAnswer,
)
from jobs.pipeline.state import Brief, State
from taxonomy.files.gate import DEFAULT_LIMITS, Files, Limits
from taxonomy.package import SkillPackage
from taxonomy.skillmd.document import SkillMdError, parse_as_clients
from taxonomy.skillmd.findings import WaivedFinding

PROGRESS = {
    "refine": 5,
    "deep_understanding": 15,
    "tdd_red": 35,
    "tdd_green": 50,
    "tdd_refactor": 75,
    "validate": 90,
}
"""The percentage of the whole job that is done when a phase begins."""

FIRST_MESSAGES = {
    "refine": "Refining the brief",
    "deep_understanding": "Reading the material",
    "tdd_red": "Writing evals",
    "tdd_green": "Writing the draft",
    "tdd_refactor": "Closing failures",
    "validate": "Validating",
}


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
    """Everything that one run of one phase may read.

    `taken_names` are names that no new skill may have. `answers` are ordered by time.
    `draft` is the current draft, with the edits of people.
    `waived` are the findings that curators accepted. `skill_text` returns all
    Markdown of an active skill, or "" if it is not available.
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
    """The digest of a stored draft; "" if it was not computed yet."""
    waived: frozenset[WaivedFinding] = frozenset()
    report_progress: Callable[[int, str], None] = lambda percent, message: None
    limits: Limits = DEFAULT_LIMITS
    skill_text: Callable[[str], str] = lambda name: ""

    @property
    def folder_name(self) -> str | None:
        """The name that the draft must have; None unless the job refines a skill."""
        refined = self.job_type == "skill_refinement"
        return self.brief.name if self.brief and refined else None

    @cached_property
    def brief(self) -> Brief | None:
        """The brief. A refinement has no phase `refine`: its brief is in SKILL.md."""
        if self.state.brief is not None or self.job_type != "skill_refinement":
            return self.state.brief
        return next(
            (
                Brief(self.task_description, name, self.intended_taxonomy_path)
                for source in self.sources
                if source.name.endswith("SKILL.md")
                and (name := _skill_name(source.text))
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
        """Report what the author is doing, and the finished part of this phase, 0..1.

        It may be called often: not every report is stored. Raises LostFence when
        another worker has taken the job.
        """
        self.report_progress(percent_within(self.phase, fraction), message)

    def newest_answer(self, kinds: Collection[str], since: int = 0) -> Answer | None:
        """The newest answer to a question of these kinds from round `since` on."""
        for answer in reversed(self.answers):
            if answer.kind in kinds and answer.round >= since:
                return answer
        return None

    def is_approved(self, kinds: Collection[str], since: int) -> bool:
        """Whether the newest of these answers is "proceed"."""
        answer = self.newest_answer(kinds, since)
        return answer is not None and answer.action == "proceed"

    def requested_revision(self, kinds: Collection[str], since: int) -> Answer | None:
        """The newest of these answers, if it asks for a revision."""
        answer = self.newest_answer(kinds, since)
        return answer if answer is not None and answer.action == "revise" else None

    def assignment(self, feedback: str | None = None) -> Assignment:
        """Everything that the author may use.

        If `feedback` is None, the author gets all earlier feedback. Otherwise it gets
        only this one, because the draft already follows the earlier feedback.
        """
        texts = self._all_feedback() if feedback is None else (feedback,)
        return Assignment(
            task_description=self.task_description,
            job_type=self.job_type,
            intended_taxonomy_path=self.intended_taxonomy_path,
            style=self.style,
            user_context=self.user_context,
            sources=self.sources,
            fleet=self._other_skills(),
            categories=self.categories,
            taken_names=self.taken_names,
            brief=self.brief,
            answers=topic_answers(self.answers),
            feedback=tuple(text for text in texts if text.strip()),
            draft=self.draft,
            report=self.report,
        )

    def _other_skills(self) -> tuple[SkillSummary, ...]:
        """The active skills, without the one that a refinement refines."""
        name = self.folder_name
        return tuple(skill for skill in self.fleet if skill.name != name)

    def _all_feedback(self) -> tuple[str, ...]:
        first = self.user_context.get("feedback", "")
        return (
            first if isinstance(first, str) else "",
            *(answer.feedback for answer in self.answers),
        )


def percent_within(phase: str, fraction: float) -> int:
    """The percentage of the whole job when this fraction (0..1) of a phase is done."""
    begin = PROGRESS[phase]
    end = min((start for start in PROGRESS.values() if start > begin), default=100)
    return begin + int((end - begin) * max(0.0, min(1.0, fraction)))


def _skill_name(text: str) -> str:
    """The name in the frontmatter of a SKILL.md, or "" if it has none."""
    try:
        name = parse_as_clients(text).frontmatter.get("name", "")
    except SkillMdError:
        return ""
    return name if isinstance(name, str) else ""


def topic_answers(answers: Iterable[Answer]) -> tuple[TopicAnswer, ...]:
    """The answers to single questions, without empty ones and repetitions."""
    return tuple(dict.fromkeys(_topic_answers(answers)))


def _topic_answers(answers: Iterable[Answer]) -> Iterator[TopicAnswer]:
    for answer in answers:
        for question in answer.questions:
            if text := answer_text(answer.answers.get(str(question.get("id")))):
                topic = str(question.get("topic", ""))
                yield TopicAnswer(topic, str(question.get("text", "")), text)


def answer_text(value: Any) -> str:
    """An answer of any JSON type as text, or "" if it is empty."""
    if isinstance(value, list | tuple):
        return ", ".join(filter(None, map(answer_text, value)))
    return "" if value is None else str(value).strip()
