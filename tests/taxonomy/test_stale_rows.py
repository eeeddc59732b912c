"""An instance read before a concurrent change writes only what it was asked to."""

import pytest

from taxonomy.exceptions import UnknownCategory
from taxonomy.models import Category, Label, Skill

pytestmark = pytest.mark.django_db


@pytest.fixture
def stale(pdf_tools) -> Skill:
    """An instance read before somebody moved and deprecated the skill."""
    read = Skill.objects.get()
    pdf_tools.revise(category="operations", status="deprecated")
    return read


def test_another_field_leaves_a_concurrent_move_alone(stale):
    stale.revise(weight="heavyweight")

    skill = Skill.objects.get()
    assert skill.category.path == stale.category.path == "operations"
    assert (skill.status, skill.weight) == ("deprecated", "heavyweight")


def test_labels_leave_a_concurrent_move_alone(stale):
    stale.revise(labels={Label.Kind.TAG: ["new"]})

    assert Skill.objects.get().category.path == "operations"


def test_a_name_that_is_no_longer_the_skills_is_a_rename(pdf_tools):
    read = Skill.objects.get()
    pdf_tools.revise(name="pdf-kit")
    read.refresh_from_db(fields=["current"])

    read.revise(name="pdf-tools")

    assert read.name == Skill.objects.get().name == "pdf-tools"


def test_a_category_moves_from_where_it_is_now(seeded):
    read = Category.objects.resolve("data/ml")
    Category.objects.resolve("data/ml").move("research/ml")

    read.move("data/ml")

    assert Category.objects.get(pk=read.pk).path == read.path == "data/ml"


def test_a_category_that_was_deleted_meanwhile_is_not_moved(seeded):
    read = Category.objects.resolve("data/ml")
    Category.objects.resolve("data/ml").remove()

    with pytest.raises(UnknownCategory, match="no such category"):
        read.move("research/ml")


@pytest.mark.parametrize("change", ["remove", "merge"])
def test_a_category_that_is_gone_is_not_described(seeded, change):
    read = Category.objects.resolve("data/ml")
    removed = Category.objects.get(pk=read.pk)
    removed.remove() if change == "remove" else removed.merge_into(
        Category.objects.resolve("research")
    )

    with pytest.raises(UnknownCategory, match="no such category"):
        read.revise(description="Models.")
