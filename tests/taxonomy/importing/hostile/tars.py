"""Tars with false headers, and tars with entries that only a tar can hold."""

import bz2
import gzip
import io
import random
import tarfile
from pathlib import Path

from tests.taxonomy.importing.hostile import skill_md, trick

FORMS = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)
KINDS = (tarfile.SYMTYPE, tarfile.LNKTYPE)
DEVICES = (tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE)


def member(name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE):
    made = tarfile.TarInfo(name)
    made.type, made.size = kind, len(content)
    return made, content


def tarred(rng: random.Random, *members, form: int | None = None) -> bytes:
    """A plain tar of a skill with these further members."""
    into = io.BytesIO()
    form = rng.choice(FORMS) if form is None else form
    with tarfile.open(fileobj=into, mode="w", format=form) as archive:
        for made, content in [member("evil/SKILL.md", skill_md(rng)), *members]:
            archive.addfile(made, io.BytesIO(content))
    return into.getvalue()


def written(rng: random.Random, place: Path, content: bytes) -> Path:
    """Write it under some name, compressed or not."""
    path = place / rng.choice(["it.tar", "it.tgz", "it.zip", "it"])
    path.write_bytes(rng.choice([bytes, gzip.compress, bz2.compress])(content))
    return path


def patched(content: bytes, at: int, field: bytes, entry: int = 0) -> bytes:
    """Overwrite a field of one header and correct the checksum."""
    tar = bytearray(content)
    start = entry * 512
    tar[start + at : start + at + len(field)] = field
    tar[start + 148 : start + 156] = b" " * 8
    total = sum(tar[start : start + 512])
    tar[start + 148 : start + 156] = b"%06o\0 " % total
    return bytes(tar)


@trick("leads out")
def tar_leads_out(rng, place):
    steps = "../" * rng.randrange(1, 9)
    name = f"{rng.choice(['', 'evil/', 'evil/a/'])}{steps}escaped"
    return written(rng, place, tarred(rng, member(name, b"harm")))


@trick("is absolute")
def tar_with_an_absolute_path(rng, place):
    name = rng.choice(["/var/escaped", "C:/escaped"])
    return written(rng, place, tarred(rng, member(name, b"harm")))


@trick("link or a device")
def tar_with_a_link(rng, place):
    made, content = member("evil/notes.md", kind=rng.choice(KINDS))
    made.linkname = rng.choice(["/etc/passwd", "../../../x", "SKILL.md"])
    return written(rng, place, tarred(rng, (made, content)))


@trick("link or a device")
def tar_that_writes_through_a_link(rng, place):
    link, nothing = member("evil/out", kind=tarfile.SYMTYPE)
    link.linkname = rng.choice(["/var", "..", "/"])
    through = member("evil/out/escaped", b"harm")
    return written(rng, place, tarred(rng, (link, nothing), through))


@trick("link or a device")
def tar_with_a_device(rng, place):
    made = member("evil/zero", kind=rng.choice(DEVICES))
    return written(rng, place, tarred(rng, made))


@trick("link or a device")
def tar_whose_skill_md_is_a_link(rng, place):
    made, content = member("more/SKILL.md", kind=tarfile.SYMTYPE)
    made.linkname = "../evil/SKILL.md"
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w") as archive:
        archive.addfile(made, io.BytesIO(content))
    return written(rng, place, into.getvalue())


@trick("times larger")
def tar_bomb(rng, place):
    zeros = b"\0" * rng.randrange(3_000_000, 5_000_000)
    path = place / "it.tar.gz"
    path.write_bytes(gzip.compress(tarred(rng, member("evil/zeros", zeros))))
    return path


@trick("More than")
def tar_of_very_many_files(rng, place):
    """The headers of 100,000 files, which compress to very little."""
    one = tarred(rng)
    header = patched(one[:512], 124, b"00000000000\0")
    path = place / "it.tar.bz2"
    path.write_bytes(bz2.compress(header * 2_001 + b"\0" * 1024))
    return path


@trick("cut off")
def tar_with_a_false_size(rng, place):
    huge = b"%011o\0" % rng.randrange(10**6, 8**11 - 1)
    return written(rng, place, patched(tarred(rng), 124, huge))


