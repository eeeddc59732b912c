"""The tests' settings, with the product's own time limits for the cache."""

from skillfleet.environment import env
from tests.settings import *  # noqa: F403
from tests.settings import CACHES

CACHES["default"]["OPTIONS"] |= {
    "TIMEOUT": 0.1,
    "BUDGET": 0.5,
    "RETRY": env.float("SKILLFLEET_CACHE_RETRY", default=1.0),
}
