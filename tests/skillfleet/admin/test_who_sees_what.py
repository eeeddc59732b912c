"""Staff see the pages of their roles, with the rows that the API would show them."""

import pytest
from django.contrib.admin.utils import quote

from skillfleet.accounts.tokens import make_token
from tests.skillfleet.world import World

JOBS, DRAFTS = "/admin/jobs/job/", "/admin/jobs/draft/"
SKILLS, CATEGORIES = "/admin/taxonomy/skill/", "/admin/taxonomy/category/"
WORKERS, USERS = "/admin/jobs/worker/", "/admin/auth/user/"
QUEUE, GROUPS = "/admin/django_q/ormq/", "/admin/auth/group/"
CACHE = "/admin/cachelayer/cachehost/"
USAGE, PROFILES = "/admin/taxonomy/usageevent/", "/admin/taxonomy/profile/"
SCHEDULES, TOKENS = "/admin/django_q/schedule/", "/admin/knox/authtoken/"
WHO = ("viewer", "author", "curator", "operator")
TABLE = {
    SKILLS: (200, 200, 200, 200),
    CATEGORIES: (200, 200, 200, 200),
    USAGE: (403, 403, 200, 200),
    PROFILES: (200, 200, 200, 200),
    f"{PROFILES}add/": (200, 200, 200, 200),
    JOBS: (403, 200, 200, 200),
    DRAFTS: (403, 200, 200, 200),
    WORKERS: (403, 403, 403, 200),
    QUEUE: (403, 403, 403, 200),
    CACHE: (403, 403, 403, 200),
    f"{CACHE}do/invalidate/": (403, 403, 403, 200),
    f"{CACHE}do/clear/": (403, 403, 403, 200),
    USERS: (403, 403, 403, 200),
    GROUPS: (403, 403, 403, 403),
    SCHEDULES: (403, 403, 403, 403),
    TOKENS: (200, 200, 200, 200),
}


@pytest.fixture
def browsers(world: World, browser_of):
    return {who: browser_of(world.people[who]) for who in (*WHO, "stranger")}


@pytest.mark.parametrize("path", TABLE)
def test_each_role_has_its_pages(path, browsers):
    statuses = tuple(browsers[who].get(path).status_code for who in WHO)

    assert statuses == TABLE[path]


@pytest.mark.parametrize("who", WHO)
def test_the_sidebar_leads_only_where_one_may_go(who, browsers):
    page = browsers[who].get("/admin/")
    groups = page.context["sidebar_navigation"]
    links = [str(item["link"]) for group in groups for item in group["items"]]

    assert page.status_code == 200
    assert {
        link: browsers[who].get(link).status_code for link in links
    } == dict.fromkeys(links, 200)


@pytest.mark.parametrize(
    ("who", "number"), [("author", 4), ("stranger", 0), ("curator", 0), ("operator", 4)]
)
def test_jobs_are_ones_own_or_an_operators(who, number, browsers):
    assert browsers[who].get(JOBS).context["cl"].result_count == number


@pytest.mark.parametrize(
    ("who", "number"), [("author", 1), ("stranger", 0), ("curator", 1), ("operator", 1)]
)
def test_drafts_are_ones_own_a_curators_or_an_operators(who, number, browsers):
    assert browsers[who].get(DRAFTS).context["cl"].result_count == number


@pytest.mark.parametrize("who", ["viewer", "stranger", "curator"])
def test_nobody_acts_on_a_job_that_is_not_theirs(who, browsers, world):
    path = f"{JOBS}{world.names['asking']}/do/cancel/"

    assert browsers[who].get(path).status_code == 404
    assert browsers[who].post(path).status_code == 404


def test_a_viewer_changes_nothing(browsers, world):
    viewer = browsers["viewer"]
    skill = viewer.get(SKILLS).context["cl"].result_list[0]
    category = skill.category

    for path in (
        f"{SKILLS}{skill.pk}/do/archive/",
        f"{SKILLS}{skill.pk}/do/publish/",
        f"{CATEGORIES}{category.pk}/do/edit/",
        f"{CATEGORIES}{category.pk}/do/remove/",
        f"{CATEGORIES}add/",
    ):
        assert viewer.post(path, {}).status_code == 403, path
    assert viewer.get(f"{SKILLS}{skill.pk}/change/").context["actions_detail"] == []


def test_an_owner_does_not_decide_on_their_draft(browsers, world):
    draft = browsers["author"].get(DRAFTS).context["cl"].result_list[0]

    for verb in ("promote", "reject"):
        path = f"{DRAFTS}{draft.pk}/do/{verb}/"
        assert browsers["author"].post(path, {"reason": "No."}).status_code == 403


def test_nobody_saves_a_read_only_page(root, world):
    path = f"{JOBS}{world.names['asking']}/change/"

    assert root.post(path, {"status": "completed"}).status_code == 403


def test_a_token_of_another_user_is_not_visible(browsers, world):
    token = world.names["token"]

    assert token in browsers["author"].get(TOKENS).content.decode()
    assert token not in browsers["stranger"].get(TOKENS).content.decode()
    assert (
        browsers["stranger"].post(f"{TOKENS}{quote(token)}/do/revoke/").status_code
        == 404
    )


def test_an_operator_revokes_tokens_but_no_superusers(browsers, world, root):
    other, _ = make_token(root.get("/admin/").wsgi_request.user)
    operator = browsers["operator"]

    mine = operator.post(f"{TOKENS}{quote(world.names['token'])}/do/revoke/")
    others = operator.post(f"{TOKENS}{quote(other.token_key)}/do/revoke/")

    assert (mine.status_code, others.status_code) == (302, 404)
