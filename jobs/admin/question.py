"""Questions and events in the admin, and the form that answers an open question."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import escape
from unfold.enums import ActionVariant

from core.admin import fields
from core.admin.base import Panel, Text, Verb
from jobs import lifecycle
from jobs.admin.base import ByPhase, JobsAdmin, link_to_job, may_change, shortened
from jobs.models import Job, JobEvent, Question

ANSWER = "answers."
"""The prefix of a question's form field, as in the API's error messages."""
NO_ANSWER = ("", "No answer")
SHOWN_SEPARATELY = {"message", "questions", "files", "failures", "revision_hint"}
"""Keys of a prompt that are not listed with its other facts."""


def open_question(job: Job) -> Question | None:
    return job.questions.open().first()


def asks(job: Job) -> bool:
    return job.status == Job.Status.PENDING_HITL


def answer_form(job: Job) -> type[forms.Form]:
    """A form class for the open question's prompt."""
    question = open_question(job)
    prompt: Mapping[str, Any] = question.prompt if question else {}
    answers = {
        f"{ANSWER}{item['id']}": answer_field(item)
        for item in prompt.get("questions", ())
    }
    hint = prompt.get("revision_hint", "")
    may_revise = question and question.revisions_left()
    actions = ACTIONS if may_revise else ACTIONS_WITHOUT_REVISE
    decision = {
        "action": fields.radio(
            actions, label="What next?", initial=Question.Action.PROCEED
        ),
        "feedback": fields.paragraph(
            required=False,
            max_length=settings.SKILLFLEET_MAX_TASK_CHARS,
            help_text=escape(f"What should be different; required to revise. {hint}"),
        ),
        "round": forms.IntegerField(widget=forms.HiddenInput),
    }
    return type("AnswerForm", (forms.Form,), {**answers, **decision})


ACTIONS = [
    (Question.Action.PROCEED, "Proceed: continue with what is shown and answered"),
    (Question.Action.REVISE, "Revise: repeat the phase that wrote it, with feedback"),
    (Question.Action.CANCEL, "Cancel: end the job"),
]
ACTIONS_WITHOUT_REVISE = [
    choice for choice in ACTIONS if choice[0] != Question.Action.REVISE
]
"""The actions after the last allowed revision."""


def answer_field(item: Mapping[str, Any]) -> forms.Field:
    """A field for one question. Its help text is escaped here, not by the theme."""
    choices = [(option, option) for option in item.get("options", ())]
    options: dict[str, Any] = {
        "label": str(item.get("text", item["id"])),
        "help_text": escape(item.get("rationale", "")),
        "required": False,
    }
    if item.get("type") == "multi_choice":
        return fields.checkboxes(choices, **options)
    if item.get("type") == "single_choice":
        return fields.radio([NO_ANSWER, *choices], **options)
    return fields.paragraph(max_length=settings.SKILLFLEET_MAX_TASK_CHARS, **options)


def answer(job: Job, user: User, answers: dict[str, Any]) -> str:
    by_question = {
        name.removeprefix(ANSWER): value
        for name, value in answers.items()
        if name.startswith(ANSWER) and value
    }
    job = lifecycle.answer(
        job,
        by=user,
        round=answers["round"],
        action=answers["action"],
        answers=by_question,
        feedback=answers["feedback"],
    )
    return f"Answered. The job is {job.get_status_display().lower()}."


def open_question_panels(job: Job) -> Iterable[Panel]:
    question = open_question(job)
    if question:
        yield from prompt_panels(question.prompt)


