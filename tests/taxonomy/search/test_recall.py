"""Prompts as people write them find the skill that they need."""

import pytest

from benchmarks.searching import recall
from taxonomy.models import Skill
from tests.taxonomy.scan.corpus import CORPUS, needs_corpus

ENOUGH = 0.9


@needs_corpus
@pytest.mark.parametrize("held_out", [False, True])
def test_the_skill_is_among_the_first_three(seeded, held_out):
    assert recall.publish(CORPUS / "skills") == Skill.objects.count()
    prompts = [each for each in recall.prompts() if each.held_out == held_out]
    missed = recall.misses(prompts)
    assert 1 - len(missed) / len(prompts) >= ENOUGH, missed
