"""The contenders: name on the page, URL, cache."""

from dataclasses import dataclass

from django.contrib.auth.models import Group, User

from skillfleet.accounts.tokens import make_token


@dataclass(frozen=True)
class Contender:
    address: str
    alias: str = "ours-memory"
    """The alias of the cache that is configured beside the product's."""
    ours: bool = False
    shipped: bool = False
    """Whether requests pass the product's middleware and carry an API token."""


STATIC, UNCACHED = "static Django view (the least)", "not cached"
SHIPPED_HIT, SHIPPED_UNCACHED = "`/api/v1/taxonomy` as shipped", "the same, not cached"
CONTENDERS = {
    STATIC: Contender("/bench/static"),
    "DRF view of fixed bytes (the least in DRF)": Contender("/bench/bytes"),
    "MemoryCache": Contender("/bench/cachelayer", ours=True),
    "RedisCache": Contender("/bench/cachelayer", alias="ours-valkey", ours=True),
    "`cache_page`, LocMemCache": Contender("/bench/cache-page/locmem", alias="locmem"),
    "`cache_page`, Django's Redis": Contender(
        "/bench/cache-page/redis", alias="core-redis"
    ),
    "drf-extensions, LocMemCache": Contender(
        "/bench/drf-extensions/locmem", alias="locmem"
    ),
    "drf-extensions, django-redis": Contender(
        "/bench/drf-extensions/redis", alias="django-redis"
    ),
    "cacheops `cached_view_as`": Contender("/bench/cacheops"),
    UNCACHED: Contender("/bench/uncached"),
    SHIPPED_HIT: Contender("/api/v1/taxonomy", ours=True, shipped=True),
    SHIPPED_UNCACHED: Contender("/bench/shipped/uncached", shipped=True),
}


def token() -> str:
    """An API token of a viewer."""
    viewer, _ = User.objects.get_or_create(username="bench")
    viewer.groups.set(Group.objects.filter(name="viewer"))
    return make_token(viewer, 1).secret
