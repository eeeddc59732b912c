"""Zips with false headers, and zips with entries that only a zip can hold."""

import io
import random
import struct
import zipfile
import zlib
from pathlib import Path

from tests.taxonomy.importing.hostile import skill_md, trick

Members = list[tuple[str, bytes]]
LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"


def zipped(rng: random.Random, members: Members, mode: int = 0o100644) -> bytes:
    """A plain zip of a skill with these further members, in any order."""
    into = io.BytesIO()
    every = [("evil/SKILL.md", skill_md(rng)), *members]
    rng.shuffle(every)
    method = rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    with zipfile.ZipFile(into, "w", method) as archive:
        for name, content in every:
            member = zipfile.ZipInfo(name)
            member.create_system = 3
            plain = name.endswith("SKILL.md")
            member.external_attr = (0o100644 if plain else mode) << 16
            member.compress_type = method
            archive.writestr(member, content)
    return into.getvalue()


def written(place: Path, content: bytes) -> Path:
    path = place / "it.zip"
    path.write_bytes(content)
    return path


def with_raw_name(rng: random.Random, place: Path, raw: bytes) -> Path:
    """A zip with a member whose name no tool would write."""
    stand_in = "x" * len(raw)
    content = zipped(rng, [(stand_in, b"harm")])
    return written(place, content.replace(stand_in.encode(), raw))


@trick("leads out")
def zip_leads_out(rng, place):
    steps = "../" * rng.randrange(1, 9)
    inside = rng.choice(["", "evil/", "evil/a/"])
    return written(place, zipped(rng, [(f"{inside}{steps}escaped", b"harm")]))


@trick("is absolute")
def zip_with_an_absolute_path(rng, place):
    target = rng.choice(["/var/escaped", "//host/escaped", "C:/escaped", "d:x"])
    return written(place, zipped(rng, [(target, b"harm")]))


@trick("backslash")
def zip_with_backslashes(rng, place):
    return with_raw_name(rng, place, rng.choice([b"evil\\..\\x", b"..\\..\\escaped"]))


@trick("control character")
def zip_with_a_control_character(rng, place):
    return with_raw_name(rng, place, b"evil/a" + bytes([rng.randrange(32)]) + b"b")


@trick("not UTF-8")
def zip_with_a_name_in_another_encoding(rng, place):
    return with_raw_name(rng, place, b"evil/" + bytes([rng.randrange(0x80, 0xC0)] * 9))


@trick("link or a device")
def zip_with_a_link_or_device(rng, place):
    kind = rng.choice([0o120777, 0o060644, 0o020644, 0o010644, 0o140644])
    target = rng.choice([b"/etc/passwd", b"../../..", b"SKILL.md"])
    return written(place, zipped(rng, [("evil/notes.md", target)], mode=kind))


@trick("times larger")
def zip_bomb(rng, place):
    zeros = b"\0" * rng.randrange(2_000_000, 4_000_000)
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packed.compress(zeros) + packed.flush()
    return written(place, raw_zip([("evil/SKILL.md", zeros, body)]))


@trick("shares its bytes")
def zip_whose_files_overlap(rng, place):
    """Many names for the same compressed bytes, as in the bombs of David Fifield."""
    content = skill_md(rng)
    count = rng.randrange(2, 50)
    central = b"".join(
        central_entry(f"evil/{number}", content, content, 0, 0)
        for number in range(count)
    )
    local = local_entry("evil/0", content, content, 0)
    return written(place, local + central + end(count, central, len(local)))


@trick("entries, at most")
def zip_of_very_many_files(rng, place):
    count = 60_000
    central = b"".join(
        central_entry(f"evil/{number}", b"", b"", 0, number) for number in range(count)
    )
    return written(place, LOCAL + bytes(26) + central + end(count, central, 30))


@trick("shares its bytes")
def zip_with_the_directory_in_a_file(rng, place):
    """The data of a file overlaps the central directory."""
    content = zipped(rng, [("evil/a", b"harm")])
    start = content.index(CENTRAL)
    grown = struct.pack("<L", rng.randrange(start, 2 * start))
    patched = content.replace(
        content[start + 20 : start + 24], grown, 1
    )  # in the local header only; the central directory has the true size
    at = patched.index(CENTRAL)
    return written(place, patched[: at + 20] + grown + patched[at + 24 :])


