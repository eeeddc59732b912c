"""The ASGI entry, for event streams."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "skillfleet.settings")
django.setup(set_prefix=False)

# They import models, which need the app registry.
from jobs.engine import inline  # noqa: E402
from skillfleet.streaming import ASGIApplication  # noqa: E402

application = ASGIApplication()
inline.start_if_configured()
