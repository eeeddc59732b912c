"""The API of categories."""

import pytest

from taxonomy.models import Category, Skill
from tests.taxonomy.skills import skill_files

TAXONOMY = "/api/v1/taxonomy"


def test_the_tree_is_nested_and_counts_active_skills(viewer, pdf_tools):
    archived = Skill.objects.publish(skill_files(name="old"), category="development")
    archived.skill.archive()
    roots = viewer.get(TAXONOMY).json()["categories"]
    assert [each["path"] for each in roots] == [
        "development",
        "operations",
        "data",
        "communication",
        "research",
        "uncategorized",
    ]
    development = roots[0]
    assert development["skills"] == 1
    practices = development["children"][2]
    assert (practices["path"], practices["skills"]) == ("development/practices", 1)
    assert next(each["path"] for each in practices["children"]) == (
        "development/practices/tdd"
    )


def test_a_branch_shows_what_is_in_it_and_below(viewer, pdf_tools):
    branch = viewer.get(f"{TAXONOMY}/development/practices").json()
    assert (branch["parent"], branch["name"]) == ("development", "Practices")
    assert len(branch["children"]) == 4
    validation = viewer.get("/api/v1/skills/pdf-tools").json()["validation"]
    assert branch["skills"] == [
        {
            "name": "pdf-tools",
            "path": "development/practices/pdf-tools",
            "description": pdf_tools.description,
            "version": "1.0.0",
            "validation": validation,
        }
    ]


def test_a_branch_shows_the_first_skills_and_says_how_many_there_are(
    viewer, seeded, settings
):
    settings.SKILLFLEET_MAX_PAGE_SIZE = 2
    for number in range(4):
        place = "data/ml" if number == 3 else "data"
        Skill.objects.publish(skill_files(f"skill-{number}"), category=place)

    branch = viewer.get(f"{TAXONOMY}/data").json()

    assert [each["name"] for each in branch["skills"]] == ["skill-0", "skill-1"]
    assert branch["skills_count"] == 3
    assert viewer.get(branch["skills_url"]).json()["count"] == 4


def test_seeding_twice_changes_nothing_and_keeps_what_was_moved(seeded):
    Category.objects.resolve("data/ml").move("research/ml")
    before = set(Category.objects.values_list("path", flat=True))
    from django.core.management import call_command

    call_command("seed_taxonomy", verbosity=0)
    assert set(Category.objects.values_list("path", flat=True)) == before


def test_a_curator_creates_a_category(curator):
    body = {"path": "data/lakes", "description": "Large and flat.", "position": 7}
    answer = curator.post(TAXONOMY, body)
    assert answer.status_code == 201, answer.json()
    assert answer.json()["name"] == "Lakes"
    assert curator.get(f"{TAXONOMY}/data/lakes").json()["position"] == 7
    again = curator.post(TAXONOMY, body)
    assert (again.status_code, again.json()["code"]) == (409, "path_taken")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"path": "xml"},
        {"path": "user/1"},
        {"path": "Data"},
        {"path": "data/"},
        {"path": "/data"},
        {"path": "data//x"},
        {"path": "data/-x"},
        {"path": "no/such"},
        {"path": "x" * 300},
        {"path": 5},
    ],
)
def test_a_path_that_cannot_be_is_a_400(curator, body):
    answer = curator.post(TAXONOMY, body)
    assert answer.status_code == 400
    assert "path" in answer.json()["errors"]


@pytest.mark.parametrize(
    "change",
    [
        {"position": -1},
        {"name": ""},
        {"position": 10**18},
        {"position": "7"},
        {"other": 1},
    ],
)
def test_a_bad_change_is_a_400_that_names_the_field(curator, change):
    answer = curator.patch(f"{TAXONOMY}/data", change)
    assert answer.status_code == 400
    assert next(iter(change)) in answer.json()["errors"]


def test_moving_a_branch_keeps_every_former_path(curator, seeded):
    Skill.objects.publish(skill_files(), category="data/databases/redis")
    answer = curator.patch(f"{TAXONOMY}/data/databases", {"path": "operations/stores"})
    assert answer.status_code == 200, answer.json()
    assert answer.json()["aliases"] == ["data/databases"]
    assert curator.get("/api/v1/skills/pdf-tools").json()["path"] == (
        "operations/stores/redis/pdf-tools"
    )
    moved = curator.get(f"{TAXONOMY}/data/databases/redis").json()
    assert (moved["path"], moved["parent"]) == (
        "operations/stores/redis",
        "operations/stores",
    )
    page = curator.get("/api/v1/skills", {"category": "data/databases"}).json()
    assert page["count"] == 1
    taken = curator.post(TAXONOMY, {"path": "data/databases"})
    assert taken.status_code == 409
    back = curator.patch(f"{TAXONOMY}/operations/stores", {"path": "data/databases"})
    assert back.json()["path"] == "data/databases"


def test_a_former_path_leads_to_what_a_new_one_lies_in(curator, seeded):
    curator.patch(f"{TAXONOMY}/data/databases", {"path": "operations/stores"})

    made = curator.post(TAXONOMY, {"path": "data/databases/mongo"})
    assert (made.status_code, made.json()["path"]) == (201, "operations/stores/mongo")
    moved = curator.patch(f"{TAXONOMY}/data/ml", {"path": "data/databases/ml"})
    assert (moved.status_code, moved.json()["path"]) == (200, "operations/stores/ml")

    again = curator.post(TAXONOMY, {"path": "data/databases/redis"})
    assert (again.status_code, again.json()["code"]) == (409, "path_taken")
    assert "'operations/stores/redis'" in again.json()["errors"]["path"][0]
    below = curator.patch(
        f"{TAXONOMY}/operations/stores", {"path": "data/databases/below"}
    )
    assert below.json()["code"] == "invalid_path"
    too_long = curator.post(TAXONOMY, {"path": "data/ml/" + "x" * 240})
    assert (too_long.status_code, too_long.json()["code"]) == (400, "invalid_path")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("data/databases/below", 400),
        ("research", 409),
        ("no/such", 400),
        ("xml", 400),
        ("data/" + "x" * 240, 400),
    ],
)
def test_a_move_that_cannot_be_leaves_all_as_it_was(curator, path, code):
    Category.objects.create_at("data/databases/postgresql/a-very-long-name-for-a-test")
    before = list(Category.objects.values_list("path", flat=True))
    answer = curator.patch(f"{TAXONOMY}/data/databases", {"path": path})
    assert (answer.status_code, "path" in answer.json()["errors"]) == (code, True)
    assert list(Category.objects.values_list("path", flat=True)) == before


def test_only_an_empty_category_is_deleted(curator, pdf_tools):
    for path in ("development/practices", "data"):
        answer = curator.delete(f"{TAXONOMY}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (409, "category_in_use")
    assert curator.delete(f"{TAXONOMY}/data/ml").status_code == 204
    assert curator.get(f"{TAXONOMY}/data/ml").status_code == 404


@pytest.mark.parametrize("path", ["no/such", "data/", "Data", "x" * 400])
def test_a_category_that_is_not_there_is_a_404(curator, path):
    for answer in (
        curator.get(f"{TAXONOMY}/{path}"),
        curator.patch(f"{TAXONOMY}/{path}", {}),
        curator.delete(f"{TAXONOMY}/{path}"),
    ):
        assert answer.status_code == 404
