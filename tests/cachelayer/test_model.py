"""Both backends, sync and async, behave like a dict with a clock."""

import hypothesis
import pytest
from django.core.cache import caches
from hypothesis.stateful import run_state_machine_as_test

from cachelayer.backends import TagCache
from tests.cachelayer.machine import TIMEOUT, CacheMachine


@pytest.fixture
def two_caches(each_backend, settings) -> tuple[TagCache, TagCache]:
    """Two caches in one store, separated by their KEY_PREFIX."""
    own = {**settings.CACHES["default"], "TIMEOUT": TIMEOUT}
    other = {**own, "KEY_PREFIX": "other"}
    settings.CACHES = {**settings.CACHES, "default": own, "other": other}
    return caches["default"], caches["other"]


def test_every_method_answers_as_its_model(two_caches, forward):
    run_state_machine_as_test(
        lambda: CacheMachine(two_caches, forward),
        settings=hypothesis.settings(
            max_examples=20, stateful_step_count=40, report_multiple_bugs=False
        ),
    )