def prompt_panels(prompt: Mapping[str, Any]) -> Iterable[Panel]:
    """The prompt's message and facts, the draft's files, and the failed evals."""
    facts = [
        (key.replace("_", " ").capitalize(), as_words(value))
        for key, value in prompt.items()
        if key not in SHOWN_SEPARATELY and value not in ("", [], {}, None)
    ]
    yield Panel(
        "Shown by the job",
        lead=str(prompt.get("message", "")),
        headers=("Topic", "So far"),
        rows=facts,
    )
    if files := prompt.get("files"):
        texts = [
            Text(file["path"], file["text"], unfolded=file["path"] == "SKILL.md")
            for file in files
        ]
        yield Panel("The draft", texts=texts)
    if failures := prompt.get("failures"):
        yield Panel(
            "Failures",
            headers=("Kind", "Text", "Reason"),
            rows=[(each["kind"], each["text"], each["reason"]) for each in failures],
            warning=True,
        )


def as_words(value: Any) -> str:
    """A value of a prompt, with one line for each item; nested values as JSON."""
    if isinstance(value, Mapping):
        return "\n".join(f"{key}: {as_line(each)}" for key, each in value.items())
    if isinstance(value, list):
        return "\n".join(map(as_line, value))
    return as_line(value)


def response_text(response: dict[str, Any] | None) -> str | None:
    if response is None:
        return None
    words = [response.get("action", ""), response.get("feedback", "")]
    answers = as_words(response.get("answers", {}))
    return ". ".join(filter(None, [*words, answers]))


def as_line(value: Any) -> str:
    if isinstance(value, str | int | float):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def round_of(job: Job) -> dict[str, Any]:
    return {"round": job.round}


ANSWER_VERB = Verb(
    "answer",
    "Answer",
    answer,
    may=may_change,
    fits=asks,
    form_of=answer_form,
    initial=round_of,
    shows=open_question_panels,
    icon="forum",
    variant=ActionVariant.PRIMARY,
)


class JobRowsAdmin(JobsAdmin):
    """Rows that belong to a job; users see those of the jobs visible to them."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        jobs = Job.objects.visible_to(request.user)
        return super().get_queryset(request).select_related("job").filter(job__in=jobs)

    @admin.display(description="Job", ordering="job")
    def job_link(self, row: Any) -> str:
        return link_to_job(row.job)


@admin.register(Question)
class QuestionAdmin(JobRowsAdmin):
    list_display = (
        "kind",
        "status",
        "round",
        "job_link",
        "created_at",
        "timeout_at",
        "answered_by",
        "answered_at",
    )
    list_filter = ("status", "kind")
    search_fields = ("=job__job_id", "job__task_description")
    search_help_text = "The job's id, or words of its task"
    date_hierarchy = "created_at"
    list_select_related = ("job", "answered_by")
    fields = (
        ("kind", "status"),
        ("phase", "round"),
        "job_link",
        ("created_at", "timeout_at"),
        ("answered_by", "answered_at"),
        "answer",
    )
    readonly_fields = ("job_link", "answer")

    @admin.display(description="Answer")
    def answer(self, question: Question) -> str | None:
        return response_text(question.response)

    def panels(self, request: HttpRequest, row: Question) -> Iterable[Panel]:
        items = row.prompt.get("questions", ())
        yield Panel(
            "Asked",
            headers=("Id", "Question", "Options"),
            rows=[
                (item["id"], item["text"], ", ".join(item.get("options", ())))
                for item in items
            ],
            empty="No questions: the job shows its work and waits for a decision.",
        )
        yield from prompt_panels(row.prompt)


class ByEventPhase(ByPhase):
    parameter_name = "phase"


@admin.register(JobEvent)
class JobEventAdmin(JobRowsAdmin):
    list_display = ("kind", "phase", "job_link", "seq", "note", "at")
    list_filter = ("kind", ByEventPhase, ("at", admin.DateFieldListFilter))
    search_fields = ("=job__job_id",)
    search_help_text = "The job's id"
    ordering = ("-pk",)
    show_full_result_count = False
    fields = ("job_link", ("kind", "phase"), ("seq", "at"), "note")
    readonly_fields = ("job_link", "note")

    @admin.display(description="Note")
    def note(self, event: JobEvent) -> str:
        return shortened(as_words(event.data))
