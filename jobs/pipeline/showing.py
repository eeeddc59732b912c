"""What a person is shown of a draft when a phase asks about it."""

from typing import Any

from jobs.pipeline.context import Context
from jobs.pipeline.evaluation import failures_of


def draft_prompt(context: Context, message: str) -> dict[str, Any]:
    """Files by path, the failing evals, and how to word feedback."""
    return {
        "message": message,
        "questions": [],
        "files": [
            {"path": file.path, "text": file.content.decode(errors="replace")}
            for file in context.draft
        ],
        "failures": [
            {"kind": failure.kind, "text": failure.text, "reason": failure.reason}
            for failure in failures_of(context, context.draft)
        ],
        "revision_hint": context.author.revision_hint,
    }
