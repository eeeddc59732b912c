"""The template author: it works offline and takes every sentence from its sources."""

from dataclasses import replace

from jobs.authors.base import Assignment, Findings
from jobs.authors.evals import evals_for
from jobs.authors.findings import findings
from jobs.authors.frontmatter import category_for, description, name_for
from jobs.authors.layout import skill_files
from jobs.authors.material import Material
from jobs.authors.phrases import bare, sentence
from jobs.authors.revision import (
    refine_version,
    refinement_questions,
    revise_draft,
)
from jobs.pipeline.state import Brief, Evals, Failure
from taxonomy.files.gate import File, Files


class TemplateAuthor:
    """Turns documents into a skill by fixed rules, without a language model.

    The same assignment gives the same files. Every sentence in them is from the
    sources, the brief or the answers of people.
    """

    revision_hint = (
        "This author follows lines of the form `description: …`, `title: …`, "
        "`add: …` and `remove: <heading>`."
    )

    def refine(self, assignment: Assignment) -> Brief:
        material = _read(assignment)
        return Brief(
            task_description=sentence(assignment.task_description),
            name=name_for(material),
            taxonomy_path=category_for(material),
            title=bare(material.title),
        )

    def questions(self, assignment: Assignment) -> Findings:
        result = findings(_read(assignment))
        changes = refinement_questions(assignment)
        return replace(result, questions=(*changes, *result.questions))

    def evals(self, assignment: Assignment) -> Evals:
        return evals_for(_read(assignment))

    def write(self, assignment: Assignment, evals: Evals) -> Files:
        material = _read(assignment)
        name = assignment.brief.name if assignment.brief else name_for(material)
        if files := current_version(assignment):
            return refine_version(material, files)
        files = skill_files(material, name, description(material))
        return revise_draft(material, files, ()) or files

    def revise(
        self, assignment: Assignment, draft: Files, failures: tuple[Failure, ...]
    ) -> Files | None:
        return revise_draft(_read(assignment), draft, failures)


def _read(assignment: Assignment) -> Material:
    """Read the sources, and report it: reading takes most of the time of a phase."""
    number = len(assignment.sources)
    noun = "source" if number == 1 else "sources"
    assignment.report(f"Reading {number} {noun}", 0.1)
    material = Material.of(assignment)
    assignment.report(f"Read {len(material.whole.text.split())} words", 0.6)
    return material


def current_version(assignment: Assignment) -> Files:
    """The files that a refinement starts from; () for a new skill."""
    if assignment.job_type != "skill_refinement":
        return ()
    if assignment.draft:
        return assignment.draft
    sources = [each for each in assignment.sources if each.name.endswith("SKILL.md")]
    return tuple(File("SKILL.md", source.text.encode()) for source in sources[:1])
