"""How far a job is: percent of the whole, by phase and within a phase."""

PROGRESS = {
    "refine": 5,
    "deep_understanding": 15,
    "tdd_red": 35,
    "tdd_green": 50,
    "tdd_refactor": 75,
    "validate": 90,
}
"""Percent of the whole job that is done when a phase begins."""

BEGINNINGS = {
    "refine": "Refining the brief",
    "deep_understanding": "Reading the material",
    "tdd_red": "Writing evals",
    "tdd_green": "Writing the draft",
    "tdd_refactor": "Closing failures",
    "validate": "Validating",
}


def percent_within(phase: str, fraction: float) -> int:
    """Percent of the whole job when this share of the phase is done, 0..1."""
    begins = PROGRESS[phase]
    ends = min((start for start in PROGRESS.values() if start > begins), default=100)
    return begins + int((ends - begins) * max(0.0, min(1.0, fraction)))
