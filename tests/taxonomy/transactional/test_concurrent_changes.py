"""Concurrent changes of the tree and of relations are complete or refused."""

import pytest

from taxonomy.api.categories import whole_tree
from taxonomy.exceptions import TaxonomyError
from taxonomy.models import Category, Relation, Skill
from tests.taxonomy.skills import skill_files
from tests.taxonomy.transactional.test_concurrent_publishing import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_merges_moves_and_skills_that_cross_leave_a_whole_tree(seeded):
    for path in ("data/ml/deep", "research/analysis/deep"):
        Category.objects.create_at(path)
    for number in range(4):
        Skill.objects.publish(skill_files(f"skill-{number}"), category="data/ml/deep")
    ml, analysis = map(Category.objects.resolve, ("data/ml", "research/analysis"))
    skill = Skill.objects.get(name="skill-0")

    results = at_once(
        [
            lambda: ml.merge_into(analysis),
            lambda: analysis.merge_into(Category.objects.get(path="operations")),
            lambda: skill.revise(category="research/analysis/deep"),
            lambda: Skill.objects.publish(skill_files("late"), category="data/ml"),
            lambda: Category.objects.create_at("data/ml/new"),
            lambda: Category.objects.resolve("research").move("data/research"),
        ]
    )

    faults = [each for each in results if isinstance(each, Exception)]
    assert all(isinstance(each, TaxonomyError) for each in faults)
    for category in Category.objects.select_related("parent"):
        above = category.parent.path if category.parent else ""
        assert category.path.rpartition("/")[0] == above
    for path in ("data/ml", "data/ml/deep", "research/analysis"):
        assert Category.objects.resolve(path)
    total = sum(node["skills"] for node in whole_tree())
    assert total == Skill.objects.count() >= 4


def test_of_requirements_that_close_a_circle_one_is_refused(seeded):
    a, b, c = (Skill.objects.publish(skill_files(name)).skill for name in "abc")

    def requiring(skill, other):
        relations = {Relation.Kind.REQUIRED: [other.name]}
        return lambda: Relation.objects.relate(skill, relations)

    results = at_once([requiring(a, b), requiring(b, c), requiring(c, a)])

    refused = [each for each in results if each]
    assert [each.code for each in refused] == ["relation_cycle"]
    assert Relation.objects.count() == 2
