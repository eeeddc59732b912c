"""Asking for the next version of a skill: its current one, feedback, focus areas."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User

from jobs import lifecycle
from jobs.exceptions import InvalidJob, TooLarge
from jobs.models import Job
from jobs.pipeline.context import SourceText
from jobs.submission import MEDIA_TYPES, Problems, option_problems
from taxonomy.exceptions import SkillArchived
from taxonomy.files.diffs import FileDiff, differences
from taxonomy.files.file import File, Files
from taxonomy.models import Skill

SKILL_MD = "SKILL.md"
MAX_FOCUS_AREAS = 5
MAX_FOCUS_CHARS = 80


def create_refinement_job(
    user: User,
    skill: Skill,
    feedback: str,
    *,
    focus_areas: Iterable[str] = (),
    options: Mapping[str, Any] | None = None,
    idempotency_key: str | None = None,
) -> Job:
    """Submit a job whose draft is to be the next version of this skill.

    It starts from the version that is current now. Raises InvalidJob, SkillArchived,
    TooLarge for a SKILL.md that no author reads whole, or KeyReused.
    """
    areas = [area.strip() for area in focus_areas]
    options = dict(options or {})
    if problems := _problems(feedback, areas) | option_problems(options):
        raise InvalidJob("The skill cannot be refined like that.", problems)
    if skill.status == Skill.Status.ARCHIVED:
        raise SkillArchived
    job = Job(
        user_id=user.pk,
        job_type=Job.Type.SKILL_REFINEMENT,
        base=skill.current,
        task_description=f"Refine {skill.name}: {feedback.strip()}",
        intended_taxonomy_path=skill.category.path,
        skill_name=skill.name,
        options=options,
        user_context={"feedback": feedback.strip(), "focus_areas": areas},
        idempotency_key=idempotency_key,
    )
    return lifecycle.submit(job, tuple(_sources(skill.current.bundle.files())))


def _problems(feedback: str, areas: list[str]) -> Problems:
    problems: Problems = {}
    limit = settings.SKILLFLEET_MAX_TASK_CHARS
    if not feedback.strip():
        problems["feedback"] = ["Say what should be different in the next version."]
    elif len(feedback) > limit:
        problems["feedback"] = [f"At most {limit} characters."]
    if len(areas) > MAX_FOCUS_AREAS:
        problems["focus_areas"] = [f"{len(areas)} areas; at most {MAX_FOCUS_AREAS}."]
    elif any(not _is_heading(area) for area in areas):
        problems["focus_areas"] = [
            f"Each is one line of 1 to {MAX_FOCUS_CHARS} characters, like a heading."
        ]
    return problems


def _is_heading(area: str) -> bool:
    return 0 < len(area) <= MAX_FOCUS_CHARS and area.isprintable()


def _sources(files: Files) -> Iterator[SourceText]:
    """SKILL.md, then what other texts of the version fit among a job's sources.

    Those that do not fit stay in the draft all the same.
    """
    most = settings.SKILLFLEET_MAX_SOURCE_BYTES
    main = next(file for file in files if file.path == SKILL_MD)
    if len(main.content) > most:
        raise TooLarge(
            f"The skill's SKILL.md has {len(main.content)} bytes; a source may have"
            f" {most}. Move parts of it into references/ first.",
        )
    yield SourceText(SKILL_MD, "text/markdown", main.content.decode("utf-8-sig"))
    texts = [text for file in files if file is not main and (text := _as_source(file))]
    yield from texts[: max(0, settings.SKILLFLEET_MAX_SOURCES - 1)]


def _as_source(file: File) -> SourceText | None:
    media_type = MEDIA_TYPES.get(file.path[file.path.rfind(".") :].lower())
    fits = len(file.content) <= settings.SKILLFLEET_MAX_SOURCE_BYTES
    if media_type is None or not fits or b"\0" in file.content:
        return None
    try:
        return SourceText(file.path[:255], media_type, file.content.decode())
    except UnicodeDecodeError:
        return None


def changes(job: Job, draft: Files) -> tuple[FileDiff, ...]:
    """What the draft of a refinement changes in the version that is current now."""
    current = job.base.skill.current.bundle.files() if job.base else ()
    return differences(current, draft, settings.SKILLFLEET_MAX_DIFF_LINES)
