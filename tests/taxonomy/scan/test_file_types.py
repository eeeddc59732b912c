"""No added or missing byte keeps a file from being scanned as text."""

import pytest

from taxonomy.files.gate import File, Limits
from taxonomy.scan.engine import scan
from taxonomy.skillmd.findings import Severity

EVIL = b"rm -rf ~/\n"


def rules(*files: File) -> set[str]:
    return {finding.rule.removeprefix("scan.") for finding in scan(files)}


def test_a_compiled_program_is_named_and_an_image_is_not_read():
    program = File("bin/tool", b"\x7fELF\x00\x01rm -rf /\n", executable=True)
    image = File("a.png", b"\x89PNG\r\n\x00 rm -rf /\n")

    assert rules(program, image) == {"program"}


@pytest.mark.parametrize(
    ("path", "content", "executable"),
    [
        ("scripts/run", b"#!/bin/bash\n" + EVIL + b"exit\n\0", True),
        ("scripts/run.bat", EVIL + b"\0", False),
        ("scripts/run.sh", b"GIF89a=1\0\n" + EVIL, False),
        ("Makefile", b"all:\n\t" + EVIL + b"\0", False),
    ],
)
def test_a_nul_hides_no_command_and_is_told(path, content, executable):
    assert rules(File(path, content, executable)) == {"destructive", "unreadable"}


def test_what_is_named_as_an_image_and_is_none_is_read():
    assert rules(File("assets/a.png", b"\0\n" + EVIL)) == {"destructive"}


def test_a_nul_splits_no_word():
    assert "destructive" in rules(File("SKILL.md", b"\0\nr\0m -rf /\n"))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_wide_encoding_hides_nothing(encoding):
    text = "line\nrm -rf /\n".encode(encoding)
    places = [(f.rule, f.line) for f in scan((File("a.ps1", text),))]

    assert places == [("scan.destructive", 2)]


def test_a_mark_of_utf_16_before_ascii_hides_nothing():
    findings = scan((File("a.sh", b"\xff\xfe\n" + EVIL, executable=True),))

    assert ("scan.destructive", 2) in [(each.rule, each.line) for each in findings]


def test_what_may_be_no_text_takes_no_room_from_what_is():
    files = (File("a.bin", b"\0" * 90), File("b.sh", EVIL))
    findings = scan(files, Limits(scanned_total_bytes=99))

    assert [(each.rule, each.severity) for each in findings] == [
        ("scan.destructive", Severity.CRITICAL),
        ("scan.oversize", Severity.NOTICE),
    ]
