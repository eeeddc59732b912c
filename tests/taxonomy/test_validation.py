"""After an upgrade every skill is validated again by the new rules."""

import io

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.test import Client

from jobs.engine.maintenance import (
    PRUNE_SECONDS,
    REVALIDATION_SECONDS,
    Chores,
    revalidation_chore,
)
from taxonomy import validation
from taxonomy.models import Skill, Verdict, Waiver
from taxonomy.scan.rules import TEXT_RULES
from taxonomy.skillmd.findings import FindingFilter, Severity
from taxonomy.skillmd.rule_set import EQUIVALENT, current_rule_sets, rule_set
from tests.taxonomy.skills import skill_files

RISKY = "# Clean up\n\n1. Run `rm -rf /` to see.\n"


@pytest.fixture
def former(seeded):
    """Five skills, one of them archived and one never judged, and a new one."""
    for n in range(5):
        Skill.objects.publish(skill_files(f"skill-{n}", body=RISKY))
    Skill.objects.get(name="skill-3").archive()
    Verdict.objects.update(rules="", status="passed", errors=0)
    Verdict.objects.filter(skill__name="skill-4").delete()
    Skill.objects.publish(skill_files("new"))


def failing():
    return Verdict.objects.filter(status="failed", rules=rule_set()).count()


def test_what_other_rules_judged_is_judged_in_batches_until_none_is_left(
    former, monkeypatch
):
    monkeypatch.setattr(validation, "BATCH_SIZE", 2)

    assert [validation.revalidate_outdated() for _ in range(3)] == [True, True, False]

    assert failing() == 5
    before = list(Verdict.objects.values_list("judged_at"))
    assert not validation.revalidate_outdated()
    assert list(Verdict.objects.values_list("judged_at")) == before


def test_a_verdict_of_the_release_before_is_due_unless_its_rules_are_the_same(
    seeded, monkeypatch
):
    Skill.objects.publish(skill_files("old"))
    Verdict.objects.update(rules="e78049a6690e3005")
    assert validation.outdated_skills().exists()

    same = frozenset({"e78049a6690e3005"})
    monkeypatch.setitem(EQUIVALENT, rule_set(), same)
    current_rule_sets.cache_clear()

    assert not validation.outdated_skills().exists()
    assert not validation.revalidate_outdated()
    assert Verdict.objects.get().rules == "e78049a6690e3005"
    current_rule_sets.cache_clear()


def test_a_batch_ends_when_its_time_is_over(former, monkeypatch):
    monkeypatch.setattr(validation, "BATCH_SECONDS", -1)

    assert validation.revalidate_outdated()

    assert failing() == 1


def test_a_skill_that_cannot_be_validated_does_not_stop_the_others(former, monkeypatch):
    judge = Skill.validate

    def breaks(skill):
        return 1 / 0 if skill.name == "skill-0" else judge(skill)

    monkeypatch.setattr(Skill, "validate", breaks)

    assert not validation.revalidate_outdated()

    assert failing() == 4


def test_the_cluster_goes_on_soon_and_then_waits_an_hour(former, monkeypatch):
    monkeypatch.setattr(validation, "BATCH_SIZE", 4)
    clock = 0.0
    monkeypatch.setattr("jobs.engine.maintenance.time.monotonic", lambda: clock)
    chores = Chores(revalidation_chore)

    chores.run(is_stopping=lambda: False)
    assert chores.due[revalidation_chore] == REVALIDATION_SECONDS
    clock = REVALIDATION_SECONDS
    chores.run(is_stopping=lambda: False)

    assert chores.due[revalidation_chore] == clock + PRUNE_SECONDS
    assert failing() == 5


def test_the_admin_and_the_command_say_how_many_are_due(former, client: Client):
    curator = User.objects.create_user("carl", is_staff=True)
    curator.groups.add(Group.objects.get(name="curator"))
    client.force_login(curator)
    tile = {each.title: each for each in client.get("/admin/").context["tiles"]}
    due = tile["To be validated again"]
    assert due.number == 5
    assert client.get(due.link).context["cl"].result_count == 5

    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("validate_skill", "--all", stdout=out)

    assert out.getvalue().startswith("5 skill(s) were last validated by older rules.")
    assert validation.outdated_skills().count() == 1, "the archived one"


@pytest.fixture
def rule():
    (destructive,) = (each for each in TEXT_RULES if each.rule == "scan.destructive")
    severity = destructive.severity
    yield destructive
    object.__setattr__(destructive, "severity", severity)


def test_a_waiver_holds_up_to_the_severity_that_was_waived(seeded, rule):
    carl = User.objects.create_user("carl")
    chosen = FindingFilter(rule="scan.destructive")
    object.__setattr__(rule, "severity", Severity.WARNING)
    skill = Skill.objects.publish(skill_files(body=RISKY)).skill
    skill.waive(chosen, by=carl, reason="Minor.")
    assert skill.validate().status == "passed"

    object.__setattr__(rule, "severity", Severity.CRITICAL)
    assert skill.validate().status == "failed"
    skill.waive(chosen, by=carl, reason="Quoted.")
    assert skill.validate().status == "passed"
    object.__setattr__(rule, "severity", Severity.WARNING)
    assert skill.validate().status == "passed", "it is not as bad as what was waived"

    waivers = Waiver.objects.order_by("pk").values_list("severity", "reason")
    assert list(waivers) == [("warning", "Minor."), ("critical", "Quoted.")]
    assert skill.waivers.active().get().severity == "critical"
    skill.waivers.active().update(severity="")
    object.__setattr__(rule, "severity", Severity.CRITICAL)
    assert skill.validate().status == "passed", "of before severities were kept"