@trick("encrypted")
def zip_that_is_encrypted(rng, place):
    content = bytearray(zipped(rng, [("evil/a", b"harm")]))
    content[content.index(CENTRAL) + 8] |= 1
    return written(place, bytes(content))


@trick("compression method")
def zip_with_another_method(rng, place):
    content = bytearray(zipped(rng, [("evil/a", b"harm")]))
    at = content.index(CENTRAL) + 10
    content[at : at + 2] = struct.pack("<H", rng.choice([1, 6, 9, 12, 14, 93, 99]))
    return written(place, bytes(content))


@trick("does not match the zip")
def zip_with_a_wrong_checksum(rng, place):
    content = bytearray(zipped(rng, []))
    content[content.index(CENTRAL) + 16 + rng.randrange(4)] ^= rng.randrange(1, 256)
    return written(place, bytes(content))


@trick("does not match the zip")
def zip_with_a_wrong_size(rng, place):
    text = skill_md(rng)
    false = text[: len(text) - rng.randrange(1, 20)]
    return written(place, raw_zip([("evil/SKILL.md", false, text)], method=0))


@trick("another name in its own header")
def zip_with_two_names_for_a_file(rng, place):
    content = zipped(rng, [])
    return written(place, content.replace(b"evil/SKILL.md", b"good/SKILL.md", 1))


@trick("where it should be")
def zip_behind_other_bytes(rng, place):
    """One tool reads a picture, another a skill."""
    return written(
        place, LOCAL + rng.randbytes(rng.randrange(1, 999)) + zipped(rng, [])
    )


@trick("bytes behind its end")
def zip_before_other_bytes(rng, place):
    return written(place, zipped(rng, []) + b"\0" * rng.randrange(1, 99))


@trick("cut off")
def zip_that_is_cut_off(rng, place):
    content = zipped(rng, [])
    return written(place, content[: rng.randrange(20, len(content) - 22)])


@trick("Zip64")
def zip_that_claims_to_be_huge(rng, place):
    content = bytearray(zipped(rng, [("evil/a", b"harm")]))
    at = content.index(CENTRAL) + rng.choice([20, 24, 42])
    content[at : at + 4] = b"\xff" * 4
    return written(place, bytes(content))


@trick("more entries than it says")
def zip_that_counts_too_few(rng, place):
    content = bytearray(zipped(rng, [("evil/a", b"1"), ("evil/b", b"2")]))
    at = content.index(END) + 8
    content[at : at + 4] = struct.pack("<HH", 1, 1)
    return written(place, bytes(content))


def raw_zip(members: list[tuple[str, bytes, bytes]], method: int = 8) -> bytes:
    """A zip of members (name, claimed content, stored bytes)."""
    local, central = b"", b""
    for name, content, packed in members:
        central += central_entry(name, content, packed, method, len(local))
        local += local_entry(name, content, packed, method)
    return local + central + end(len(members), central, len(local))


def sizes(content: bytes, packed: bytes) -> bytes:
    return struct.pack("<3L", zlib.crc32(content), len(packed), len(content))


def local_entry(name: str, content: bytes, packed: bytes, method: int) -> bytes:
    start = LOCAL + struct.pack("<5H", 20, 0, method, 0, 0)
    names = struct.pack("<2H", len(name), 0) + name.encode()
    return start + sizes(content, packed) + names + packed


def central_entry(
    name: str, content: bytes, packed: bytes, method: int, offset: int
) -> bytes:
    start = CENTRAL + struct.pack("<6H", 0x0314, 20, 0, method, 0, 0)
    names = struct.pack("<5H2L", len(name), 0, 0, 0, 0, 0o100644 << 16, offset)
    return start + sizes(content, packed) + names + name.encode()


def end(count: int, central: bytes, offset: int) -> bytes:
    return END + struct.pack("<4H2LH", 0, 0, count, count, len(central), offset, 0)
