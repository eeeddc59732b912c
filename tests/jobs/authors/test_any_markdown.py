"""For any source the author finishes and writes a readable SKILL.md."""

from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.authors.base import SourceDocument
from jobs.authors.template import TemplateAuthor
from taxonomy.package import SkillPackage
from tests.jobs.authors.material import assignment, code_in, pages_of, written
from tests.jobs.pipeline.engine import Job

PIECES = [
    *("# ", "## ", "### ", "\n", "\n\n", "- ", "* ", "1. ", "> ", "    ", "\t"),
    *("```", "~~~", "```sh\n", ":::", ":::{warning}\n", "```{note}\n", "!!! note\n"),
    *("---\n", "<!--", "-->", "[a](b)", "![", "](http://x)", "{ref}`", "`", "|", "|-|"),
    *("[a]: http://x\n", "Use when it is.", "Note: no.", "run", "\r\n", "\x00", "…"),
    *("title: x\n", "**", ":   ", "===\n", "&lt;", "<b>", "$ ls", "e.g. It", "\u2028"),
]
markdown = st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=40).map(
    "".join
)
briefs = st.text(min_size=1, max_size=80)


@settings(max_examples=50)
@given(markdown, briefs)
def test_any_source_and_any_brief_give_a_readable_skill(text, brief):
    task = assignment(text, brief)
    files = written(task)
    document = SkillPackage(files).reading
    assert document.frontmatter["description"]
    assert SkillPackage(files).report.specification == ()
    assert files == written(task)
    assert files[0].content.count(b"\n") < 500


@settings(max_examples=50)
@given(markdown)
def test_code_is_never_lost(text):
    from jobs.authors.page import cleaned

    before = [block.strip() for block in code_in(cleaned(text).text) if block.strip()]
    after = "\n".join(pages_of(written(assignment(text))))
    assert all(line in after for block in before for line in block.split("\n"))


@settings(max_examples=30)
@given(st.lists(markdown, max_size=3), briefs)
def test_a_job_on_anything_comes_to_its_end(texts, brief):
    sources = tuple(
        SourceDocument(f"{number}.md", "text/markdown", text)
        for number, text in enumerate(texts)
    )
    job = Job.new(TemplateAuthor(), task_description=brief, sources=sources)
    assert job.run_through().state.verdict is not None
