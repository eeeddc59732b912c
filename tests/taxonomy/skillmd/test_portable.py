"""A SKILL.md can be valid and not portable."""

import pytest

from taxonomy.files.gate import File
from taxonomy.skillmd.findings import Severity
from taxonomy.skillmd.portable import check_portable
from taxonomy.skillmd.specification import check_specification


def skill(frontmatter: str, body: str = "# X\n", name: str = "SKILL.md") -> tuple:
    return (File(name, f"---\n{frontmatter}\n---\n{body}".encode()),)


def errors(files: tuple, folder: str | None = None) -> list[tuple[str, int | None]]:
    return [
        (finding.rule.removeprefix("portable."), finding.line)
        for finding in check_portable(files, folder)
        if finding.severity is Severity.ERROR
    ]


def test_a_plain_skill_is_portable():
    assert check_portable(skill("name: pdf-2\ndescription: Reads it"), "pdf-2") == ()
    assert check_portable(skill('name: "123"\ndescription: Reads it'), "123") == ()


@pytest.mark.parametrize(
    ("frontmatter", "expected"),
    [
        ("name: 123\ndescription: a", [("type", 2)]),
        ("name: 1e5\ndescription: a", [("type", 2)]),
        ("name: on\ndescription: a", [("type", 2)]),
        ("name: 2024-01-02\ndescription: a", [("type", 2)]),
        ("name: a\ndescription: 1.5", [("type", 3)]),
        ("name: a\ndescription: ~", [("type", 3)]),
        ("name: навык\ndescription: a", [("name", 2)]),
        ('name: " a "\ndescription: a', [("name", 2)]),
        ('name: a\ndescription: "a\\0b"', [("characters", 3)]),
        ('name: a\ndescription: "a\\ud800b"', [("characters", 3)]),
        ('name: a\ndescription: a\nmetadata:\n  "\\a": b', [("characters", 4)]),
        ("name: a\ndescription: a\nmetadata: b", [("metadata", 4)]),
    ],
)
def test_valid_is_not_yet_portable(frontmatter, expected):
    assert check_specification(skill(frontmatter), None) == ()
    assert errors(skill(frontmatter)) == expected


@pytest.mark.parametrize(
    "text",
    ["--- \nname: a\ndescription: b\n--- \n", "---\nname: a\ndescription: b\n---"],
)
def test_blanks_after_a_delimiter_do_no_harm(text):
    assert errors((File("SKILL.md", text.encode()),)) == []


@pytest.mark.parametrize(
    "text",
    [
        "---name: a\ndescription: b\n---\n",
        "---\nname: a\ndescription: b---\nbody",
        "---\nname: a\ndescription: b --- c\n---\n",
        "---\nname: a\ndescription: b\n----\n",
    ],
)
def test_dashes_that_share_a_line_are_read_differently_by_clients(text):
    files = (File("SKILL.md", text.encode()),)
    assert check_specification(files, None) == ()
    assert errors(files) == [("delimiters", 1)]


def test_nul_in_the_body_is_refused():
    files = skill("name: a\ndescription: b", body="\0")
    assert errors(files) == [("characters", 1)]


def test_the_file_must_have_its_name_in_capitals():
    files = skill("name: a\ndescription: b", name="skill.md")
    assert errors(files) == [("file-name", 1)]


def test_the_folder_must_have_the_very_name():
    files = skill("name: a\ndescription: b")
    assert errors(files, "b") == [("folder", 2)]
    assert errors(files, None) == []


def test_an_unquoted_number_elsewhere_is_a_warning():
    (finding,) = check_portable(skill("name: a\ndescription: b\nlicense: 2.0"), "a")
    assert (finding.severity, finding.field) == (Severity.WARNING, "license")
    assert finding.remedy == 'Write license: "2.0".'


def warnings(frontmatter: str) -> list[tuple[str, str]]:
    return [
        (finding.rule.removeprefix("portable."), finding.field)
        for finding in check_portable(skill(frontmatter), None)
        if finding.severity is Severity.WARNING
    ]


@pytest.mark.parametrize(
    ("frontmatter", "expected"),
    [
        ("name: claude-notes\ndescription: a", ("reserved", "name")),
        ("name: my-anthropic\ndescription: a", ("reserved", "name")),
        ("name: a\ndescription: Trims <note> elements", ("tags", "description")),
        ("name: a\ndescription: Ends </system-reminder>", ("tags", "description")),
        ("name: a\ndescription: Draws <img src='x'/> x", ("tags", "description")),
    ],
)
def test_what_some_clients_refuse_is_a_warning(frontmatter, expected):
    assert warnings(frontmatter) == [expected]


@pytest.mark.parametrize(
    "description", ["Sorts a < b and b > a", "For Claude users", "Sends x -> y <3"]
)
def test_signs_that_are_no_tags_and_words_in_a_description_are_fine(description):
    assert warnings(f"name: a\ndescription: {description}") == []


@pytest.mark.parametrize(
    "fields",
    [
        "description: Trims notes of ticket #12 and C# reviews.",
        "description: #12 and others",
        "description: Reads C # and Java.",
        "description: Trims notes\n  of ticket #12",
        "description: b\nlicense: See #licenses",
        "description: b\ncompatibility: Needs issue #7",
    ],
)
def test_a_comment_inside_of_a_text_is_a_warning(fields):
    last = fields.rpartition("\n")[2].partition(":")[0]
    field = last if last in ("license", "compatibility") else "description"
    assert warnings(f"name: a\n{fields}") == [("comment", field)]


def test_the_warning_says_what_is_left_of_the_description():
    (finding,) = check_portable(
        skill("name: a\ndescription: Trims notes of ticket #12 and C# reviews."), "a"
    )
    assert "'#12 and C# reviews.' on as a comment" in finding.message
    assert "the description is 'Trims notes of ticket'" in finding.message


@pytest.mark.parametrize(
    "fields",
    [
        'description: "ticket #12"',
        "description: >\n  ticket #12",
        "description: |  # folded\n  ticket #12",
        "description: C# reviews and a#b",
        "description: b\nlicense: MIT # see LICENSE",
        "# a note\ndescription: b\n# another",
    ],
)
def test_comments_of_yaml_and_signs_within_quotes_are_fine(fields):
    assert warnings(f"name: a\n{fields}") == []
