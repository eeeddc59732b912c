"""Jobs are read-only; buttons and list actions call the same methods as the API."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs import lifecycle
from jobs.models import Job

LIST = "/admin/jobs/job/"


def verb(job, name):
    return f"{LIST}{job.pk}/do/{name}/"


def status(job):
    job.refresh_from_db()
    return job.status


@pytest.fixture
def failed(submit):
    job = submit()
    lifecycle.fail(job, "No <b>luck</b>.", where=Job.objects.live(), stack="Line 1")
    return job


def test_a_get_of_an_action_changes_nothing(author, submit):
    job = submit()

    assert author.get(verb(job, "cancel")).status_code == 200
    assert status(job) == "pending"


def test_cancel(author, submit):
    job = submit()

    assert author.post(verb(job, "cancel")).status_code == 302
    assert status(job) == "cancelled"
    assert job.history.last().data == {"by": "ada"}


def test_retry(author, failed):
    assert author.post(verb(failed, "retry")).status_code == 302
    assert status(failed) == "pending"


def test_requeue_is_the_operators(author, operator_browser, submit):
    job = submit()

    assert author.post(verb(job, "requeue")).status_code == 403
    assert operator_browser.post(verb(job, "requeue")).status_code == 302
    assert job.history.last().kind == "requeued"


def test_an_action_in_the_wrong_state_changes_nothing(author, failed, submit):
    waiting = submit()

    page = author.post(verb(failed, "cancel"), follow=True)
    author.post(verb(waiting, "retry"))

    assert "not in this state" in page.content.decode()
    assert (status(failed), status(waiting)) == ("failed", "pending")


def test_many_are_cancelled_at_once_and_each_refusal_is_reported(
    author, failed, submit
):
    jobs = [submit(), submit()]
    chosen = {
        "action": "cancel_selected",
        "_selected_action": [str(job.pk) for job in (*jobs, failed)],
    }

    page = author.post(LIST, chosen, follow=True).content.decode()

    assert [status(job) for job in jobs] == ["cancelled", "cancelled"]
    assert status(failed) == "failed"
    assert "Cancel job: 2 done." in page
    assert f"{failed.pk}: The job is failed." in page


def test_many_are_retried_at_once(operator_browser, failed):
    chosen = {"action": "retry_selected", "_selected_action": [str(failed.pk)]}

    operator_browser.post(LIST, chosen)

    assert status(failed) == "pending"


def test_the_list_action_requeue_is_the_operators(author, operator_browser, submit):
    job = submit()
    chosen = {"action": "requeue_selected", "_selected_action": [str(job.pk)]}

    author.post(LIST, chosen)
    assert job.history.count() == 1
    operator_browser.post(LIST, chosen)
    assert job.history.last().kind == "requeued"


def test_nothing_can_be_deleted_or_added(operator_browser, submit):
    job = submit()

    page = operator_browser.get(LIST)

    assert "delete_selected" not in page.content.decode()
    assert operator_browser.get(f"{LIST}add/").status_code == 403
    assert operator_browser.post(f"{LIST}{job.pk}/delete/").status_code == 403


def test_the_page_shows_sources_phases_and_history(author, submit, run_to_end):
    job = run_to_end(submit(sources={"run.md": "# Run\n\n<i>1.</i> Go.\n"}))

    page = author.get(f"{LIST}{job.pk}/change/").content.decode()

    assert "&lt;i&gt;1.&lt;/i&gt; Go." in page
    assert "deep_understanding, round" in page
    assert "submitted" in page


def test_an_error_is_shown_as_text(author, failed):
    page = author.get(f"{LIST}{failed.pk}/change/").content.decode()

    assert "No &lt;b&gt;luck&lt;/b&gt;." in page
    assert "Line 1" in page


@pytest.mark.parametrize("search", ["billing", "ada", "'", "no-uuid"])
def test_the_search_takes_anything(search, author, submit):
    submit()

    assert author.get(LIST, {"q": search}).status_code == 200


def test_the_search_finds_by_id(author, submit):
    jobs = [submit(), submit()]

    rows = author.get(LIST, {"q": str(jobs[0].pk)}).context["cl"].result_list

    assert [job.pk for job in rows] == [jobs[0].pk]


def test_the_list_filters_by_phase_and_day_without_reading_every_job(author, submit):
    job = submit()
    with CaptureQueriesContext(connection) as queries:
        pages = [
            author.get(LIST, {"current_phase": phase}).content.decode()
            for phase in ("refine", "validate")
        ]

    assert [str(job.pk) in page for page in pages] == [True, False]
    assert not [each for each in queries if each["sql"].startswith("SELECT DISTINCT")]


def test_the_workers_page_tells_how_long_jobs_take(browser_of, operator, submit):
    submit()

    page = browser_of(operator).get("/admin/jobs/worker/")

    [panel] = page.context["panels"]
    assert panel.rows[0][:3] == ("pending", 1, "-")
    assert "p95 waiting" in panel.headers
