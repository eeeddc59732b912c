"""`revise` changes the draft, or says that it cannot."""

from dataclasses import replace

from jobs.authors.base import SourceDocument
from jobs.authors.template import TemplateAuthor
from jobs.pipeline.state import Failure
from taxonomy.files.gate import File
from taxonomy.skillmd.document import render
from tests.jobs.authors.material import (
    answered,
    assignment,
    body_of,
    description_of,
    written,
)
from tests.jobs.pipeline.engine import Job

author = TemplateAuthor()
BARE = render({"name": "deploy-it", "description": "Deploy it."}, "# Deploy\n\nText.")
DRAFT = (File("SKILL.md", BARE.encode()), File("scripts/a.sh", b"a", True))


def revised(*failures: Failure, draft=DRAFT, task=None, **fields):
    return author.revise(task or assignment(**fields), draft, failures)


def test_a_missing_command_is_taken_from_the_source_with_its_block():
    files = revised(Failure("fact", "docker push registry.example.org/site"))
    expected = "## Further notes\n\n```sh\ndocker push registry.example.org/site\n```"
    assert body_of(files).endswith(expected)
    assert files[1] == DRAFT[1]


def test_a_missing_warning_is_taken_from_the_source():
    files = revised(Failure("fact", "**Warning:** Never push on a Friday."))
    assert body_of(files).endswith("**Warning:** Never push on a Friday.")


def test_a_missing_answer_is_taken_from_the_answers():
    task = answered(assignment("", "Rotate keys"), steps="Run vault.\nThen stop.")
    files = revised(Failure("fact", "Run vault."), task=task)
    assert body_of(files).endswith("Run vault.\nThen stop.")


def test_a_prompt_that_does_not_select_it_enters_the_description():
    files = revised(Failure("positive", "How do I push the image to the registry?"))
    assert description_of(files) == (
        "Deploy it. Also use when you need to push the image to the registry."
    )


def test_words_that_no_source_has_do_not_enter_the_description():
    assert revised(Failure("positive", "How do I bake bread?")) is None


def test_what_cannot_be_closed_says_stuck():
    assert revised(Failure("near_miss", "Write a poem about deploying")) is None
    assert revised(Failure("fact", "a fact that no source holds")) is None
    assert revised() is None


def test_a_broken_skill_md_gets_its_frontmatter_back():
    broken = (File("SKILL.md", b"# Deploy\n\nText."),)
    failure = Failure("specification", "SKILL.md", "no frontmatter")
    files = revised(failure, draft=broken)
    assert description_of(files).startswith("Deploy the site to both hosts.")
    assert body_of(files) == "# Deploy\n\nText."


def test_feedback_in_the_form_that_the_hint_names_is_followed():
    feedback = (
        "description: Brings it out. Use when it is Friday.\n"
        "- title: Bring it out\nadd: Ask Kim first.\nand make it nice"
    )
    files = revised(feedback=(feedback,))
    assert description_of(files) == "Brings it out. Use when it is Friday."
    assert body_of(files) == (
        "# Bring it out\n\nText.\n\n## Further notes\n\nAsk Kim first."
    )


def test_a_section_can_be_removed_by_its_heading():
    draft = written(assignment())
    files = revised(draft=draft, feedback=("remove: Troubleshooting",))
    assert "502" not in body_of(files)
    assert "Never push on a Friday" in body_of(files)


def test_free_words_cannot_be_followed():
    assert revised(feedback=("Make it nicer, please.",)) is None
    assert revised(feedback=("remove: No such heading",)) is None


def test_a_job_is_led_to_the_hint_and_then_follows():
    source = SourceDocument("deploy.md", "text/markdown", assignment().sources[0].text)
    job = Job.new(
        author,
        task_description="Deploy the site",
        sources=(source,),
        checkpoints=frozenset({"preview"}),
    )
    job.until_asked()
    job.answer("revise", feedback="Mention Kim.")
    ask = job.until_asked()
    assert ask.kind == "tdd_green"
    assert "add:" in ask.prompt["revision_hint"]
    job.answer("revise", feedback="add: Ask Kim first.")
    assert job.until_asked().kind == "preview"
    job.answer()
    assert job.until_asked() is None
    assert "Ask Kim first." in body_of(job.context.draft)


def test_what_was_said_before_the_draft_was_written_is_followed_in_it():
    source = SourceDocument("deploy.md", "text/markdown", assignment().sources[0].text)
    job = Job.new(
        author,
        task_description="Deploy the site",
        sources=(source,),
        checkpoints=frozenset({"confirm"}),
    )
    assert "add:" in job.until_asked().prompt["revision_hint"]
    job.answer("revise", feedback="add: Ask Kim first.")
    job.until_asked()
    job.answer()
    assert job.until_asked() is None
    assert "Ask Kim first." in body_of(job.context.draft)


def refinement(feedback: str) -> Job:
    source = SourceDocument("SKILL.md", "text/markdown", BARE)
    return Job.new(
        author,
        "skill_refinement",
        task_description=feedback,
        user_context={"feedback": feedback},
        sources=(source,),
    )


def test_a_refinement_keeps_the_skill_and_follows_the_feedback():
    job = refinement("add: Ask Kim first.").run_through()
    body = body_of(job.context.draft)
    assert body.startswith("# Deploy\n\nText.")
    assert "Ask Kim first." in body
    assert job.state.verdict.status != "failed"


def test_a_refinement_that_cannot_be_followed_leaves_the_skill_as_it_is():
    job = refinement("Make it nicer, please.").run_through()
    assert body_of(job.context.draft) == "# Deploy\n\nText."


def test_a_refinement_keeps_the_other_files_of_the_current_version():
    job = refinement("add: Ask Kim first.")
    job.context = replace(job.context, draft=DRAFT)
    job.run_through()
    assert [file.path for file in job.context.draft] == ["SKILL.md", "scripts/a.sh"]
    assert "Ask Kim first." in body_of(job.context.draft)


def test_the_name_is_not_lost_when_the_description_is():
    draft = (File("SKILL.md", render({"name": "a-b"}, "# A").encode()),)
    task = replace(assignment(), brief=None)
    files = revised(Failure("specification", "description"), draft=draft, task=task)
    assert b'name: "a-b"' in files[0].content
