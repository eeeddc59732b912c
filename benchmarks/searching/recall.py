"""Recall: is the skill among the first three results for what people say?

prompts.tsv was written before anything was tuned. Of the six prompts for each skill,
the first three were used for tuning, and the others were held out.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import NamedTuple

from taxonomy.exceptions import InvalidSkill
from taxonomy.files.read import read_folder
from taxonomy.models import Skill
from taxonomy.search.results import search

PROMPTS = Path(__file__).parent / "prompts.tsv"
TUNED_ON = 3
FIRST = 3


class Prompt(NamedTuple):
    skill: str
    text: str
    held_out: bool


class Miss(NamedTuple):
    prompt: Prompt
    results: list[str]


def corpus() -> Path | None:
    """The folder of skills that the prompts are about; it is not in this repository."""
    named = os.environ.get("SKILLFLEET_CORPUS")
    return Path(named) / "skills" if named else None


def publish(folder: Path) -> int:
    """Publish every valid skill below the folder; return their number."""
    published = 0
    for path in sorted(folder.glob("*/*/SKILL.md")):
        try:
            Skill.objects.publish(read_folder(path.parent))
        except InvalidSkill:
            continue
        published += 1
    return published


def prompts() -> Iterator[Prompt]:
    seen: dict[str, Iterator[int]] = defaultdict(count)
    for line in PROMPTS.read_text(encoding="utf-8").splitlines():
        skill, text = line.split("\t")
        yield Prompt(skill, text, next(seen[skill]) >= TUNED_ON)


def misses(prompts: Iterable[Prompt], first: int = FIRST) -> list[Miss]:
    all_misses = [
        Miss(
            prompt,
            [each.name for each in search(Skill.objects.all(), prompt.text)[:first]],
        )
        for prompt in prompts
    ]
    return [miss for miss in all_misses if miss.prompt.skill not in miss.results]


def recall_at(prompts: Sequence[Prompt], first: int) -> float:
    """The share of the prompts whose skill is among the first results."""
    return 1 - len(misses(prompts, first)) / len(prompts)
