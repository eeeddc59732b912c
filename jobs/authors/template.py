"""The author that works offline: it turns documents into skills and invents nothing."""

from dataclasses import replace

from jobs.authors.base import Assignment, Findings
from jobs.authors.description import description
from jobs.authors.findings import findings
from jobs.authors.layout import skill_files
from jobs.authors.material import Material
from jobs.authors.naming import category_for, name_for
from jobs.authors.refining import refined, wishes
from jobs.authors.revising import revised
from jobs.authors.testing import evals_for
from jobs.authors.wording import bare, sentence
from jobs.pipeline.state import Brief, Evals, Failure
from taxonomy.packaging.files import File, Files


class TemplateAuthor:
    """Deterministic; every sentence is from the sources, the brief or the answers."""

    revision_hint = (
        "This author follows lines of the form `description: …`, `title: …`, "
        "`add: …` and `remove: <heading>`."
    )

    def refine(self, assignment: Assignment) -> Brief:
        material = Material.of(assignment)
        return Brief(
            task_description=sentence(assignment.task_description),
            name=name_for(material),
            taxonomy_path=category_for(material),
            title=bare(material.title),
        )

    def questions(self, assignment: Assignment) -> Findings:
        found = findings(Material.of(assignment))
        return replace(found, questions=(*wishes(assignment), *found.questions))

    def evals(self, assignment: Assignment) -> Evals:
        return evals_for(Material.of(assignment))

    def write(self, assignment: Assignment, evals: Evals) -> Files:
        material = Material.of(assignment)
        name = assignment.brief.name if assignment.brief else name_for(material)
        if files := current_version(assignment):
            return refined(material, files)
        files = skill_files(material, name, description(material))
        return revised(material, files, ()) or files

    def revise(
        self, assignment: Assignment, draft: Files, failures: tuple[Failure, ...]
    ) -> Files | None:
        return revised(Material.of(assignment), draft, failures)


def current_version(assignment: Assignment) -> Files:
    """What a refinement starts from; () for a new skill."""
    if assignment.job_type != "skill_refinement":
        return ()
    if assignment.draft:
        return assignment.draft
    sources = [s for s in assignment.sources if s.name.endswith("SKILL.md")]
    return tuple(File("SKILL.md", source.text.encode()) for source in sources[:1])
