"""Every cached route: its tier, its lifetime, and the URLs at which tests read it.

The routes are read from the URL configuration, so that no new one is missed.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from rest_framework.test import APIClient

from cachelayer.decorators import ViewRecipe
from cachelayer.keys import strip_prefix
from skillfleet.accounts.tokens import make_token
from taxonomy.models import Address, Label, Profile, Relation, Skill, UsageEvent, Waiver
from taxonomy.usage import today
from tests.skillfleet.world import World, make_world
from tests.taxonomy.skills import skill_files

API = "/api/v1"
SKILL = "/skills/<str:ref>"

TIERS = {
    "/analytics": ("global", 300),
    "/analytics/recommendations": ("user", 120),
    "/jobs/<uuid:job_id>/status": ("user", 30),
    "/facets": ("endpoint", 300),
    "/skills": ("endpoint", 300),
    SKILL: ("endpoint", 600),
    f"{SKILL}/diff": ("endpoint", 600),
    f"{SKILL}/download": ("endpoint", 600),
    f"{SKILL}/files": ("endpoint", 600),
    f"{SKILL}/files/<path:path>": ("endpoint", 600),
    f"{SKILL}/labels": ("endpoint", 600),
    f"{SKILL}/relations": ("endpoint", 600),
    f"{SKILL}/versions": ("endpoint", 600),
    f"{SKILL}/waivers": ("endpoint", 600),
    f"{SKILL}/versions/<str:number>": ("endpoint", 600),
    "/taxonomy": ("global", 300),
    "/taxonomy/xml": ("global", 300),
    "/taxonomy/user/<str:id>": ("user", 120),
    "/taxonomy/<path:path>": ("branch", 600),
    "/user/<str:id>": ("user", 120),
}
"""The tier and the lifetime in seconds that the specification gives each route."""

NEVER_CACHED = (
    "/metrics",
    "/auth",
    "/cache",
    "/drafts",
    "/hitl",
    "/jobs",
    "/webhooks",
    "/workers",
)
"""Routes below these paths are not cached, unless TIERS names them."""


class Read(NamedTuple):
    """A URL of a cached route, and the user who reads it."""

    route: str
    address: str
    reader: str = "author"
    own_tier: str = ""
    """The tier, if a query parameter changes it from that of the route."""

    @property
    def tier(self) -> str:
        return self.own_tier or TIERS[self.route][0]


READS = [
    Read("/analytics", "/analytics?category=development&days=7&limit=3", "operator"),
    Read("/analytics/recommendations", "/analytics/recommendations"),
    Read("/jobs/<uuid:job_id>/status", "/jobs/{pending}/status"),
    Read("/jobs/<uuid:job_id>/status", "/jobs/{drafted}/status", "operator"),
    Read("/facets", "/facets"),
    Read("/skills", "/skills"),
    Read("/skills", "/skills?q=pdf&category=development&tag=merging&facets=true"),
    Read("/skills", "/skills?path=data/ml/pdf-tools"),
    Read(SKILL, "/skills/pdf-tools"),
    Read(f"{SKILL}/diff", "/skills/pdf-tools/diff"),
    Read(f"{SKILL}/download", "/skills/pdf-tools/download?format=tar.gz"),
    Read(f"{SKILL}/files", "/skills/pdf-tools/files"),
    Read(f"{SKILL}/files/<path:path>", "/skills/pdf-tools/files/SKILL.md"),
    Read(f"{SKILL}/labels", "/skills/pdf-tools/labels"),
    Read(f"{SKILL}/relations", "/skills/pdf-tools/relations"),
    Read(f"{SKILL}/relations", "/skills/pdf-forms/relations"),
    Read(f"{SKILL}/versions", "/skills/pdf-tools/versions"),
    Read(f"{SKILL}/waivers", "/skills/pdf-tools/waivers"),
    Read(f"{SKILL}/versions/<str:number>", "/skills/pdf-tools/versions/1.0.1"),
    Read("/taxonomy", "/taxonomy"),
    Read("/taxonomy/xml", "/taxonomy/xml"),
    Read("/taxonomy/xml", "/taxonomy/xml?q=pdf&category=development&max_chars=90"),
    Read("/taxonomy/xml", "/taxonomy/xml?user_id=me", own_tier="user"),
    Read("/taxonomy/user/<str:id>", "/taxonomy/user/me"),
    Read("/taxonomy/user/<str:id>", "/taxonomy/user/{author_id}?limit=9", "operator"),
    Read("/taxonomy/<path:path>", "/taxonomy/development/practices"),
    Read("/user/<str:id>", "/user/me"),
    Read("/user/<str:id>", "/user/{author_id}", "operator"),
]


def routes_with_get() -> dict[str, ViewRecipe | None]:
    """The routes without the API's prefix, each with its recipe if it is cached."""
    recipes: dict[str, ViewRecipe | None] = {}
    for route, callback in _routes(get_resolver().url_patterns, "/"):
        kind = getattr(callback, "cls", getattr(callback, "view_class", None))
        method = callback if kind is None else getattr(kind, "get", None)
        if method is not None:
            recipe = getattr(getattr(method, "cache_key", None), "__self__", None)
            recipes.setdefault(strip_prefix(route, API), recipe)
    return recipes


