"""The ASGI entry, for event streams."""

import os

from skillfleet.entry import asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "skillfleet.settings")
application = asgi_application()

from jobs import inline  # noqa: E402 the apps have to be there first

inline.start_if_configured()
