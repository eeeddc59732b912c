"""Where a section of a source belongs in a skill, by its title."""

import re

PLACES = (
    (
        "prerequisites",
        re.compile(
            r"prerequisites?\b|requirements?$|before you (?:start|begin)|dependencies$"
            r"|what you(?:'ll| will)? need",
            re.I,
        ),
    ),
    (
        "troubleshooting",
        re.compile(
            r".*\b(?:troubleshoot\w*|faq|problems?|known issues|gotchas|pitfalls"
            r"|common (?:errors|mistakes|issues))\b|what about\b|why\b",
            re.I,
        ),
    ),
    ("when", re.compile(r"when (?:to use|should)\b|use cases?$", re.I)),
    ("links", re.compile(r"(?:see also|next steps|further reading|links)$", re.I)),
    ("left out", re.compile(r"(?:table of )?contents$|license$|contributing$", re.I)),
)


def place_of(title: str) -> str:
    """instructions, unless the title says something else."""
    plain = title.strip("`*_.:? ")
    for place, pattern in PLACES:
        if pattern.match(plain):
            return place
    return "instructions"
