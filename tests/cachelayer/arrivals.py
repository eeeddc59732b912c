"""A request that a factory made, as it arrives at a server."""

from typing import Any

from cachelayer.http import take_token


def arrived(request: Any) -> Any:
    """Without Django's own receivers of request_started: they close connections."""
    take_token(request.META)
    return request