@trick("not a number")
def tar_with_a_size_below_zero(rng, place):
    size = rng.choice([b"\xff" * 12, b"-0000000001\0", b"nonsense\0\0\0\0"])
    form = tarfile.GNU_FORMAT
    return written(rng, place, patched(tarred(rng, form=form), 124, size))


@trick("checksum")
def tar_with_a_wrong_checksum(rng, place):
    content = bytearray(tarred(rng, form=tarfile.USTAR_FORMAT))
    content[rng.randrange(100, 148)] ^= 1
    return written(rng, place, bytes(content))


@trick("are not supported")
def tar_of_another_kind(rng, place):
    kind = rng.choice([b"S", b"D", b"M", b"V", b"N"])
    return written(
        rng, place, patched(tarred(rng, form=tarfile.USTAR_FORMAT), 156, kind)
    )


@trick("Sparse")
def tar_with_a_sparse_file(rng, place):
    made, content = member("evil/hole", b"1\n0\n4\nharm")
    made.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.realsize": "99999999999"}
    form = tarfile.PAX_FORMAT
    return written(rng, place, tarred(rng, (made, content), form=form))


@trick("all files")
def tar_with_one_path_for_all(rng, place):
    into = io.BytesIO()
    headers = {"path": "evil/SKILL.md"} if rng.random() < 0.5 else {"size": "1"}
    with tarfile.open(
        fileobj=into, mode="w", format=tarfile.PAX_FORMAT, pax_headers=headers
    ) as archive:
        made, content = member("evil/SKILL.md", skill_md(rng))
        archive.addfile(made, io.BytesIO(content))
    return written(rng, place, into.getvalue())


@trick("A header in the archive has")
def tar_with_a_huge_header(rng, place):
    made, content = member("evil/notes.md", b"harm")
    made.pax_headers = {"comment": "x" * rng.randrange(70_000, 200_000)}
    form = tarfile.PAX_FORMAT
    path = place / "it.tar"
    path.write_bytes(tarred(rng, (made, content), form=form))
    return path


@trick("A path in the archive has")
def tar_with_a_huge_name(rng, place):
    name = "evil/" + "x" * rng.randrange(1_100, 9_000)
    form = rng.choice([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
    return written(rng, place, tarred(rng, member(name, b"harm"), form=form))


@trick("pax header")
def tar_with_a_false_pax_header(rng, place):
    made, content = member("evil/notes.md", b"harm")
    made.pax_headers = {"comment": "xyz"}
    content = tarred(rng, (made, content), form=tarfile.PAX_FORMAT)
    false = rng.choice([b"99 comment=", b"-1 comment=", b"0  comment=", b"15 comment:"])
    return written(rng, place, content.replace(b"15 comment=", false, 1))


@trick("has content")
def tar_whose_folder_has_content(rng, place):
    content = tarred(rng, form=tarfile.USTAR_FORMAT)
    return written(rng, place, patched(content, 156, rng.choice([b"5", b"2", b"3"])))


@trick("end mark")
def tar_that_is_cut_off(rng, place):
    content = tarred(rng, form=tarfile.USTAR_FORMAT)
    end = content.rindex(b"well.\n") // 512 * 512 + 512
    path = place / "it.tar"
    path.write_bytes(content[:end])
    return path


@trick("cut off or damaged")
def packed_tar_that_is_cut_off(rng, place):
    packed = rng.choice([gzip.compress, bz2.compress])(tarred(rng))
    path = place / "it.tgz"
    path.write_bytes(packed[: rng.randrange(20, len(packed) - 8)])
    return path


@trick("not UTF-8")
def tar_with_a_name_in_another_encoding(rng, place):
    raw = b"evil/" + bytes([rng.randrange(0x80, 0xC0)] * 9)
    form = tarfile.USTAR_FORMAT
    content = tarred(rng, member("evil/" + "x" * 9, b"harm"), form=form)
    at = content.index(b"evil/x") // 512
    return written(rng, place, patched(content, 0, raw, entry=at))
