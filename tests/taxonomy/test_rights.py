"""Who may read and write skills and categories."""

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from taxonomy.models import Skill
from taxonomy.skillmd.findings import FindingFilter
from tests.taxonomy.skills import skill_files

READS = [
    "/skills",
    "/skills/pdf-tools",
    "/skills/pdf-tools/files",
    "/skills/pdf-tools/files/SKILL.md",
    "/skills/pdf-tools/versions",
    "/skills/pdf-tools/versions/1.0.0",
    "/taxonomy",
    "/taxonomy/data",
]
WRITES = [
    ("put", "/skills/pdf-tools"),
    ("patch", "/skills/pdf-tools"),
    ("delete", "/skills/pdf-tools"),
    ("post", "/taxonomy"),
    ("patch", "/taxonomy/data"),
    ("delete", "/taxonomy/data"),
]


@pytest.mark.parametrize("url", READS)
def test_reading_needs_a_login_unless_the_fleet_is_public(
    anonymous, viewer, pdf_tools, settings, url
):
    assert anonymous.get(f"/api/v1{url}").status_code == 401
    assert viewer.get(f"/api/v1{url}").status_code == 200
    settings.SKILLFLEET_PUBLIC_READ = True
    assert anonymous.get(f"/api/v1{url}").status_code == 200


@pytest.mark.parametrize("url", READS)
def test_who_has_no_role_reads_what_is_public(pdf_tools, settings, url):
    nobody = APIClient()
    nobody.force_authenticate(User.objects.create_user("nobody"))
    assert nobody.get(f"/api/v1{url}").status_code == 403
    settings.SKILLFLEET_PUBLIC_READ = True
    assert nobody.get(f"/api/v1{url}").status_code == 200
    assert nobody.delete(f"/api/v1{url}").status_code in (403, 405)


@pytest.mark.parametrize(("method", "url"), WRITES)
def test_writing_needs_a_curator(
    anonymous, viewer, author, pdf_tools, settings, method, url
):
    settings.SKILLFLEET_PUBLIC_READ = True
    assert getattr(anonymous, method)(f"/api/v1{url}", {}).status_code == 401
    assert getattr(viewer, method)(f"/api/v1{url}", {}).status_code == 403
    assert getattr(author, method)(f"/api/v1{url}", {}).status_code == 403


PERSONAL = [
    "/skills/incident-notes",
    "/skills/incident-notes/versions",
    "/skills/incident-notes/versions/1.0.0",
    "/skills/incident-notes/waivers",
    "/skills",
    "/skills/incident-notes/diff",
    "/skills/incident-notes/relations",
    "/taxonomy/data",
    "/taxonomy/xml",
]


@pytest.mark.parametrize("url", PERSONAL)
def test_the_public_is_not_told_who_wrote_or_waived(anonymous, viewer, settings, url):
    """Neither login names nor the jobs that versions come from, on any public route,
    also when someone with a role has just read the same page."""
    person = User.objects.create_user("walter.white")
    skill = Skill.objects.publish(
        skill_files("incident-notes", body="Run `rm -rf / --no-preserve-root`.\n"),
        category="data",
        author=person,
        change_summary="From job 0b55, promoted by walter.white.",
    ).skill
    [waiver] = skill.waive(
        FindingFilter(rule="scan.destructive"), by=person, reason="Our own host."
    )
    skill.revoke(waiver.pk, by=person)
    nobody = APIClient()
    nobody.force_authenticate(User.objects.create_user("nobody"))
    settings.SKILLFLEET_PUBLIC_READ = True

    known = viewer.get(f"/api/v1{url}")
    public = [client.get(f"/api/v1{url}") for client in (anonymous, nobody)]

    assert known.status_code == 200
    assert (b"walter" in known.content) is (url in PERSONAL[:4])
    for answer in public:
        assert answer.status_code == 200
        assert b"walter" not in answer.content and b"0b55" not in answer.content
        assert answer.json().keys() == known.json().keys() if "xml" not in url else True
