"""The six phases of a job, in their order, and `run`, which runs one of them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from jobs.pipeline.context import (
    FIRST_MESSAGES,
    PROGRESS,
    Answer,
    Context,
    answer_text,
    topic_answers,
)
from jobs.pipeline.evaluation import duplicate_in, failures_of
from jobs.pipeline.outcome import Advance, Ask, Outcome, Stop
from jobs.pipeline.state import (
    FEEDBACK,
    FOCUS,
    READY,
    TOPICS,
    Drafting,
    Evals,
    Failure,
    Refactoring,
    Understanding,
    Verdict,
)
from taxonomy.files.gate import Files, as_files

FIRST_PHASE = {
    "skill_creation": "refine",
    "skill_refinement": "deep_understanding",
}
QUESTION_KINDS = (
    "deep_understanding",
    "clarify",
    "confirm",
    "tdd_red",
    "preview",
    "tdd_green",
    "tdd_refactor",
    "validate",
)
CHECKPOINTS = ("confirm", "preview", "validate")
"""Kinds of questions that are asked only when the job has them as checkpoints."""

ACTIONS = ("proceed", "revise", "cancel")
UNDERSTANDING_KINDS = ("deep_understanding", "clarify")
EVALS_KINDS = ("tdd_red",)
DRAFT_KINDS = ("tdd_green", "preview")
FAILURES_KINDS = ("tdd_refactor",)
MAX_QUESTIONS = 5
REFACTORING_ROUNDS = 3
STUCK = "The author is stuck"
MESSAGES = {
    "deep_understanding": "The material leaves these questions open.",
    "clarify": "These questions are still open.",
    "confirm": "The skill will be written from this. Is it right?",
    "preview": "This is the draft. Continue with it?",
    "tdd_green": "The author cannot improve the draft any further. Continue with it?",
    "tdd_refactor": "Evals still fail, or feedback could not be followed. Continue?",
    "validate": "This is the draft with its validation. Finish the job with it?",
}


def run(context: Context) -> Outcome:
    """Run the context's phase once. `AuthorError` and other exceptions pass through."""
    context.report_progress(PROGRESS[context.phase], FIRST_MESSAGES[context.phase])
    return PHASES[context.phase](context)


def refine(context: Context) -> Outcome:
    """The author writes the brief, which names the skill and its category."""
    brief = context.author.refine(context.assignment())
    return Advance(
        replace(brief, round=context.round),
        "deep_understanding",
        message=f"The skill will be called {brief.name}",
    )


def deep_understanding(context: Context) -> Outcome:
    """The author reads the material; people answer what the material leaves open."""
    if context.job_type == "skill_refinement" and context.brief is None:
        return Stop("There is no SKILL.md with a name to refine")
    understanding = context.state.understanding
    if understanding is None or _has_new_answers(context, understanding):
        understanding = _understand(context)
        # The result is stored first; the next run of this phase asks the question.
        must_ask = _next_question(context, understanding) is not None
        next_phase = "deep_understanding" if must_ask else "tdd_red"
        return _advance_with(understanding, next_phase)
    if question := _next_question(context, understanding):
        return question
    return _advance_with(replace(understanding, round=context.round), "tdd_red")


def _advance_with(understanding: Understanding, next_phase: str) -> Advance:
    message = f"Readiness {understanding.readiness:.0%}"
    return Advance(understanding, next_phase, message=message)


def _has_new_answers(context: Context, understanding: Understanding) -> bool:
    """Whether people said something new after this understanding was stored.

    To proceed at `confirm` says nothing new; to revise there does.
    """
    return any(
        answer.kind in UNDERSTANDING_KINDS
        or (answer.kind == "confirm" and answer.action == "revise")
        for answer in context.answers
        if answer.round >= understanding.round
    )


def _understand(context: Context) -> Understanding:
    findings = context.author.questions(context.assignment())
    answers = {
        each.topic: each.text for each in topic_answers(context.answers) if each.topic
    }
    covered = {**findings.answers, **answers}
    questions = [each for each in findings.questions if each.topic not in answers]
    return Understanding(
        readiness=sum(topic in covered for topic in TOPICS) / len(TOPICS),
        found=covered,
        questions=tuple(questions[:MAX_QUESTIONS]),
        unanswered=tuple(dict.fromkeys(_unanswered(context, set(answers)))),
        round=context.round,
    )


def _unanswered(context: Context, answered: set[str]) -> Iterator[str]:
    """The questions that people proceeded past without an answer."""
    for answer in context.answers:
        if answer.kind in UNDERSTANDING_KINDS and answer.action == "proceed":
            for question in answer.questions:
                empty = not answer_text(answer.answers.get(str(question.get("id"))))
                if empty and question.get("topic") not in answered:
                    yield str(question.get("text", ""))


