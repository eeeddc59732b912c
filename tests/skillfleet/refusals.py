"""What every error answer must look like."""

from typing import Any


def refused(response: Any, status: int, *fields: str) -> dict[str, Any]:
    """The body of an error answer with this status whose `errors` name these fields."""
    assert response.status_code == status, response.content
    body = response.json()
    assert body["detail"] and body["code"]
    named = {place.partition("[")[0].partition(".")[0] for place in errors_of(body)}
    assert set(fields) <= named, body
    return body


def errors_of(body: dict[str, Any]) -> dict[str, list[str]]:
    errors = body.get("errors", {})
    assert all(messages and all(messages) for messages in errors.values())
    return errors
