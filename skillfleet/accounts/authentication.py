"""API tokens in the Authorization header: `Bearer` or `Token`."""

import re

from django.utils import timezone
from knox.auth import TokenAuthentication as KnoxAuthentication
from knox.models import AuthToken
from rest_framework.authentication import get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

SCHEMES = {b"bearer", b"token"}
PRINTABLE = re.compile(rb"[!-~]{1,200}")


class TokenAuthentication(KnoxAuthentication):
    """Knox tokens; what cannot be one is refused before the database sees it."""

    def authenticate(self, request: Request) -> tuple[object, object] | None:
        header = get_authorization_header(request)
        scheme, _, token = header.partition(b" ")
        if scheme.lower() not in SCHEMES:
            return None
        if not PRINTABLE.fullmatch(token.strip()):
            raise AuthenticationFailed("Send the header Authorization: Bearer <token>.")
        user, auth_token = self.authenticate_credentials(token.strip())
        return user, auth_token

    def _cleanup_token(self, auth_token: AuthToken) -> bool:
        """Whether it has expired. Knox would read all of the person's tokens at each
        request, to delete those; logging in does, and `prune_tokens`."""
        return auth_token.expiry is not None and auth_token.expiry < timezone.now()

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
