"""Jobs that are really worked on while a command looks on."""

from collections.abc import Iterator
from typing import Any

import pytest

from jobs.engine import inline
from tests.jobs.commands.conftest import SCRIPTED_AUTHOR


@pytest.fixture
def inline_jobs(transactional_db: None, settings: Any) -> Iterator[None]:
    """The process itself works on jobs, with an author that is told what to do."""
    settings.SKILLFLEET_JOBS = "inline"
    settings.SKILLFLEET_AUTHOR = SCRIPTED_AUTHOR
    yield
    inline.stop()
