"""Repairs change what is mechanical, report it, and keep all other bytes."""

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from taxonomy.files.gate import File, as_files
from taxonomy.package import SkillPackage
from taxonomy.skillmd.document import parse, parse_as_clients
from taxonomy.skillmd.repair import fix

GOOD = """---
name: pdf-tables
description: Extracts tables from PDF files. Use when a PDF holds tables.
---

# PDF tables

1. Run `pdftotext -layout in.pdf` and read the output with care.
"""


def fixed(text, path="SKILL.md"):
    """(repaired text, rules of the changes)"""
    result = fix((File(path, text.encode()),))
    (file,) = result.files
    return file.content.decode(), [change.rule for change in result.changes]


def test_a_good_skill_is_left_as_it_is():
    assert fixed(GOOD) == (GOOD, [])


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        (GOOD.replace("\n", "\r\n"), ["content.lines"]),
        ("\ufeff" + GOOD, ["content.encoding"]),
        (GOOD[:-1], ["content.lines"]),
        (GOOD.replace("care", "c\u200bare"), ["scan.hidden-text"]),
        (GOOD.replace("with", "with\U000e0041\U000e0042"), ["scan.hidden-text"]),
    ],
)
def test_line_ends_marks_and_invisible_characters_go(text, rules):
    assert fixed(text) == (GOOD, rules)


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        (("files. Use", "files: Use"), "frontmatter.yaml"),
        (("description: E", "description: @E"), "frontmatter.yaml"),
        (("pdf-tables\n", "PDF_Tables\n"), "name.characters"),
        (("tables.\n---", "tables.\n--- #"), "portable.delimiters"),
        (("---\nname", "---\nversion: 1.0\nname"), "frontmatter.fields"),
        (("name: pdf-tables", "name: 2024"), "portable.type"),
    ],
)
def test_the_frontmatter_is_repaired_where_no_guess_is_needed(broken, rule):
    text = GOOD.replace(*broken, 1)
    assert not SkillPackage((File("SKILL.md", text.encode()),)).report.passed

    repaired, rules = fixed(text)

    assert rule in rules
    assert SkillPackage((File("SKILL.md", repaired.encode()),)).report.passed
    before = GOOD.split("---\n")[2].strip()
    assert parse(repaired).body.endswith(before)


def test_unknown_fields_keep_their_values_under_metadata():
    text = GOOD.replace("---\nname", "---\nversion: 1.0\nauthor: Ann\nname", 1)
    repaired, _ = fixed(text)
    assert parse(repaired).frontmatter["metadata"] == {
        "version": "1.0",
        "author": "Ann",
    }


def test_an_open_code_block_is_ended():
    repaired, rules = fixed(f"{GOOD}\n~~~~sh\nls\n")
    assert (repaired, rules) == (f"{GOOD}\n~~~~sh\nls\n~~~~\n", ["quality.fences"])


def test_a_lower_case_file_is_renamed_and_other_files_stay():
    program = File("scripts/a.sh", b"echo\r\n\xff", executable=True)
    result = fix(as_files([File("skill.md", GOOD.encode()), program]))
    assert [file.path for file in result.files] == ["SKILL.md", "scripts/a.sh"]
    assert result.files[1] == program
    assert [change.rule for change in result.changes] == ["portable.file-name"]


@pytest.mark.parametrize(
    "text",
    ["", "no frontmatter\n", "---\nname: Ünï ©ode!\n---\n", "---\n{a: [}\n---\n"],
)
def test_what_needs_a_decision_is_not_repaired(text):
    assert fixed(text) == (text, [])


@examples(max_examples=60)
@given(
    st.text(st.sampled_from("ab:-#@'\"{}[]| \n\r\t\u200b\ufeff`~>1."), max_size=60),
    st.text(st.sampled_from("ab \n\r`~>-1.\u200b"), max_size=60),
)
def test_repairing_twice_changes_nothing_more(source, body):
    once = fix((File("SKILL.md", f"---\n{source}\n---\n{body}".encode()),))
    again = fix(once.files)
    assert (again.files, again.changes) == (once.files, ())


@pytest.mark.parametrize(
    "field",
    [
        "allowed-tools: [Read, Grep]",
        'metadata: {"kit": {"always": true}}',
        "name: &a pdf",
        "disable-model-invocation: true",
        "allowed_tools: Read\nallowed-tools: Grep",
    ],
)
def test_what_clients_read_stays_as_it_is(field):
    text = GOOD.replace("---\nname: pdf-tables", f"---\n{field}", 1)
    assert fixed(text) == (text, [])


def test_a_flow_list_stays_a_list_when_another_line_gets_quotes():
    text = GOOD.replace("files. Use", "files: Use", 1)
    text = text.replace("---\nname", "---\nallowed-tools: [Read, Grep]\nname", 1)

    repaired, rules = fixed(text)

    assert rules == ["frontmatter.yaml"]
    frontmatter = parse_as_clients(repaired).frontmatter
    assert frontmatter["allowed-tools"] == ["Read", "Grep"]
    assert frontmatter["description"].startswith("Extracts tables from PDF files: Use")


def test_fields_of_the_specification_are_respelt_and_not_moved():
    text = GOOD.replace("name:", "Name:", 1).replace("description:", "Description:", 1)
    text = text.replace("---\nName", "---\nAllowed_Tools: Read\nName", 1)

    frontmatter = parse(fixed(text)[0]).frontmatter

    assert frontmatter == {
        "allowed-tools": "Read",
        "name": "pdf-tables",
        "description": parse(GOOD).frontmatter["description"],
    }
