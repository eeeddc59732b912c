"""No edit changes a published version, and every former name and path still resolves.

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
        (Skill, "apply_version", "every_name_and_path_still_resolves"),
        (Category, "_move_rows", "every_name_and_path_still_resolves"),
        (Skill, "move_to", "every_full_path_still_resolves"),
    ],
)
def test_what_a_faulty_edit_deletes_is_noticed(model, verb, check, monkeypatch):
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
