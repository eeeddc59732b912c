"""What the skill is called and where it belongs."""

import re

from jobs.authors.markdown import prose
from jobs.authors.material import Material
from jobs.authors.wording import NAME_LENGTH, bare, slug, unique
from jobs.pipeline.context import CategoryChoice
from jobs.pipeline.selection import terms

UNCATEGORIZED = "uncategorized"
FALLBACK = "new-skill"
EVERYWHERE = frozenset({"readme", "index", "skill", "license", "source", "text"})
TELLING_WORDS = 3
ENOUGH = 2.0
"""What a category has to reach; one word of a description in common is chance."""

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
        *(slug(stem) for page in material.pages[:1] if (stem := _stem(page.name))),
        FALLBACK,
    )
    name = next(name for name in wanted if name)[:NAME_LENGTH].strip("-")
    return unique(name, material.assignment.taken_names)


def _stem(file_name: str) -> str:
    """A file's name without its ending, unless every folder has one of that name."""
    stem = file_name.rsplit("/", 1)[-1].rsplit(".", 1)[0].replace("_", "-")
    return "" if stem.lower() in EVERYWHERE else stem


def category_for(material: Material) -> str:
    """The path that was asked for, else the one whose words fit best."""
    assignment = material.assignment
    if assignment.intended_taxonomy_path:
        return assignment.intended_taxonomy_path
    strong = terms(f"{material.subject} {material.title}")
    weak = terms(" ".join([*material.headings, material.lead]))
    spoken = terms(" ".join(prose.languages(material.text)))
    best, best_score = UNCATEGORIZED, ENOUGH - 0.01
    for category in assignment.categories:
        score = _fit(category, strong, weak, spoken)
        if score > best_score:
            best, best_score = category.path, score
    return best


def _fit(
    category: CategoryChoice,
    strong: frozenset[str],
    weak: frozenset[str],
    spoken: frozenset[str],
) -> float:
    """Its own name counts most, then the language of code, then its description."""
    last = category.path.rsplit("/", 1)[-1]
    own = terms(f"{last.replace('-', ' ')} {category.name}")
    path = terms(category.path.replace("-", " ").replace("/", " "))
    described = terms(category.description)
    score = 4.0 * len(own & strong) + 1.0 * len(described & strong)
    score += 2.0 * bool(own & spoken)
    return score + 0.5 * len(own & weak) + 0.5 * len((path - own) & strong)
