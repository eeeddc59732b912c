"""The admin's buttons call the same methods as the API."""

import pytest

from taxonomy.models import FacetDefinition, Relation, Skill
from tests.taxonomy.skills import skill_files

SKILLS = "/admin/taxonomy/skill/"
VERSIONS = "/admin/taxonomy/skillversion/"
FACETS = "/admin/taxonomy/facetdefinition/"


@pytest.fixture
def second(skill):
    return Skill.objects.publish(skill_files(body="Second.\n")).skill


def done(browser, address, sent):
    """Open the form, send it, and expect a redirect."""
    assert browser.get(address).status_code == 200
    assert browser.post(address, sent).status_code == 302


def refused(browser, address, sent):
    return browser.post(address, sent).context["form"].errors


def test_versions_are_rolled_back_to_yanked_and_unyanked(browser, second):
    verbs = f"{SKILLS}{second.pk}/do"
    done(browser, f"{verbs}/roll-back/", {"version": "1.0.0"})
    first = Skill.objects.get().current
    assert first.number == "1.0.0"
    done(browser, f"{VERSIONS}{first.pk}/do/yank/", {"reason": "Wrong."})
    assert Skill.objects.get().current.number == "1.0.1"
    assert refused(browser, f"{verbs}/roll-back/", {"version": "1.0.0"})["version"]
    last = Skill.objects.get().current
    assert refused(browser, f"{VERSIONS}{last.pk}/do/yank/", {"reason": ""})
    assert "Wrong." in browser.get(f"{VERSIONS}{first.pk}/change/").content.decode()
    done(browser, f"{VERSIONS}{first.pk}/do/unyank/", {})
    assert Skill.objects.get().versions.filter(yanked_at=None).count() == 2


def test_it_is_renamed_and_deprecated_for_another(browser, skill):
    Skill.objects.publish(skill_files("pdf-forms"))
    verbs = f"{SKILLS}{skill.pk}/do"
    done(browser, f"{verbs}/rename/", {"name": "pdf-kit"})
    assert Skill.objects.resolve("pdf-tools").name == "pdf-kit"
    for name in ("Not A Name", "pdf-forms", "search"):
        assert refused(browser, f"{verbs}/rename/", {"name": name})["name"]
    form = {"reason": "Slow.", "replacement": "no-such"}
    assert refused(browser, f"{verbs}/deprecate/", form)["replacement"]
    done(browser, f"{verbs}/deprecate/", form | {"replacement": "pdf-forms"})
    page = browser.get(f"{SKILLS}{skill.pk}/change/").content.decode()
    assert "Slow." in page and "pdf-forms" in page


def test_labels_and_relations_are_lines(browser, skill):
    FacetDefinition.objects.define("language", values=["go"])
    verbs = f"{SKILLS}{skill.pk}/do"
    done(
        browser,
        f"{verbs}/label/",
        {"tags": "b\r\n a \r\n\r\nb", "facets": "language=go"},
    )
    initial = browser.get(f"{verbs}/label/").context["form"].initial
    assert (initial["tags"], initial["facets"]) == ("a\nb", "language=go")
    for sent in ({"facets": "language=c"}, {"tags": "x" * 201}, {"tags": "a\0"}):
        assert list(refused(browser, f"{verbs}/label/", sent)) == list(sent)
    many = "\n".join(f"t{n}" for n in range(51))
    assert refused(browser, f"{verbs}/label/", {"tags": many})["tags"]

    done(browser, f"{verbs}/relate/", {"required": "later", "see_also": "other"})
    assert Relation.objects.count() == 2
    assert refused(browser, f"{verbs}/relate/", {"required": skill.name})["required"]
    assert refused(browser, f"{verbs}/relate/", {"required": "No Name"})["required"]


def test_facets_are_defined_changed_and_removed(browser, skill):
    assert browser.get(f"{FACETS}add/").status_code == 200
    sent = {"name": "language", "values": "go\npython"}
    assert browser.post(f"{FACETS}add/", sent).status_code == 302
    assert refused(browser, f"{FACETS}add/", sent)["name"]
    facet = FacetDefinition.objects.get()
    skill.revise(labels={"facet": ["language=go"]})
    verbs = f"{FACETS}{facet.pk}/do"
    assert refused(browser, f"{verbs}/edit/", {"values": "python"})["values"]
    assert refused(browser, f"{verbs}/remove/", {})
    done(browser, f"{verbs}/edit/", {"values": "go", "multiple": "on"})
    skill.revise(labels={"facet": []})
    done(browser, f"{verbs}/remove/", {})
    assert not FacetDefinition.objects.exists()
