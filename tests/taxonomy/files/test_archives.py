"""Archives of every tool are read alike; ours have the same bytes each time."""

import bz2
import gzip
import io
import tarfile
import zipfile
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxonomy.files.archives import FORMS
from taxonomy.files.gate import File, FilesRefused, SourceRefused, as_files, check_files
from taxonomy.files.sources import open_archive, open_source
from tests.taxonomy.importing.hostile.tars import patched

SKILL_MD = File("SKILL.md", b"---\nname: a\ndescription: b\n---\n")
PATHS = st.from_regex(r"[a-cé]{1,60}(/[a-c]{1,60}){0,2}", fullmatch=True)
LITTER = (
    "__MACOSX/skill/SKILL.md",
    ".git/SKILL.md",
    "skill/.git/config",
    "skill/.DS_Store",
    "skill/references/._api.md",
    "skill/references/Thumbs.db",
)
TARS = {
    "ustar": tarfile.USTAR_FORMAT,
    "gnu": tarfile.GNU_FORMAT,
    "pax": tarfile.PAX_FORMAT,
}


def pack(skills, form):
    files = [replace(f, path=f"{name}/{f.path}") for name, all in skills for f in all]
    return FORMS[form].packed(as_files(files))


def read(content):
    with open_archive(io.BytesIO(content)) as source:
        return {folder: source.read(folder) for folder in source.folders}


def tar_of(files, form, prefix):
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w", format=form) as archive:
        folder = tarfile.TarInfo(f"{prefix}skill/")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for file in files:
            member = tarfile.TarInfo(f"{prefix}skill/{file.path}")
            member.size = len(file.content)
            member.mode = int(file.mode, 8) & 0o777
            archive.addfile(member, io.BytesIO(file.content))
    return into.getvalue()


@settings(max_examples=25)
@given(
    paths=st.sets(PATHS, max_size=4),
    content=st.binary(max_size=2000),
    form=st.sampled_from(sorted(TARS)),
    packed=st.sampled_from([bytes, gzip.compress, bz2.compress]),
    prefix=st.sampled_from(["", "./"]),
)
def test_a_tar_of_any_form_reads_as_it_was_written(
    paths, content, form, packed, prefix
):
    files = as_files([SKILL_MD, *(File(path, content, True) for path in paths)])
    if not check_files(files):
        assert read(packed(tar_of(files, TARS[form], prefix))) == {"skill": files}


def test_the_times_in_an_incremental_archive_of_gnu_tar_are_no_part_of_the_name():
    files = as_files([SKILL_MD])
    incremental = tar_of(files, tarfile.GNU_FORMAT, "")
    for entry in (0, 1):
        incremental = patched(incremental, 345, b"15303037447\0", entry)

    assert read(incremental) == {"skill": files}


@settings(max_examples=25)
@given(paths=st.sets(PATHS, max_size=4), content=st.binary(max_size=2000))
def test_what_we_pack_is_the_same_each_time_and_reads_back(paths, content):
    files = as_files([SKILL_MD, *(File(path, content, True) for path in paths)])
    if check_files(files):
        return
    for form in FORMS:
        packed = pack([("one", files), ("two", files)], form)
        assert packed == pack([("one", files), ("two", files)], form)
        assert read(packed) == {"one": files, "two": files}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_as_others_write_it_reads_with_its_modes(tmp_path, method):
    (tmp_path / "skill").mkdir()
    (tmp_path / "skill/SKILL.md").write_bytes(SKILL_MD.content)
    (tmp_path / "skill/run").write_bytes(b"#!/bin/sh\n" * 50)
    (tmp_path / "skill/run").chmod(0o755)
    with zipfile.ZipFile(tmp_path / "it.zip", "w", method) as archive:
        for path in ("skill", "skill/SKILL.md", "skill/run"):
            archive.write(tmp_path / path, path)
        for path in LITTER:
            archive.writestr(path, b"left out")
    with open_source(tmp_path / "it.zip") as source:
        assert source.folders == ("skill",)
        assert source.read("skill") == as_files(
            [SKILL_MD, File("run", b"#!/bin/sh\n" * 50, executable=True)]
        )


def test_the_outermost_folder_with_a_skill_md_is_the_skill():
    inner = File("templates/SKILL.md", b"a template")
    files = as_files([SKILL_MD, inner])
    assert read(pack([("skills/a", files)], "zip")) == {"skills/a": files}
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as archive:
        for file in files:
            archive.writestr(file.path, file.content)
    with open_archive(into) as source:
        assert source.folders == ("",)
        assert source.name_of("") is None
        assert source.read("") == files


@settings(max_examples=60)
@given(
    form=st.sampled_from(sorted(FORMS)),
    flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1),
    cut=st.integers(0, 10**6),
)
def test_a_damaged_archive_is_refused_or_read_and_no_more(form, flips, cut):
    content = bytearray(pack([("a", as_files([SKILL_MD]))], form))
    if form == "tar.gz":
        content = bytearray(gzip.decompress(bytes(content)))
    for place, byte in flips:
        content[place % len(content)] = byte
    del content[len(content) - cut % 99 * (cut % 2) :]
    with suppress(SourceRefused, FilesRefused):
        read(bytes(content))
