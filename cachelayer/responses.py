"""A response as it is stored, and as it is answered."""

import json
import time
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase

from cachelayer.entries import Frozen
from cachelayer.options import option
from cachelayer.requests import AnyRequest, plain

KEPT = (
    "Content-Type",
    "Content-Language",
    "Content-Disposition",
    "Content-Location",
    "Last-Modified",
    "Link",
)
KEYED = {"accept", "authorization", "cookie", "accept-language"}


@dataclass(frozen=True)
class StoredResponse(Frozen):
    """Status 200 with these headers, this body; `made` is Unix time."""

    body: bytes
    headers: tuple[tuple[str, str], ...]
    etag: str
    made: float = field(default_factory=time.time)
    hits: dict[str, dict[str, str]] = field(
        default_factory=dict, compare=False, repr=False
    )
    """By tier, all headers that its hits have had; see answers.hit."""

    @property
    def weight(self) -> int:
        texts = [text for pair in self.headers for text in pair]
        return len(self.body) + sum(len(text) + 100 for text in texts)

    @classmethod
    def of(cls, response: HttpResponse) -> "StoredResponse":
        wanted = (*KEPT, *option("KEPT_HEADERS"))
        headers = tuple((name, response[name]) for name in wanted if name in response)
        etag = response.get("ETag") or etag_of(response.content, headers)
        return cls(body=response.content, headers=headers, etag=etag)

    def freeze(self) -> bytes:
        """A line of JSON (ETag, Unix time, headers as pairs), then the body."""
        return (
            json.dumps([self.etag, self.made, self.headers]).encode()
            + b"\n"
            + self.body
        )

    @classmethod
    def thaw(cls, frozen: bytes) -> "StoredResponse":
        line, _, body = frozen.partition(b"\n")
        try:
            etag, made, pairs = json.loads(line)
            headers = tuple((name, value) for name, value in pairs)
            texts = [etag, *(text for pair in headers for text in pair)]
            if any("\n" in text or "\r" in text for text in texts):
                raise ValueError("a header has two lines")
            return cls(body=body, headers=headers, etag=etag, made=float(made))
        except TypeError as error:
            raise ValueError(f"this is no response: {error}") from None

    def of_no_body(self) -> dict[str, str]:
        """The headers that a 304 has too."""
        return {name: text for name, text in self.headers if name != "Content-Type"}


def etag_of(content: bytes, headers: tuple[tuple[str, str], ...]) -> str:
    """What a client would not see change without its body: the kept headers."""
    digest = blake2b(content, digest_size=16)
    digest.update(repr(headers).encode())
    return f'"{digest.hexdigest()}"'


def storable(response: HttpResponseBase, request: AnyRequest, tier: str) -> bool:
    """Whether anyone with the same key may have this response."""
    if response.status_code != 200 or response.streaming or response.cookies:
        return False
    if plain(request).META.get("CSRF_COOKIE_NEEDS_UPDATE"):
        return False
    if response.has_header("Content-Encoding") or not _keyed(response):
        return False
    if request.method == "HEAD" and not getattr(response, "content", b""):
        return False
    control = response.get("Cache-Control", "").lower()
    return "no-store" not in control and ("private" not in control or tier == "user")


def _keyed(response: HttpResponseBase) -> bool:
    """Whether it varies only by what is in the key."""
    named = response.get("Vary", "").lower().split(",")
    return {name.strip() for name in named} - {""} <= KEYED


def render(response: HttpResponseBase, request: AnyRequest) -> None:
    """Make the bytes now, while the verdict on them still holds."""
    if getattr(response, "is_rendered", True):
        return
    rendering: Any = response
    context = getattr(request, "parser_context", None)
    if context is not None and hasattr(rendering, "data"):
        rendering.accepted_renderer = request.accepted_renderer  # type: ignore[union-attr]
        rendering.accepted_media_type = request.accepted_media_type  # type: ignore[union-attr]
        rendering.renderer_context = context["view"].get_renderer_context()
    rendering.render()
