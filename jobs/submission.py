"""Reads the sources of a submission, and checks submissions and answers."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from django.conf import settings

from jobs.authors.base import SourceDocument
from jobs.exceptions import InvalidJob, TooLarge, UnsupportedSource
from jobs.models.question import Question
from jobs.pipeline.phases import CHECKPOINTS
from taxonomy.exceptions import UnknownCategory
from taxonomy.models import Category, Skill

MIN_TASK_CHARS = 10
MEDIA_TYPES = {
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".txt": "text/plain",
}
Problems = dict[str, list[str]]


def read_source(name: str, content: bytes | str) -> SourceDocument:
    """Read a document that a user gave: an upload, a file, or text from JSON.

    Every source of a job is created here; nothing else reads or checks documents.
    Raises UnsupportedSource or TooLarge.
    """
    media_type = MEDIA_TYPES.get(PurePosixPath(name).suffix.lower())
    if media_type is None:
        raise UnsupportedSource(
            f"{name}: only {', '.join(MEDIA_TYPES)} documents can be read; "
            "convert it to Markdown first.",
            {"sources": [f"{name}: unsupported type."]},
        )
    encoded = content.encode() if isinstance(content, str) else content
    limit = settings.SKILLFLEET_MAX_SOURCE_BYTES
    if len(encoded) > limit:
        raise TooLarge(
            f"{name} has {len(encoded)} bytes; a source may have {limit}.",
            {"sources": [f"{name}: too large."]},
        )
    return SourceDocument(name, media_type, _text_of(name, encoded))


def _text_of(name: str, content: bytes) -> str:
    """The text without a byte order mark. Raises UnsupportedSource."""
    fields = {"sources": [f"{name}: not text."]}
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnsupportedSource(
            f"{name} is not UTF-8 text (byte {error.start}); save it as UTF-8.",
            fields,
        ) from error
    if "\0" in text:
        raise UnsupportedSource(
            f"{name} contains NUL characters; it is not a text.", fields
        )
    return text


def check_submission(
    task_description: str,
    sources: Sequence[SourceDocument],
    intended_taxonomy_path: str,
    options: Mapping[str, Any],
) -> str:
    """Check a submission, and return the path of the intended category.

    The path is the category's current one, even if a former path was given; it is
    empty if no category was given. Raises InvalidJob, which names every wrong field and
    how to correct it.
    """
    problems: Problems = {}
    path = ""
    if problem := _task_problem(task_description):
        problems["task_description"] = [problem]
    if len(sources) > settings.SKILLFLEET_MAX_SOURCES:
        problems["sources"] = [
            f"{len(sources)} sources; at most {settings.SKILLFLEET_MAX_SOURCES}."
        ]
    try:
        if intended_taxonomy_path:
            path = Category.objects.named(intended_taxonomy_path).path
    except UnknownCategory as error:
        problems["intended_taxonomy_path"] = list(error.fields["category"])
    problems |= option_problems(options)
    if problems:
        raise InvalidJob("The job cannot be submitted as it is.", problems)
    return path


def _task_problem(text: str) -> str:
    length = len(text.strip())
    if length < MIN_TASK_CHARS:
        return f"Describe the skill in at least {MIN_TASK_CHARS} characters."
    if length > settings.SKILLFLEET_MAX_TASK_CHARS:
        return (
            f"{length} characters; at most {settings.SKILLFLEET_MAX_TASK_CHARS}. "
            "Put long material into a source."
        )
    return "" if "\0" not in text else "NUL characters are not allowed."


def option_problems(options: Mapping[str, Any]) -> Problems:
    problems: Problems = {}
    unknown = set(options.get("checkpoints", ())) - set(CHECKPOINTS)
    if unknown:
        problems["checkpoints"] = [
            f"Unknown: {', '.join(sorted(unknown))}; known: {', '.join(CHECKPOINTS)}."
        ]
    if options.get("style") and options["style"] not in Skill.Style.values:
        problems["style"] = [f"One of {', '.join(Skill.Style.values)}."]
    return problems


def check_answers(
    question: Question, action: str, answers: Mapping[str, Any], feedback: str
) -> dict[str, Any]:
    """Check an answer and return `answers` as stored. Raises InvalidJob with fields."""
    problems: Problems = {}
    if action not in Question.Action.values:
        problems["action"] = [f"One of {', '.join(Question.Action.values)}."]
    if action == Question.Action.REVISE and not feedback.strip():
        problems["feedback"] = ["Say what should be different."]
    items = {item["id"]: item for item in question.prompt.get("questions", ())}
    for key, value in answers.items():
        if key not in items:
            problems[f"answers.{key}"] = [f"Not asked; asked: {', '.join(items)}."]
        elif problem := _answer_problem(items[key], value):
            problems[f"answers.{key}"] = [problem]
    if problems:
        raise InvalidJob("The answer does not fit the question.", problems)
    return dict(answers)


def _answer_problem(item: Mapping[str, Any], value: Any) -> str:
    if item.get("type") == "multi_choice":
        return _choices_problem(item, value)
    if not isinstance(value, str):
        return "A string is expected."
    if item.get("type") == "single_choice" and value not in item["options"]:
        return f"One of: {', '.join(item['options'])}."
    limit = settings.SKILLFLEET_MAX_TASK_CHARS
    return "" if len(value) <= limit else f"At most {limit} characters."


def _choices_problem(item: Mapping[str, Any], value: Any) -> str:
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        return "A list of strings is expected."
    unknown = [choice for choice in value if choice not in item["options"]]
    return f"Not offered: {', '.join(unknown)}." if unknown else ""
