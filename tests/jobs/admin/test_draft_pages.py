"""Curators promote and reject drafts in the admin as in the API."""

import re

import pytest

from jobs import drafts, lifecycle
from jobs.models import Draft
from taxonomy.models import Skill

LIST = "/admin/jobs/draft/"


def verb(draft, name):
    return f"{LIST}{draft.pk}/do/{name}/"


def test_promote_with_the_name_and_category_of_the_draft(curator_browser, drafted):
    assert curator_browser.get(verb(drafted, "promote")).status_code == 200
    assert curator_browser.post(verb(drafted, "promote"), {}).status_code == 302

    drafted.refresh_from_db()
    assert drafted.status == Draft.Status.PROMOTED
    assert Skill.objects.get().name == drafted.job.skill_name


def test_promote_elsewhere_under_another_name(curator_browser, drafted):
    sent = {"taxonomy_path": "operations", "name": "billing", "version": "2.0.0"}

    curator_browser.post(verb(drafted, "promote"), sent)

    skill = Skill.objects.get()
    assert (skill.path, skill.current.number) == ("operations/billing", "2.0.0")


def test_a_draft_that_changed_since_the_page_is_not_promoted(curator_browser, drafted):
    page = curator_browser.get(verb(drafted, "promote"))
    [digest] = re.findall(r'name="digest" value="(\w+)"', page.content.decode())
    drafts.edit(drafted, "references/more.md", b"Not seen.", by=drafted.job.user)

    page = curator_browser.post(verb(drafted, "promote"), {"digest": digest})

    assert "review it" in page.context["form"].non_field_errors()[0]
    assert not Skill.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("taxonomy_path", "no/such/category"),
        ("name", "Not A Name"),
        ("name", "validate"),
        ("name", "x" * 500),
        ("name", "nul\0"),
        ("version", "one"),
        ("version", "1" * 200),
    ],
)
def test_bad_input_is_named_beside_its_field(field, value, curator_browser, drafted):
    page = curator_browser.post(verb(drafted, "promote"), {field: value})

    assert page.status_code == 200
    assert field in page.context["form"].errors
    assert not Skill.objects.exists()


def test_a_failed_validation_is_not_promoted(curator_browser, drafted, curator):
    drafts.edit(drafted, "SKILL.md", b"No frontmatter.", by=curator)

    page = curator_browser.post(verb(drafted, "promote"), {})

    assert "Validation failed" in page.context["form"].non_field_errors()[0]
    assert not Skill.objects.exists()
    detail = curator_browser.get(f"{LIST}{drafted.pk}/change/").content.decode()
    assert "Validation findings" in detail


def test_reject_needs_a_reason(curator_browser, drafted):
    page = curator_browser.post(verb(drafted, "reject"), {"reason": " "})
    assert "reason" in page.context["form"].errors

    curator_browser.post(verb(drafted, "reject"), {"reason": "Too short."})
    drafted.refresh_from_db()
    assert (drafted.status, drafted.reason) == ("rejected", "Too short.")


def test_a_decided_draft_is_not_decided_again(curator_browser, drafted, curator):
    drafts.reject(drafted, by=curator, reason="No.")

    page = curator_browser.post(verb(drafted, "promote"), {}, follow=True)

    assert "not in this state" in page.content.decode()
    assert not Skill.objects.exists()


def test_the_page_shows_the_files_as_text(author, drafted, curator):
    text = "<script>alert(1)</script>"
    drafts.edit(drafted, "references/evil.md", text.encode(), by=curator)
    drafts.edit(drafted, "assets/logo.png", b"\x89PNG\x00", by=curator)

    page = author.get(f"{LIST}{drafted.pk}/change/").content.decode()

    assert text not in page
    assert "&lt;script&gt;" in page
    assert "not a text" in page


def test_a_curator_gets_no_link_to_a_job_they_cannot_see(
    curator_browser, author, drafted
):
    link = f"/admin/jobs/job/{drafted.job_id}/change/"
    path = f"{LIST}{drafted.pk}/change/"

    assert link not in curator_browser.get(path).content.decode()
    assert link in author.get(path).content.decode()


def test_a_draft_of_an_unfinished_job_is_not_decided_on(
    curator_browser, submit, run_until_question
):
    job = run_until_question(submit(options={"checkpoints": ["preview"]}))
    path = f"{LIST}{job.draft.pk}/change/"

    assert curator_browser.get(path).context["actions_detail"] == []
    lifecycle.cancel(job, by=job.user)
    assert curator_browser.get(path).context["actions_detail"] == []


def test_a_finding_is_waived_before_the_draft_is_promoted(curator_browser, drafted):
    text = drafted.bundle.file("SKILL.md").content + b"\n`rm -rf /`\n"
    drafts.edit(drafted, "SKILL.md", text, by=drafted.job.user)
    page = curator_browser.get(f"{LIST}{drafted.pk}/change/").content.decode()
    [way] = re.findall(r'href="([^"]*/do/waive/\?finding=\w+)"', page)

    sent = {"finding": way.rpartition("=")[2], "reason": "An example."}
    assert curator_browser.post(way, sent).status_code == 302
    curator_browser.post(verb(drafted, "promote"), {})

    assert Skill.objects.get().waivers.get().reason == "An example."
