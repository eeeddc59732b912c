"""What lies among the files of skills and belongs to none of them."""

LEFT_OUT = frozenset({".git"})
"""The author's: at the root of a skill, and anywhere around skills."""
LITTER = frozenset({".DS_Store", "Thumbs.db", "__MACOSX"})
"""macOS and Windows put them into every folder that they show or pack."""
ASIDE = ".skillfleet-aside-"
"""How the folder begins that a write makes beside its target."""
LITTER_BEGINS = ("._", ASIDE)


def is_litter(name: str) -> bool:
    return name in LITTER or name.startswith(LITTER_BEGINS)


def belongs(path: str) -> bool:
    """Whether what has this path within a skill is the skill's."""
    parts = path.split("/")
    return parts[0] not in LEFT_OUT and not any(map(is_litter, parts))


def may_hold_skills(path: str) -> bool:
    """Whether skills are looked for in this folder of a source."""
    parts = path.split("/")
    return LEFT_OUT.isdisjoint(parts) and not any(map(is_litter, parts))
