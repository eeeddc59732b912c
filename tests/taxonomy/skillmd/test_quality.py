"""Quality checks: can an agent find the skill, and follow it."""

import pytest

from taxonomy.files.gate import File, as_files
from taxonomy.skillmd.document import read_skill
from taxonomy.skillmd.quality import quality_checks

GOOD = "Extracts tables from PDF files. Use when a PDF holds tables."
BODY = """# PDF tables

Read [the API](references/api.md#top "API") and [the site](https://x.example) first.

1. Run the script:

   ```bash
   python scripts/tables.py in.pdf [not](a-link.md) TODO: no
   ```
2. Check the result of `[that](no-link.md)` and send it on.
"""
REFERENCES = (File("references/api.md", b"# API"), File("scripts/tables.py", b""))


def failed(
    body: str = BODY, description: str = GOOD, files: tuple = REFERENCES
) -> list:
    text = f"---\nname: pdf\ndescription: {description}\n---\n\n{body}"
    skill = as_files([File("SKILL.md", text.encode()), *files])
    return [
        (finding.rule.removeprefix("quality."), finding.line)
        for check in quality_checks(read_skill(skill, "pdf"))
        for finding in check.findings
    ]


def test_a_good_skill_passes_every_check():
    assert failed() == []


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ("Use when a PDF holds tables.", [("description-what", 3)]),
        ("Extracts tables from PDF files.", [("description-when", 3)]),
        ("PDF", [("description-what", 3), ("description-when", 3)]),
        ("Extracts tables whenever asked for them.", []),
        ("Explains the use of PDF tables before release.", []),
        ("Extracts all tables from a PDF when it has some.", []),
    ],
)
def test_a_description_must_say_what_and_when(description, expected):
    assert failed(description=description) == expected


def test_an_empty_body_is_named():
    assert {rule for rule, _ in failed("")} == {
        "body",
        "steps",
        "headings",
        "references",
    }


def test_a_body_of_500_lines_is_too_long():
    assert failed(BODY + "x\n" * (499 - BODY.count("\n"))) == []
    assert failed(BODY + "x\n" * (500 - BODY.count("\n"))) == [("body-lines", 6)]


def test_prose_alone_has_no_steps():
    text = "# Title\n\nsee api.md and then think about it for a good long while\n"
    assert failed(text) == [("steps", 6)]
    assert failed(text + "\n- do it\n") == []
    assert failed(text + "\n```\nls\n```\n") == []


@pytest.mark.parametrize(
    "target",
    [
        "missing.md",
        "./scripts/none.py",
        "../other/SKILL.md",
        "a%20b.md",
        "<no file.md>",
    ],
)
def test_a_link_must_lead_to_a_file(target):
    assert failed(f"{BODY}\n[x]({target})\n") == [("links", 17)]


@pytest.mark.parametrize(
    "target",
    [
        "./references/api.md", "scripts/", "references/../scripts/tables.py", "#steps",
        "mailto:a@x.example", "/absolute", "//host/x", "references/api.md?x=1", "",
        "http://[bad",
    ],
)  # fmt: skip
def test_a_link_to_a_file_a_folder_or_elsewhere_is_fine(target):
    assert failed(f"{BODY}\n![x]({target})\n") == []


def test_a_reference_that_nobody_names_is_noticed():
    more = (*REFERENCES, File("references/deep/lost.md", b""))
    assert failed(files=more) == [("references", None)]


@pytest.mark.parametrize(
    "text",
    ["TODO: write this", "- TBD", "Later: FIXME(me)", "lorem ipsum", "[insert name]"],
)
def test_unfinished_text_is_found_where_it_stands(text):
    assert failed(f"{BODY}\n{text}\n") == [("unfinished", 17)]


@pytest.mark.parametrize(
    "text", ["Search for `TODO:` marks.", "A TODO list app", "~~~\nTODO\n~~~"]
)
def test_talk_about_unfinished_text_is_not_unfinished(text):
    assert failed(f"{BODY}\n{text}\n") == []


def test_an_open_code_block_is_named_by_its_first_line():
    assert failed(BODY + "\n````\nx\n```\n") == [("fences", 17)]
    assert failed(BODY + "\n> ```sh\n> x\n> ```\n\n- ~~~\n  x\n  ~~~\n") == []


def test_without_a_document_there_is_nothing_to_judge():
    assert quality_checks(read_skill((), "pdf")) == ()
