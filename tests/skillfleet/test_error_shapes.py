"""Every error answer has `detail` and `code`, and `errors` by field."""

from typing import ClassVar

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import ProtectedError
from django.http import Http404
from rest_framework import exceptions, serializers

from jobs.exceptions import JobError
from skillfleet.api.errors import error_response
from taxonomy.exceptions import NameTaken


class ForeignError(Exception):
    """A foreign exception that has our attributes by chance."""

    status_code = 409
    code = "foreign"
    fields: ClassVar[dict[str, list[str]]] = {}


class SourceSerializer(serializers.Serializer):
    name = serializers.CharField()


class BriefSerializer(serializers.Serializer):
    text = serializers.CharField(max_length=3)
    sources = SourceSerializer(many=True)

    def validate(self, attrs):
        raise serializers.ValidationError("The two do not fit.")


def answer(exc):
    response = error_response(exc, {})
    assert response is not None
    return response.status_code, response.data


@pytest.mark.parametrize(
    ("exc", "status", "code"),
    [
        (Http404(), 404, "not_found"),
        (PermissionDenied(), 403, "permission_denied"),
        (SuspiciousOperation("odd"), 400, "bad_request"),
        (ProtectedError("still needed", set()), 409, "conflict"),
        (exceptions.NotAuthenticated(), 401, "not_authenticated"),
        (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
        (exceptions.UnsupportedMediaType("text/csv"), 415, "unsupported_media_type"),
        (exceptions.Throttled(3), 429, "throttled"),
        (JobError(), 409, "conflict"),
        (NameTaken(), 409, "name_taken"),
    ],
)
def test_a_refusal_has_its_status_a_code_and_a_sentence(exc, status, code):
    actual, body = answer(exc)

    assert (actual, body["code"]) == (status, code)
    assert isinstance(body["detail"], str) and body["detail"]


def test_a_domain_error_shows_its_fields():
    assert answer(NameTaken("Taken.", name="git-basics is taken."))[1] == {
        "detail": "Taken.",
        "code": "name_taken",
        "errors": {"name": ["git-basics is taken."]},
    }


@pytest.mark.parametrize("exc", [ForeignError(), ValueError("a fault")])
def test_an_exception_is_not_answered_as_a_refusal(exc):
    assert error_response(exc, {}) is None


def test_nested_findings_are_named_by_place():
    form = BriefSerializer(data={"text": "long", "sources": [{"name": "a"}, {}]})
    assert not form.is_valid()

    status, body = answer(exceptions.ValidationError(form.errors))

    assert (status, body["code"]) == (400, "invalid")
    assert set(body["errors"]) == {"text", "sources[1].name"}
    assert body["detail"].endswith("(1 more)")


def test_findings_about_the_whole_have_a_name_too():
    form = BriefSerializer(data={"text": "ok", "sources": []})
    assert not form.is_valid()

    assert answer(exceptions.ValidationError(form.errors))[1] == {
        "detail": "The two do not fit.",
        "code": "invalid",
        "errors": {"non_field_errors": ["The two do not fit."]},
    }


def test_a_model_that_finds_itself_invalid_is_a_400():
    exc = DjangoValidationError({"path": ["Too long."]})

    assert answer(exc)[1]["errors"] == {"path": ["Too long."]}


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
@pytest.mark.parametrize("path", ["/api/v1/nothing-here", "/api/", "/api/v2/skills"])
def test_an_api_path_that_leads_nowhere_is_a_json_404(anonymous, method, path):
    response = getattr(anonymous, method)(path)

    assert response.status_code == 404
    assert response.json()["code"] == "not_found"


def test_other_paths_keep_a_page_for_people(anonymous):
    response = anonymous.get("/nothing-here")

    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")


def test_a_fault_is_a_json_500_without_its_story(client_of, viewer, monkeypatch):
    monkeypatch.setattr(
        "skillfleet.accounts.api.live_tokens", lambda user: 1 / 0, raising=True
    )

    response = client_of(viewer).get("/api/v1/auth/tokens")

    assert response.status_code == 500
    assert response.json() == {
        "detail": "The server failed; the fault is logged.",
        "code": "error",
    }


def test_a_session_without_its_csrf_token_is_a_403(make_person, client):
    client.force_login(make_person("sam"))
    client.handler.enforce_csrf_checks = True

    response = client.post("/api/v1/auth/tokens", content_type="application/json")

    assert response.status_code == 403
    assert response.json()["code"] == "csrf_failed"
