"""Who may read and write skills and categories."""

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

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
