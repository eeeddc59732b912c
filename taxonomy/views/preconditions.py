"""What an editor started from: nobody's work is overwritten unseen."""

import re

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

DIGEST = re.compile(r'"(?:sha256:)?([0-9a-f]{64})"')
IF_MATCH = "As `based_on`: the digest in quotes, which is the ETag of its download."


def based_on(request: Request, sent: str | None) -> str | None:
    """The digest that must still be current, by the body or by If-Match.

    Raises ValidationError when the header is no digest, or another than was sent.
    """
    header = request.headers.get("If-Match")
    if header is None:
        return sent
    named = DIGEST.fullmatch(header.strip())
    if named is None:
        how = "Send the digest of the version that this was made from, in quotes."
        raise ValidationError({"If-Match": [how]})
    if sent not in (None, named[1]):
        raise ValidationError({"If-Match": ["based_on is another digest."]})
    return named[1]
