"""Answers that show usage and profiles are cached, and invalidated by them alone."""

import pytest
from django.contrib.auth.models import User

from taxonomy.models import Skill
from taxonomy.usage import maintain_usage
from tests.taxonomy.conftest import client_of
from tests.taxonomy.skills import skill_files
from tests.taxonomy.usage.conftest import event

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("seeded"),
]

MINE = ["/taxonomy/user/me", "/taxonomy/xml?user_id=me", "/user/me"]
FIGURES = ["/analytics", "/analytics/recommendations"]


def outcomes(client, *addresses):
    return [client.get(f"/api/v1{each}")["X-Cache"] for each in addresses]


def test_a_batch_invalidates_the_counts_and_what_ranks_by_its_users_usage():
    Skill.objects.publish(skill_files(), category="data")
    curator, viewer = client_of("curator"), client_of("viewer")
    for client in (curator, viewer):
        outcomes(client, *MINE)
        assert outcomes(client, *MINE) == ["HIT"] * 3
    outcomes(curator, *FIGURES)
    assert outcomes(curator, *FIGURES) == ["HIT"] * 2

    viewer.post("/api/v1/usage", {"events": [event("pdf-tools"), event("pdf-tools")]})

    assert outcomes(curator, *FIGURES) == ["MISS"] * 2
    assert outcomes(curator, *MINE, "/skills") == ["HIT"] * 3 + ["MISS"]
    assert outcomes(viewer, *MINE, "/skills") == ["MISS", "MISS", "HIT", "MISS"]
    assert curator.get("/api/v1/analytics").json()["totals"]["uses"] == 2

    maintain_usage()
    assert curator.get("/api/v1/analytics").json()["totals"]["uses"] == 2


def test_the_same_address_is_one_persons_with_user_id_and_everyones_without():
    viewer = client_of("viewer")

    own = viewer.get("/api/v1/taxonomy/xml?user_id=me")
    shared = viewer.get("/api/v1/taxonomy/xml")

    assert own["Cache-Control"] == "private, no-cache"
    assert shared["Cache-Control"] == "no-cache"
    assert viewer.head("/api/v1/taxonomy/xml?user_id=me")["X-Cache"] == "HIT"


def test_a_profile_that_an_operator_changes_invalidates_what_its_user_reads():
    viewer, operator = client_of("viewer"), client_of("operator")
    number = User.objects.get(username="viewer-of-the-fleet").pk
    theirs = f"/taxonomy/user/{number}"
    outcomes(viewer, *MINE)
    assert outcomes(operator, theirs, theirs) == ["MISS", "HIT"]

    answer = operator.patch(f"/api/v1/user/{number}", {"profile": {"hidden": ["data"]}})

    assert answer.status_code == 200
    assert outcomes(viewer, *MINE) == ["MISS"] * 3
    assert outcomes(operator, theirs) == ["MISS"]
