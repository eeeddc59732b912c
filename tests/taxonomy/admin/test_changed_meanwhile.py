"""A form that was opened before a concurrent change does not undo it."""

import pytest

from taxonomy.models import Category, FacetDefinition, Label, Profile, Relation, Skill
from tests.taxonomy.skills import skill_files

SKILLS = "/admin/taxonomy/skill/"


def verb(skill, name):
    return f"{SKILLS}{skill.pk}/do/{name}/"


def opened(browser, address):
    """The values of the form as a browser would send them, with CRLF."""
    form = browser.get(address).context["form"]
    values = {name: form[name].value() for name in form.fields}
    return {
        name: "" if value is None else str(value).replace("\n", "\r\n")
        for name, value in values.items()
        if value is not False
    }


def refused(browser, address, sent):
    page = browser.post(address, sent)
    assert page.status_code == 200
    form = page.context["form"]
    return form.errors, {name: form[name].value() for name in form.fields}


def done(browser, address, sent):
    assert browser.post(address, sent).status_code == 302


def test_a_text_is_not_published_over_one_that_its_author_has_not_seen(browser, skill):
    address = verb(skill, "publish")
    sent = opened(browser, address)
    assert f'value="{skill.current.bundle_id}"' in browser.get(address).content.decode()
    sent["content"] += "\r\nMy line.\r\n"
    Skill.objects.publish(skill_files(body="# Somebody else's\n", late=b"x"))

    errors, values = refused(browser, address, sent)

    assert "Version 1.0.1 was published since" in errors["__all__"][0]
    assert values["content"] == sent["content"]
    assert Skill.objects.get().versions.count() == 2
    done(browser, address, values)
    current = Skill.objects.get().current
    assert (current.number, current.body[-8:]) == ("1.0.2", "My line.")
    assert current.bundle.file("late"), "the other files are those of the newest"
    errors, _ = refused(browser, address, {"content": values["content"] + "More.\n"})
    assert errors, "who says nothing of what it was made from has not seen it"


def test_a_described_category_stays_where_somebody_else_moved_it(browser, seeded):
    category = Category.objects.get(path="data/analytics")
    address = f"/admin/taxonomy/category/{category.pk}/do/edit/"
    sent = opened(browser, address)
    category.revise(path="research/numbers", name="Numbers")

    done(browser, address, sent | {"description": "Two\r\nlines."})

    category.refresh_from_db()
    assert (category.path, category.name) == ("research/numbers", "Numbers")
    assert category.description.splitlines() == ["Two", "lines."]


def test_two_moves_of_a_category_do_not_undo_each_other(browser, seeded):
    category = Category.objects.get(path="data/analytics")
    address = f"/admin/taxonomy/category/{category.pk}/do/edit/"
    sent = opened(browser, address) | {"path": "operations/analytics"}
    category.revise(path="research/numbers", description="Theirs.")

    errors, values = refused(browser, address, sent)

    assert "research/numbers" in errors["path"][0]
    assert values["path"] == "operations/analytics", "what was typed stays"
    assert values["description"] == "Theirs.", "and the rest is today's"
    assert values["position"] == str(category.position)
    done(browser, address, values)
    category.refresh_from_db()
    assert (category.path, category.description) == ("operations/analytics", "Theirs.")


def test_a_refusal_of_another_kind_keeps_both_changes_apart(browser, seeded):
    category = Category.objects.get(path="data/analytics")
    address = f"/admin/taxonomy/category/{category.pk}/do/edit/"
    sent = opened(browser, address) | {"path": "data/ml"}
    category.revise(name="Numbers")

    errors, values = refused(browser, address, sent)
    assert list(errors) == ["path"] and "already" in errors["path"][0]
    done(browser, address, values | {"path": "data/numbers"})

    category.refresh_from_db()
    assert (category.path, category.name) == ("data/numbers", "Numbers")


