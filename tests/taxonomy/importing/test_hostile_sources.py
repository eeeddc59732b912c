"""Hostile sources are refused with a reason, and leave no traces."""

import os
import random
import tarfile
import time
import tracemalloc
import zipfile
from contextlib import contextmanager

import pytest

from taxonomy.files.gate import Limits, SourceLimits, SourceRefused
from taxonomy.files.sources import open_source
from taxonomy.importing.importer import Importer, ImportOptions
from taxonomy.models import Blob, Bundle, Skill
from tests.taxonomy.importing.hostile import drawn

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seeded")]
SMALL = SourceLimits(
    skill=Limits(files=64, total_bytes=2**20, file_bytes=300_000),
    entries=2_000,
    total_bytes=8 * 2**20,
)
"""Small limits, so that sources that exceed them are quickly made."""
QUICK, ALL = 100, 1_000
MOST_MIB = 200


def reasons(path):
    """Why the source or every skill in it is refused; empty if one was imported."""
    try:
        with open_source(path, SMALL) as source:
            outcomes = list(Importer(source, ImportOptions(origin=str(path))).run())
    except SourceRefused as error:
        return [str(error)]
    if not all(outcome.reasons for outcome in outcomes):
        return []
    return [" ".join(outcome.reasons) for outcome in outcomes]


def failures(count, tmp_path):
    """(trick, seed, reasons) of each source that was not refused for its reason."""
    unexplained = []
    for seed, trick in drawn(count):
        place = tmp_path / str(seed)
        place.mkdir()
        path = trick.build(random.Random(seed), place)
        before = tree(place)
        answers = reasons(path)
        is_explained = answers and trick.because.lower() in " ".join(answers).lower()
        if not is_explained or tree(place) != before:
            unexplained.append((trick.name, seed, answers))
    return unexplained


def tree(place):
    """The files on disk, in and beside the source's folder."""
    return [*os.walk(place), sorted(os.listdir(place.parent))]


def left_behind():
    return [kind.__name__ for kind in (Skill, Bundle, Blob) if kind.objects.exists()]


def test_every_trick_is_refused_with_its_reason(tmp_path):
    assert failures(QUICK, tmp_path) == []
    assert left_behind() == []


@pytest.mark.slow
def test_a_thousand_hostile_sources_are_refused(tmp_path, capsys):
    with measured(capsys, f"{ALL} sources"):
        assert failures(ALL, tmp_path) == []
    assert left_behind() == []


@pytest.mark.slow
@pytest.mark.parametrize("form", ["tar", "zip", "folder", "skill"])
def test_a_hundred_thousand_files_are_refused(tmp_path, capsys, form):
    path = very_many(tmp_path, form)
    with measured(capsys, f"100,000 files, {form}"), pytest.raises(SourceRefused):
        with open_source(path) as source:
            outcomes = list(Importer(source, ImportOptions(origin="it")).run())
        raise SourceRefused(*outcomes[0].reasons)
    assert left_behind() == []


def very_many(place, form):
    if form in ("folder", "skill"):
        folder = place / "evil" / "a" if form == "skill" else place
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(100_000):
            (folder / str(number)).touch()
        (place / "evil").mkdir(exist_ok=True)
        (place / "evil" / "SKILL.md").touch()
        return place
    path = place / "it"
    if form == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for number in range(100_000):
                archive.writestr(str(number), b"")
    else:
        with tarfile.open(path, "w") as archive:
            for number in range(100_000):
                archive.addfile(tarfile.TarInfo(str(number)))
    return path


@contextmanager
def measured(capsys, title):
    tracemalloc.start()
    began = time.monotonic()
    yield
    seconds = time.monotonic() - began
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    with capsys.disabled():
        print(f"\n{title}: {seconds:.1f} s, at most {peak:.0f} MiB at a time")
    assert peak < MOST_MIB
