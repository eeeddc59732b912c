"""Builds the context of a phase: plain values, read from the database."""

from collections.abc import Callable

from django.conf import settings
from django.utils.module_loading import import_string

from jobs.authors.base import Author, CategoryChoice, SkillSummary, SourceDocument
from jobs.models import Job, Question
from jobs.pipeline.context import Answer, Context
from jobs.pipeline.state import State, from_json
from taxonomy.files.gate import Files
from taxonomy.limits import configured_limits
from taxonomy.models import Address, Category, Skill
from taxonomy.package import RESERVED_NAMES
from taxonomy.skillmd.findings import WaivedFinding

Report = Callable[[int, str], None]


def load_author() -> Author:
    """Create the author that SKILLFLEET_AUTHOR names."""
    author: Author = import_string(settings.SKILLFLEET_AUTHOR)()
    return author


def context_of(job: Job, author: Author, report_progress: Report) -> Context:
    """Everything that the job's current phase reads."""
    return Context(
        job_id=str(job.pk),
        job_type=job.job_type,
        phase=job.current_phase,
        round=job.round,
        task_description=_task(job),
        author=author,
        intended_taxonomy_path=job.intended_taxonomy_path,
        checkpoints=frozenset(job.options.get("checkpoints", ())),
        style=job.options.get("style", ""),
        user_context=job.user_context,
        sources=_sources(job),
        fleet=_fleet(),
        categories=_categories(),
        taken_names=_taken_names(),
        state=_state(job),
        answers=_answers(job),
        limits=configured_limits(),
        skill_text=_skill_text,
        draft=_draft(job),
        waived=waived_in(job),
        report_progress=report_progress,
    )


def _task(job: Job) -> str:
    """The purpose of the skill; for a refinement, the description of the skill."""
    if job.base is None:
        return job.task_description
    return str(job.base.frontmatter.get("description", "")) or job.task_description


def waived_in(job: Job) -> frozenset[WaivedFinding]:
    """The findings waived in the job's draft, and in the skill that it refines."""
    in_draft = job.draft.waivers.waived() if hasattr(job, "draft") else frozenset()
    in_skill = job.base.skill.waivers.waived() if job.base else frozenset()
    return in_draft | in_skill


def _draft(job: Job) -> Files:
    """The draft's files; before the first draft, those of the refined version."""
    if hasattr(job, "draft"):
        return job.draft.bundle.files()
    return job.base.bundle.files() if job.base else ()


def _sources(job: Job) -> tuple[SourceDocument, ...]:
    return tuple(
        SourceDocument(source.name, source.media_type, source.text)
        for source in job.sources.all()
    )


def _fleet() -> tuple[SkillSummary, ...]:
    rows = Skill.objects.active().order_by("name").values_list("name", "description")
    return tuple(SkillSummary(*row) for row in rows)


def _categories() -> tuple[CategoryChoice, ...]:
    rows = Category.objects.order_by("path").values_list("path", "name", "description")
    return tuple(CategoryChoice(*row) for row in rows)


def _skill_text(name: str) -> str:
    """The Markdown files of an active skill, as one text."""
    skill = Skill.objects.active().filter(name=name).first()
    files = skill.current.bundle.files() if skill else ()
    markdown = (file.content for file in files if file.path.endswith(".md"))
    return "\n\n".join(content.decode(errors="replace") for content in markdown)


def _taken_names() -> frozenset[str]:
    addresses = Address.objects.filter(kind=Address.Kind.SKILL)
    return RESERVED_NAMES.union(addresses.values_list("path", flat=True))


def _state(job: Job) -> State:
    rows = job.results.order_by("pk").values_list("phase", "round", "output")
    return State.of(from_json(*row) for row in rows)


def _answers(job: Job) -> tuple[Answer, ...]:
    answered = job.questions.filter(status=Question.Status.RESPONDED).order_by("pk")
    return tuple(
        Answer(
            kind=question.kind,
            phase=question.phase,
            round=question.round,
            **(question.response or {}),
            questions=tuple(question.prompt.get("questions", ())),
        )
        for question in answered
    )
