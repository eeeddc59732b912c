"""What lies among the files of skills and belongs to none of them."""

LEFT_OUT = frozenset({".git"})
"""The author's: at the root of a skill, and anywhere around skills."""


def belongs(path: str) -> bool:
    """Whether what has this path within a skill is the skill's."""
    return path.partition("/")[0] not in LEFT_OUT


def may_hold_skills(path: str) -> bool:
    """Whether skills are looked for in this folder of a source."""
    return LEFT_OUT.isdisjoint(path.split("/"))
