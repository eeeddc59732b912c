"""The API of relations between skills."""

import pytest

from taxonomy.models import Relation, Skill
from tests.tables import CopiedRows, seed
from tests.taxonomy.skills import skill_files

SKILLS = "/api/v1/skills"


def publish_three():
    for name in "abc":
        Skill.objects.publish(skill_files(name=name))


three_skills = CopiedRows(publish_three, on=seed)


@pytest.fixture
def chain(curator):
    """a → b → c: a requires b, and b requires c."""
    three_skills()
    for one, other in ("ab", "bc"):
        relate(curator, one, required=[other])
    return curator


def relate(client, name, code=200, **relations):
    answer = client.put(f"{SKILLS}/{name}/relations", relations)
    assert answer.status_code == code, answer.json()
    return answer.json()


def names(pointers):
    return [each["name"] for each in pointers]


def test_what_is_needed_in_all_is_listed_from_both_ends(chain, viewer):
    relations = viewer.get(f"{SKILLS}/a/relations").json()
    assert relations["required"] == [{"name": "b", "available": True}]
    assert names(relations["requires_all"]) == ["b", "c"]
    last = viewer.get(f"{SKILLS}/c/relations").json()
    assert (last["required_by"], last["required_by_count"]) == (["b"], 1)
    assert chain.delete(f"{SKILLS}/b").status_code == 204
    assert viewer.get(f"{SKILLS}/c/relations").json()["required_by"] == []
    assert not viewer.get(f"{SKILLS}/a/relations").json()["required"][0]["available"]


def test_a_circle_is_refused_and_named(chain):
    refused = relate(chain, "c", 409, required=["a"], see_also=["b"])
    assert refused["code"] == "relation_cycle"
    assert "c → a → b → c" in refused["detail"] + str(refused["errors"])
    assert not Relation.objects.filter(skill__name="c").exists()
    relate(chain, "c", recommended=["a"])


def test_a_name_that_nobody_has_yet_waits_for_its_skill(chain, viewer):
    relations = relate(chain, "c", required=["later"])
    assert relations["required"] == [{"name": "later", "available": False}]
    Skill.objects.publish(skill_files(name="later"))
    assert names(viewer.get(f"{SKILLS}/a/relations").json()["requires_all"]) == [
        "b",
        "c",
        "later",
    ]
    relate(chain, "c", required=["a-new"])
    taken = chain.patch(f"{SKILLS}/a", {"name": "a-new"})
    assert (taken.status_code, taken.json()["code"]) == (409, "relation_cycle")
    assert viewer.get(f"{SKILLS}/a").json()["name"] == "a"


def test_a_renamed_skill_is_shown_by_its_new_name(chain, viewer):
    chain.patch(f"{SKILLS}/b", {"name": "bee"})
    assert viewer.get(f"{SKILLS}/a").json()["relations"] == [
        {"kind": "required", "target": "bee"}
    ]
    again = relate(chain, "a", required=["b", "bee"])
    assert names(again["required"]) == ["bee"]
    assert Relation.objects.filter(skill__name="a").count() == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"required": ["a"]}, "required"),
        ({"required": ["b"], "conflict": ["b"]}, "conflict"),
        ({"conflict": ["b"]}, "conflict"),
        ({"required": "b"}, "required"),
        ({"required": ["Not A Name"]}, "required[0]"),
        ({"required": [5]}, "required[0]"),
        ({"required": ["x"] * 101}, "required"),
        ({"surprise": []}, "surprise"),
    ],
)
def test_what_cannot_be_is_a_400_that_names_the_field(chain, body, field):
    refused = relate(chain, "a", 400, **body)
    assert field in refused["errors"], refused
    assert Relation.objects.filter(skill__name="a").count() == 1


def test_an_archived_skill_is_told_of_by_what_was_written_alone(chain, viewer):
    chain.patch(f"{SKILLS}/b", {"name": "bee"})
    chain.post(f"{SKILLS}/c/deprecate", {"reason": "Old.", "replacement": "bee"})
    assert viewer.get(f"{SKILLS}/c").json()["replacement"] == "bee"
    chain.delete(f"{SKILLS}/bee")

    relations = viewer.get(f"{SKILLS}/a/relations").json()
    assert relations["required"] == [{"name": "b", "available": False}]
    assert relations["requires_all"] == [], "it is hidden that bee requires c"
    assert names(chain.get(f"{SKILLS}/a/relations").json()["requires_all"]) == ["c"]
    assert viewer.get(f"{SKILLS}/a").json()["relations"][0]["target"] == "b"
    assert viewer.get(f"{SKILLS}/c").json()["replacement"] is None


def test_a_relation_keeps_the_name_by_which_it_was_made(chain, viewer):
    chain.patch(f"{SKILLS}/b", {"name": "bee"})
    chain.delete(f"{SKILLS}/bee")

    relate(chain, "c", see_also=["b"])
    assert names(viewer.get(f"{SKILLS}/c/relations").json()["see_also"]) == ["b"]
    assert viewer.get(f"{SKILLS}/c").json()["relations"][0]["target"] == "b"
    chain.patch(f"{SKILLS}/bee", {"status": "active"})
    assert names(viewer.get(f"{SKILLS}/c/relations").json()["see_also"]) == ["bee"]


def test_a_name_under_which_relations_contradict_each_other_is_refused(chain, viewer):
    relate(chain, "a", required=["b"], conflict=["later"])
    relate(chain, "c", conflict=["later"])

    refused = chain.patch(f"{SKILLS}/b", {"name": "later"})

    assert (refused.status_code, refused.json()["code"]) == (409, "name_contradicts")
    assert "relations of a first" in refused.json()["errors"]["name"][0]
    assert viewer.get(f"{SKILLS}/b").json()["name"] == "b"
    relate(chain, "a", conflict=[])
    assert chain.patch(f"{SKILLS}/b", {"name": "later"}).status_code == 200
    relations = viewer.get(f"{SKILLS}/c/relations").json()
    assert relations["conflict"] == [{"name": "later", "available": True}]
