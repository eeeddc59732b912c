"""Rules for whole files: what cannot be reviewed, or is not what its name says."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from taxonomy.packaging.files import File
from taxonomy.skillmd.findings import Severity
from taxonomy.skillmd.scan_kinds import (
    PROGRAMS,
    is_archive,
    is_program,
    is_unreadable,
)
from taxonomy.skillmd.scan_pattern import CRITICAL, WARNING

PICTURE = re.compile(r"\.(?:png|jpe?g|gif|webp|svg|pdf|md|txt|csv|json)$", re.I)
DOUBLE = re.compile(
    r"\.(?:png|jpe?g|gif|pdf|txt|md|docx?)\.(?:exe|sh|bat|cmd|ps1|py|js|vbs|scr)$",
    re.IGNORECASE,
)
# Read by a shell, a tool or an editor that is started beside them.
READ_UNASKED = re.compile(
    r"(?:^|/)(?:\.env(?:\.\w{1,20})?|\.(?:bash|zsh)(?:rc|env|_profile)|\.profile"
    r"|\.npmrc|\.pypirc|\.netrc|\.envrc|\.vscode/(?:tasks|settings)\.json"
    r"|\.claude/(?:settings(?:\.local)?|hooks)\.json|\.?mcp\.json|\.cursorrules"
    r"|CLAUDE\.md|AGENTS\.md|GEMINI\.md|\.devcontainer/[^/]{1,80}|\.git/hooks/[^/]{1,80}"
    r"|(?:site|user)customize\.py|conftest\.py|[^/]{1,80}\.pth)$"
)
SAMPLE_ENV = re.compile(r"\.env\.(?:example|sample|template|dist)$")


@dataclass(frozen=True)
class FileRule:
    """One thing to look for in a file as a whole."""

    rule: str
    severity: Severity
    message: str
    why: str
    remedy: str
    matches: Callable[[File], bool]


def _is_disguised(file: File) -> bool:
    runs = file.executable or file.content.startswith((*PROGRAMS, b"#!/"))
    return bool(DOUBLE.search(file.path)) or (
        runs and bool(PICTURE.search(file.path)) and not file.content.startswith(b"#!/")
    )


def _is_read_unasked(file: File) -> bool:
    return bool(READ_UNASKED.search(file.path) and not SAMPLE_ENV.search(file.path))


FILE_RULES: tuple[FileRule, ...] = (
    FileRule(
        "scan.program",
        WARNING,
        "It is a compiled program",
        "A compiled program cannot be reviewed.",
        "Ship source code, or name a package that provides the program.",
        is_program,
    ),
    FileRule(
        "scan.archive",
        WARNING,
        "It is an archive",
        "The scan does not look into it, and a reviewer seldom does.",
        "Ship the files themselves.",
        is_archive,
    ),
    FileRule(
        "scan.disguised",
        CRITICAL,
        "It can be run, and is named as if it could not",
        "Whoever opens it runs a program.",
        "Give it the ending of what it is, or take away its right to be run.",
        _is_disguised,
    ),
    FileRule(
        "scan.read-unasked",
        WARNING,
        "Tools read a file of this name without being asked",
        "It takes effect wherever the skill is unpacked.",
        "Ship it under another name, as in env.example, and say what to do with it.",
        _is_read_unasked,
    ),
    FileRule(
        "scan.unreadable",
        WARNING,
        "It should be text and is not",
        "What the scan reads in it may not be what others read.",
        "Save it as UTF-8.",
        is_unreadable,
    ),
)
OVERSIZE = FileRule(
    "scan.oversize",
    WARNING,
    "It is larger than what the scan reads",
    "What lies beyond was not scanned.",
    "Split the file, or leave it out.",
    lambda file: False,
)
"""Found by the scan itself, that knows its bounds; a notice where it is no text."""


def of_the_file(file: File) -> Iterator[FileRule]:
    return (rule for rule in FILE_RULES if rule.matches(file))
