"""Every trick is found at its line, whatever else the skill contains."""

import pytest

from taxonomy.files.gate import File, as_files
from taxonomy.scan.engine import scan
from taxonomy.skillmd.findings import Severity
from tests.taxonomy.scan.corpus import files_below, needs_corpus, published_skills
from tests.taxonomy.scan.malicious import (
    FRONTMATTERS,
    HEAD,
    OTHERS,
    TRICKS,
    WHOLE_FILES,
)
from tests.taxonomy.scan.ordinary import NOT_CRITICAL, ORDINARY

RISKS = (Severity.CRITICAL, Severity.WARNING)


def places(files):
    return {
        (finding.rule.removeprefix("scan."), finding.file, finding.line)
        for finding in scan(files)
        if finding.severity in RISKS
    }


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.text[:40])
def test_a_trick_is_found_at_its_line(trick):
    findings = places(trick.files)

    assert (trick.rule, trick.path, trick.line) in findings
    assert {(path, line) for _, path, line in findings} == {(trick.path, trick.line)}


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.text[:40])
def test_blank_lines_above_a_trick_do_not_move_it(trick):
    moved = trick._replace(text=f"\n\n\n{trick.text}")

    assert (trick.rule, trick.path, trick.line + 3) in places(moved.files)


def test_there_is_a_trick_for_each_of_at_least_forty_skills():
    assert len(TRICKS) + len(WHOLE_FILES) + len(FRONTMATTERS) >= 40


@pytest.mark.parametrize(("rule", "path", "content", "executable"), WHOLE_FILES)
def test_a_file_that_is_a_trick_is_named(rule, path, content, executable):
    files = as_files([File("SKILL.md", HEAD.encode()), *OTHERS])

    assert (rule, path, None) in places((*files, File(path, content, executable)))


@pytest.mark.parametrize(("rule", "frontmatter", "line"), FRONTMATTERS)
def test_a_claim_of_the_frontmatter_is_found_at_its_field(rule, frontmatter, line):
    text = f"---\nname: a\n{frontmatter}\n---\n\nBody\n"

    assert places((File("SKILL.md", text.encode()),)) == {(rule, "SKILL.md", line)}


@pytest.mark.parametrize(("path", "text"), ORDINARY)
def test_an_ordinary_line_is_left_alone(path, text):
    files = {"SKILL.md": HEAD, path: HEAD + text if path == "SKILL.md" else text}
    skill = as_files(File(each, content.encode()) for each, content in files.items())

    assert scan(skill) == ()


@pytest.mark.parametrize(("path", "text"), NOT_CRITICAL)
def test_an_ordinary_line_fails_no_skill(path, text):
    content = (HEAD + text if path == "SKILL.md" else text).encode()

    assert [
        str(finding)
        for finding in scan((File(path, content),))
        if finding.severity is Severity.CRITICAL
    ] == []


@pytest.mark.parametrize(
    "description",
    [
        "Use for any task that involves a PDF, and for all questions about tables.",
        "Formats tables. Use when any request names a table, before saving it.",
        "You MUST use this before any creative work.",
        "Always use this skill when a PDF is read, whenever the user asks anything "
        "about tables.",
    ],
)
def test_a_description_that_says_for_what_it_is_is_left_alone(description):
    text = f"---\nname: a\ndescription: {description}\n---\n\nBody\n"

    assert scan((File("SKILL.md", text.encode()),)) == ()


@pytest.mark.parametrize(
    ("tools", "rules"),
    [
        ("Bash(git add:*), Bash(npm run test:*) Read", []),
        ("Bash(git *) WebFetch(domain:*)", []),
        ("Bash, Read", ["scan.any-command"]),
    ],
)
def test_allowed_tools_that_are_named_are_left_alone(tools, rules):
    text = f"---\nname: a\ndescription: Ok.\nallowed-tools: {tools}\n---\n\nBody\n"

    assert [
        finding.rule for finding in scan((File("SKILL.md", text.encode()),))
    ] == rules


@pytest.mark.parametrize(
    "line",
    [
        "os.system(f'convert {name}')",
        "subprocess.run(command, shell=True)",
        "execSync(`convert ${name}`)",
    ],
)
def test_a_command_of_text_is_told(line):
    (finding,) = scan((File("scripts/a.js", f"\n{line}\n".encode()),))

    assert (finding.rule, finding.line) == ("scan.shell-text", 2)


def test_use_of_the_network_that_is_not_declared_is_told():
    head = HEAD.replace("compatibility: Needs access to the internet.\n", "")
    script = File("scripts/a.py", b"import httpx\n\nhttpx.get('https://a.example')\n")

    (finding,) = scan((File("SKILL.md", head.encode()), script))

    assert (finding.rule, finding.file, finding.line) == (
        "scan.undeclared-network", "scripts/a.py", 3,
    )  # fmt: skip
    assert scan((File("SKILL.md", HEAD.encode()), script)) == ()


@needs_corpus
def test_published_skills_have_no_critical_finding():
    critical = [
        (folder.name, str(finding))
        for folder in published_skills()
        for finding in scan(files_below(folder))
        if finding.severity is Severity.CRITICAL
    ]

    assert critical == []