def test_labels_of_two_people_stay_both(browser, skill):
    skill.revise(labels={Label.Kind.TAG: ["a", "b"], Label.Kind.KEYWORD: ["k"]})
    address = verb(skill, "label")
    sent = opened(browser, address)
    skill.relabel({Label.Kind.TAG: ["theirs"], Label.Kind.KEYWORD: ["more"]}, {})

    done(browser, address, sent | {"tags": "b\r\nmine"})

    values = set(skill.labels.values_list("value", flat=True))
    assert values == {"b", "mine", "theirs", "k", "more"}


def test_relations_of_two_people_stay_both(browser, skill, settings):
    Relation.objects.relate(skill, {Relation.Kind.SEE_ALSO: ["one", "two"]})
    address = verb(skill, "relate")
    sent = opened(browser, address)
    theirs = {
        Relation.Kind.SEE_ALSO: ["one", "two", "theirs"],
        Relation.Kind.REQUIRED: ["needed"],
    }
    Relation.objects.relate(skill, theirs)

    settings.SKILLFLEET_MAX_RELATIONS = 2
    errors, values = refused(browser, address, sent | {"see_also": "two\r\nmine"})
    assert errors["see_also"] == ["3 names in all, at most 2."]
    settings.SKILLFLEET_MAX_RELATIONS = 3
    done(browser, address, values)

    names = skill.relations.values_list("kind", "target_name")
    assert set(names) == {
        ("see_also", "two"),
        ("see_also", "mine"),
        ("see_also", "theirs"),
        ("required", "needed"),
    }


def test_a_classified_skill_stays_where_somebody_else_placed_it(browser, skill):
    address = verb(skill, "place")
    sent = opened(browser, address)
    skill.revise(category="operations", type="tool")

    done(browser, address, sent | {"weight": "medium"})

    skill.refresh_from_db()
    assert (skill.path, skill.type) == ("operations/pdf-tools", "tool")
    assert skill.weight == "medium"
    errors, _ = refused(browser, address, sent | {"type": "memory"})
    assert "tool" in errors["type"][0]


def test_a_skill_is_not_named_back(browser, skill):
    address = verb(skill, "rename")
    sent = opened(browser, address)
    skill.revise(name="pdf-kit")

    done(browser, address, sent)
    errors, _ = refused(browser, address, sent | {"name": "pdf-box"})

    assert "pdf-kit" in errors["name"][0]
    assert Skill.objects.get().name == "pdf-kit"


def test_facets_and_profiles_keep_what_was_left_alone(browser, seeded):
    facet = FacetDefinition.objects.define("language", values=["go"])
    address = f"/admin/taxonomy/facetdefinition/{facet.pk}/do/edit/"
    sent = opened(browser, address)
    facet.revise(values=["go", "c"], multiple=True)

    done(browser, address, sent | {"description": "Of programs."})

    facet.refresh_from_db()
    assert (facet.values, facet.multiple) == (["go", "c"], True)
    assert "go" in refused(browser, address, sent | {"values": "rust"})[0]["values"][0]

    done(browser, "/admin/taxonomy/profile/add/", {"experience": "expert"})
    profile = Profile.objects.get()
    address = f"/admin/taxonomy/profile/{profile.pk}/do/tell/"
    sent = opened(browser, address)
    Profile.objects.revise(profile.user, hidden=["research"])
    done(browser, address, sent | {"experience": "beginner"})
    profile.refresh_from_db()
    assert (profile.hidden, profile.experience) == (["research"], "beginner")


@pytest.mark.parametrize("text", ["{", "[]", "5", "[" * 100_000, '{"path": [{}]}'])
def test_what_no_page_wrote_is_refused(browser, seeded, text):
    category = Category.objects.get(path="data/analytics")
    address = f"/admin/taxonomy/category/{category.pk}/do/edit/"
    sent = opened(browser, address) | {"made_from": text, "path": "data/new"}

    errors, _ = refused(browser, address, sent)

    assert errors and category.path == "data/analytics"
