"""Findings are shown on the skill's page, and can be waived there."""

import re

import pytest

from taxonomy.models import Skill, Waiver
from tests.taxonomy.skills import skill_files

LIST = "/admin/taxonomy/skill/"
BODY = "# Clean up\n\n1. Run `rm -rf /` & <b>see</b>.\n2. Read ~/.aws/credentials.\n"


@pytest.fixture
def risky(seeded):
    return Skill.objects.publish(skill_files(body=BODY)).skill


def page(browser, skill):
    return browser.get(f"{LIST}{skill.pk}/change/").content.decode()


def verb(skill, name):
    return f"{LIST}{skill.pk}/do/{name}/"


def test_a_finding_is_waived_from_beside_it(browser, risky):
    text = page(browser, risky)
    assert "Run `rm -rf /` &amp; &lt;b&gt;see&lt;/b&gt;." in text
    [way, other] = re.findall(r'href="([^"]*/do/waive/\?finding=\w+)"', text)

    form = browser.get(way).context["form"]
    picked = form.initial["finding"]
    assert picked in dict(form.fields["finding"].choices)
    sent = {"finding": [picked], "reason": "An example."}
    assert browser.post(way, sent).status_code == 302

    waiver = Waiver.objects.get()
    assert (waiver.rule, waiver.person.username) == ("scan.destructive", "carl")
    text = page(browser, risky)
    assert way not in text and other in text
    assert "An example." in text
    assert "Warnings" in browser.get(LIST).content.decode()


def test_a_waiver_is_revoked_from_beside_it(browser, risky):
    finding = risky.verdict.report["errors"][0]["fingerprint"]
    sent = {"finding": [finding], "reason": "An example."}
    browser.post(verb(risky, "waive"), sent)
    [way] = re.findall(
        r'href="([^"]*/do/revoke/[^"]*)"[^>]*>Revoke<', page(browser, risky)
    )

    browser.post(way, {"waiver": Waiver.objects.get().pk})

    assert Waiver.objects.get().revoked_by.username == "carl"
    risky.verdict.refresh_from_db()
    assert risky.verdict.status == "failed"


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"finding": ["0" * 32], "reason": "No."}, "finding"),
        ({"reason": "No."}, "finding"),
        ({"finding": [], "reason": ""}, "reason"),
    ],
)
def test_what_cannot_be_waived_is_told_beside_the_field(browser, risky, sent, field):
    answer = browser.post(verb(risky, "waive"), sent)

    assert answer.status_code == 200
    assert field in answer.context["form"].errors
    assert not Waiver.objects.exists()


def test_a_skill_is_validated_again_by_its_button(browser, risky):
    risky.verdict.delete()
    assert "Validation findings" not in page(browser, risky)

    assert browser.post(verb(risky, "validate")).status_code == 302

    assert "Validation findings" in page(browser, risky)
