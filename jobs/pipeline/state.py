"""The outputs of the phases: frozen values that are stored as JSON."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from types import UnionType
from typing import Any, ClassVar, get_args, get_origin, get_type_hints

TOPICS = ("purpose", "trigger", "steps", "constraints", "examples")
"""The topics that a skill must cover; each is a fifth of the readiness."""

FOCUS, FEEDBACK = "focus: ", "feedback: "
"""Prefixes of a question's topic: a focus area of a refinement, or its feedback."""

READY = 0.8
"""People are asked only when the readiness is below this."""


@dataclass(frozen=True)
class Question:
    """A question to a person. `type` is text, single_choice or multi_choice."""

    id: str
    text: str
    type: str = "text"
    options: tuple[str, ...] = ()
    rationale: str = ""
    topic: str = ""

    def as_prompt(self) -> dict[str, Any]:
        """The question as the API returns it, without empty fields."""
        prompt: dict[str, Any] = {"id": self.id, "text": self.text, "type": self.type}
        if self.options:
            prompt["options"] = list(self.options)
        if self.rationale:
            prompt["rationale"] = self.rationale
        return {**prompt, "topic": self.topic} if self.topic else prompt


@dataclass(frozen=True)
class Failure:
    """An eval that fails. `kind` is positive, near_miss, fact or specification."""

    kind: str
    text: str
    reason: str = ""


@dataclass(frozen=True)
class Output:
    """The output of one run of one phase; `round` is the job's round at that time."""

    phase: ClassVar[str] = ""
    round: int = field(default=0, kw_only=True)


@dataclass(frozen=True)
class Brief(Output):
    """The refined brief, with the skill's name and its category."""

    phase: ClassVar[str] = "refine"
    task_description: str
    name: str
    taxonomy_path: str = "uncategorized"
    title: str = ""


@dataclass(frozen=True)
class Understanding(Output):
    """The content of the material and of people's answers, and the open questions.

    `found` maps a topic to the words that answer it. `questions` are still open;
    `unanswered` are the texts of those that a person skipped.
    """

    phase: ClassVar[str] = "deep_understanding"
    readiness: float
    found: dict[str, str] = field(default_factory=dict)
    questions: tuple[Question, ...] = ()
    unanswered: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evals(Output):
    """The evals of a skill; they are written before the skill.

    `positives` are prompts that must select the skill, `near_misses` prompts that must
    not, `facts` are texts that the skill must contain. `duplicate_of` is the name of an
    active skill that passes the evals already, or "".
    """

    phase: ClassVar[str] = "tdd_red"
    positives: tuple[str, ...] = ()
    near_misses: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    duplicate_of: str = ""


@dataclass(frozen=True)
class Drafting(Output):
    """The evals that the draft fails; its files are in `Advance.draft`, not here.

    `attempts` counts the author's versions. `stuck`: the author cannot improve it.
    """

    phase: ClassVar[str] = "tdd_green"
    failures: tuple[Failure, ...] = ()
    attempts: int = 1
    stuck: bool = False


@dataclass(frozen=True)
class Refactoring(Output):
    """The evals that still fail after `attempts` rounds of revision.

    `stuck`: the author changed nothing in the last round.
    """

    phase: ClassVar[str] = "tdd_refactor"
    failures: tuple[Failure, ...] = ()
    attempts: int = 0
    stuck: bool = False


@dataclass(frozen=True)
class Verdict(Output):
    """The validation: `status` is passed, warnings or failed, `score` is 0..1."""

    phase: ClassVar[str] = "validate"
    status: str
    score: float
    report: dict[str, Any] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()

    @property
    def passed(self) -> bool:
        return self.status != "failed"


OUTPUTS: dict[str, type[Output]] = {
    kind.phase: kind
    for kind in (Brief, Understanding, Evals, Drafting, Refactoring, Verdict)
}
STATE_FIELDS = {
    "refine": "brief",
    "deep_understanding": "understanding",
    "tdd_red": "evals",
    "tdd_green": "drafting",
    "tdd_refactor": "refactoring",
    "validate": "verdict",
}


@dataclass(frozen=True)
class State:
    """The newest output of each phase; None for a phase without any."""

    brief: Brief | None = None
    understanding: Understanding | None = None
    evals: Evals | None = None
    drafting: Drafting | None = None
    refactoring: Refactoring | None = None
    verdict: Verdict | None = None

    @classmethod
    def of(cls, outputs: Iterable[Output]) -> "State":
        """The state after these outputs, the oldest first."""
        newest: dict[str, Any] = {STATE_FIELDS[each.phase]: each for each in outputs}
        return cls(**newest)

    @property
    def unanswered(self) -> tuple[str, ...]:
        """The texts of the questions that people skipped."""
        return self.understanding.unanswered if self.understanding else ()


def to_json(output: Output) -> dict[str, Any]:
    """The output as JSON, without phase and round, which are columns of the row."""
    value: dict[str, Any] = _plain(asdict(output))
    del value["round"]
    return value


def from_json(phase: str, round: int, value: Mapping[str, Any]) -> Output:
    """The reverse of `to_json`; missing fields get defaults, others are ignored."""
    output: Output = _typed(OUTPUTS[phase], {**value, "round": round})
    return output


def _plain(value: Any) -> Any:
    """The value with lists instead of tuples."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _typed(kind: Any, value: Any) -> Any:
    """A JSON value as the type of a field: a dataclass, a tuple, a float, or as is."""
    if get_origin(kind) is tuple:
        return tuple(_typed(get_args(kind)[0], item) for item in value)
    if is_dataclass(kind) and not isinstance(kind, UnionType):
        hints = get_type_hints(kind)
        names = {each.name for each in fields(kind)} & value.keys()
        return kind(**{name: _typed(hints[name], value[name]) for name in names})  # type: ignore[operator]
    return float(value) if kind is float else value
