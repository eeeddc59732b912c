"""A fingerprint identifies a finding by its rule, its file and its line's text."""

from taxonomy.files.gate import File
from taxonomy.scan.engine import scan

HEAD = b"---\nname: a\ndescription: Does a. Use when b is.\n---\n\nBody\n"


def fingerprints(text: str, path: str = "a.sh") -> list[str]:
    return [finding.fingerprint for finding in scan((File(path, text.encode()),))]


def test_a_fingerprint_is_of_the_line_and_not_of_its_place():
    (first,) = fingerprints("rm -rf /\n")

    assert fingerprints("#\n\n  rm  -rf /\n") == [first]
    assert fingerprints("rm -rf / # b") != [first]
    assert fingerprints("rm -rf /", "b.sh") != [first]


def test_a_stored_fingerprint_still_holds():
    assert fingerprints("rm -rf ~/\n") == ["ecaa8e2e015c665c5ccd55f3df2e70da"]


def test_a_second_line_of_the_same_text_is_another_finding():
    (once,) = fingerprints("rm -rf ~/\n")
    first, second = fingerprints("rm -rf ~/\necho\nrm -rf ~/\n")

    assert first == once != second


def test_the_network_that_is_used_has_a_fingerprint_of_its_whole_line():
    def of(line: str) -> list[str]:
        script = File("scripts/a.sh", f"#\n{line}\n".encode())
        return [
            finding.fingerprint for finding in scan((File("SKILL.md", HEAD), script))
        ]

    assert of("curl -s https://a.example/x") != of("curl -s https://b.example/x")


def test_the_fifth_finding_stands_for_all_that_follow():
    lines = [f"rm -rf / # {number}" for number in range(9)]
    before = scan((File("a.sh", "\n".join(lines).encode()),))
    after = scan((File("a.sh", "\n".join([*lines, "rm -rf / # 9"]).encode()),))

    assert before[4].message.endswith("(and 4 more findings)")
    assert before[:4] == after[:4]
    assert before[4].fingerprint != after[4].fingerprint


def test_a_skill_has_five_hundred_findings_at_most():
    lines = "\n".join(f"rm -rf / # {number}" for number in range(9)).encode()
    files = [File(f"{number:03}.sh", lines) for number in range(120)]
    findings = scan(tuple(files))
    more = scan((*files, File("120.sh", b"rm -rf ~")))
    assert len(findings) == len(more) == 500
    assert findings[-1].message.endswith("(and 100 more findings)")
    assert findings[-1].fingerprint != more[-1].fingerprint
