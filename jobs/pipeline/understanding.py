"""Phase deep_understanding: what is known, what must be asked, is it right?"""

from collections.abc import Iterator
from dataclasses import replace

from jobs.pipeline.answers import approved
from jobs.pipeline.assignments import assignment_for, brief_of, given, words
from jobs.pipeline.context import Answer, Context
from jobs.pipeline.outcome import Advance, Ask, Outcome, Stop
from jobs.pipeline.state import FEEDBACK, FOCUS, READY, TOPICS, Understanding

MAX_QUESTIONS = 5
ASKING = ("deep_understanding", "clarify")


def deep_understanding(context: Context) -> Outcome:
    if context.job_type == "skill_refinement" and brief_of(context) is None:
        return Stop("There is no SKILL.md with a name to refine")
    known = context.state.understanding
    if known is None or _has_news(context, known):
        known = _read(context)
        # What was read is kept before anyone is asked about it.
        again = _to_ask(context, known) is not None
        return _advance(known, "deep_understanding" if again else "tdd_red")
    if question := _to_ask(context, known):
        return question
    return _advance(replace(known, round=context.round), "tdd_red")


def _advance(known: Understanding, next_phase: str) -> Advance:
    message = f"Readiness {known.readiness:.0%}"
    return Advance(known, next_phase, message=message)


def _has_news(context: Context, known: Understanding) -> bool:
    """Whether someone said something that this understanding does not know of."""
    return any(
        answer.round >= known.round
        and (answer.kind in ASKING or answer.action == "revise")
        for answer in context.answers
        if answer.kind in (*ASKING, "confirm")
    )


def _read(context: Context) -> Understanding:
    findings = context.author.questions(assignment_for(context))
    told = {each.topic: each.text for each in given(context.answers) if each.topic}
    found = {**findings.found, **told}
    open_questions = [each for each in findings.questions if each.topic not in told]
    return Understanding(
        readiness=sum(topic in found for topic in TOPICS) / len(TOPICS),
        found=found,
        questions=tuple(open_questions[:MAX_QUESTIONS]),
        unanswered=tuple(dict.fromkeys(_left_open(context, set(told)))),
        round=context.round,
    )


def _left_open(context: Context, told: set[str]) -> Iterator[str]:
    for answer in context.answers:
        if answer.kind in ASKING and answer.action == "proceed":
            for question in answer.questions:
                empty = not words(answer.answers.get(str(question.get("id"))))
                if empty and question.get("topic") not in told:
                    yield str(question.get("text", ""))


def _to_ask(context: Context, known: Understanding) -> Ask | None:
    if known.questions and (known.readiness < READY or _is_wished(known)):
        first = context.answer_to("deep_understanding")
        if first is None:
            return _ask(context, known, "deep_understanding")
        if context.answer_to("clarify") is None and not _declined(first):
            return _ask(context, known, "clarify")
    wanted = "confirm" in context.checkpoints
    if wanted and not approved(context, ("confirm",), known.round):
        return _ask(context, replace(known, questions=()), "confirm")
    return None


def _is_wished(known: Understanding) -> bool:
    """Whether something is asked that a person wants of a refinement."""
    topics = (question.topic for question in known.questions)
    return any(topic.startswith((FOCUS, FEEDBACK)) for topic in topics)


def _declined(answer: Answer) -> bool:
    """Whether a person went on without a word: they are not asked again."""
    return answer.action == "proceed" and not given([answer])


def _ask(context: Context, known: Understanding, kind: str) -> Ask:
    brief = brief_of(context)
    prompt = {
        "message": MESSAGES[kind],
        "questions": [question.as_prompt() for question in known.questions],
        "readiness": known.readiness,
        "found": known.found,
        "unanswered": list(known.unanswered),
        "brief": {
            "task_description": brief.task_description,
            "name": brief.name,
            "taxonomy_path": brief.taxonomy_path,
            "title": brief.title,
        }
        if brief
        else {},
        "revision_hint": context.author.revision_hint,
    }
    return Ask(kind, prompt, revise_to="deep_understanding")


MESSAGES = {
    "deep_understanding": "The material leaves these questions open.",
    "clarify": "These questions are still open.",
    "confirm": "This is what the skill will be written from. Is it right?",
}
