"""Skills with hostile content, as a folder or in an archive."""

import random
import tarfile
import unicodedata
import zipfile
from pathlib import Path

from tests.taxonomy.importing.hostile import skill_md, trick


def packed(rng: random.Random, place: Path, files: dict[str, bytes]) -> Path:
    """A folder, a zip or a tar of these files; some names only an archive can hold."""
    form = rng.choice(["folder", "zip", "tar"])
    root = place / "source"
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    if form == "folder":
        return root
    target = place / f"it.{form}"
    if form == "zip":
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in files:
                archive.write(root / name, name)
    else:
        with tarfile.open(target, "w:gz") as archive:
            for name in files:
                archive.add(root / name, name)
    return target


def evil(rng, place, extra: str = "", **more: bytes) -> Path:
    others = {f"evil/{name}": content for name, content in more.items()}
    return packed(rng, place, {"evil/SKILL.md": skill_md(rng, extra=extra), **others})


def alone(rng, place, content: bytes) -> Path:
    return packed(rng, place, {"evil/SKILL.md": content})


@trick("on some disks")
def names_that_differ_in_case(rng, place):
    one = "".join(rng.choice("abcdef") for _ in range(9))
    two = one[:4] + one[4:].upper()
    return evil(rng, place, **{f"{one}.md": b"1", f"{two}.md": b"2"})


@trick("on some disks")
def names_that_differ_in_normalisation(rng, place):
    name = rng.choice(["é", "ü", "ñ", "ﬁ", "Å"]) + str(rng.random())
    other = unicodedata.normalize("NFKD", name)
    return evil(rng, place, **{name: b"1", other: b"2"})


@trick("on some disks")
def folders_that_differ_in_case(rng, place):
    name = f"references{rng.randrange(99)}"
    return evil(rng, place, **{f"{name}/a": b"1", f"{name.title()}/b": b"2"})


@trick("not UTF-8")
def skill_md_that_is_no_utf8(rng, place):
    broken = rng.choice(
        [b"\xff\xfe", b"\xc3\x28", b"\xed\xa0\x80", b"\xf5\x80\x80\x80"]
    )
    return alone(rng, place, skill_md(rng).replace(b"well", broken))


@trick("")
def skill_md_in_utf16(rng, place):
    form = rng.choice(["utf-16", "utf-32", "utf-16-be", "utf-8-sig"])
    return alone(rng, place, skill_md(rng).decode().encode(form))


@trick("not strict YAML")
def yaml_with_anchors(rng, place):
    """The billion laughs: a YAML document that expands exponentially."""
    lines = [f"a0: &a0 {'ha' * rng.randrange(1, 9)}"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    return evil(rng, place, extra="\n".join(lines) + "\n")


@trick("")
def yaml_that_is_deep(rng, place):
    depth = rng.randrange(200, 900)
    deep = rng.choice(["[" * depth + "]" * depth, "- " * depth, "{a: " * depth])
    return evil(rng, place, extra=f"metadata: {deep}\n")


@trick("too large")
def yaml_that_is_wide(rng, place):
    wide = "".join(f"  k{n}: v\n" for n in range(rng.randrange(600, 900)))
    return evil(rng, place, extra=f"metadata:\n{wide}")


@trick("too large")
def yaml_that_is_long(rng, place):
    return evil(rng, place, extra=f"license: {'x' * rng.randrange(20_000, 90_000)}\n")


@trick("YAML")
def yaml_that_makes_objects(rng, place):
    tag = rng.choice(["!!python/object/apply:os.system", "!!binary", "!evil"])
    return evil(rng, place, extra=f"license: {tag} ['touch /tmp/escaped']\n")


@trick("YAML")
def yaml_with_a_key_twice(rng, place):
    return evil(rng, place, extra=f"name: other-{rng.randrange(99)}\n")


@trick("character")
def yaml_with_control_characters(rng, place):
    bad = chr(rng.choice([0, 1, 7, 8, 11, 27, 127, 0x9B]))
    return evil(rng, place, extra=f"license: a{bad}b\n")


@trick("at most")
def a_file_that_is_too_large(rng, place):
    size = 300_000 + rng.randrange(9_999)
    return evil(rng, place, **{"assets/it.bin": rng.randbytes(size)})


@trick("files, at most")
def too_many_files(rng, place):
    return evil(rng, place, **{f"a/{n}": b"" for n in range(70)})


@trick("too long")
def a_path_that_no_archive_holds(rng, place):
    return evil(rng, place, **{"x" * rng.randrange(101, 200): b"harm"})


@trick(".git folder")
def a_git_folder_within(rng, place):
    name = rng.choice(["sub/.git/hooks/post-checkout", "sub/.GIT/config"])
    return evil(rng, place, **{name: b"#!/bin/sh\ntouch /tmp/escaped\n"})


@trick("a colon")
def a_stream_behind_a_file(rng, place):
    return evil(rng, place, **{"notes.md:hidden": b"harm"})


@trick("Rename one of them")
def a_folder_of_another_name(rng, place):
    other = skill_md(rng, name=f"other-{rng.randrange(99)}")
    return alone(rng, place, other)


@trick("reserved")
def a_reserved_name(rng, place):
    name = rng.choice(["validate", "import", "search", "stream"])
    return packed(rng, place, {f"{name}/SKILL.md": skill_md(rng, name=name)})


@trick("name")
def a_name_that_is_no_name(rng, place):
    name = rng.choice(["Evil", "e_vil", "-evil", "e--vil", "événement", "x" * 65])
    return packed(rng, place, {f"{name}/SKILL.md": skill_md(rng, name=name)})


@trick("no SKILL.md")
def no_skill_at_all(rng, place):
    return packed(rng, place, {"evil/readme.md": rng.randbytes(99)})


@trick("spell it SKILL.md")
def skill_md_in_lower_case(rng, place):
    return packed(rng, place, {"evil/skill.md": skill_md(rng)})


@trick("")
def bytes_of_any_kind(rng, place):
    start = rng.choice(
        [b"", b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"BZh9", b"\x7fELF"]
    )
    path = place / "it"
    path.write_bytes(start + rng.randbytes(rng.randrange(3_000)))
    return path


@trick("xz")
def packed_in_another_way(rng, place):
    path = place / "it.tar.xz"
    path.write_bytes(b"\xfd7zXZ\0" + rng.randbytes(600))
    return path
