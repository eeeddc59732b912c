"""Real documents become skills that say nothing else than the documents do."""

import re
from pathlib import Path

import pytest
import skills_ref

from jobs.authors.base import SourceDocument
from jobs.authors.material import Material
from jobs.pipeline.evaluation import terms
from tests.jobs.authors.material import (
    CORPUS,
    assignment,
    code_in,
    description_of,
    from_nowhere,
    occurs_verbatim,
    pages_of,
    written,
)
from tests.jobs.pipeline.engine import Job

BRIEFS = {
    "healthchecks-bash": "Monitor shell scripts with Healthchecks",
    "healthchecks-configuring_checks": "Configure checks in Healthchecks",
    "healthchecks-monitoring_cron_jobs": "Monitor cron jobs with Healthchecks",
    "healthchecks-self_hosted": "Set up a self-hosted Healthchecks instance",
    "healthchecks-self_hosted_docker": "Run Healthchecks with Docker Compose",
    "procrastinate-locks": "Make Procrastinate jobs run one after the other",
    "procrastinate-retry-stalled-jobs": "Retry stalled Procrastinate jobs",
    "procrastinate-retry": "Define retry strategies for Procrastinate tasks",
    "procrastinate-worker": "Launch a Procrastinate worker",
}
VAGUE = "Turn this document into a skill"
CONNECTIVES = "use when you need to the task involves or and Also it"

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not here")
every_document = pytest.mark.parametrize("document", BRIEFS)
every_brief = pytest.mark.parametrize("is_vague", [False, True], ids=["brief", "vague"])


def source_of(document: str) -> str:
    return (CORPUS / f"{document}.md").read_text()


def task_of(document: str, is_vague: bool = False):
    brief = VAGUE if is_vague else BRIEFS[document]
    return assignment(source_of(document), brief, f"{document}.md")


@every_document
@every_brief
def test_the_reference_validator_passes_it(document, is_vague, tmp_path: Path):
    files = written(task_of(document, is_vague))
    name = re.search(rb'name: "(.+)"', files[0].content)[1].decode()
    for file in files:
        path = tmp_path / name / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
    assert skills_ref.validate(tmp_path / name) == []


@every_document
def test_all_its_code_stands_in_the_source_and_none_is_lost(document):
    source = source_of(document)
    pages = pages_of(written(task_of(document)))
    blocks = [block for page in pages for block in code_in(page)]
    assert [b for b in blocks if not occurs_verbatim(b, source)] == []
    assert len(blocks) >= len(code_in(source))


@every_document
@every_brief
def test_it_says_nothing_that_source_and_brief_do_not_say(document, is_vague):
    task = task_of(document, is_vague)
    source = source_of(document)
    assert from_nowhere(written(task), source, task.task_description) == []


@every_document
@every_brief
def test_the_description_says_what_and_when_in_words_of_source_or_brief(
    document, is_vague
):
    task = task_of(document, is_vague)
    description = description_of(written(task))
    assert re.fullmatch(r"[A-Z].{10,}\. Use when .{10,}\.", description)
    allowed_terms = terms(
        f"{source_of(document)} {task.task_description} {CONNECTIVES}"
    )
    assert terms(description) - allowed_terms == set()


@every_document
def test_no_paragraph_of_the_source_is_lost(document):
    text = "".join(pages_of(written(task_of(document))))
    squeezed = " ".join(text.split())
    material = Material.of(task_of(document))
    lost = [each for each in material.sentences if each not in squeezed]
    assert lost == []


@every_document
def test_a_job_on_it_needs_nobody_and_passes_its_own_evals(document):
    source = SourceDocument(f"{document}.md", "text/markdown", source_of(document))
    from jobs.authors.template import TemplateAuthor

    job = Job.new(
        TemplateAuthor(), task_description=BRIEFS[document], sources=(source,)
    ).run_through()
    assert job.kinds == []
    assert job.state.understanding.readiness >= 0.8
    assert job.state.verdict.failures == ()
    assert job.state.verdict.status == "passed"


def test_a_document_without_steps_brings_questions():
    from jobs.authors.template import TemplateAuthor

    text = source_of("procrastinate-deployment")
    source = SourceDocument("procrastinate-deployment.md", "text/markdown", text)
    job = Job.new(
        TemplateAuthor(), task_description="Deploy Procrastinate", sources=(source,)
    )
    ask = job.until_asked()
    assert ask.kind == "deep_understanding"
    topics = {question["topic"] for question in ask.prompt["questions"]}
    assert topics == {"steps", "constraints", "examples"}
