"""Readers see in the admin what the API shows them, and no more."""

from taxonomy.models import Relation, Skill
from tests.taxonomy.skills import skill_files

SKILLS = "/admin/taxonomy/skill/"
VERSIONS = "/admin/taxonomy/skillversion/"


def page(browser, address):
    answer = browser.get(f"{address}/change/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_yanked_version_is_read_by_curators_alone(browser, reading_browser, seeded):
    Skill.objects.publish(skill_files(body="# A secretword\n"))
    skill = Skill.objects.publish(skill_files(body="# Clean\n")).skill
    address = f"{VERSIONS}{skill.versions.get(number='1.0.0').pk}"
    assert "secretword" in page(reading_browser, address)

    skill.yank("1.0.0", "It holds a key.")

    text = page(reading_browser, address)
    assert "secretword" not in text and "pdf-tools" in text
    assert "Version 1.0.0 was withdrawn: It holds a key." in text
    assert "secretword" in page(browser, address)


def test_an_archived_skill_is_told_by_the_name_that_was_written(
    browser, reading_browser, skill
):
    other = Skill.objects.publish(skill_files("first-name")).skill
    Relation.objects.relate(skill, {Relation.Kind.SEE_ALSO: ["first-name"]})
    skill.deprecate("Slow.", "first-name")
    address = f"{SKILLS}{skill.pk}"
    link = f"{SKILLS}{other.pk}/change/"
    assert page(reading_browser, address).count(link) == 2

    other.revise(name="second-name")
    other.archive()

    for someone in (browser, reading_browser):
        text = page(someone, address)
        assert "first-name" in text and "Slow." in text
        assert "second-name" not in text and link not in text
