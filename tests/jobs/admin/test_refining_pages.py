"""The next version of a skill is requested, reviewed and promoted in the admin."""

from jobs.models import Job
from taxonomy.models import Skill
from tests.jobs.copied_jobs import SOURCE
from tests.taxonomy.skills import skill_files

DESCRIPTION = "Restarts the billing service. Use when the billing service hangs."


def test_from_the_skills_page_to_its_next_version(
    author, author_user, curator_browser, run_to_end, seeded
):
    files = skill_files("billing", DESCRIPTION, SOURCE)
    skill = Skill.objects.publish(files, category="operations").skill
    page = f"/admin/taxonomy/skill/{skill.pk}/do/refine/"
    assert author.get(page).status_code == 200
    refused = author.post(page, {"feedback": "add: x", "focus_areas": "x" * 81})
    assert "one line of 1 to 80" in str(refused.context["form"].errors)

    sent = {"feedback": "add: Ask Kim first.", "focus_areas": ""}
    assert author.post(page, sent).status_code == 302

    job = Job.objects.get()
    assert (job.base, job.user) == (skill.current, author_user)
    draft = run_to_end(job).draft
    draft_page = curator_browser.get(f"/admin/jobs/draft/{draft.pk}/change/")
    assert "Changes in billing" in draft_page.content.decode()
    assert "+Ask Kim first." in draft_page.content.decode()

    newer = skill_files("billing", DESCRIPTION, f"{SOURCE}\nMore.\n")
    Skill.objects.publish(newer)
    promote = f"/admin/jobs/draft/{draft.pk}/do/promote/"
    page = curator_browser.post(promote, {})
    assert "has a newer version" in str(page.context["form"].errors)
    assert curator_browser.post(promote, {"over_newer": "on"}).status_code == 302
    assert Skill.objects.get().current.number == "1.0.2"


def test_a_viewer_cannot_request_a_refinement(browser_of, viewer, seeded):
    skill = Skill.objects.publish(skill_files(), category="operations").skill
    page = f"/admin/taxonomy/skill/{skill.pk}/do/refine/"
    assert browser_of(viewer).get(page).status_code == 403
