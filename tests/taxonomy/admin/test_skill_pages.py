"""Skills are read-only in the admin; actions change and publish them."""

import pytest

from core.admin import base
from taxonomy.models import Category, Skill

LIST = "/admin/taxonomy/skill/"
TEXT = (
    "---\nname: pdf-tools\ndescription: Merge PDF files. Use when a PDF must change."
    "\n---\n\n# More\n"
)


def verb(skill, name):
    return f"{LIST}{skill.pk}/do/{name}/"


def publish(browser, skill, **sent):
    sent["based_on"] = skill.current.bundle_id
    return browser.post(verb(skill, "publish"), sent)


@pytest.mark.parametrize(
    ("name", "status"),
    [("deprecate", "deprecated"), ("archive", "archived"), ("activate", "active")],
)
def test_a_status_has_its_button(name, status, browser, skill):
    if status == "active":
        skill.archive()

    assert browser.get(verb(skill, name)).status_code == 200
    assert browser.post(verb(skill, name)).status_code == 302

    skill.refresh_from_db()
    assert skill.status == status


def test_a_new_version_keeps_the_other_files(browser, skill):
    sent = {"content": TEXT.replace("\n", "\r\n"), "change_summary": "More."}

    assert publish(browser, skill, **sent).status_code == 302

    skill.refresh_from_db()
    assert skill.current.number == "1.0.1"
    assert skill.current.author.username == "carl"
    files = {file.path: file.content for file in skill.current.bundle.files()}
    assert files["SKILL.md"] == TEXT.encode()
    assert set(files) == {"SKILL.md", "references/evil", "assets/logo"}


def test_publishing_what_is_there_changes_nothing(browser, skill):
    form = browser.get(verb(skill, "publish")).context["form"]

    publish(browser, skill, content=form.initial["content"])

    assert skill.versions.count() == 1


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"content": ""}, "content"),
        ({"content": "nul\0"}, "content"),
        ({"content": TEXT, "version": "one"}, "version"),
        ({"content": TEXT, "version": "0.0.1"}, "version"),
        ({"content": "No frontmatter."}, "__all__"),
        ({"content": TEXT.replace("pdf-tools", "other")}, "__all__"),
    ],
)
def test_bad_input_is_named(sent, field, browser, skill):
    page = publish(browser, skill, **sent)

    assert page.status_code == 200
    assert field in page.context["form"].errors
    assert skill.versions.count() == 1


def test_place_and_classify(browser, skill):
    sent = {
        "category": "operations",
        "type": "tool",
        "weight": "medium",
        "load_priority": "always",
        "style": "minimal",
    }
    browser.post(verb(skill, "place"), sent)

    skill = Skill.objects.get()
    assert (skill.path, skill.type) == ("operations/pdf-tools", "tool")
    page = browser.post(verb(skill, "place"), sent | {"category": "no", "type": "x"})
    assert {"category", "type"} <= set(page.context["form"].errors)
    page = browser.get(f"{LIST}{skill.pk}/change/").content.decode()
    assert "Former categories" in page


def test_files_are_shown_as_text(browser, skill):
    for path in (
        f"{LIST}{skill.pk}/change/",
        f"/admin/taxonomy/skillversion/{skill.current_id}/change/",
    ):
        page = browser.get(path).content.decode()
        assert "<script>alert(1)" not in page
        assert "&lt;script&gt;alert(1)" in page
        assert "6 bytes, not a text" in page or "5 bytes, not a text" in page


def test_large_files_are_listed_and_long_ones_cut(browser, skill, monkeypatch):
    monkeypatch.setattr("taxonomy.admin.skill.SHOWN_BYTES", 100)
    monkeypatch.setattr(base, "MAX_CHARS", 10)

    page = browser.get(f"{LIST}{skill.pk}/change/").content.decode()

    assert "too large to show" in page
    assert "more characters are not shown" in page


def test_an_archived_skill_is_not_published_over(browser, skill):
    skill.archive()

    publish(browser, skill, content=TEXT)

    assert skill.versions.count() == 1


def test_no_page_saves_or_deletes_a_skill(browser, skill):
    assert browser.post(f"{LIST}{skill.pk}/change/", {"name": "x"}).status_code == 403
    assert browser.post(f"{LIST}{skill.pk}/delete/").status_code == 403
    assert browser.get(f"{LIST}add/").status_code == 403
    assert Category.objects.exists() and Skill.objects.get().name == "pdf-tools"
