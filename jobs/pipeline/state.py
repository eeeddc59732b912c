"""What each phase leaves behind: frozen values, kept as JSON, read whole."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from types import UnionType
from typing import Any, ClassVar, get_args, get_origin, get_type_hints

TOPICS = ("purpose", "trigger", "steps", "constraints", "examples")
"""What a skill must be able to say; readiness counts a fifth for each."""

FOCUS, FEEDBACK = "focus: ", "feedback: "
"""Before what a person wants of a refinement, as the topic of a question about it."""

READY = 0.8
"""From this readiness on nobody is asked."""


@dataclass(frozen=True)
class Question:
    """One thing to ask a person. `type` is text, single_choice or multi_choice."""

    id: str
    text: str
    type: str = "text"
    options: tuple[str, ...] = ()
    rationale: str = ""
    topic: str = ""

    def as_prompt(self) -> dict[str, Any]:
        """The question as the API shows it; options only where there are some."""
        shown: dict[str, Any] = {"id": self.id, "text": self.text, "type": self.type}
        if self.options:
            shown["options"] = list(self.options)
        if self.rationale:
            shown["rationale"] = self.rationale
        return {**shown, "topic": self.topic} if self.topic else shown


@dataclass(frozen=True)
class Failure:
    """One eval that does not hold: positive, near_miss, fact or specification."""

    kind: str
    text: str
    reason: str = ""


@dataclass(frozen=True)
class Output:
    """What one run of one phase found out; `round` is the job's round then."""

    phase: ClassVar[str] = ""
    round: int = field(default=0, kw_only=True)


@dataclass(frozen=True)
class Brief(Output):
    """The refined brief, the skill's name and the category it is meant for."""

    phase: ClassVar[str] = "refine"
    task_description: str
    name: str
    taxonomy_path: str = "uncategorized"
    title: str = ""


@dataclass(frozen=True)
class Understanding(Output):
    """What is known and what is not.

    `found` maps a topic to the words that answer it; `questions` are the ones still
    open; `unanswered` the ones that a person left open and went on.
    """

    phase: ClassVar[str] = "deep_understanding"
    readiness: float
    found: dict[str, str] = field(default_factory=dict)
    questions: tuple[Question, ...] = ()
    unanswered: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evals(Output):
    """Tests of a skill that is not written yet.

    `duplicate_of` names the active skill that passes them already, else "".
    """

    phase: ClassVar[str] = "tdd_red"
    positives: tuple[str, ...] = ()
    near_misses: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    duplicate_of: str = ""


@dataclass(frozen=True)
class Drafting(Output):
    """A draft was written; the files travel in `Advance.draft`, never in here."""

    phase: ClassVar[str] = "tdd_green"
    failures: tuple[Failure, ...] = ()
    attempts: int = 1
    stuck: bool = False


@dataclass(frozen=True)
class Refactoring(Output):
    """Failures were worked on for `attempts` rounds."""

    phase: ClassVar[str] = "tdd_refactor"
    failures: tuple[Failure, ...] = ()
    attempts: int = 0
    stuck: bool = False


@dataclass(frozen=True)
class Verdict(Output):
    """The validation: status passed, warnings or failed; score 0..1; the report."""

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
PLACES = {
    "refine": "brief",
    "deep_understanding": "understanding",
    "tdd_red": "evals",
    "tdd_green": "drafting",
    "tdd_refactor": "refactoring",
    "validate": "verdict",
}


@dataclass(frozen=True)
class State:
    """The newest output of each phase; None where there is none yet."""

    brief: Brief | None = None
    understanding: Understanding | None = None
    evals: Evals | None = None
    drafting: Drafting | None = None
    refactoring: Refactoring | None = None
    verdict: Verdict | None = None

    @classmethod
    def of(cls, outputs: Iterable[Output]) -> "State":
        """From outputs in the order they were made, oldest first."""
        newest: dict[str, Any] = {PLACES[each.phase]: each for each in outputs}
        return cls(**newest)

    @property
    def unanswered(self) -> tuple[str, ...]:
        """Questions that people went past without an answer."""
        return self.understanding.unanswered if self.understanding else ()


def to_json(output: Output) -> dict[str, Any]:
    """The output without phase and round, which its row says."""
    value: dict[str, Any] = _plain(asdict(output))
    del value["round"]
    return value


def from_json(phase: str, round: int, value: Mapping[str, Any]) -> Output:
    """The output that `to_json` was given; fields that it lacks get defaults."""
    output: Output = _typed(OUTPUTS[phase], {**value, "round": round})
    return output


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _typed(kind: Any, value: Any) -> Any:
    if get_origin(kind) is tuple:
        return tuple(_typed(get_args(kind)[0], item) for item in value)
    if is_dataclass(kind) and not isinstance(kind, UnionType):
        hints = get_type_hints(kind)
        known = {each.name for each in fields(kind)} & value.keys()
        return kind(**{name: _typed(hints[name], value[name]) for name in known})  # type: ignore[operator]
    return float(value) if kind is float else value