def _next_question(context: Context, understanding: Understanding) -> Ask | None:
    """Ask at most twice about open questions, then for a confirmation if required."""
    is_unready = understanding.readiness < READY or _is_about_changes(understanding)
    if understanding.questions and is_unready:
        first = context.newest_answer(["deep_understanding"])
        if first is None:
            return _understanding_question(context, understanding, "deep_understanding")
        if context.newest_answer(["clarify"]) is None and not _declined(first):
            return _understanding_question(context, understanding, "clarify")
    must_confirm = "confirm" in context.checkpoints
    if must_confirm and not context.is_approved(("confirm",), understanding.round):
        without_questions = replace(understanding, questions=())
        return _understanding_question(context, without_questions, "confirm")
    return None


def _is_about_changes(understanding: Understanding) -> bool:
    """Whether a question is about what a person wants to change in a refinement."""
    topics = (question.topic for question in understanding.questions)
    return any(topic.startswith((FOCUS, FEEDBACK)) for topic in topics)


def _declined(answer: Answer) -> bool:
    """Whether the person proceeded without answering; then nobody is asked again."""
    return answer.action == "proceed" and not topic_answers([answer])


def _understanding_question(
    context: Context, understanding: Understanding, kind: str
) -> Ask:
    brief = context.brief
    prompt = {
        "message": MESSAGES[kind],
        "questions": [question.as_prompt() for question in understanding.questions],
        "readiness": understanding.readiness,
        "found": understanding.found,
        "unanswered": list(understanding.unanswered),
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


def tdd_red(context: Context) -> Outcome:
    """The author writes the evals; no active skill may pass them already."""
    evals = context.state.evals
    if evals is None or _evals_are_outdated(context, evals):
        return _write_evals(context)
    if evals.duplicate_of and not context.is_approved(EVALS_KINDS, evals.round):
        return _duplicate_question(context, evals)
    return Advance(replace(evals, round=context.round), "tdd_green")


def _evals_are_outdated(context: Context, evals: Evals) -> bool:
    understanding = context.state.understanding
    is_newer = understanding is not None and understanding.round > evals.round
    return is_newer or context.requested_revision(EVALS_KINDS, evals.round) is not None


def _write_evals(context: Context) -> Advance:
    evals = context.author.evals(context.assignment())
    duplicate = duplicate_in(context, evals)
    evals = replace(evals, duplicate_of=duplicate, round=context.round)
    message = f"{len(evals.positives)} prompts, {len(evals.facts)} facts"
    return Advance(evals, "tdd_red" if duplicate else "tdd_green", message=message)


def _duplicate_question(context: Context, evals: Evals) -> Ask:
    prompt = {
        "message": (
            f"The active skill {evals.duplicate_of} already passes these evals: "
            "the new one would be a duplicate. Continue?"
        ),
        "questions": [],
        "duplicate_of": evals.duplicate_of,
        "positives": list(evals.positives),
        "near_misses": list(evals.near_misses),
        "facts": list(evals.facts),
        "revision_hint": context.author.revision_hint,
    }
    return Ask("tdd_red", prompt, revise_to="tdd_red")


def tdd_green(context: Context) -> Outcome:
    """The author writes the draft, and revises it once if evals fail."""
    drafting = context.state.drafting
    evals = context.state.evals or Evals()
    if drafting is None or drafting.round < evals.round:
        return _write_draft(context, evals)
    if answer := context.requested_revision(DRAFT_KINDS, drafting.round):
        return _revise_draft(context, 0, answer.feedback)
    failures = failures_of(context, context.package)
    if failures and drafting.attempts == 1 and not drafting.stuck:
        return _revise_draft(context, drafting.attempts, "")
    if question := _draft_question(context, drafting):
        return question
    return Advance(
        Drafting(failures, drafting.attempts, drafting.stuck, round=context.round),
        "tdd_refactor",
    )


def _draft_question(context: Context, drafting: Drafting) -> Ask | None:
    kind = "tdd_green" if drafting.stuck else "preview"
    must_ask = drafting.stuck or "preview" in context.checkpoints
    if not must_ask or context.is_approved(DRAFT_KINDS, drafting.round):
        return None
    return Ask(kind, draft_prompt(context, MESSAGES[kind]), revise_to="tdd_green")


def _write_draft(context: Context, evals: Evals) -> Outcome:
    draft = as_files(context.author.write(context.assignment(), evals))
    if not draft:
        return Stop("The author wrote no files")
    if context.job_type == "skill_refinement" and draft == _refined_base(context):
        stuck = Drafting(
            failures_of(context, context.package_of(draft)),
            stuck=True,
            round=context.round,
        )
        return Advance(stuck, "tdd_green", draft=draft, message=STUCK)
    return _draft_written(context, draft, attempts=1)


def _refined_base(context: Context) -> Files:
    """The files that a refinement started from; () once the author wrote a draft."""
    return context.draft if context.state.drafting is None else ()


def _revise_draft(context: Context, attempts: int, feedback: str) -> Advance:
    """Have the author revise the draft. Without a change the author is stuck."""
    failures = failures_of(context, context.package)
    draft = context.author.revise(context.assignment(feedback), context.draft, failures)
    if draft is None or as_files(draft) == context.draft:
        stuck = Drafting(failures, attempts, stuck=True, round=context.round)
        return Advance(stuck, "tdd_green", message=STUCK)
    return _draft_written(context, as_files(draft), attempts + 1)


def _draft_written(context: Context, draft: Files, attempts: int) -> Advance:
    failures = failures_of(context, context.package_of(draft))
    must_revise = bool(failures) and attempts == 1
    run_again = must_revise or "preview" in context.checkpoints
    return Advance(
        Drafting(failures, attempts, round=context.round),
        "tdd_green" if run_again else "tdd_refactor",
        draft=draft,
        message=f"{len(draft)} files, {len(failures)} evals fail",
    )


def tdd_refactor(context: Context) -> Outcome:
    """The author revises the draft until no eval fails; every round is stored."""
    latest = context.state.refactoring or Refactoring()
    failures = failures_of(context, context.package)
    if answer := context.requested_revision(("tdd_refactor", "validate"), latest.round):
        restarted = replace(latest, attempts=0, stuck=False)
        return _refactor_draft(context, restarted, failures, answer.feedback)
    if _may_validate(context, latest, failures):
        result = Refactoring(failures, latest.attempts, round=context.round)
        return Advance(result, "validate")
    if latest.attempts < REFACTORING_ROUNDS and not latest.stuck:
        return _refactor_draft(context, latest, failures, "")
    return Ask(
        "tdd_refactor", draft_prompt(context, MESSAGES["tdd_refactor"]), "tdd_refactor"
    )


def _may_validate(
    context: Context, latest: Refactoring, failures: tuple[Failure, ...]
) -> bool:
    """Whether no eval fails, or a person accepted that some do.

    A draft at which the author was stuck in tdd_green was accepted there.
    """
    if not failures and not latest.stuck:
        return True
    drafting = context.state.drafting
    is_first_round = context.state.refactoring is None
    if is_first_round and drafting is not None and drafting.stuck:
        return True
    return context.is_approved(FAILURES_KINDS, latest.round)


def _refactor_draft(
    context: Context,
    latest: Refactoring,
    failures: tuple[Failure, ...],
    feedback: str,
) -> Advance:
    """Have the author revise the draft once, by the failures and the feedback.

    Without a change the author is stuck: the next run of this phase asks the owner.
    """
    draft = context.author.revise(context.assignment(feedback), context.draft, failures)
    if draft is None or as_files(draft) == context.draft:
        stuck = Refactoring(failures, latest.attempts, stuck=True, round=context.round)
        return Advance(stuck, "tdd_refactor", message=STUCK)
    failures = failures_of(context, context.package_of(as_files(draft)))
    return Advance(
        Refactoring(failures, latest.attempts + 1, round=context.round),
        "tdd_refactor" if failures else "validate",
        draft=as_files(draft),
        message=f"Round {latest.attempts + 1}: {len(failures)} evals fail",
    )


def validate(context: Context) -> Outcome:
    """The rules and the evals check the draft; the output is a report and a score."""
    verdict = verdict_on(context)
    must_ask = "validate" in context.checkpoints
    refactoring = context.state.refactoring
    since = refactoring.round if refactoring else 0
    if must_ask and not context.is_approved(("validate",), since):
        prompt = draft_prompt(context, MESSAGES["validate"])
        result = {"validation": verdict.report, "validation_status": verdict.status}
        return Ask("validate", {**prompt, **result}, revise_to="tdd_refactor")
    return Advance(verdict, None, message=f"Validation {verdict.status}")


def verdict_on(context: Context) -> Verdict:
    """The result of the validation rules and of the evals for the context's draft."""
    report = context.package.report_with(context.waived)
    failures = failures_of(context, context.package)
    status = "warnings" if failures and report.status == "passed" else report.status
    return Verdict(
        status=str(status),
        score=report.score,
        report=report.as_json(),
        failures=failures,
        round=context.round,
    )


def draft_prompt(context: Context, message: str) -> dict[str, Any]:
    """The prompt that shows a person the draft: its files, and the evals that fail.

    `revision_hint` tells the person how to word feedback for this author.
    """
    return {
        "message": message,
        "questions": [],
        "files": [
            {"path": file.path, "text": file.content.decode(errors="replace")}
            for file in context.draft
        ],
        "failures": [
            {"kind": failure.kind, "text": failure.text, "reason": failure.reason}
            for failure in failures_of(context, context.package)
        ],
        "revision_hint": context.author.revision_hint,
    }


PHASES: dict[str, Callable[[Context], Outcome]] = {
    "refine": refine,
    "deep_understanding": deep_understanding,
    "tdd_red": tdd_red,
    "tdd_green": tdd_green,
    "tdd_refactor": tdd_refactor,
    "validate": validate,
}
