"""The admin's pages of usage and profiles."""

import pytest
from django.contrib.auth.models import Group, User

from taxonomy.models import Profile, Skill
from taxonomy.usage import record
from tests.taxonomy.usage.conftest import event

USAGE, LIST = "/admin/taxonomy/usageevent/", "/admin/taxonomy/profile/"
TOLD = {
    "experience": "expert",
    "mounted": "data/ml\n\ndevelopment",
    "hidden": "research",
    "priorities": "operations 8\ndata: 3",
}


@pytest.fixture
def kim(seeded):
    kim = User.objects.create_user("kim-the-author")
    kim.groups.add(Group.objects.get(name="author"))
    return kim


def test_figures_are_shown_and_not_who(browser, skill, kim):
    failure = event("pdf-tools", "failed", task="Merge <b>two</b>", client="claude")
    record(kim, Skill.objects.all(), [failure, event("pdf-tools")])

    page = browser.get(USAGE)
    one = browser.get(f"{USAGE}{page.context['cl'].result_list[1].pk}/change/")
    of_skill = browser.get(f"/admin/taxonomy/skill/{skill.pk}/change/")

    totals = {panel.title: panel.rows for panel in page.context["panels"]}
    assert totals["Skills"] == [("pdf-tools", 2, 0, 1, 0, 0, 1)]
    assert totals["Totals"] == [("Everything", 2, 0, 1, 0, 0, 1)]
    assert "Merge &lt;b&gt;two" in one.content.decode()
    assert "Usage in 30 days" in of_skill.content.decode()
    for response in (page, one, of_skill):
        assert "kim" not in response.content.decode()


def test_a_profile_is_told_changed_and_adapted(browser, skill):
    me = User.objects.get(username="carl")
    assert browser.post(f"{LIST}add/", TOLD).status_code == 302
    profile = Profile.objects.get(pk=me.pk)
    assert profile.mounted == ["data/ml", "development"]
    assert profile.priorities == {"operations": 8, "data": 3}
    assert browser.get(f"{LIST}add/").status_code == 403, "one has one"

    verbs = f"{LIST}{me.pk}/do/"
    form = browser.get(f"{verbs}tell/").context["form"]
    assert form.initial["priorities"] == "operations 8\ndata 3"
    browser.post(f"{verbs}tell/", {**form.initial, "hidden": ""})
    reports = [event("pdf-tools") for _ in range(5)]
    record(me, Skill.objects.all(), reports)
    browser.post(f"{verbs}adapt/")

    profile.refresh_from_db()
    assert profile.hidden == []
    assert profile.priorities == {"operations": 8, "data": 3, "data/analytics": 10}


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"mounted": "no/such"}, "mounted"),
        ({"hidden": "data"}, "mounted"),
        ({"priorities": "data 11"}, "priorities"),
        ({"priorities": "data much"}, "priorities"),
        ({"experience": "wizard"}, "experience"),
    ],
)
def test_what_cannot_be_is_named_beside_its_field(sent, field, browser):
    page = browser.post(f"{LIST}add/", {**TOLD, **sent})

    assert field in page.context["form"].errors
    assert not Profile.objects.exists()


def test_profiles_of_others_are_not_visible(browser, kim):
    Profile.objects.revise(kim, hidden=["data"])

    assert browser.get(LIST).context["cl"].result_count == 0
    assert browser.post(f"{LIST}{kim.pk}/do/tell/", TOLD).status_code == 404
    assert Profile.objects.get().hidden == ["data"]
