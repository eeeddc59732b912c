"""File types, recognised by first bytes and name, and the rules for whole files."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from taxonomy.files.gate import File
from taxonomy.scan.rules.pattern import CODE, CRITICAL, WARNING
from taxonomy.skillmd.findings import Severity

HEAD = 8192
"""A file with a NUL in its first HEAD bytes is taken for binary."""
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
    """Whether a NUL is in the beginning of the file, and the file is not UTF-16."""
    wide = file.content.startswith(WIDE)
    return not wide and b"\0" in file.content[:HEAD]


def is_binary(file: File) -> bool:
    """Whether it is an image, font, program or archive, by its first bytes.

    A NUL alone is not enough: a shell runs a script that has one.
    """
    if file.path == "SKILL.md" or not has_nul(file):
        return False
    media = MEDIA.search(file.path) and (
        file.content.startswith(MEDIA_HEADS) or file.content[4:8] == b"ftyp"
    )
    return bool(media) or file.content.startswith((*PROGRAMS, *ARCHIVES))


def is_unreadable(file: File) -> bool:
    """Whether it should be text, by its name or because it can be run, but is not."""
    should_be_text = (
        TEXT.search(file.path) or file.executable or file.content.startswith(b"#!")
    )
    has_type = file.content.startswith((*PROGRAMS, *ARCHIVES)) or is_program(file)
    return bool(should_be_text) and has_nul(file) and not has_type


def decodings(content: bytes) -> list[str]:
    """The texts that different programs read in these bytes, usually one.

    A file with a UTF-16 byte order mark is also decoded as UTF-8: a shell reads it so.
    Undecodable bytes are replaced, and NULs are dropped.
    """
    encodings = ("utf-16", "utf-8") if content.startswith(WIDE) else ("utf-8",)
    return [
        content.decode(encoding, "replace").replace("\0", "") for encoding in encodings
    ]


PICTURE = re.compile(r"\.(?:png|jpe?g|gif|webp|svg|pdf|md|txt|csv|json)$", re.I)
DOUBLE = re.compile(
    r"\.(?:png|jpe?g|gif|pdf|txt|md|docx?)\.(?:exe|sh|bat|cmd|ps1|py|js|vbs|scr)$",
    re.IGNORECASE,
)
# Shells, tools and editors read these files when they are started in the folder.
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
    """A rule about a file as a whole: its name, first bytes and mode."""

    rule: str
    severity: Severity
    message: str
    why: str
    remedy: str
    matches: Callable[[File], bool]
    parameters: tuple[object, ...] = ()
    """The patterns and first bytes that `matches` decides by."""


def _is_disguised(file: File) -> bool:
    """Whether it is named like a document but can be run.

    Of files with a single suffix those that begin with #!/ are excepted.
    """
    if DOUBLE.search(file.path):
        return True
    can_be_run = file.executable or file.content.startswith(PROGRAMS)
    has_shebang = file.content.startswith(b"#!/")
    return can_be_run and not has_shebang and bool(PICTURE.search(file.path))


def _is_read_unasked(file: File) -> bool:
    return bool(READ_UNASKED.search(file.path) and not SAMPLE_ENV.search(file.path))


FILE_RULES: tuple[FileRule, ...] = (
    FileRule(
        "scan.program",
        WARNING,
        "This is a compiled program",
        "A compiled program cannot be reviewed.",
        "Ship source code, or name a package that provides the program.",
        is_program,
        (PROGRAMS, BYTECODE, HEAD),
    ),
    FileRule(
        "scan.archive",
        WARNING,
        "This is an archive",
        "The scan does not look into archives, and a reviewer seldom does.",
        "Ship the files themselves.",
        is_archive,
        (DOCUMENT, ARCHIVE, ARCHIVES),
    ),
    FileRule(
        "scan.disguised",
        CRITICAL,
        "This file can be run, but is named as if it could not",
        "Whoever opens the file runs a program.",
        "Give it the suffix of its real type, or remove its executable bit.",
        _is_disguised,
        (DOUBLE, PICTURE, PROGRAMS),
    ),
    FileRule(
        "scan.read-unasked",
        WARNING,
        "Tools read a file of this name without being asked",
        "The file takes effect wherever the skill is unpacked.",
        "Ship it under another name, as in env.example, and say what to do with it.",
        _is_read_unasked,
        (READ_UNASKED, SAMPLE_ENV),
    ),
    FileRule(
        "scan.unreadable",
        WARNING,
        "This file should be text and is not",
        "Other programs may read this file differently than the scan did.",
        "Save the file as UTF-8.",
        is_unreadable,
        (TEXT, WIDE, HEAD, PROGRAMS, ARCHIVES, BYTECODE),
    ),
)
OVERSIZE = FileRule(
    "scan.oversize",
    WARNING,
    "The file is larger than what the scan reads",
    "The rest of the file was not scanned.",
    "Split the file, or leave it out.",
    lambda file: False,
    (MEDIA, MEDIA_HEADS, PROGRAMS, ARCHIVES, HEAD),
)
"""Reported by the engine, which knows its bounds; for a binary file it is a notice."""


def matching_file_rules(file: File) -> Iterator[FileRule]:
    return (rule for rule in FILE_RULES if rule.matches(file))
