"""Concurrent publishing: one wins, or both get a version of their own."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, connections

from taxonomy.exceptions import TaxonomyError
from taxonomy.files.gate import bundle_digest
from taxonomy.models import Address, Bundle, BundleFile, Category, Skill, SkillVersion
from tests.taxonomy.skills import skill_files

pytestmark = pytest.mark.django_db(transaction=True)
WRITERS = 4


def at_once(verbs):
    """The results of these functions, started together on a connection each."""
    barrier = Barrier(len(verbs))

    def run(verb):
        connection.ensure_connection()
        barrier.wait(timeout=20)
        try:
            return verb()
        except TaxonomyError as refusal:
            return refusal
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(verbs)) as pool:
        return list(pool.map(run, verbs))


def publishing(**options):
    return [
        lambda body=f"Writer {writer}.": Skill.objects.publish(
            skill_files(body=body), **options
        )
        for writer in range(WRITERS)
    ]


def test_writers_of_a_new_skill_all_get_a_version(seeded):
    results = at_once(publishing())
    assert sorted(each.created for each in results) == [False, False, False, True]
    skill = Skill.objects.get()
    numbers = {each.number for each in skill.versions.all()}
    assert numbers == {"1.0.0", "1.0.1", "1.0.2", "1.0.3"}
    assert skill.current.number == "1.0.3"
    assert Address.objects.get(kind="skill").skill == skill


def test_writers_of_a_change_all_get_a_version(seeded):
    Skill.objects.publish(skill_files())
    at_once(publishing())
    skill = Skill.objects.get()
    assert skill.versions.count() == 1 + WRITERS
    assert skill.current.number == f"1.0.{WRITERS}"


def test_one_writer_gets_a_number_and_the_others_a_conflict(seeded):
    Skill.objects.publish(skill_files())
    results = at_once(publishing(number="2.0.0"))
    refused = [each for each in results if isinstance(each, TaxonomyError)]
    assert [each.code for each in refused] == ["version_conflict"] * (WRITERS - 1)
    assert SkillVersion.objects.filter(number="2.0.0").count() == 1


def test_the_same_bytes_from_all_sides_are_one_version(seeded):
    results = at_once([lambda: Skill.objects.publish(skill_files())] * WRITERS)
    assert sum(each.changed for each in results) == 1
    assert SkillVersion.objects.count() == 1


def test_the_same_bundle_stored_at_once_is_whole(seeded):
    files = skill_files(**{f"references__{n}": b"%d" % n for n in range(20)})
    results = at_once([lambda: Bundle.objects.store(files)] * WRITERS)
    assert {each.pk for each in results} == {bundle_digest(files)}
    assert BundleFile.objects.count() == len(files)
    assert Bundle.objects.get().files() == files


def test_one_of_two_categories_at_a_path_is_refused(seeded):
    results = at_once([lambda: Category.objects.create_at("data/lakes")] * WRITERS)
    assert sum(isinstance(each, Category) for each in results) == 1
    assert {each.code for each in results if isinstance(each, TaxonomyError)} == {
        "path_taken"
    }


def test_a_category_that_is_taken_into_use_is_not_deleted(seeded):
    category = Category.objects.resolve("data/ml")
    publish = publishing(category="data/ml")[0]
    published, removed = at_once([publish, category.remove])
    exists = Category.objects.filter(path="data/ml").exists()
    assert exists == (removed is not None) == Skill.objects.exists()
    assert exists != isinstance(published, TaxonomyError)


def test_moves_that_cross_do_not_wait_for_each_other(seeded):
    """One category moves below the other; the second move would then be below
    itself."""
    for turn in range(8):
        pair = [f"first-{turn}", f"second-{turn}"]
        for path in pair:
            Category.objects.create_at(path)
            Category.objects.create_at(f"{path}/below")
        one, other = map(Category.objects.resolve, pair)
        crossing = [
            lambda to=f"{other.path}/below/{one.path}", one=one: one.move(to),
            lambda to=f"{one.path}/below/{other.path}", other=other: other.move(to),
        ]
        results = at_once(crossing)
        refused = [each for each in results if isinstance(each, TaxonomyError)]
        assert [each.code for each in refused] == ["invalid_path"]


def test_a_category_that_moves_and_is_deleted_at_once_does_either(seeded):
    for turn in range(8):
        moving = Category.objects.create_at(f"short-{turn}")
        going = Category.objects.resolve(moving.path)
        results = at_once([lambda m=moving, t=turn: m.move(f"data/m{t}"), going.remove])
        assert [each.code for each in results if each] in ([], ["unknown_category"])
        assert not Category.objects.filter(pk=moving.pk).exists()
