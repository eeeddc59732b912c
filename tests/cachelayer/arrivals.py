"""Puts a request that a factory made into the state in which a server receives it."""

from typing import Any

from cachelayer.http import take_token


def arrived(request: Any) -> Any:
    """Take the request's cache token, as `request_started` does on a server. The signal
    itself is not sent, because Django's own receivers would close the connections."""
    take_token(request.META)
    return request
