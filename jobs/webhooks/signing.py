"""Signatures of webhook messages, as standardwebhooks.com specifies them.

A webhook's secret is not stored: it is derived from SECRET_KEY and the row's nonce, so
that nobody can sign with a copy of the database. While SECRET_KEY is being changed,
messages are also signed with SECRET_KEY_FALLBACKS.
"""

import base64
import hmac
import secrets

from django.conf import settings
from django.utils.encoding import force_bytes

PREFIX = "whsec_"
SALT = b"skillfleet.webhook:"


def new_nonce() -> str:
    return secrets.token_hex(24)


def secret(nonce: str) -> str:
    """The secret that the owner sees once and enters in the receiver."""
    return PREFIX + base64.b64encode(_key(settings.SECRET_KEY, nonce)).decode()


def headers(nonce: str, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers that a receiver verifies: webhook-id, -timestamp and -signature."""
    content = b"%s.%d.%s" % (message_id.encode(), timestamp, body)
    signatures = [
        hmac.digest(_key(key, nonce), content, "sha256")
        for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    ]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(
            f"v1,{base64.b64encode(each).decode()}" for each in signatures
        ),
    }


def _key(project_key: str | bytes, nonce: str) -> bytes:
    return hmac.digest(force_bytes(project_key), SALT + nonce.encode(), "sha256")
