"""A skill is parsed, gated, hashed and scanned once, however it comes in."""

import pytest
from django.core.management import call_command

from taxonomy.files.write import write_folder
from taxonomy.models import Skill
from tests.one_reading import ONCE, STORED, counted
from tests.taxonomy.skills import skill_files

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seeded")]


@pytest.fixture
def folder(tmp_path):
    write_folder(skill_files(references__api=b"# API\n"), tmp_path / "pdf-tools")
    return tmp_path


def test_an_import_of_a_new_skill(folder):
    with counted() as calls:
        call_command("import_skills", str(folder))

    assert Skill.objects.get().name == "pdf-tools"
    assert calls == ONCE


def test_an_import_of_an_unchanged_skill_parses_nothing(folder):
    call_command("import_skills", str(folder))

    with counted() as calls:
        call_command("import_skills", str(folder))

    assert calls == {"parse": 0, "gate": 1, "hash": 1, "scan": 0}


@pytest.mark.parametrize("exists", [False, True], ids=["new", "next version"])
def test_a_put(curator, exists):
    if exists:
        Skill.objects.publish(skill_files())
    text = skill_files(body="Another body.")[0].content.decode()

    with counted() as calls:
        answer = curator.put("/api/v1/skills/pdf-tools", {"content": text})

    assert answer.status_code == (200 if exists else 201)
    assert calls == ONCE


def test_a_validation_of_a_published_skill():
    skill = Skill.objects.publish(skill_files()).skill

    with counted() as calls:
        skill.validate()

    assert calls == STORED


def test_the_counted_functions_are_called():
    """Otherwise the counts above would be right whatever the code does."""
    with counted() as calls:
        Skill.objects.publish(skill_files())
        Skill.objects.publish(skill_files())

    assert calls == {"parse": 2, "gate": 2, "hash": 2, "scan": 2}
