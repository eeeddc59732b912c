"""`Skill.objects.publish`, the only way to write a skill."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from taxonomy.exceptions import (
    InvalidSkill,
    InvalidVersion,
    NameTaken,
    SkillArchived,
    SkillChanged,
    UnknownCategory,
    VersionConflict,
)
from taxonomy.files.gate import File, bundle_digest
from taxonomy.models import Address, Bundle, Category, Skill, SkillVersion
from tests.taxonomy.skills import skill_files

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seeded")]


def test_a_new_skill_stands_in_its_category_with_its_first_version():
    author = User.objects.create_user("ada")
    files = skill_files(scripts__merge=b"\x00binary")

    published = Skill.objects.publish(
        files, category="development/practices", author=author, change_summary="New."
    )

    skill = Skill.objects.get(name="pdf-tools")
    assert published.created and published.changed
    assert skill.path == "development/practices/pdf-tools"
    assert skill.description.startswith("Merge and split")
    assert skill.current == published.version == skill.versions.get()
    assert (skill.current.number, skill.current.author) == ("1.0.0", author)
    assert skill.current.body == "# PDF tools\n\n1. Open the file."
    assert skill.current.bundle.files() == files


def test_the_same_bytes_again_change_nothing():
    first = Skill.objects.publish(skill_files())
    before = Skill.objects.get().updated_at
    again = Skill.objects.publish(skill_files(), change_summary="Once more.")
    assert not again.changed and not again.created
    assert again.version == first.version
    assert Skill.objects.get().updated_at == before
    assert SkillVersion.objects.count() == 1


def test_the_same_bytes_may_go_to_another_category():
    Skill.objects.publish(skill_files())
    Skill.objects.publish(skill_files(), category="research/analysis")
    assert Skill.objects.get().path == "research/analysis/pdf-tools"
    assert SkillVersion.objects.count() == 1


def test_a_change_is_the_next_patch_and_keeps_the_category():
    Skill.objects.publish(skill_files(), category="data")
    version = Skill.objects.publish(skill_files(body="New steps.")).version
    skill = Skill.objects.get()
    assert version.number == "1.0.1"
    assert skill.current == version
    assert skill.path == "data/pdf-tools"
    assert [each.number for each in skill.versions.all()] == ["1.0.1", "1.0.0"]


def test_a_skill_that_names_no_category_is_uncategorized():
    Skill.objects.publish(skill_files())
    assert Skill.objects.get().path == "uncategorized/pdf-tools"


def test_the_frontmatter_may_name_a_higher_version():
    Skill.objects.publish(skill_files(extra='metadata:\n  version: "1.4"\n'))
    assert Skill.objects.get().current.number == "1.4.0"
    Skill.objects.publish(
        skill_files(body="Other.", extra='metadata:\n  version: "1.2.0"\n')
    )
    assert Skill.objects.get().current.number == "1.4.1"


@pytest.mark.parametrize("number", ["1.0.0", "0.9.0", "1.0.0-rc.1"])
def test_a_given_number_must_be_higher_than_the_published(number):
    Skill.objects.publish(skill_files())
    with pytest.raises(VersionConflict) as conflict:
        Skill.objects.publish(skill_files(body="Other."), number=number)
    assert conflict.value.status_code == 409
    assert "1.0.0" in conflict.value.fields["version"][0]
    assert SkillVersion.objects.count() == 1


def test_a_given_number_that_is_no_version_is_refused():
    with pytest.raises(InvalidVersion):
        Skill.objects.publish(skill_files(), number="one")
    assert not Skill.objects.exists()
    assert not Bundle.objects.exists()


def test_reserved_names_are_refused():
    with pytest.raises(InvalidSkill) as refusal:
        Skill.objects.publish(skill_files(name="search"))
    assert "reserved" in refusal.value.fields["name"][0]


def test_the_frontmatter_must_say_the_name_that_is_asked_for():
    with pytest.raises(InvalidSkill) as refusal:
        Skill.objects.publish(skill_files(), name="pdf-kit")
    assert "pdf-kit" in refusal.value.fields["name"][0]


def test_an_unknown_category_is_refused_by_name():
    with pytest.raises(UnknownCategory) as refusal:
        Skill.objects.publish(skill_files(), category="no/such")
    assert "no/such" in refusal.value.fields["category"][0]


def test_a_former_name_cannot_be_taken():
    skill = Skill.objects.publish(skill_files()).skill
    Address.objects.create(kind="skill", path="pdf-kit", skill=skill, current=False)
    with pytest.raises(NameTaken):
        Skill.objects.publish(skill_files(name="pdf-kit"))


def test_a_former_name_and_the_uuid_resolve():
    skill = Skill.objects.publish(skill_files()).skill
    Address.objects.create(kind="skill", path="pdf-kit", skill=skill, current=False)
    for ref in ("pdf-tools", "pdf-kit", str(skill.pk)):
        assert Skill.objects.resolve(ref) == skill
    for ref in ("", "PDF tools", "no-such", "0" * 32, "x\0", "é" * 3000):
        with pytest.raises(Skill.DoesNotExist):
            Skill.objects.resolve(ref)


def test_an_archived_skill_takes_no_new_version():
    Skill.objects.publish(skill_files()).skill.archive()
    with pytest.raises(SkillArchived):
        Skill.objects.publish(skill_files(body="Other."))


def test_files_made_from_what_is_no_longer_current_are_refused():
    first = Skill.objects.publish(skill_files(), based_on="").version
    second = skill_files(body="Second.")
    Skill.objects.publish(second, based_on=first.bundle_id)
    for stale in ("", first.bundle_id):
        with pytest.raises(SkillChanged):
            Skill.objects.publish(skill_files(body="Third."), based_on=stale)
    assert Skill.objects.get().current.bundle_id == bundle_digest(second)


def test_labels_come_from_the_frontmatter():
    extra = (
        "allowed-tools: Bash(git add:*) Read, Write\n"
        "metadata:\n  keywords: merge, split\n  tags: pdf\n"
    )
    skill = Skill.objects.publish(skill_files(extra=extra)).skill
    assert {(each.kind, each.value) for each in skill.labels.all()} == {
        ("tool", "Bash(git add:*)"),
        ("tool", "Read"),
        ("tool", "Write"),
        ("keyword", "merge"),
        ("keyword", "split"),
        ("tag", "pdf"),
    }
    Skill.objects.publish(skill_files(extra="metadata:\n  tags: office\n"))
    assert {str(each) for each in skill.labels.all()} == {
        "keyword:merge",
        "keyword:split",
        "tag:office",
    }


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no frontmatter",
        b"---\nname: a\n---\nno description",
        b"---\nname: Upper\ndescription: x\n---\n",
        b"---\nname: a\ndescription: x\nunknown: y\n---\n",
        b"---\nname: 123\ndescription: x\n---\n",
        "---\nname: навык\ndescription: x\n---\n".encode(),
        b"---\nname: a\ndescription: x\n---\nbody\x00",
        b"\xff\xfe",
    ],
)
def test_what_breaks_a_rule_is_refused_with_its_findings(content):
    with pytest.raises(InvalidSkill) as refusal:
        Skill.objects.publish((File("SKILL.md", content),))
    assert refusal.value.fields
    assert not Skill.objects.exists()


@pytest.mark.parametrize(
    "path", ["../up", "/root", "a\\b", "a:b", "a//b", "./a", "x" * 600, "nul\0"]
)
def test_a_path_that_leaves_the_folder_is_refused(path):
    with pytest.raises(InvalidSkill):
        Skill.objects.publish((*skill_files(), File(path, b"")))


def test_bundles_share_content_and_are_addressed_by_digest():
    files = skill_files(a__x=b"same", b__x=b"same")
    bundle = Bundle.objects.store(files)
    assert Bundle.objects.store(files) == bundle
    assert bundle.pk == bundle_digest(files)
    assert bundle.files() == files
    assert bundle.file("a/x") == File("a/x", b"same")
    assert bundle.file("a") is None
    assert bundle.entries.values("blob").distinct().count() == 2


def test_a_category_below_is_within_and_a_longer_sibling_is_not():
    Category.objects.create_at("data-lakes")
    inside = {each.path for each in Category.objects.within("data")}
    assert "data" in inside and "data/databases/redis" in inside
    assert "data-lakes" not in inside
    assert "data" not in {each.path for each in Category.objects.under("data")}


@pytest.mark.skipif(connection.vendor != "sqlite", reason="small tables are scanned")
def test_publishing_looks_through_no_table():
    with CaptureQueriesContext(connection) as queries:
        for category in (None, "data/ml"):
            name = f"new-{len(category or '')}"
            Skill.objects.publish(skill_files(name), category=category)
        selects = [each["sql"] for each in queries if each["sql"].startswith("SELECT")]
    assert len(selects) < 60
    for sql in selects:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            steps = [step[-1] for step in cursor.fetchall()]
        assert not [step for step in steps if step.startswith("SCAN taxonomy_")], sql
