"""Frontmatter in flow style is read as clients read it, and its bytes are kept."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from taxonomy.exceptions import InvalidSkill
from taxonomy.files.gate import File, as_files
from taxonomy.models import Label, Skill
from taxonomy.package import SkillPackage
from taxonomy.skillmd.document import (
    FrontmatterInvalid,
    FrontmatterTooLarge,
    SkillMdError,
    load_flow_frontmatter,
    parse_as_clients,
)
from taxonomy.skillmd.specification import check_specification
from tests.taxonomy.importing.conftest import import_skills  # noqa: F401
from tests.taxonomy.skills import skill_files

NOTES = "\n\n# Notes\n\n1. Read the notes.\n"


def document(fields):
    return (
        f"---\nname: pdf\ndescription: Reads PDF. Use when asked.\n{fields}\n---{NOTES}"
    )


@pytest.mark.parametrize(
    "fields",
    [
        'metadata: {"kit": {"emoji": "N", "bins": ["gh"]}}',
        'metadata:\n  {\n    "kit": {"always": true, "n": 1.50},\n  }',
        "metadata:\n  kit: {emoji: N, bins: [gh, 'a, b']}\n  tags: [notes, meetings]",
        "allowed-tools: [Read, Grep]",
        'allowed-tools: ["Bash(git add:*)", Read]\ntags: []',
        "metadata: {}",
        "license: >\n  one\n  two\n\n  three\ntags: [a]",
        "tags:\n  - [a, [b, c]]\n  - {d: e}",
        "metadata: {url: https://example.com/a#b, time: 12:30}",
    ],
)
def test_flow_collections_are_read_as_clients_read_them(fields):
    text = document(fields)

    expected = yaml.load(text.split("---")[1], yaml.BaseLoader)  # noqa: S506

    assert parse_as_clients(text).frontmatter == expected
    assert parse_as_clients(text).body == NOTES.strip()
    files = (File("SKILL.md", text.encode()),)
    assert [f.rule for f in check_specification(files, "pdf")] == ["frontmatter.yaml"]


def test_pairs_of_surrogates_are_one_character_as_in_json():
    read = parse_as_clients(document(r'metadata: {"emoji": "\ud83d\ude80"}'))
    assert read.frontmatter["metadata"] == {"emoji": "\U0001f680"}


@pytest.mark.parametrize(
    "fields",
    [
        "metadata: {a: 1, a: 2}",
        "metadata: {a: [}",
        "metadata: {[a]: b}",
        "tags: [&a b, *a]",
        "tags: [!!str b]",
        "argument-hint: [date] [reason]",
        "name: [again]",
    ],
)
def test_what_clients_read_differently_or_not_at_all_is_refused(fields):
    with pytest.raises(FrontmatterInvalid):
        parse_as_clients(document(fields))


@pytest.mark.parametrize("depth", [50, 200, 5000])
def test_deep_nesting_is_refused(depth):
    with pytest.raises((FrontmatterTooLarge, FrontmatterInvalid)):
        parse_as_clients(document("a: " + "[" * depth + "]" * depth))


WORDS = st.text("ab1.#,'\"?-!& ", max_size=5)
FLOW = st.recursive(
    WORDS,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(inner, max_size=3).map(lambda it: f"{{a: {', b: '.join(it)}}}")
        | inner.map(lambda item: f'{{"a":{item}}}')
    ),
    max_leaves=6,
)


@given(FLOW)
def test_what_clients_read_too_is_read_the_same(flow):
    source = f"\nname: a\nmetadata: {flow}\n"
    try:
        ours = load_flow_frontmatter(source)
        theirs = yaml.load(source, yaml.BaseLoader)  # noqa: S506
    except (SkillMdError, yaml.YAMLError):
        return
    assert ours == theirs


def skill(name, extra):
    return skill_files(name, extra=extra)


FLOW_SKILLS = {
    "flow-meta": 'metadata: {"kit": {"emoji": "N", "bins": ["gh"]}}\n',
    "flow-tools": "allowed-tools: [Read, Grep]\n",
    "flow-tags": "metadata: {tags: [notes, meetings], category: [x], version: [1]}\n",
}


@pytest.fixture
def flow_folder(tmp_path):
    for name, extra in FLOW_SKILLS.items():
        (tmp_path / "source" / name).mkdir(parents=True)
        (file,) = skill(name, extra)
        (tmp_path / "source" / name / "SKILL.md").write_bytes(
            file.content.replace(b"\n", b"\r\n")
        )
    return tmp_path / "source"


def test_a_lenient_import_keeps_the_bytes_and_notes_it(import_skills, flow_folder):  # noqa: F811
    code, report = import_skills(flow_folder, "--lenient")

    assert code == 0
    for row in report["skills"]:
        assert row["action"] == "created"
        assert "flow" in row["notes"][0]
        (file,) = Skill.objects.get(name=row["name"]).current.bundle.files()
        folder = flow_folder / row["path"]
        assert file.content == (folder / "SKILL.md").read_bytes()
    assert labels("flow-tools") == {("tool", "Read"), ("tool", "Grep")}
    assert labels("flow-tags") == {("tag", "notes"), ("tag", "meetings")}
    assert import_skills(flow_folder, "--lenient")[1]["counts"] == {"unchanged": 3}


def labels(name):
    return set(Label.objects.filter(skill__name=name).values_list("kind", "value"))


def test_without_leniency_it_is_refused_by_name(import_skills, flow_folder):  # noqa: F811
    code, report = import_skills(flow_folder)

    assert (code, report["counts"]) == (3, {"refused": 3})
    for row in report["skills"]:
        assert row["name"] == row["path"]
        assert "not strict YAML" in row["reasons"][0]


def test_leniency_accepts_no_other_broken_rule(seeded):
    (file,) = skill("flow-tools", FLOW_SKILLS["flow-tools"])
    long = File("SKILL.md", file.content.replace(b"Merge", b"Merge " * 200))

    with pytest.raises(InvalidSkill) as caught:
        Skill.objects.publish(as_files([long]), lenient=True)

    assert "at most 1024" in caught.value.fields["description"][0]


def test_a_renamed_skill_keeps_what_clients_read():
    package = SkillPackage(skill("flow-meta", FLOW_SKILLS["flow-meta"] + "tags: []\n"))

    renamed = package.renamed("other")

    assert renamed.reading.frontmatter == package.reading.frontmatter | {
        "name": "other"
    }
    assert b'metadata: {"kit": {"emoji": "N", "bins": ["gh"]}}' in (
        renamed.files[0].content
    )
