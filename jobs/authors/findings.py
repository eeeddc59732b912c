"""Finds words that answer each topic, and asks questions on the other topics."""

import re
from collections.abc import Iterable

from jobs.authors.base import Findings
from jobs.authors.markdown import command_lines
from jobs.authors.material import Material
from jobs.authors.phrases import bare, clipped, is_task
from jobs.pipeline.state import TOPICS, Question

QUOTE = 240
MAX_OPTIONS = 8
WHEN = re.compile(
    r"^(?:when(?:ever)?|if|in case)\b.*\byou\b|\bwhen(?:ever)? you\b"
    r"|^use\s(?:\S+\s){1,6}?(?:for|to|when|if)\b|\byou (?:may|might|can) want\b"
    r"|\b(?:use|useful|suited|meant|intended) (?:it |this )?(?:for|when|to|if)\b",
    re.I,
)
BRIEF_WHEN = re.compile(
    r"\b(?:when(?:ever)?|if|in case|after|before|as soon as)\b", re.I
)
BOUND = re.compile(
    r"\b(?:must|cannot|can't|never|always|only|do(?:es)? not|don't|should|shouldn't"
    r"|make sure|be sure|require[sd]?|required|at most|at least|by default|recommended"
    r"|deprecated|limit(?:ed)?|optional|need to)\b",
    re.I,
)
EXAMPLE = re.compile(r"\b(?:for example|for instance|example:|e\.g\.|such as)", re.I)
OPINION = re.compile(
    r"\bwe(?:'d|\u2019d| would) (?:love|like)\b|\bhear from you\b", re.I
)


def findings(material: Material) -> Findings:
    """The words that answer each topic; for a topic without any, a question."""
    finders = {
        "purpose": _purpose,
        "trigger": _trigger,
        "steps": _steps,
        "constraints": _constraints,
        "examples": _examples,
    }
    answers = {}
    for topic in TOPICS:
        words = material.assignment.answer(topic) or finders[topic](material)
        if words:
            answers[topic] = clipped(words, QUOTE)
    questions = [_question(topic, material) for topic in TOPICS if topic not in answers]
    return Findings(answers, tuple(questions))


def _purpose(material: Material) -> str:
    return material.subject or (material.lead if material.title else "")


def _trigger(material: Material) -> str:
    subject, title = material.subject, bare(material.title)
    if subject and (is_task(subject) or BRIEF_WHEN.search(subject)):
        return subject
    if material.pages and (is_task(title) or title.split(" ")[0].endswith("ing")):
        return title
    return _first(WHEN, material.sentences)


def _steps(material: Material) -> str:
    """The first things to do from lists, else the first command."""
    if len(material.tasks) >= 2:
        return "; ".join(material.tasks[:3])
    return _first_command(material)


def _constraints(material: Material) -> str:
    admonitions = material.whole.admonitions()
    return admonitions[0] if admonitions else _first(BOUND, material.sentences)


def _examples(material: Material) -> str:
    return _first_command(material) or _first(EXAMPLE, material.sentences)


def _first_command(material: Material) -> str:
    lines = (line for code in material.code for line in command_lines(code))
    return next(lines, "")


def _first(pattern: re.Pattern[str], sentences: Iterable[str]) -> str:
    for sentence in sentences:
        if pattern.search(sentence) and not OPINION.search(sentence):
            return sentence
    return ""


def _question(topic: str, material: Material) -> Question:
    text, rationale = QUESTIONS[topic]
    options = material.headings[:MAX_OPTIONS] if topic == "trigger" else []
    kind = "multi_choice" if len(options) >= 2 else "text"
    about = bare(material.title) or "this skill"
    return Question(
        id=topic,
        text=text.format(about=clipped(about, 120)),
        type=kind,
        options=tuple(options) if kind == "multi_choice" else (),
        rationale=rationale,
        topic=topic,
    )


QUESTIONS = {
    "purpose": (
        "What does the skill do, in one or two sentences?",
        "Neither the brief nor the sources say what the skill is for.",
    ),
    "trigger": (
        "When should an agent use it?",
        "An agent selects a skill by its description, which has to say when to use it.",
    ),
    "steps": (
        "Which steps or commands, in order, belong to “{about}”?",
        "Neither the brief nor the sources contain commands or a list of things to do.",
    ),
    "constraints": (
        "What must be observed or avoided with “{about}”?",
        "Neither the brief nor the sources contain a warning, limit or requirement.",
    ),
    "examples": (
        "Can you give an example for “{about}”, with its commands or its result?",
        "Neither the brief nor the sources contain code or an example.",
    ),
}
