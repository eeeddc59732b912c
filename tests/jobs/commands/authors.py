"""An author that asks, at an import path that SKILLFLEET_AUTHOR can name."""

from tests.jobs.engine.authors import ScriptedAuthor


class AskingAuthor(ScriptedAuthor):
    """An author that asks two questions."""

    def __init__(self) -> None:
        super().__init__(asks=2)
