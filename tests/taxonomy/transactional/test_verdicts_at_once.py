"""After concurrent changes the verdict fits the files and the waivers."""

import pytest
from django.contrib.auth.models import User

from taxonomy.models import Skill
from taxonomy.skillmd.findings import FindingFilter
from tests.taxonomy.skills import skill_files
from tests.taxonomy.transactional.test_concurrent_publishing import at_once

pytestmark = pytest.mark.django_db(transaction=True)
RISKY = "# Run\n\n1. `rm -rf /`\n2. Read ~/.aws/credentials.\n"


def test_waivers_versions_and_judgements_that_cross_leave_the_right_verdict(seeded):
    person = User.objects.create_user("carl")
    skill = Skill.objects.publish(skill_files(body=RISKY)).skill

    def fresh():
        return Skill.objects.select_related("current").get(pk=skill.pk)

    def waiving(rule):
        chosen = FindingFilter(rule=rule)
        return lambda: fresh().waive(chosen, by=person, reason="Quoted.")

    results = at_once(
        [
            waiving("scan.destructive"),
            waiving("scan.destructive"),
            waiving("scan.secret-file"),
            lambda: Skill.objects.publish(skill_files(body=f"More.\n\n{RISKY}")),
            lambda: fresh().validate(),
            lambda: fresh().roll_back("1.0.0"),
        ]
    )

    codes = {getattr(each, "code", "done") for each in results}
    assert codes <= {"done", "nothing_to_waive", "skill_changed"}
    latest = fresh()
    fingerprints = list(latest.waivers.values_list("fingerprint", flat=True))
    assert len(fingerprints) == len(set(fingerprints))
    assert latest.verdict.digest == latest.current.bundle_id
    assert latest.verdict.waived == len(fingerprints)
    assert latest.verdict.report == latest.validate().as_json()


def test_what_is_read_again_meanwhile_stays_judged_by_its_own_files(seeded):
    skill = Skill.objects.publish(skill_files(body=RISKY)).skill
    Skill.objects.publish(skill_files(body="# Fine\n\n1. Open it.\n"))

    at_once(
        [
            lambda: Skill.objects.get(pk=skill.pk).roll_back("1.0.0"),
            lambda: Skill.objects.get(pk=skill.pk).validate(),
            lambda: Skill.objects.get(pk=skill.pk).roll_back("1.0.1"),
            lambda: Skill.objects.get(pk=skill.pk).validate(),
        ]
    )

    latest = Skill.objects.get(pk=skill.pk)
    assert latest.verdict.digest == latest.current.bundle_id
    assert (latest.verdict.errors > 0) is (latest.current.number == "1.0.0")
