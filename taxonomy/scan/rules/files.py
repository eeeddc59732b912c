"""File types, recognised by first bytes and name, and the rules for whole files."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from taxonomy.files.gate import File
from taxonomy.scan.rules.pattern import CODE, CRITICAL, WARNING
from taxonomy.skillmd.findings import Severity

HEAD = 8192
"""Bytes in which a file that is no text has a NUL."""
WIDE = (b"\xff\xfe", b"\xfe\xff")
PROGRAMS = (
    b"\x7fELF",
    b"MZ\x90\x00",
    b"MZ\x00\x00",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"\x00asm",
)
BYTECODE = re.compile(r"\.(?:py[cod]|class|so|dll|dylib|exe|wasm)$", re.IGNORECASE)
ARCHIVE = re.compile(
    r"\.(?:zip|tar|tgz|tbz2?|txz|gz|bz2|xz|7z|rar|whl|egg|jar|war|deb|rpm|dmg|iso)$",
    re.IGNORECASE,
)
ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"7z\xbc\xaf", b"Rar!")
# Word, Excel and the like are zip archives that every reader can open.
DOCUMENT = re.compile(r"\.(?:docx|xlsx|pptx|odt|ods|odp|epub)$", re.IGNORECASE)
MEDIA = re.compile(
    r"\.(?:png|jpe?g|gif|webp|avif|heic|ico|bmp|tiff?|psd|pdf|woff2?|ttf|otf|ttc|eot"
    r"|mp[34]|m4a|mov|wav|og[ga]|flac|webm|avi|sqlite3?|db|np[yz]|h5|parquet"
    r"|doc|xls|ppt)$",
    re.IGNORECASE,
)
MEDIA_HEADS = (
    b"\x89PNG\r\n\x1a\n\0",
    b"\x89PNG\r\n",
    b"\xff\xd8\xff",
    b"GIF8",
    b"RIFF",
    b"\0\0\1\0",
    b"BM",
    b"II*\0",
    b"MM\0*",
    b"8BPS",
    b"%PDF-",
    b"wOF",
    b"\0\1\0\0",
    b"OTTO",
    b"ttcf",
    b"ID3",
    b"\xff\xfb",
    b"OggS",
    b"fLaC",
    b"\x1aE\xdf\xa3",
    b"SQLite format 3\0",
    b"\x93NUMPY",
    b"\x89HDF",
    b"PAR1",
    b"\xd0\xcf\x11\xe0",
)
TEXT = re.compile(
    rf"{CODE.pattern[:-1]}|\.(?:md|mdx|rst|txt|html?|json|ya?ml|toml|xml|csv|svg|ini|cfg"
    r"|conf|env)$|(?:^|/)(?:Make|Docker|Just|Rake|Gem|Proc)file$",
    re.IGNORECASE,
)


def is_program(file: File) -> bool:
    compiled = BYTECODE.search(file.path) and b"\0" in file.content[:HEAD]
    return file.content.startswith(PROGRAMS) or bool(compiled)


def is_archive(file: File) -> bool:
    if DOCUMENT.search(file.path):
        return False
    return bool(ARCHIVE.search(file.path)) or file.content.startswith(ARCHIVES)


def is_script(file: File) -> bool:
    return bool(CODE.search(file.path)) or file.content.startswith(b"#!")


def has_nul(file: File) -> bool:
    wide = file.content.startswith(WIDE)
    return not wide and b"\0" in file.content[:HEAD]


def is_skipped(file: File) -> bool:
    """Images, fonts, programs and the like, by their first bytes.

    A NUL alone skips nothing: a shell runs a script that has one.
    """
    if file.path == "SKILL.md" or not has_nul(file):
        return False
    media = MEDIA.search(file.path) and (
        file.content.startswith(MEDIA_HEADS) or file.content[4:8] == b"ftyp"
    )
    return bool(media) or file.content.startswith((*PROGRAMS, *ARCHIVES))


def is_unreadable(file: File) -> bool:
    """It should be text, by its name or because it can be run, and is not."""
    text = TEXT.search(file.path) or file.executable or file.content.startswith(b"#!")
    known = file.content.startswith((*PROGRAMS, *ARCHIVES)) or is_program(file)
    return bool(text) and has_nul(file) and not known


def readings(content: bytes) -> list[str]:
    """Text as an editor would read it, whatever is broken in it.

    What says that it is UTF-16 may be UTF-8 to a shell: it is read both ways.
    """
    ways = ("utf-16", "utf-8") if content.startswith(WIDE) else ("utf-8",)
    return [content.decode(way, "replace").replace("\0", "") for way in ways]


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
    parameters: tuple[object, ...] = ()
    """The patterns and first bytes that `matches` judges by."""


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
        (PROGRAMS, BYTECODE, HEAD),
    ),
    FileRule(
        "scan.archive",
        WARNING,
        "It is an archive",
        "The scan does not look into it, and a reviewer seldom does.",
        "Ship the files themselves.",
        is_archive,
        (DOCUMENT, ARCHIVE, ARCHIVES),
    ),
    FileRule(
        "scan.disguised",
        CRITICAL,
        "It can be run, and is named as if it could not",
        "Whoever opens it runs a program.",
        "Give it the ending of what it is, or take away its right to be run.",
        _is_disguised,
        (DOUBLE, PICTURE, PROGRAMS),
    ),
    FileRule(
        "scan.read-unasked",
        WARNING,
        "Tools read a file of this name without being asked",
        "It takes effect wherever the skill is unpacked.",
        "Ship it under another name, as in env.example, and say what to do with it.",
        _is_read_unasked,
        (READ_UNASKED, SAMPLE_ENV),
    ),
    FileRule(
        "scan.unreadable",
        WARNING,
        "It should be text and is not",
        "Other programs may read this file differently than the scan did.",
        "Save it as UTF-8.",
        is_unreadable,
        (TEXT, WIDE, HEAD, PROGRAMS, ARCHIVES, BYTECODE),
    ),
)
OVERSIZE = FileRule(
    "scan.oversize",
    WARNING,
    "It is larger than what the scan reads",
    "What lies beyond was not scanned.",
    "Split the file, or leave it out.",
    lambda file: False,
    (MEDIA, MEDIA_HEADS, PROGRAMS, ARCHIVES, HEAD),
)
"""Found by the scan itself, that knows its bounds; a notice where it is no text."""


def of_the_file(file: File) -> Iterator[FileRule]:
    return (rule for rule in FILE_RULES if rule.matches(file))
