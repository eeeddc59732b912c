"""Events are rolled up and deleted without changing any figure."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db.models import Sum

from taxonomy import usage
from taxonomy.checks import check_usage_is_kept
from taxonomy.models import UsageCount, UsageDay, UsageEvent
from tests.taxonomy.usage.conftest import event, publish


def figures() -> list[tuple[object, ...]]:
    totals = UsageCount.objects.values_list("day", "user", "skill__name", "kind")
    return sorted(map(tuple, totals.annotate(total=Sum("count"))))


@pytest.fixture
def used(viewer, author, pdf_tools, report):
    publish("pdf-forms")
    for client in (viewer, author):
        report(client, *(event("pdf-tools") for _ in range(3)))
        report(client, event("pdf-tools", "failed"), event("pdf-forms", "read"))


def make_older(days: int) -> None:
    UsageEvent.objects.update(day=usage.today() - timedelta(days=days), rolled_up=False)


def test_totals_are_the_same_before_and_after(used, viewer, report, monkeypatch):
    monkeypatch.setattr(usage, "BATCH", 4)
    make_older(91)
    before = figures()
    assert sum(row[-1] for row in before) == 10

    next(usage.maintenance())
    assert figures() == before, "some are rolled up, some are not"
    out = StringIO()
    call_command("rollup_usage", stdout=out)

    assert figures() == before
    assert not UsageEvent.objects.exists()
    assert out.getvalue().startswith("6 event(s) rolled up; 10 old event(s) and 0 old")


def test_later_events_of_a_day_are_added_to_its_counts(used, viewer, report):
    usage.maintain_usage()
    rows = UsageDay.objects.count()
    before = {row[:-1]: row[-1] for row in figures()}

    report(viewer, event("pdf-tools"), event("pdf-tools"))
    now = {row[:-1]: row[-1] for row in figures()}
    usage.maintain_usage()

    assert {row[:-1]: row[-1] for row in figures()} == now
    assert sorted(now[key] - before[key] for key in now) == [0, 0, 0, 0, 0, 2]
    assert UsageDay.objects.count() == rows
    assert UsageEvent.objects.filter(rolled_up=True).count() == 12, "kept for now"
    assert usage.maintain_usage() == usage.Maintained()


def test_counts_go_too_after_long(used):
    make_older(731)

    deleted = usage.maintain_usage()

    assert (deleted.events, deleted.counts) == (10, 6)
    assert figures() == []


@pytest.mark.parametrize(
    ("name", "value", "refused"),
    [
        ("SKILLFLEET_USAGE_DAYS", 7, "taxonomy.E001"),
        ("SKILLFLEET_USAGE_LATE", timedelta(days=90), "taxonomy.E001"),
        ("SKILLFLEET_USAGE_COUNT_DAYS", 89, "taxonomy.E002"),
    ],
)
def test_settings_that_would_lose_or_double_counts_are_refused(
    settings, name, value, refused
):
    assert not list(check_usage_is_kept())
    setattr(settings, name, value)
    assert [error.id for error in check_usage_is_kept()] == [refused]


def test_a_stop_within_a_batch_loses_and_doubles_nothing(used, monkeypatch):
    before = figures()

    def add_and_stop(totals, add=usage.add_to_days):
        add(totals)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(usage, "add_to_days", add_and_stop)
        with pytest.raises(KeyboardInterrupt):
            usage.maintain_usage()

    assert figures() == before
    assert usage.maintain_usage() == usage.Maintained(rolled_up=10)
    assert figures() == before
