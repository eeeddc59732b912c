"""Signatures as standardwebhooks.com specifies them.

A webhook's secret is kept nowhere: it is derived from SECRET_KEY and the row's nonce,
so that a copy of the database signs nothing. While SECRET_KEY changes, what was signed
is signed by SECRET_KEY_FALLBACKS, too.
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
    """What the owner is shown once, and puts into the receiver."""
    return PREFIX + base64.b64encode(_key(settings.SECRET_KEY, nonce)).decode()


def headers(nonce: str, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """What a receiver verifies: webhook-id, -timestamp and -signature."""
    signed = b"%s.%d.%s" % (message_id.encode(), timestamp, body)
    signatures = [
        hmac.digest(_key(key, nonce), signed, "sha256")
        for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    ]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(
            f"v1,{base64.b64encode(one).decode()}" for one in signatures
        ),
    }


def _key(project_key: str | bytes, nonce: str) -> bytes:
    return hmac.digest(force_bytes(project_key), SALT + nonce.encode(), "sha256")
