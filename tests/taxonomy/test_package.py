"""The checks that files must pass before they become a skill."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy.exceptions import InvalidSkill
from taxonomy.files.gate import File
from taxonomy.limits import configured_limits
from taxonomy.models import Skill
from taxonomy.package import RESERVED_NAMES, SkillMetadata, SkillPackage
from taxonomy.skillmd.document import render
from tests.taxonomy.skills import skill_files

UUID = re.compile(r"[0-9a-f]{32}")
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def admit(files) -> SkillMetadata:
    return SkillPackage(files, configured_limits()).require_valid()


near_names = st.one_of(
    st.text(max_size=70),
    st.from_regex(r"[a-zA-Z0-9-]{1,70}", fullmatch=True),
    st.from_regex(r"[a-z0-9]+(-[a-z0-9]+){0,20}", fullmatch=True),
    st.sampled_from(sorted(RESERVED_NAMES)),
    st.uuids().map(str),
    st.uuids().map(lambda each: each.hex),
)


@given(near_names)
def test_a_name_is_admitted_exactly_when_every_client_takes_it(name):
    text = render({"name": name, "description": "What and when."}, "Body.")
    reserved = name in RESERVED_NAMES or UUID.fullmatch(name.replace("-", ""))
    allowed = NAME.fullmatch(name) and len(name) <= 64 and not reserved
    try:
        admitted = admit((File("SKILL.md", text.encode()),))
    except InvalidSkill as refusal:
        assert not allowed
        assert refusal.fields
    else:
        assert allowed and admitted.name == name


@given(st.binary(max_size=200))
def test_any_bytes_are_admitted_or_refused(content):
    try:
        admit((File("SKILL.md", b"---\n" + content),))
    except InvalidSkill as refusal:
        assert refusal.fields


def test_a_renamed_skill_keeps_everything_else():
    extra = 'license: "MIT"\nmetadata:\n  version: "1.0"\n'
    files = skill_files(extra=extra, references__api=b"# API\n")
    before, after = admit(files), SkillPackage(files).renamed("pdf-kit").require_valid()
    assert (after.name, after.body) == ("pdf-kit", before.body)
    assert after.frontmatter == {**before.frontmatter, "name": "pdf-kit"}


@pytest.mark.parametrize(
    "written",
    ["a", "'a'", '"a"', "a  # a comment", ">-\n  a", "|-\n  a"],
)
def test_a_name_is_replaced_however_it_is_written(written):
    text = f"---\nname: {written}\ndescription: 'B: c.'\n---\nBody.\n"
    package = SkillPackage((File("SKILL.md", text.encode()),))

    renamed = package.renamed("pdf-kit").require_valid()

    assert renamed.frontmatter == {"name": "pdf-kit", "description": "B: c."}
    assert renamed.body == "Body."


def test_tools_are_told_apart_in_one_pass():
    """It would take hours if each blank looked ahead for the bracket."""
    blanks = " " * 15_000
    text = (
        f"---\nname: a\ndescription: B.\nallowed-tools: 'A{blanks}) B(c, d) E'\n---\n"
    )
    tools = admit((File("SKILL.md", text.encode()),)).labels["tool"]
    assert tools == {"B(c, d)", "E"}  # the first is too long for a label


def test_no_more_labels_of_a_kind_are_taken_than_a_skill_may_have(settings):
    settings.SKILLFLEET_MAX_LABELS = 3
    words = "metadata:\n  tags: a, b, a, c, d\nallowed-tools: A B C D\n"
    labels = admit(skill_files(extra=words)).labels
    assert labels["tag"] == {"a", "b", "c"}
    assert labels["tool"] == {"A", "B", "C"}


def test_labels_and_tools_may_be_lists():
    extra = (
        "allowed-tools:\n  - Read\n  - Bash(git add:*)\nmetadata:\n"
        "  tags:\n    - notes\n    - meetings\n  keywords:\n    - minutes\n"
        "  capabilities:\n    nested: no label\n"
    )
    assert admit(skill_files(extra=extra)).labels == {
        "tag": {"notes", "meetings"},
        "keyword": {"minutes"},
        "capability": frozenset(),
        "tool": {"Read", "Bash(git add:*)"},
    }


@pytest.mark.django_db
def test_a_skill_is_selected_by_a_tool_of_a_list(seeded, viewer):
    extra = "allowed-tools:\n  - Read\n  - Bash(git add:*)\n"
    Skill.objects.publish(skill_files(extra=extra))

    answer = viewer.get("/api/v1/skills", {"tool": "Read"}).json()

    assert [each["name"] for each in answer["results"]] == ["pdf-tools"]
