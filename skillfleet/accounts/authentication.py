"""API tokens in the Authorization header: `Bearer` or `Token`."""

import re

from knox.auth import TokenAuthentication as KnoxAuthentication
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

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
