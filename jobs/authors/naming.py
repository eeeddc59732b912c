"""What the skill is called and where it belongs."""

import re

from jobs.authors.material import Material
from jobs.authors.wording import NAME_LENGTH, bare, slug, unique
from jobs.pipeline.context import CategoryChoice
from jobs.pipeline.selection import terms

UNCATEGORIZED = "uncategorized"
FALLBACK = "new-skill"
TELLING_WORDS = 3
CALLED = re.compile(
    r"\b(?:called|named)\s+[`\"'\u201c]?([a-z0-9]+(?:-[a-z0-9]+)*)[`\"'\u201d]?"
)
CLAUSE_END = re.compile(r"[:;,.(]|\s[-\u2013\u2014]\s")


def name_for(material: Material) -> str:
    """The name the brief gives; else a telling title, the brief's first clause."""
    called = CALLED.search(material.assignment.task_description)
    title = bare(material.title)
    clause = CLAUSE_END.split(material.subject)[0]
    is_telling = len(terms(title)) >= TELLING_WORDS
    wanted = (
        called[1] if called else "",
        slug(title) if is_telling else "",
        slug(clause),
        slug(title),
        FALLBACK,
    )
    name = next(name for name in wanted if name)[:NAME_LENGTH].strip("-")
    return unique(name, material.assignment.taken_names)


def category_for(material: Material) -> str:
    """The path that was asked for, else the one whose words fit best."""
    assignment = material.assignment
    if assignment.intended_taxonomy_path:
        return assignment.intended_taxonomy_path
    strong = terms(f"{material.subject} {material.title}")
    weak = terms(" ".join([*material.headings, material.lead]))
    best, best_score = UNCATEGORIZED, 0.0
    for category in assignment.categories:
        score = _fit(category, strong, weak)
        if score > best_score:
            best, best_score = category.path, score
    return best


def _fit(
    category: CategoryChoice, strong: frozenset[str], weak: frozenset[str]
) -> float:
    """Its own name counts most, then its path, then its description."""
    last = category.path.rsplit("/", 1)[-1]
    own = terms(f"{last.replace('-', ' ')} {category.name}")
    path = terms(category.path.replace("-", " ").replace("/", " "))
    described = terms(category.description)
    score = 4.0 * len(own & strong) + 1.0 * len(described & strong)
    return score + 0.5 * len(own & weak) + 0.5 * len((path - own) & strong)
