"""The WSGI entry, for gunicorn's gthread workers."""

import os

from skillfleet.entry import wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "skillfleet.settings")
application = wsgi_application()

from jobs import inline  # noqa: E402 the apps have to be there first

inline.start_if_configured()
