"""What a job's page shows below its fields."""

import json
from collections.abc import Iterable
from typing import Any

from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime

from core.admin.base import Panel, Text, link_to
from jobs.admin.answering import as_words, open_question
from jobs.models import Job, PhaseResult, Question

EVENTS_SHOWN = 50


def job_panels(job: Job) -> Iterable[Panel]:
    """A fixed number of queries, however long the job's history is."""
    if job.error_stack:
        yield Panel("Error", texts=[Text("Traceback", job.error_stack)])
    if draft := getattr(job, "draft", None):
        yield Panel(
            "Draft",
            headers=("Draft", "Status", "Reason"),
            rows=[
                (
                    link_to(draft, job.skill_name),
                    draft.get_status_display(),
                    draft.reason,
                )
            ],
        )
    yield Panel(
        "Sources",
        texts=[
            Text(source.name, source.text, note=source.media_type)
            for source in job.sources.all()
        ],
        empty="The owner gave no documents.",
    )
    yield questions_panel(list(job.questions.select_related("answered_by")))
    yield phases_panel(job)
    yield history_panel(job)


def open_panels(job: Job, answer_page: str) -> Iterable[Panel]:
    """The question that is open, if there is one, and where to answer it."""
    question = open_question(job)
    if question is None:
        return
    asked = [str(item.get("text", "")) for item in question.prompt.get("questions", ())]
    yield Panel(
        "The job waits for an answer",
        lead=str(question.prompt.get("message", "")),
        rows=list(enumerate(asked, start=1)),
        headers=("", "Question"),
        more=format_html(
            '<a href="{}">Answer</a> until {} ({}, round {}).',
            answer_page,
            date_format(localtime(question.timeout_at), "DATETIME_FORMAT"),
            question.kind,
            question.round,
        ),
        warning=True,
    )


def questions_panel(asked: list[Question]) -> Panel:
    return Panel(
        "Questions and answers",
        headers=("Round", "Kind", "Status", "Answered by", "At", "Answer"),
        rows=[
            (
                question.round,
                question.kind,
                question.get_status_display(),
                question.answered_by,
                question.answered_at,
                said(question.response),
            )
            for question in asked
        ],
        empty="The job has not asked anything.",
    )


def said(response: dict[str, Any] | None) -> str | None:
    if response is None:
        return None
    words = [response.get("action", ""), response.get("feedback", "")]
    answers = as_words(response.get("answers", {}))
    return ". ".join(filter(None, [*words, answers]))


def phases_panel(job: Job) -> Panel:
    return Panel(
        "Phases",
        texts=[
            Text(
                f"{result.phase}, round {result.round}",
                as_json(result.output),
                note=f"{seconds_of(result):.1f} s",
            )
            for result in job.results.all()
        ],
        empty="No phase has finished.",
    )


def seconds_of(result: PhaseResult) -> float:
    return (result.finished_at - result.started_at).total_seconds()


def history_panel(job: Job) -> Panel:
    newest = job.history.order_by("-seq")[:EVENTS_SHOWN]
    return Panel(
        "History",
        headers=("No.", "When", "What", "Phase", "Note"),
        rows=[
            (event.seq, event.at, event.kind, event.phase, as_words(event.data))
            for event in newest
        ],
        more=f"These are the newest {EVENTS_SHOWN}; the list of events has all."
        if job.events > EVENTS_SHOWN
        else "",
    )


def as_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
