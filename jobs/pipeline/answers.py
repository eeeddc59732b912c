"""Reading what people answered."""

from collections.abc import Collection

from jobs.pipeline.context import Answer, Context


def newest(context: Context, kinds: Collection[str], since: int) -> Answer | None:
    """The last answer to one of these kinds of question, asked in or after a round."""
    for answer in reversed(context.answers):
        if answer.kind in kinds and answer.round >= since:
            return answer
    return None


def approved(context: Context, kinds: Collection[str], since: int) -> bool:
    answer = newest(context, kinds, since)
    return answer is not None and answer.action == "proceed"


def revision(context: Context, kinds: Collection[str], since: int) -> Answer | None:
    """The answer that sent something back and that nobody has acted on yet."""
    answer = newest(context, kinds, since)
    return answer if answer is not None and answer.action == "revise" else None
