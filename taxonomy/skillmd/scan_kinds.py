"""What kind of file it is, by its first bytes and its name."""

import re

from taxonomy.packaging.files import File
from taxonomy.skillmd.scan_pattern import CODE

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
