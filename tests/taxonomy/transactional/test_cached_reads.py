"""Reads are answered from the cache, and never with a value from before a change."""

import pytest
from django.contrib.auth.models import User

from taxonomy.models import Address, Category, Label, Skill, SkillVersion
from tests.empty_cache import empty_cache  # noqa: F401
from tests.taxonomy.skills import skill_files

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("empty_cache"),
]

SKILL = "/api/v1/skills/pdf-tools"
SKILLS = "/api/v1/skills"
TAXONOMY = "/api/v1/taxonomy"
XML = "/api/v1/taxonomy/xml"
EVERY_READ = [
    SKILLS,
    SKILL,
    f"{SKILL}/files",
    f"{SKILL}/files/SKILL.md",
    f"{SKILL}/versions",
    f"{SKILL}/versions/1.0.0",
    TAXONOMY,
    f"{TAXONOMY}/development/practices",
    XML,
]


@pytest.fixture
def warm(viewer):
    """Read twice: it is in the cache; gives the reader of what comes next."""

    def read(url):
        answer = viewer.get(url)
        assert answer.status_code == 200
        return answer

    def warmed(url):
        assert read(url)["X-Cache"] == "MISS"
        assert read(url)["X-Cache"] == "HIT"
        return lambda: read(url)

    return warmed


@pytest.mark.parametrize("url", EVERY_READ)
def test_publishing_invalidates_every_read_that_shows_the_skill(
    warm, curator, pdf_tools, url
):
    read = warm(url)
    content = skill_files(description="Quite another.")[0].content.decode()
    assert curator.put(SKILL, {"content": content}).status_code == 200
    after = read()
    assert after["X-Cache"] == "MISS"
    assert read()["X-Cache"] == "HIT"
    if url in (SKILLS, SKILL, f"{TAXONOMY}/development/practices", XML):
        assert b"Quite another." in after.content


CHANGES = {
    "save": lambda: Skill.objects.get().revise(status="deprecated"),
    "bulk update": lambda: Skill.objects.update(status="deprecated"),
    "label": lambda: Skill.objects.get().revise(labels={Label.Kind.TAG: ["new"]}),
    "label deleted": lambda: Label.objects.all().delete(),
    "category moved": lambda: Category.objects.resolve("development").move("dev"),
    "category described": lambda: Category.objects.update(description="x"),
    "yanked": lambda: SkillVersion.objects.get().save(),
    "alias": lambda: Address.objects.create(
        kind="skill", path="pdf-kit", skill=Skill.objects.get(), current=False
    ),
    "author renamed": lambda: User.objects.get(username="ada").save(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_of_a_skill_invalidates_its_detail(warm, seeded, change):
    Skill.objects.publish(
        skill_files(extra="metadata:\n  tags: pdf\n"),
        category="development/practices",
        author=User.objects.create_user("ada"),
    )
    read = warm(SKILL)
    CHANGES[change]()
    assert read()["X-Cache"] == "MISS"


def test_what_was_read_by_uuid_or_former_name_is_invalidated_too(
    warm, curator, pdf_tools
):
    Address.objects.create(kind="skill", path="pdf-kit", skill=pdf_tools, current=False)
    reads = [warm(f"{SKILLS}/{ref}") for ref in (pdf_tools.pk, "pdf-kit")]
    curator.patch(SKILL, {"tags": ["new"]})
    for read in reads:
        assert read().json()["tags"] == ["new"]


def test_another_skill_stays_in_the_cache(warm, curator, pdf_tools):
    Skill.objects.publish(skill_files(name="other"))
    read = warm(f"{SKILLS}/other")
    curator.patch(SKILL, {"tags": ["new"]})
    assert read()["X-Cache"] == "HIT"


def test_a_moved_category_shows_its_new_path_everywhere(warm, curator, pdf_tools):
    reads = [warm(url) for url in (SKILL, SKILLS, TAXONOMY)]
    curator.patch(f"{TAXONOMY}/development", {"path": "engineering"})
    for read in reads:
        assert b"engineering/practices" in read().content


def test_what_curators_see_never_reaches_readers(viewer, curator, pdf_tools):
    curator.delete(SKILL)
    assert [curator.get(SKILL)["X-Cache"] for _ in range(2)] == ["MISS", "HIT"]
    assert viewer.get(SKILL).status_code == 404
    assert curator.get(SKILLS, {"status": "archived"}).json()["count"] == 1
    assert viewer.get(SKILLS, {"status": "archived"}).json()["count"] == 0


def test_anonymous_gets_no_hit_of_a_reader(viewer, anonymous, pdf_tools):
    viewer.get(SKILL)
    assert anonymous.get(SKILL).status_code == 401


def test_a_client_that_has_the_bytes_gets_a_304(viewer, pdf_tools):
    first = viewer.get(f"{SKILL}/files/SKILL.md")
    again = viewer.get(f"{SKILL}/files/SKILL.md", HTTP_IF_NONE_MATCH=first["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    assert "Age" in again and again["Cache-Control"] == "no-cache"


def test_every_answer_says_how_many_skills_were_omitted(viewer, pdf_tools):
    answers = [viewer.get(XML, {"max_chars": 40}) for _ in range(2)]
    assert [each["X-Skills-Omitted"] for each in answers] == ["1", "1"]
