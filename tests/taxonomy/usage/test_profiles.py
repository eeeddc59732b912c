"""Profiles are set by /user/{id} and shape the tree, the ranking and the XML."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from taxonomy.models import Address, Category, Profile
from tests.skillfleet.refusals import refused
from tests.taxonomy.conftest import client_of
from tests.taxonomy.usage.conftest import event, publish

ME, MINE = "/api/v1/user/me", "/api/v1/taxonomy/user/me"


@pytest.fixture
def fleet(seeded):
    publish("pytest-tips", "development/practices/testing")
    publish("redis-tips", "data/databases/redis")
    publish("charts", "data/analytics")
    publish("plain-words", "communication")


def tell(client, **profile):
    answer = client.patch(ME, {"profile": profile})
    assert answer.status_code == 200, answer.content
    return answer.json()["profile"]


def ranking(client):
    return [skill["name"] for skill in client.get(MINE).json()["ranking"]]


def paths(nodes):
    return [node["path"] for node in nodes]


def test_a_user_who_set_nothing_has_a_profile_too(viewer):
    assert viewer.get(ME).json()["profile"] == {
        "experience": "intermediate",
        "hidden": [],
        "mounted": [],
        "priorities": {},
    }
    assert not Profile.objects.exists()


def test_a_sent_field_replaces_its_former_value(viewer):
    tell(viewer, hidden=["data"], priorities={"operations": 3})

    profile = tell(viewer, hidden=["research"], experience="expert")

    assert profile == {
        "experience": "expert",
        "hidden": ["research"],
        "mounted": [],
        "priorities": {"operations": 3},
    }
    assert viewer.get(ME).json()["profile"] == profile


def test_hidden_categories_are_left_out_and_mounted_ones_come_first(viewer, fleet):
    tell(
        viewer,
        hidden=["data/databases", "research"],
        mounted=["communication"],
        priorities={"data/analytics": 7},
    )

    tree = viewer.get(MINE).json()

    assert paths(tree["categories"]) == [
        "communication",
        "data",
        "development",
        "operations",
        "uncategorized",
    ]
    communication, data = tree["categories"][:2]
    assert communication["mounted"] and not data["mounted"]
    assert paths(data["children"]) == ["data/analytics", "data/ml"]
    assert data["skills"] == 1, "what is hidden is not counted"
    assert [skill["name"] for skill in tree["ranking"]] == [
        "plain-words",
        "charts",
        "pytest-tips",
    ]


def test_uses_and_experience_rank(viewer, curator, fleet, report):
    assert ranking(viewer) == ["charts", "plain-words", "pytest-tips", "redis-tips"]
    curator.patch("/api/v1/skills/redis-tips", {"style": "minimal"})
    tell(viewer, experience="expert")
    assert ranking(viewer)[0] == "redis-tips"

    report(viewer, *(event("pytest-tips") for _ in range(8)))

    tree = viewer.get(MINE).json()
    best = tree["ranking"][0]
    assert (best["name"], best["uses"]) == ("pytest-tips", 8)
    assert paths(tree["categories"])[0] == "development"
    assert ranking(curator)[0] == "charts", "it is one person's own"


def test_the_xml_follows_the_profile(viewer, fleet):
    tell(viewer, hidden=["data"], mounted=["development"])

    whole = viewer.get("/api/v1/taxonomy/xml").content.decode()
    mine = viewer.get("/api/v1/taxonomy/xml?user_id=me").content.decode()
    results = viewer.get("/api/v1/taxonomy/xml?user_id=me&q=tips").content.decode()

    assert "redis-tips" in whole
    assert "redis-tips" not in mine + results
    assert mine.index("pytest-tips") < mine.index("plain-words")
    assert "pytest-tips" in results and "plain-words" not in results


def test_a_moved_category_is_hidden_where_it_is_now(viewer, curator, fleet):
    tell(viewer, hidden=["data/databases"])

    curator.patch("/api/v1/taxonomy/data/databases", {"path": "operations/databases"})

    assert viewer.get(ME).json()["profile"]["hidden"] == ["operations/databases"]
    assert "redis-tips" not in ranking(viewer)
    curator.delete("/api/v1/skills/redis-tips")
    Category.objects.create_at("data/databases-2")
    assert "hidden" not in viewer.get(MINE).json()["categories"][0]


def test_adapting_sets_priorities_by_use_and_says_which(viewer, fleet, report):
    tell(viewer, hidden=["communication"], priorities={"data/ml": 2})
    for name, uses in {"redis-tips": 10, "charts": 4, "plain-words": 9}.items():
        report(viewer, *(event(name, "succeeded") for _ in range(uses)))
    report(viewer, *(event("pytest-tips", "read") for _ in range(9)))

    proposed = viewer.post(f"{MINE}/adapt", {"dry_run": True}).json()
    assert viewer.get(ME).json()["profile"]["priorities"] == {"data/ml": 2}
    done = viewer.post(f"{MINE}/adapt", {}).json()

    assert (
        done["changed"]
        == proposed["changed"]
        == [
            {
                "category": "data/databases/redis",
                "former": None,
                "priority": 10,
                "uses": 10,
            },
            {"category": "data/analytics", "former": None, "priority": 4, "uses": 4},
        ]
    )
    assert viewer.get(ME).json()["profile"] == done["profile"] == proposed["profile"]
    assert viewer.post(f"{MINE}/adapt", {}).json()["changed"] == []


def test_a_move_by_a_curator_locks_nobodys_profile(viewer, curator, fleet, report):
    tell(viewer, hidden=["research"], mounted=["data/analytics"])
    report(viewer, *(event("redis-tips") for _ in range(4)))
    move = {"path": "research/analytics"}
    answer = curator.patch("/api/v1/taxonomy/data/analytics", move)
    assert answer.status_code == 200

    assert tell(viewer, experience="expert")["mounted"] == ["research/analytics"]
    proposed = viewer.post(f"{MINE}/adapt", {"dry_run": True}).json()
    done = viewer.post(f"{MINE}/adapt", {}).json()
    assert done["changed"] == proposed["changed"] != []
    again = {"profile": {"hidden": ["research", "operations"]}}
    answer = refused(viewer.patch(ME, again), 400, "profile")
    assert list(answer["errors"]) == ["profile.hidden"]
    assert tell(viewer, mounted=[])["hidden"] == ["research"]


def test_adapting_takes_as_many_categories_as_there_is_room_for(
    viewer, fleet, report, settings
):
    settings.SKILLFLEET_MAX_PROFILE_PATHS = 3
    tell(viewer, priorities={"data/analytics": 1, "operations": 2})
    for name, uses in {"redis-tips": 10, "charts": 5, "plain-words": 9}.items():
        report(viewer, *(event(name) for _ in range(uses)))

    proposed = viewer.post(f"{MINE}/adapt", {"dry_run": True}).json()
    done = viewer.post(f"{MINE}/adapt", {}).json()

    assert done["changed"] == proposed["changed"]
    assert viewer.get(ME).json()["profile"]["priorities"] == {
        "data/databases/redis": 10,
        "data/analytics": 5,
        "operations": 2,
    }


@pytest.mark.parametrize(
    ("profile", "place"),
    [
        ({"hidden": ["no/such"]}, "profile.hidden"),
        ({"mounted": ["data/ml"], "hidden": ["data"]}, "profile.mounted"),
        ({"priorities": {"data": 11}}, "profile.priorities.data"),
        ({"priorities": {"data": "7"}}, "profile.priorities.data"),
        ({"priorities": {f"p{n}": 1 for n in range(51)}}, "profile.priorities"),
        ({"mounted": ["data"] * 51}, "profile.mounted"),
        ({"mounted": "data"}, "profile.mounted"),
        ({"experience": "wizard"}, "profile.experience"),
        ({"colour": "red"}, "profile.colour"),
        ("text", "profile"),
        (None, "profile"),
    ],
)
def test_a_profile_that_cannot_be_is_refused_and_nothing_changes(
    viewer, profile, place
):
    former = tell(viewer, hidden=["research"])

    body = {"first_name": "Kim", "profile": profile}
    answer = refused(viewer.patch(ME, body), 400, "profile")

    assert list(answer["errors"]) == [place]
    person = viewer.get(ME).json()
    assert (person["profile"], person["first_name"]) == (former, "")


def test_one_sees_and_changes_ones_own_and_operators_everyones(viewer, author, fleet):
    operator = client_of("operator")
    number = viewer.get(ME).json()["id"]
    theirs = f"/api/v1/taxonomy/user/{number}"

    for client, status in ((viewer, 200), (author, 404), (operator, 200)):
        assert client.get(theirs).status_code == status
        xml = f"/api/v1/taxonomy/xml?user_id={number}"
        assert client.get(xml).status_code == status
        assert client.post(f"{theirs}/adapt", {}).status_code == status
    assert operator.get("/api/v1/taxonomy/user/987654").status_code == 404
    assert client_of(None).get(MINE).status_code == 401


@pytest.mark.parametrize("user_id", ["", "0", "-1", "0001", "ME", "1" * 20])
def test_an_id_that_nobody_has_is_a_404(seeded, user_id):
    operator = client_of("operator")

    response = operator.get("/api/v1/taxonomy/xml", {"user_id": user_id})

    assert refused(response, 404)["code"] == "not_found"


def test_a_merged_category_is_hidden_where_its_skills_are_now(viewer, curator, fleet):
    tell(viewer, hidden=["data/analytics"], priorities={"data/analytics": 9})

    merge = "/api/v1/taxonomy/data/analytics/merge"
    assert curator.post(merge, {"into": "research/analysis"}).status_code == 200

    profile = viewer.get(ME).json()["profile"]
    assert profile["hidden"] == ["research/analysis"]
    assert profile["priorities"] == {"research/analysis": 9}
    assert "charts" not in ranking(viewer)


def test_nobody_has_a_profile_where_all_may_read(settings, anonymous):
    settings.SKILLFLEET_PUBLIC_READ = True

    for address in (MINE, "/api/v1/taxonomy/xml?user_id=me"):
        assert anonymous.get(address).status_code == 401


def test_ten_thousand_categories_take_eight_queries(viewer, fleet, report):
    roots = Category.objects.bulk_create(
        [Category(path=f"wide-{n}", name="Wide") for n in range(100)]
    )
    leaves = Category.objects.bulk_create(
        Category(path=f"{root.path}/deep-{n}", name="Deep", parent=root)
        for root in roots
        for n in range(100)
    )
    registered = (*roots, leaves[7 * 100 + 7])
    Address.objects.register({each.path: each.pk for each in registered})
    tell(viewer, mounted=["wide-7/deep-7"], hidden=["wide-8"], priorities={"data": 5})
    report(viewer, event("charts"))

    with CaptureQueriesContext(connection) as queries:
        tree = viewer.get(MINE).json()["categories"]

    assert len(queries) <= 8
    assert len(tree) == 105
    assert paths(tree)[:2] == ["wide-7", "data"]
