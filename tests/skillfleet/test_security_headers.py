"""The Content-Security-Policy by page, and Django's own check for deployment."""

import os
import subprocess
import sys

import pytest

PRODUCTION = {
    "ALLOWED_HOSTS": "skills.example.org",
    "SKILLFLEET_HTTPS": "true",
    "SKILLFLEET_HSTS_SECONDS": "31536000",
    "SKILLFLEET_HSTS_SUBDOMAINS": "true",
    "SKILLFLEET_HSTS_PRELOAD": "true",
    "SKILLFLEET_PROXIES": "1",
}


def policy(response):
    directives = response["Content-Security-Policy"].split("; ")
    return dict(directive.split(" ", 1) for directive in directives)


@pytest.mark.django_db
def test_the_policy_is_strict_outside_the_admin(client):
    directives = policy(client.get("/api/v1/user/me"))

    assert directives["default-src"] == "'self'"
    assert directives["frame-ancestors"] == "'none'"
    assert not {"script-src", "style-src"} & directives.keys()


@pytest.mark.django_db
def test_the_admin_may_evaluate_its_own_scripts(client):
    directives = policy(client.get("/admin/login/"))

    assert directives["script-src"] == "'self' 'unsafe-eval'"
    assert directives["style-src"] == "'self' 'unsafe-inline'"
    assert directives["object-src"] == "'none'"


def test_the_deployment_check_is_clean_with_the_documented_environment():
    process = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        env={**os.environ, **PRODUCTION},
        capture_output=True,
        text=True,
    )

    assert process.returncode == 0, process.stderr
