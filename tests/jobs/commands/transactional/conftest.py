"""Jobs that a worker really runs while a command follows them."""

from collections.abc import Iterator
from typing import Any

import pytest

from jobs.engine import inline
from tests.jobs.commands.conftest import SCRIPTED_AUTHOR


@pytest.fixture
def inline_jobs(transactional_db: None, settings: Any) -> Iterator[None]:
    """This process works on jobs itself, with a scripted author."""
    settings.SKILLFLEET_JOBS = "inline"
    settings.SKILLFLEET_AUTHOR = SCRIPTED_AUTHOR
    yield
    inline.stop()
