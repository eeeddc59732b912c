"""What is cached of relations goes when a skill at any end of them changes."""

import pytest

from taxonomy.models import Relation, Skill
from tests.taxonomy.skills import skill_files

pytestmark = pytest.mark.django_db(transaction=True)
SKILLS = "/api/v1/skills"


def test_a_change_at_any_end_retires_what_shows_it(seeded, viewer, curator):
    a, b, c, _ = (Skill.objects.publish(skill_files(name)).skill for name in "abcd")
    Relation.objects.relate(a, {Relation.Kind.REQUIRED: ["b", "later"]})
    Relation.objects.relate(b, {Relation.Kind.REQUIRED: ["c"]})
    a.deprecate("Old.", "d")

    def renamed(ref, name):
        assert curator.patch(f"{SKILLS}/{ref}", {"name": name}).status_code == 200

    for shown, change, expected in (
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
        reader = curator if shown == "c/relations" else viewer
        reader.get(f"{SKILLS}/{shown}")
        first = reader.get(f"{SKILLS}/{shown}")
        assert first["X-Cache"] == "HIT", shown
        assert expected not in first.content.decode()
        change()
        again = reader.get(f"{SKILLS}/{shown}")
        assert expected in again.content.decode(), (shown, again.content)
