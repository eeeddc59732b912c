"""Cached relations are invalidated when a skill at either end changes."""

import pytest

from taxonomy.models import Relation, Skill
from tests.taxonomy.skills import skill_files

pytestmark = pytest.mark.django_db(transaction=True)
SKILLS = "/api/v1/skills"


def test_a_change_at_any_end_invalidates_what_shows_it(seeded, viewer, curator):
    a, b, c, _ = (Skill.objects.publish(skill_files(name)).skill for name in "abcd")
    Relation.objects.relate(a, {Relation.Kind.REQUIRED: ["b", "later"]})
    Relation.objects.relate(b, {Relation.Kind.REQUIRED: ["c"]})
    a.deprecate("Old.", "d")

    def renamed(ref, name):
        assert curator.patch(f"{SKILLS}/{ref}", {"name": name}).status_code == 200

    for address, change, expected in (
        (
            "a/relations",
            lambda: c.archive(),
            '"requires_all":[{"name":"b","available":true}]',
        ),
        ("a/relations", lambda: renamed("b", "bee"), '"bee"'),
        ("a", lambda: renamed("bee", "bea"), '"target":"bea"'),
        ("a", lambda: renamed("d", "dee"), '"replacement":"dee"'),
        ("c/relations", lambda: renamed("bea", "boo"), '"required_by":["boo"]'),
        (
            "a/relations",
            lambda: Skill.objects.publish(skill_files("later")),
            '"later","available":true',
        ),
        ("boo/relations", lambda: a.archive(), '"required_by":[]'),
    ):
        reader = curator if address == "c/relations" else viewer
        reader.get(f"{SKILLS}/{address}")
        first = reader.get(f"{SKILLS}/{address}")
        assert first["X-Cache"] == "HIT", address
        assert expected not in first.content.decode()
        change()
        again = reader.get(f"{SKILLS}/{address}")
        assert expected in again.content.decode(), (address, again.content)


@pytest.mark.parametrize(("most", "page"), [(200, 200), (200, 2), (2, 200)])
def test_who_requires_it_unseen_invalidates_it_too(
    seeded, viewer, curator, settings, monkeypatch, most, page
):
    """Even if the requiring skill is archived, on a later page, or one of too many."""
    monkeypatch.setattr("taxonomy.api.relations.MOST_TAGS", most)
    settings.SKILLFLEET_MAX_PAGE_SIZE = page
    Skill.objects.publish(skill_files("tool"))
    for number in range(4):
        skill = Skill.objects.publish(skill_files(f"user-{number}")).skill
        Relation.objects.relate(skill, {Relation.Kind.REQUIRED: ["tool"]})
    skill.archive()

    for status, count in (("active", 4), ("archived", 3), ("active", 4)):
        viewer.get(f"{SKILLS}/tool/relations")
        assert viewer.get(f"{SKILLS}/tool/relations")["X-Cache"] == "HIT"
        curator.patch(f"{SKILLS}/user-3", {"status": status})
        relations = viewer.get(f"{SKILLS}/tool/relations").json()
        assert relations["required_by_count"] == count
        names = [f"user-{number}" for number in range(count)]
        assert relations["required_by"] == names[:page]
