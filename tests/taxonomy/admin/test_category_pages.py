"""Categories are created, moved and removed in the admin."""

import pytest

from taxonomy.models import Category

LIST = "/admin/taxonomy/category/"


def verb(path, name):
    return f"{LIST}{Category.objects.get(path=path).pk}/do/{name}/"


def test_a_category_is_made(browser):
    assert browser.get(f"{LIST}add/").status_code == 200
    sent = {"path": "data/lakes", "description": "Of files."}
    assert browser.post(f"{LIST}add/", sent).status_code == 302

    made = Category.objects.get(path="data/lakes")
    assert (made.parent.path, made.name, made.position) == ("data", "Lakes", 0)


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"path": ""}, "path"),
        ({"path": "Not A Path"}, "path"),
        ({"path": "xml"}, "path"),
        ({"path": "no/such/parent"}, "path"),
        ({"path": "data"}, "path"),
        ({"path": "x" * 300}, "path"),
        ({"path": "data/new", "position": "-1"}, "position"),
        ({"path": "data/new", "position": "99999999"}, "position"),
        ({"path": "data/new", "name": "x" * 300}, "name"),
        ({"path": "data/new", "description": "nul\0"}, "description"),
    ],
)
def test_bad_input_is_named_beside_its_field(sent, field, browser):
    number = Category.objects.count()

    page = browser.post(f"{LIST}add/", sent)

    assert page.status_code == 200
    assert field in page.context["form"].errors
    assert Category.objects.count() == number


def test_a_move_keeps_the_old_path_as_an_alias(browser, skill):
    page = browser.get(verb("data/analytics", "edit"))
    sent = {**page.context["form"].initial, "path": "research/analytics"}
    assert browser.post(verb("data/analytics", "edit"), sent).status_code == 302

    moved = Category.objects.get(path="research/analytics")
    assert moved.aliases == ["data/analytics"]
    skill.refresh_from_db()
    assert skill.path == "research/analytics/pdf-tools"
    detail = browser.get(f"{LIST}{moved.pk}/change/").content.decode()
    assert "Former paths" in detail and "pdf-tools" in detail


def test_a_name_changes_without_a_move(browser):
    page = browser.get(verb("data/analytics", "edit"))
    sent = {**page.context["form"].initial, "name": "Numbers"}

    browser.post(verb("data/analytics", "edit"), sent)

    category = Category.objects.get(path="data/analytics")
    assert (category.name, category.aliases) == ("Numbers", [])


def test_a_category_does_not_move_below_itself(browser):
    sent = {"path": "data/analytics/below", "name": "Analytics"}

    page = browser.post(verb("data/analytics", "edit"), sent)

    assert "path" in page.context["form"].errors


def test_a_category_is_merged_into_another(browser, skill):
    assert browser.get(verb("data/analytics", "merge")).status_code == 200
    page = browser.post(verb("data", "merge"), {"into": "data/analytics"})
    assert "into" in page.context["form"].errors
    sent = {"into": "research/analysis"}
    assert browser.post(verb("data/analytics", "merge"), sent).status_code == 302

    skill.refresh_from_db()
    assert skill.path == "research/analysis/pdf-tools"
    assert Category.objects.resolve("data/analytics").path == "research/analysis"


def test_a_merge_that_finds_no_room_is_refused_on_its_page(browser):
    for path in ("a", "a/b", "a/b/b"):
        Category.objects.create_at(path)

    page = browser.post(verb("a/b", "merge"), {"into": "a"})

    assert page.status_code == 200
    assert "Move a/b/b elsewhere" in page.context["form"].non_field_errors()[0]


def test_only_an_empty_category_is_removed(browser, skill):
    page = browser.post(verb("data/analytics", "remove"))
    assert "still holds skills" in page.context["form"].non_field_errors()[0]

    assert browser.post(verb("data/ml", "remove")).status_code == 302
    assert not Category.objects.filter(path="data/ml").exists()
