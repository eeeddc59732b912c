"""`manage.py export_skills`."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from taxonomy.files.archives import FORMS
from taxonomy.files.gate import File
from taxonomy.files.read import read_folder
from taxonomy.files.sources import open_source
from taxonomy.models import Skill
from tests.taxonomy.skills import skill_files

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seeded")]


def export(*arguments):
    out = StringIO()
    call_command("export_skills", *map(str, arguments), stdout=out)
    return out.getvalue().split()


def test_every_active_skill_becomes_a_folder_with_its_bytes(tmp_path):
    files = skill_files(references__api=b"# API\n")
    Skill.objects.publish(files, category="data")
    Skill.objects.publish(skill_files(name="old")).skill.archive()
    assert export("--to", tmp_path) == [str(tmp_path / "pdf-tools")]
    assert read_folder(tmp_path / "pdf-tools") == files
    assert export("--to", tmp_path) == [str(tmp_path / "pdf-tools")]


def test_names_and_category_choose(tmp_path):
    Skill.objects.publish(skill_files(name="one"), category="data/ml")
    Skill.objects.publish(skill_files(name="two"), category="research")
    assert export("two", "--to", tmp_path) == [str(tmp_path / "two")]
    assert export("--to", tmp_path, "--category", "data") == [str(tmp_path / "one")]


@pytest.mark.parametrize("arguments", [["no-such"], ["--category", "no/such"]])
def test_what_is_not_there_is_an_error(tmp_path, arguments):
    with pytest.raises(CommandError, match=r"[Tt]here is no"):
        export(*arguments, "--to", tmp_path)


def test_a_folder_that_holds_something_else_is_kept_and_told(tmp_path):
    for name in ("one", "two", "zebra"):
        Skill.objects.publish(skill_files(name))
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "notes").write_text("mine")
    out, errors = StringIO(), StringIO()
    with pytest.raises(CommandError, match="1 of 3") as caught:
        call_command("export_skills", "--to", str(tmp_path), stdout=out, stderr=errors)
    assert caught.value.returncode == 1
    assert out.getvalue().split() == [str(tmp_path / "one"), str(tmp_path / "zebra")]
    assert errors.getvalue().startswith("two: ")
    assert str(tmp_path / "two") in errors.getvalue()
    assert (tmp_path / "two" / "notes").read_text() == "mine"
    export("--to", tmp_path, "--replace")
    assert not (tmp_path / "two" / "notes").exists()


@pytest.mark.parametrize("form", sorted(FORMS))
def test_one_archive_holds_them_all_and_imports_the_same(tmp_path, form):
    for name in ("one", "two"):
        files = (*skill_files(name), File("scripts/run", b"#!/bin/sh\n", True))
        Skill.objects.publish(files)
    target = tmp_path / "new" / f"all.{form}"
    for _ in range(2):
        assert export("--to", target, "--archive", form) == [str(target)]
    with open_source(target) as source:
        assert [source.read(name) for name in ("one", "two")] == [
            skill.current.bundle.files() for skill in Skill.objects.order_by("name")
        ]
    with pytest.raises(CommandError):
        export("one", "--to", target, "--archive", form)
    export("one", "--to", target, "--archive", form, "--replace")
    with open_source(target) as source:
        assert source.folders == ("one",)
    assert [path.name for path in target.parent.iterdir()] == [target.name]
