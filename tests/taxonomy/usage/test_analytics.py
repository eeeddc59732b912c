"""GET /analytics: usage counts that are up to date and name nobody."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from taxonomy.models import Skill, UsageDay
from taxonomy.usage import maintain_usage, today
from tests.skillfleet.refusals import refused
from tests.taxonomy.usage.conftest import event, publish

ANALYTICS = "/api/v1/analytics"


@pytest.fixture
def fleet(viewer, author, report):
    publish("pdf-tools")
    publish("redis-tips", "data/databases/redis")
    publish("charts", "data/analytics")
    report(
        viewer,
        event("pdf-tools", "succeeded"),
        event("pdf-tools", "succeeded"),
        event("pdf-tools", "failed", task="Merge two invoices"),
        event("redis-tips", "read"),
    )
    report(author, event("pdf-tools", "used"), event("redis-tips", "installed"))


def test_what_is_used_is_counted(curator, viewer, fleet):
    Skill.objects.filter(name="charts").update(
        created_at=timezone.now() - timedelta(days=40)
    )

    figures = curator.get(ANALYTICS).json()

    counts = {"uses": 4, "succeeded": 2, "failed": 1, "read": 1, "installed": 1}
    assert figures["totals"] == {**counts, "people": 2, "skills": 2}
    assert figures["by_day"] == [{**counts, "people": 2, "day": str(today())}]
    best, second = figures["skills"]
    assert (best["name"], best["uses"], best["people"]) == ("pdf-tools", 4, 2)
    assert best["success_rate"] == 0.6667
    assert (second["path"], second["success_rate"]) == (
        "data/databases/redis/redis-tips",
        None,
    )
    places = [(row["path"], row["uses"]) for row in figures["categories"]]
    assert places == [("development/practices", 4), ("data/databases/redis", 0)]
    assert figures["unused"] == {"count": 1, "oldest": ["charts"]}
    text = str(figures)
    assert "of-the-fleet" not in text and "invoices" not in text


def test_figures_are_the_same_when_all_is_rolled_up(curator, fleet):
    before = curator.get(ANALYTICS).json()

    maintain_usage()

    assert curator.get(ANALYTICS).json() == before


def test_a_branch_and_a_time_can_be_asked_for(curator, fleet):
    maintain_usage()
    UsageDay.objects.filter(kind="failed").update(day=today() - timedelta(days=7))

    branch = curator.get(ANALYTICS, {"category": "data"}).json()
    week = curator.get(ANALYTICS, {"days": 7}).json()
    longer = curator.get(ANALYTICS, {"days": 8, "limit": 1}).json()

    assert branch["totals"]["uses"] == 0 and branch["totals"]["read"] == 1
    assert week["totals"]["failed"] == 0
    assert longer["totals"]["failed"] == 1 and len(longer["by_day"]) == 2
    assert [skill["name"] for skill in longer["skills"]] == ["pdf-tools"]


def test_an_archived_skill_is_counted_for_curators_alone(curator, operator, fleet):
    Skill.objects.get(name="pdf-tools").archive()

    assert curator.get(ANALYTICS).json()["totals"]["uses"] == 4
    assert operator.get(ANALYTICS).json()["totals"]["uses"] == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [("days", "0"), ("days", "731"), ("limit", "many"), ("category", "no/such")],
)
def test_a_bad_parameter_is_named(curator, name, value):
    refused(curator.get(ANALYTICS, {name: value}), 400, name)


def test_more_usage_asks_no_more_queries(curator, author, fleet, report):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert curator.get(ANALYTICS).status_code == 200
        return len(captured)

    queries()  # the user's permissions are looked up once
    before = queries()
    for number in range(5):
        publish(f"more-{number}", "communication")
        report(author, event(f"more-{number}"), event(f"more-{number}", "read"))

    assert queries() == before <= 10
