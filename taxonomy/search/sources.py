"""What of a skill is indexed, on every database."""

BODY_CHARS = 50_000
"""How much of a body; what is written behind it is found by nothing."""

LABEL_KINDS = "'keyword', 'tag', 'capability'"
"""As SQL lists them."""
