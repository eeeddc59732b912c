"""The WSGI entry, for gunicorn's threaded workers."""

import os

import django
from django.core.handlers.wsgi import WSGIHandler

from skillfleet.requests import WSGIAnyContentType

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "skillfleet.settings")
django.setup(set_prefix=False)

from jobs.engine import inline  # noqa: E402 it imports models, which need the app registry


class WSGIApplication(WSGIHandler):
    request_class = WSGIAnyContentType


application = WSGIApplication()
inline.start_if_configured()
