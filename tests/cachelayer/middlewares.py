"""A middleware of the project, as the cache may meet it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class ReadsUser:
    """Reads `request.user` before the view does."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        bool(request.user.is_authenticated)
        return self.get_response(request)
