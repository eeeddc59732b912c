"""The OpenAPI description: the errors of every operation, and the pages for it."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

NAMING = {"page", "user_id"}
"""Query parameters whose value may name an object that does not exist."""
METHODS = {"get", "post", "put", "patch", "delete"}
ERROR = {
    "type": "object",
    "required": ["detail", "code"],
    "properties": {
        "detail": {"type": "string", "description": "For a person to read."},
        "code": {"type": "string", "description": "For a program to compare."},
        "errors": {
            "type": "object",
            "description": "Messages by field or query parameter.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
}
REFUSALS = {
    "400": "The request is not valid; `errors` names each field.",
    "401": "No credentials, or ones that are not valid.",
    "403": "You may not do this.",
    "404": "It does not exist, or you may not see it.",
    "406": "This server does not stream; `detail` names the one that does.",
    "409": "Its current state does not allow this, or the name is taken.",
    "410": "That version was withdrawn; `detail` says why.",
    "411": "The body is chunked; send Content-Length.",
    "413": "The body is too large.",
    "415": "The media type of the body is not supported.",
    "429": "Too many requests; Retry-After says when.",
    "503": "Too many streams are open; try again later.",
}


def document_refusals(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """drf-spectacular's postprocessing hook: adds each operation's error answers."""
    result["components"].setdefault("schemas", {})["Error"] = ERROR
    for path, operations in result["paths"].items():
        for method in METHODS & operations.keys():
            responses = operations[method]["responses"]
            for status in refusals_of(path, method, operations[method]):
                responses.setdefault(status, refusal(status))
            operations[method]["responses"] = dict(sorted(responses.items()))
    return result


def refusals_of(path: str, method: str, operation: dict[str, Any]) -> set[str]:
    """The error statuses that the operation may return."""
    refused = {"400", "401"}
    if {} not in operation.get("security", [{}]):
        refused.add("403")
    if "{" in path:
        refused.add("404")
    if {"number", "version", "from"} & names_of_parameters(operation):
        refused.add("410")
    if method != "get":
        refused |= {"409", "411", "413", "415", "429"}
    elif NAMING & names_of_parameters(operation):
        refused.add("404")
    if "text/event-stream" in operation["responses"].get("200", {}).get("content", {}):
        refused |= {"406", "429", "503"}
    return refused


def names_of_parameters(operation: dict[str, Any]) -> set[str]:
    return {each["name"] for each in operation.get("parameters", [])}


def refusal(status: str) -> dict[str, Any]:
    error = {"schema": {"$ref": "#/components/schemas/Error"}}
    return {"description": REFUSALS[status], "content": {"application/json": error}}


class SchemaPage(SpectacularAPIView):
    """The OpenAPI document, as YAML or JSON by Accept."""


class DocsPage(SpectacularSwaggerSplitView):
    """Swagger UI from our own static files, with its script in a separate file."""

    query_params = frozenset({"script"})


class TokenScheme(OpenApiAuthenticationExtension):
    """How the document describes API tokens."""

    target_class = "skillfleet.accounts.backends.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}
