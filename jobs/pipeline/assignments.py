"""From a phase's context to what its author is given."""

from collections.abc import Iterable, Iterator
from typing import Any

from jobs.authors.base import Assignment, Given
from jobs.pipeline.context import Answer, Context, SkillSummary
from jobs.pipeline.state import Brief
from taxonomy.skillmd.document import SkillMdError, parse


def assignment_for(context: Context, feedback: str | None = None) -> Assignment:
    """All that the author may draw on.

    Without `feedback` it gets everything people ever said; with it, that alone:
    what was said before is in the draft already.
    """
    said = everything_said(context) if feedback is None else (feedback,)
    return Assignment(
        task_description=context.task_description,
        job_type=context.job_type,
        intended_taxonomy_path=context.intended_taxonomy_path,
        style=context.style,
        user_context=context.user_context,
        sources=context.sources,
        fleet=_neighbours(context),
        categories=context.categories,
        taken_names=context.taken_names,
        brief=brief_of(context),
        given=given(context.answers),
        feedback=tuple(text for text in said if text.strip()),
        draft=context.draft,
        report=context.report,
    )


def _neighbours(context: Context) -> tuple[SkillSummary, ...]:
    """The fleet; a skill that is refined is not its own neighbour."""
    brief = brief_of(context)
    if brief is None or context.job_type != "skill_refinement":
        return context.fleet
    return tuple(skill for skill in context.fleet if skill.name != brief.name)


def brief_of(context: Context) -> Brief | None:
    """The brief; for a refinement, which has no such phase, what SKILL.md says."""
    if context.state.brief is not None or context.job_type != "skill_refinement":
        return context.state.brief
    return next(
        (
            Brief(context.task_description, name, context.intended_taxonomy_path)
            for source in context.sources
            if source.name.endswith("SKILL.md") and (name := skill_name(source.text))
        ),
        None,
    )


def skill_name(text: str) -> str:
    """The name in a SKILL.md's frontmatter, "" when it has none."""
    try:
        name = parse(text).frontmatter.get("name", "")
    except SkillMdError:
        return ""
    return name if isinstance(name, str) else ""


def everything_said(context: Context) -> tuple[str, ...]:
    asked_for = context.user_context.get("feedback", "")
    return (
        asked_for if isinstance(asked_for, str) else "",
        *(answer.feedback for answer in context.answers),
    )


def given(answers: Iterable[Answer]) -> tuple[Given, ...]:
    """Every question that was answered with words, each answer once."""
    return tuple(dict.fromkeys(_given(answers)))


def _given(answers: Iterable[Answer]) -> Iterator[Given]:
    for answer in answers:
        for question in answer.questions:
            if text := words(answer.answers.get(str(question.get("id")))):
                topic = str(question.get("topic", ""))
                yield Given(topic, str(question.get("text", "")), text)


def words(value: Any) -> str:
    """An answer of any JSON type as text; "" when it says nothing."""
    if isinstance(value, list | tuple):
        return ", ".join(filter(None, map(words, value)))
    return "" if value is None else str(value).strip()
