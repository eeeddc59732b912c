"""A skill is found by every full path that it ever had."""

import pytest

from taxonomy.models import Category, FormerPath, Skill
from tests.taxonomy.skills import skill_files

SKILLS = "/api/v1/skills"


@pytest.fixture
def led(viewer):
    """The names of the skills that a full path resolves to."""

    def names(path):
        answer = viewer.get(SKILLS, {"path": path})
        assert answer.status_code == 200, answer.json()
        return [each["name"] for each in answer.json()["results"]]

    return names


def moved(curator):
    return curator.patch(f"{SKILLS}/pdf-tools", {"category": "data/ml"})


def published(curator):
    content = skill_files(body="# Other\n")[0].content.decode()
    body = {"content": content, "category": "data/ml"}
    return curator.put(f"{SKILLS}/pdf-tools", body)


def published_as_it_is(curator):
    skill = Skill.objects.get(name="pdf-tools")
    Skill.objects.publish(skill.current.bundle.files(), category="data/ml")
    return curator.get(f"{SKILLS}/pdf-tools")


@pytest.mark.parametrize("placed", [moved, published, published_as_it_is])
def test_the_path_of_before_a_move_leads_to_the_skill(curator, pdf_tools, led, placed):
    assert placed(curator).json()["path"] == "data/ml/pdf-tools"

    for path in ("development/practices/pdf-tools", "data/ml/pdf-tools"):
        assert led(path) == ["pdf-tools"], path
    assert led("development/practices") == []
    assert led("data/lakes/pdf-tools") == []


def test_every_former_name_in_every_former_path_leads_to_it(curator, pdf_tools, led):
    Category.objects.resolve("development/practices").move("development/habits")
    moved(curator)
    curator.patch(f"{SKILLS}/pdf-tools", {"name": "pdf-kit"})
    Category.objects.resolve("development").move("engineering")

    for place in (
        "development/practices",
        "development/habits",
        "engineering/habits",
        "data/ml",
    ):
        for name in ("pdf-tools", "pdf-kit"):
            assert led(f"{place}/{name}") == ["pdf-kit"], (place, name)


def test_a_merge_takes_along_where_skills_were(curator, pdf_tools, led):
    Category.objects.create_at("research/practices")
    for place in (
        "research/practices",
        "data/ml",
    ):  # in both categories that are merged
        curator.patch(f"{SKILLS}/pdf-tools", {"category": place})
    other = Skill.objects.publish(skill_files("other"), category="development").skill
    other.revise(category="data/ml")

    curator.post("/api/v1/taxonomy/development/merge", {"into": "research"})

    for path in ("development/practices", "research/practices", "data/ml"):
        assert led(f"{path}/pdf-tools") == ["pdf-tools"], path
    assert led("development/other") == led("research/other") == ["other"]
    places = FormerPath.objects.values_list("skill__name", "category__path")
    assert sorted(places) == [
        ("other", "research"),
        ("pdf-tools", "research/practices"),
    ]


def test_a_skill_that_returns_is_listed_once(curator, pdf_tools, led):
    for place in ("data/ml", "development/practices", "data/ml", "data/ml"):
        curator.patch(f"{SKILLS}/pdf-tools", {"category": place})

    assert FormerPath.objects.count() == 2
    assert led("data/ml/pdf-tools") == ["pdf-tools"]


def test_the_paths_of_a_category_that_is_removed_lead_nowhere(curator, pdf_tools, led):
    curator.patch(f"{SKILLS}/pdf-tools", {"category": "data/ml"})
    pdf_tools.refresh_from_db()
    pdf_tools.revise(category="operations")

    assert curator.delete("/api/v1/taxonomy/data/ml").status_code == 204
    assert led("data/ml/pdf-tools") == []
    assert led("development/practices/pdf-tools") == ["pdf-tools"]
