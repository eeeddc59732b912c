"""Every page of every model answers, and its queries do not grow with the rows."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_q.models import Failure, OrmQ, Schedule, Success, Task

from cachelayer.models import CacheHost
from jobs import lifecycle
from jobs.models import Draft, Job, Worker
from taxonomy.models import Profile, Skill
from taxonomy.usage import record
from tests.skillfleet.world import asking, drafted, failed, submitted
from tests.taxonomy.skills import skill_files

OURS = ("taxonomy", "jobs", "cachelayer")
ON_OTHER_PAGES = {
    "taxonomy.address": "a skill's names and a category's former paths",
    "taxonomy.blob": "a version's and a draft's files",
    "taxonomy.bundle": "a version's and a draft's files",
    "taxonomy.bundlefile": "a version's and a draft's files",
    "taxonomy.fleet": "no page: what `sync_skills` writes into its state file",
    "taxonomy.formerpath": "the categories that a skill was in",
    "taxonomy.label": "a skill's labels",
    "taxonomy.origin": "a skill's sources",
    "taxonomy.relation": "a skill's relations",
    "taxonomy.usagecount": "the usage page",
    "taxonomy.usageday": "the usage page",
    "taxonomy.verdict": "a skill's findings",
    "taxonomy.waiver": "a skill's waivers",
    "jobs.draftwaiver": "a draft's waivers",
    "jobs.phaseresult": "a job's phases",
    "jobs.source": "a job's sources",
}
REDIRECTS = {"knox.authtoken"}  # nothing to read beyond the list
PAGES = sorted(
    (page for page in admin.site._registry.values()),
    key=lambda page: page.opts.label_lower,
)


def ids(page):
    return page.opts.label_lower


@pytest.fixture
def queue_rows(world):
    author = world.people["author"]
    Profile.objects.revise(author, mounted=["data"], priorities={"data": 3})
    skills = Skill.objects.all()
    record(author, skills, [{"id": "1", "skill": "pdf-tools", "kind": "used"}])
    Worker.objects.register()
    CacheHost.objects.create(host_id="f00", host="web-1", seen_at=Now())
    Schedule.objects.create(func="math.floor", name="nightly")
    for success in (True, False):
        Task.objects.create(
            id=f"task-{success}",
            name="a-task",
            func="jobs.tasks.process_skill_job",
            args=("an-id",),
            result="<b>done</b>",
            started="2026-01-01T00:00:00Z",
            stopped="2026-01-01T00:00:01Z",
            success=success,
        )
    assert OrmQ.objects.exists()
    assert Failure.objects.exists() and Success.objects.exists()


def test_every_model_of_ours_has_a_page_or_is_shown_on_one():
    labels = {page.opts.label_lower for page in PAGES} | set(ON_OTHER_PAGES)

    for app in OURS:
        for model in apps.get_app_config(app).get_models():
            assert model._meta.label_lower in labels


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_the_list_answers_and_finds(page, root, queue_rows):
    path = reverse(f"admin:{page.opts.app_label}_{page.opts.model_name}_changelist")

    assert root.get(path).status_code == 200
    assert root.get(path, {"q": "billing"}).status_code == 200
    assert root.get(path, {"q": "no such thing"}).status_code == 200


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_each_row_has_a_page(page, root, queue_rows):
    rows = list(page.model._default_manager.all()[:5])

    assert rows or page.opts.label_lower == "auth.permission"
    for row in rows:
        name = f"admin:{page.opts.app_label}_{page.opts.model_name}_change"
        response = root.get(reverse(name, args=[row.pk]))
        expected = 302 if page.opts.label_lower in REDIRECTS else 200
        assert response.status_code == expected, row


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_the_add_page_answers_if_there_is_one(page, root, queue_rows, rf):
    request = rf.get("/")
    request.user = root.get("/admin/").wsgi_request.user
    allowed = page.has_add_permission(request)
    path = reverse(f"admin:{page.opts.app_label}_{page.opts.model_name}_add")

    assert root.get(path).status_code == (200 if allowed else 403)


def test_the_address_of_a_row_that_is_not_there_leads_back(root):
    for path in ("/admin/jobs/job/no-uuid/change/", "/admin/jobs/draft/0/change/"):
        assert root.get(path).status_code == 302
    assert root.get("/admin/jobs/job/no-uuid/do/cancel/").status_code == 404
    assert root.get("/admin/jobs/draft/1/do/explode/").status_code == 404


def test_ids_that_no_row_can_have_are_refused(root):
    chosen = {"action": "cancel_selected", "_selected_action": "no-uuid"}

    response = root.post("/admin/jobs/job/", chosen, follow=True)

    assert response.status_code == 200
    assert "Choose rows of this list" in response.content.decode()


@pytest.mark.parametrize("page", ["nothing", "-1", "99999"])
def test_a_page_of_the_search_that_is_not_there_is_a_404(page, root):
    response = root.get("/admin/search/", {"s": "job", "page": page})

    assert response.status_code == 404


def test_no_list_asks_more_queries_for_more_rows(root, queue_rows, world):
    pages = [
        reverse(f"admin:{page.opts.app_label}_{page.opts.model_name}_changelist")
        for page in PAGES
    ] + ["/admin/"]
    before = {path: queries_of(root, path) for path in pages}

    make_more(world)

    after = {path: queries_of(root, path) for path in pages}
    assert after == before


def test_no_page_asks_more_queries_for_more_around_it(root, world):
    job = Job.objects.get(pk=world.names["asking"])
    path = f"/admin/jobs/job/{job.pk}/change/"
    before = queries_of(root, path)

    lifecycle.answer(job, by=job.user, round=job.round, action="proceed")
    for _ in range(3):
        asking(job)
        job.refresh_from_db()
        lifecycle.answer(job, by=job.user, round=job.round, action="proceed")
    asking(job)

    assert queries_of(root, path) == before


def queries_of(client, path):
    client.get(path)  # some queries are sent once per process
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


def make_more(world):
    owner = world.people["stranger"]
    for number in range(3):
        name = f"tool-{number}"
        Skill.objects.publish(skill_files(name), category="data", author=owner)
        report = {"id": name, "skill": name, "kind": "failed", "client": name}
        record(owner, Skill.objects.all(), [report])
        asking(submitted(owner))
        failed(submitted(owner))
        drafted(submitted(owner))
        submitted(owner)
        Worker.objects.register()
        CacheHost.objects.create(host_id=name, host=name, seen_at=Now())
    assert Draft.objects.count() == 4
