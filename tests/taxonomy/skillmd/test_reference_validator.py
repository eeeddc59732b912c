"""Our validator and the reference validator agree on the rules that are broken."""

import re
from collections import Counter
from pathlib import Path

from skills_ref import validate

from taxonomy.files.gate import File, as_files
from taxonomy.skillmd.specification import check_specification
from tests.taxonomy.scan.corpus import files_below, needs_corpus, published_skills
from tests.taxonomy.scan.mutants import mutants

BEYOND = {"content.encoding", "frontmatter.characters", "frontmatter.yaml"}
RULES = {
    r"Missing required file": "file.missing",
    r"SKILL.md must start with": "frontmatter.missing",
    r"SKILL.md frontmatter not properly closed": "frontmatter.unclosed",
    r"Invalid YAML in frontmatter": "frontmatter.yaml",
    r"SKILL.md frontmatter must be a YAML mapping": "frontmatter.mapping",
    r"Unexpected fields": "frontmatter.fields",
    r"Missing required field in frontmatter: name": "name.missing",
    r"Field 'name' must be a non-empty": "name.empty",
    r"(?s)Skill name .* exceeds": "name.length",
    r"(?s)Skill name .* must be lowercase": "name.case",
    r"Skill name cannot start or end": "name.edge-hyphen",
    r"Skill name cannot contain consecutive": "name.double-hyphen",
    r"(?s)Skill name .* contains invalid": "name.characters",
    r"(?s)Directory name .* must match": "name.folder",
    r"Missing required field in frontmatter: description": "description.missing",
    r"Field 'description' must be a non-empty": "description.empty",
    r"Description exceeds": "description.length",
    r"Field 'compatibility' must be a string": "compatibility.type",
    r"Compatibility exceeds": "compatibility.length",
}


def rules_of_the_reference(folder: Path) -> list[str] | None:
    """The rules that it reports. None: it crashed, as it does on bytes that are not
    UTF-8, on control characters, and on a list or two `<<` as keys."""
    try:
        messages = validate(folder)
    except Exception:
        return None
    return sorted(
        next(rule for start, rule in RULES.items() if re.match(start, message))
        for message in messages
    )


def our_rules(folder: Path) -> list[str]:
    findings = check_specification(files_below(folder), folder.name)
    return sorted(finding.rule for finding in findings)


@needs_corpus
def test_every_published_skill_of_the_corpus_gets_the_same_rules():
    folders = published_skills()
    assert folders
    assert {f: our_rules(f) for f in folders} == {
        f: rules_of_the_reference(f) for f in folders
    }


def test_two_thousand_mutants_get_the_same_rules(tmp_path):
    seen: Counter[str] = Counter()
    for number, mutant in enumerate(mutants(2000)):
        folder = tmp_path / str(number) / mutant.folder
        folder.mkdir(parents=True)
        (folder / mutant.file).write_bytes(mutant.content)
        theirs, ours = rules_of_the_reference(folder), our_rules(folder)
        if theirs is None:
            assert BEYOND & set(ours), mutant
        else:
            assert ours == theirs, mutant
        seen.update(ours or ["valid"])
    assert set(RULES.values()) | BEYOND | {"valid"} == set(seen)
    assert min(seen.values()) >= 5, seen


def test_a_folder_that_is_not_there_yet_leaves_only_its_rule_out():
    files = as_files([File("SKILL.md", b"---\nname: a\ndescription: b\n---\n")])
    assert check_specification(files, None) == ()
    assert [f.rule for f in check_specification(files, "b")] == ["name.folder"]


def test_a_finding_names_the_line_the_field_and_the_remedy():
    files = as_files([File("SKILL.md", b"---\nname: a\ncolor: red\n---\n")])
    fields, description = check_specification(files, "a")
    assert (fields.line, fields.field, fields.file) == (3, "color", "SKILL.md")
    assert "under metadata" in fields.remedy
    assert description.rule == "description.missing"
    assert str(fields).startswith("SKILL.md:3: Unexpected fields")
