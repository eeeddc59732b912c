"""Whatever is edited: no version changes, and what once led somewhere still does.

`make prove-versions` does the same for longer.
"""

import pytest
from django.db.models import F
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from taxonomy.models import Address, Category, FormerPath, Skill, SkillVersion
from tests.taxonomy.editing import Editing

pytestmark = pytest.mark.django_db


def test_random_edits_take_nothing_away():
    run_state_machine_as_test(
        Editing, settings=settings(max_examples=8, stateful_step_count=20)
    )


@pytest.mark.slow
def test_many_random_edits_take_nothing_away():
    run_state_machine_as_test(
        Editing, settings=settings(max_examples=300, stateful_step_count=60)
    )


@pytest.mark.parametrize(
    ("model", "verb", "check"),
    [
        (Skill, "make_current", "no_version_changed_or_disappeared"),
        (Skill, "apply_version", "every_name_and_path_leads_where_it_did"),
        (Category, "_move_rows", "every_name_and_path_leads_where_it_did"),
        (Skill, "move_to", "every_full_path_leads_where_it_did"),
    ],
)
def test_what_a_faulty_edit_takes_away_is_missed(model, verb, check, monkeypatch):
    former = getattr(model, verb)

    def losing(row, *args, **options):
        former(row, *args, **options)
        SkillVersion.objects.exclude(skill__current=F("pk")).delete()
        Address.objects.filter(current=False).delete()
        FormerPath.objects.all().delete()

    monkeypatch.setattr(model, verb, losing)
    fleet = Editing()
    fleet.publish("one", 1, "a")
    fleet.rename("one", "two")
    fleet.publish("two", 2, "b")
    fleet.roll_back("two", 1)
    fleet.move("a/x", "b/x")
    with pytest.raises((AssertionError, KeyError)):
        getattr(fleet, check)()
    fleet.close()
