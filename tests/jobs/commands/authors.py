"""An author that asks, by a name that SKILLFLEET_AUTHOR can give."""

from tests.jobs.engine.authors import ScriptedAuthor


class AskingAuthor(ScriptedAuthor):
    """Has two questions."""

    def __init__(self) -> None:
        super().__init__(asks=2)
