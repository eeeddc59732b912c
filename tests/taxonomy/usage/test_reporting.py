"""POST /usage: events are recorded or refused, and none is counted twice."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from taxonomy.models import UsageEvent
from tests.skillfleet.refusals import refused
from tests.taxonomy.usage.conftest import event

pytestmark = pytest.mark.usefixtures("pdf_tools")


def test_a_skill_is_named_by_name_former_name_or_uuid(
    viewer, curator, pdf_tools, report
):
    curator.patch("/api/v1/skills/pdf-tools", {"name": "pdf-kit"})

    receipt = report(
        viewer,
        event("pdf-kit", "read"),
        event("pdf-tools", "installed"),
        event(str(pdf_tools.pk), "failed", task="Merge two files", client="claude"),
        event("no-such-skill"),
    )

    assert (receipt["recorded"], receipt["known"]) == (3, 0)
    (row,) = receipt["refused"]
    assert (row["index"], row["code"]) == (3, "unknown_skill")
    assert "no-such-skill" in row["detail"]
    kinds = UsageEvent.objects.filter(skill=pdf_tools).values_list("kind", flat=True)
    assert sorted(kinds) == ["failed", "installed", "read"]


def test_a_batch_that_is_sent_again_is_not_counted_again(viewer, author, report):
    batch = [event("pdf-tools"), event("pdf-tools")]

    assert report(viewer, *batch)["recorded"] == 2
    again = report(viewer, *batch, event("pdf-tools"), batch[0])
    others = report(author, *batch)

    assert (again["recorded"], again["known"]) == (1, 3)
    assert others["recorded"] == 2, "ids are one person's own"
    assert UsageEvent.objects.count() == 5


def test_a_client_clock_may_be_ahead_and_behind_within_limits(viewer, report):
    now = datetime.now(UTC)

    receipt = report(
        viewer,
        event("pdf-tools", at=(now + timedelta(minutes=4)).isoformat()),
        event("pdf-tools", at=(now + timedelta(minutes=6)).isoformat()),
        event("pdf-tools", at=(now - timedelta(days=6)).isoformat()),
        event("pdf-tools", at=(now - timedelta(days=8)).isoformat()),
    )

    assert receipt["recorded"] == 2
    assert [row["code"] for row in receipt["refused"]] == ["too_early", "too_late"]


def test_the_day_is_that_of_utc(viewer, report):
    day = datetime.now(UTC).date() - timedelta(days=2)

    report(viewer, event("pdf-tools", at=f"{day}T23:30:00-02:00"))

    assert UsageEvent.objects.get().day == day + timedelta(days=1)


def test_an_invisible_skill_is_unknown(viewer, curator, report):
    curator.delete("/api/v1/skills/pdf-tools")

    assert report(viewer, event("pdf-tools"))["refused"][0]["code"] == "unknown_skill"
    assert report(curator, event("pdf-tools"))["recorded"] == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "events"),
        ({"events": []}, "events"),
        ({"events": "text"}, "events"),
        ({"events": [7]}, "events[0]"),
        ({"events": [{"id": "1", "skill": "a", "kind": "sold"}]}, "events[0].kind"),
        ({"events": [{"skill": "pdf-tools", "kind": "used"}]}, "events[0].id"),
        ({"events": [event("a" * 65)]}, "events[0].skill"),
        ({"events": [event("a", at="soon")]}, "events[0].at"),
        ({"events": [event("a", at="0001-01-01T00:00:00+14:00")]}, "events[0].at"),
        ({"events": [event("a", task="x" * 501)]}, "events[0].task"),
        ({"events": [event("pdf-tools"), event("a", who="me")]}, "events[1].who"),
        ({"events": [event("pdf-tools")] * 1001}, "events"),
    ],
)
def test_a_batch_that_is_not_well_formed_is_refused_whole(viewer, body, field):
    answer = refused(viewer.post("/api/v1/usage", body), 400, "events")

    assert list(answer["errors"]) == [field]

    assert not UsageEvent.objects.exists()


def test_a_thousand_events_take_no_statement_each(viewer, report):
    report(viewer, event("pdf-tools"))
    with CaptureQueriesContext(connection) as queries:
        report(viewer, *(event("pdf-tools") for _ in range(1000)))

    assert UsageEvent.objects.count() == 1001
    inserts = [each for each in queries if each["sql"].startswith("INSERT")]
    assert len(queries) - len(inserts) <= 12
    assert len(inserts) <= (1 if connection.vendor == "postgresql" else 12)
