"""What one skill meets in the database is its own; many in a row are everyone's."""

from django.db import DatabaseError

MOST_IN_A_ROW = 3
"""Each may have waited as long as the database lets one wait."""
GIVEN_UP = "The database failed several times in a row: the rest was not tried."


class DatabaseFailures:
    def __init__(self) -> None:
        self.in_a_row = 0

    @property
    def too_many(self) -> bool:
        return self.in_a_row >= MOST_IN_A_ROW

    def over(self) -> None:
        self.in_a_row = 0

    def reason(self, error: DatabaseError) -> str:
        self.in_a_row += 1
        said = " ".join(str(error).split()).rstrip(".")
        return f"The database failed: {said[:200]}. Try it again."
