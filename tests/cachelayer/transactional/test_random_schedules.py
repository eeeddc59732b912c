"""Random schedules of readers, writers and kills: no value that was read is stale, was
never committed, or belongs to another user. `make chaos-cache` does the same for
longer."""

import random

import pytest

from tests.cachelayer.chaos.campaign import Campaign
from tests.cachelayer.chaos.rows import tables
from tests.cachelayer.mutants import MUTANTS, mutated

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("each_backend", "tables_of_rows"),
]
STEPS = 1000
RUNS_OF_A_MUTANT = 25
"""One schedule in about eight shows the fault of the mutant that hides best."""


@pytest.fixture
def tables_of_rows():
    with tables():
        yield


def test_random_schedules_read_nothing_stale_phantom_or_foreign(tmp_path):
    seed = random.randrange(1, 10**6)
    result = Campaign(tmp_path, seed=seed, steps=STEPS).run()

    assert not result.wrong(), f"SEED={seed}\n{result.report()}"
    assert result.counts["hits"] and result.counts["kills"]


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_without_a_part_random_schedules_find_a_fault(tmp_path, name):
    with mutated(name):
        for seed in range(1, RUNS_OF_A_MUTANT + 1):
            result = Campaign(tmp_path / str(seed), seed=seed, steps=STEPS).run()
            assert not result.crashes, result.report()
            if result.faults:
                return
    pytest.fail(f"nothing was found in {RUNS_OF_A_MUTANT} runs")