def _routes(patterns: list[Any], above: str) -> Iterator[tuple[str, Any]]:
    for each in patterns:
        if isinstance(each, URLResolver):
            yield from _routes(each.url_patterns, above + str(each.pattern))
        elif isinstance(each, URLPattern):
            yield above + str(each.pattern), each.callback


@cache
def cached_routes() -> dict[str, ViewRecipe]:
    return {route: recipe for route, recipe in routes_with_get().items() if recipe}


def waived(person: User) -> dict[str, Any]:
    """The fields of a waiver."""
    fields = {"rule": "scan.secret-file", "file": "SKILL.md", "reason": "An example."}
    return fields | {"fingerprint": "f" * 32, "person": person}


class Fleet:
    """The rows of `world`, a skill with every kind of related row, and its readers."""

    def __init__(self) -> None:
        self.world: World = make_world()
        self.skill: Skill = Skill.objects.publish(
            skill_files(body="# Second\n", extra="metadata:\n  tags: merging\n"),
            author=self.world.people["curator"],
        ).skill
        self.relate()
        self.clients: dict[str, APIClient] = {}
        self.tokens = {
            who: make_token(user).secret for who, user in self.world.people.items()
        }

    def relate(self) -> None:
        """Add related rows, so that every view reads all of its tables."""
        other = Skill.objects.publish(
            skill_files("pdf-forms"), author=self.world.people["curator"]
        ).skill
        for kind in ("required", "see_also"):
            Relation.objects.create(
                skill=self.skill, kind=kind, target_name=other.name, target=other
            )
        Address.objects.create(
            kind="skill", path="pdf-kit", skill=self.skill, current=False
        )
        Skill.objects.filter(pk=self.skill.pk).update(replacement=other)
        Waiver.objects.create(skill=self.skill, **waived(self.person("curator")))
        for kind in Label.Kind.values:
            Label.objects.create(skill=self.skill, kind=kind, value="any")
        profile = {"mounted": ["development"], "priorities": {"data": 3}}
        Profile.objects.revise(self.person("author"), **profile)
        UsageEvent.objects.create(
            user=self.person("author"),
            event_id="first",
            skill=self.skill,
            kind="used",
            at=timezone.now(),
            day=today(),
        )

    def person(self, who: str) -> User:
        return self.world.people[who]

    def url(self, address: str) -> str:
        below = "" if address.startswith("/.") else API
        return below + address.format_map(self.world.names)

    def get(self, address: str, who: str | None, method: str = "get", **headers: str):
        """Send a real request with a token; an exception becomes a 500."""
        if who:
            headers["Authorization"] = f"Bearer {self.tokens[who]}"
        client = Client(raise_request_exception=False, headers=headers)
        return getattr(client, method)(self.url(address))

    def outcome(self, read: Read) -> str:
        """X-Cache, or the status of an answer without it."""
        return outcome_of(self.get(read.address, read.reader))

    def quick_get(self, read: Read):
        """Send a request as a user whose permissions are cached from the last time."""
        client = self.clients.setdefault(read.reader, APIClient())
        client.force_authenticate(self.person(read.reader))
        return client.get(self.url(read.address))


def outcome_of(answer: Any) -> str:
    return str(answer.headers.get("X-Cache", answer.reason_phrase))
