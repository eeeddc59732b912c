"""WSGI entry: contenders without middleware, the product's URLs with its own."""

from collections.abc import Callable, Iterable
from typing import Any

import django

django.setup()

from django.core.handlers.wsgi import WSGIHandler  # noqa: E402
from django.test import override_settings  # noqa: E402

from benchmarks.caching import tree  # noqa: E402
from benchmarks.caching.settings import SHIPPED_MIDDLEWARE  # noqa: E402

bare = WSGIHandler()
with override_settings(MIDDLEWARE=SHIPPED_MIDDLEWARE):
    shipped = WSGIHandler()
tree.answer()


def application(
    environ: dict[str, Any], start_response: Callable[..., Any]
) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    through = shipped if path.startswith(("/api/", "/bench/shipped")) else bare
    return through(environ, start_response)
