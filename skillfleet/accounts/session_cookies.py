"""Session cookies that no session can have."""

import re
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

SESSION_KEY = re.compile(r"[A-Za-z0-9_.:=-]{8,4096}")
"""Of every engine: random keys, and the signed values of a session in a cookie."""


class PlausibleSessions:
    """Takes a session cookie that is none away before an engine asks for it.

    PostgreSQL refuses a query with NUL, so such a cookie would be a fault.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        if key is not None and not SESSION_KEY.fullmatch(key):
            del request.COOKIES[settings.SESSION_COOKIE_NAME]
        return self.get_response(request)
