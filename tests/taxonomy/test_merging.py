"""Categories are merged: their skills and every path still resolve."""

import pytest

from taxonomy.models import Address, Category, Skill
from tests.tables import CopiedRows, seed
from tests.taxonomy.skills import skill_files

TAXONOMY = "/api/v1/taxonomy"


def make_fleet():
    """Skills in data/ml, data/ml/deep, research/analysis and research/analysis/deep."""
    for path in ("data/ml/deep", "data/ml/wide", "research/analysis/deep"):
        Category.objects.create_at(path)
    Category.objects.resolve("data/ml").move("data/learning")
    for number, path in enumerate(
        ("data/learning", "data/learning/deep", "research/analysis/deep")
    ):
        Skill.objects.publish(skill_files(f"skill-{number}"), category=path)


rows_of_the_fleet = CopiedRows(make_fleet, on=seed)


@pytest.fixture
def fleet(seeded):
    rows_of_the_fleet()


def test_all_that_was_in_it_is_in_the_other_by_old_and_new_paths(
    fleet, curator, viewer
):
    answer = curator.post(f"{TAXONOMY}/data/ml/merge", {"into": "research/analysis"})
    assert answer.status_code == 200, answer.json()
    assert answer.json()["aliases"] == ["data/learning", "data/ml"]
    placed = dict(Skill.objects.values_list("name", "category__path"))
    assert placed == {
        "skill-0": "research/analysis",
        "skill-1": "research/analysis/deep",
        "skill-2": "research/analysis/deep",
    }
    for path, leads_to in {
        "data/ml": "research/analysis",
        "data/learning/deep": "research/analysis/deep",
        "data/ml/wide": "research/analysis/wide",
    }.items():
        assert viewer.get(f"{TAXONOMY}/{path}").json()["path"] == leads_to
    assert not Category.objects.within("data/learning").exists()
    for query in (
        {"category": "data/ml/deep"},
        {"path": "data/learning/deep"},
        {"path": "data/learning/deep/skill-1", "q": "skill-1"},
    ):
        results = viewer.get("/api/v1/skills", query).json()["results"]
        assert "skill-1" in [each["name"] for each in results], query
    assert curator.post(TAXONOMY, {"path": "data/ml"}).status_code == 409


def test_a_category_goes_up_into_its_parent(fleet, curator):
    answer = curator.post(f"{TAXONOMY}/data/learning/merge", {"into": "data"})
    assert answer.status_code == 200, answer.json()
    assert Category.objects.filter(path="data/deep", parent__path="data").exists()


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        ("data/learning", {"into": "data/learning"}, 400, "into"),
        ("data", {"into": "data/learning/deep"}, 400, "into"),
        ("data", {"into": "no/such"}, 400, "into"),
        ("data", {"into": 5}, 400, "into"),
        ("data", {}, 400, "into"),
        ("data", {"into": "research", "surprise": 1}, 400, "surprise"),
        ("data/learning", {"into": "operations"}, 409, "path"),
    ],
)
def test_what_cannot_be_merged_stays_as_it_was(
    fleet, curator, path, body, status, field
):
    Category.objects.create_at("operations/deep").move("research/once")
    before = set(Address.objects.values_list("path", "category__path"))
    answer = curator.post(f"{TAXONOMY}/{path}/merge", body)
    assert (answer.status_code, field in answer.json()["errors"]) == (status, True)
    assert set(Address.objects.values_list("path", "category__path")) == before
    assert curator.post(f"{TAXONOMY}/no/such/merge", {}).status_code == 404


@pytest.fixture
def winding(seeded):
    """a/b/c/b/c would be a/b/c, when that becomes a part of a."""
    for path in ("a", "a/b", "a/b/c", "a/b/c/b", "a/b/c/b/c"):
        Category.objects.create_at(path)
    Skill.objects.publish(skill_files(), category="a/b/c/b/c")


def test_no_category_takes_the_path_of_a_merged_one(winding, curator):
    answer = curator.post(f"{TAXONOMY}/a/b/c/merge", {"into": "a"})

    assert (answer.status_code, answer.json()["code"]) == (409, "path_taken")
    assert "Move a/b/c/b/c elsewhere first." in answer.json()["errors"]["path"][0]
    moved = curator.patch(f"{TAXONOMY}/a/b/c/b/c", {"path": "a/last"})
    assert moved.status_code == 200
    assert curator.post(f"{TAXONOMY}/a/b/c/merge", {"into": "a"}).status_code == 200
    paths = Category.objects.within("a").values_list("path", flat=True)
    assert list(paths) == ["a", "a/b", "a/last"]


def test_the_name_of_an_action_is_no_category(curator):
    for path in ("data/merge", "data/merge/x"):
        assert curator.post(TAXONOMY, {"path": path}).status_code == 400
