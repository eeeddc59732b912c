"""Every way to change rows: in transactions with savepoints, and without."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, nullcontext
from random import Random

from django.db import connection, transaction
from django.db.models import F

from cachelayer import cache_manager, invalidate_on_commit
from tests.cachelayer.chaos.journal import Journal
from tests.cachelayer.chaos.latches import Latches
from tests.cachelayer.chaos.readers import READERS, pause, plain
from tests.cachelayer.chaos.rows import NUMBERS, Row, State, Turn, stored

Look = Callable[[str, int, dict[int, State]], None]  # (reader, row, own changes)
RAW_UPDATE = "UPDATE cache_tests_row SET version = %s, token = %s WHERE number = %s"


class Undo(Exception):
    """Rolls a transaction or a savepoint back."""


class LateFailure(Exception):
    """Raised by a commit hook of somebody else."""


class Writer:
    """Makes the changes of one thread, and announces each before it commits."""

    def __init__(
        self, name: str, journal: Journal, latches: Latches, draw: Random, look: Look
    ) -> None:
        self.name, self.journal, self.latches = name, journal, latches
        self.draw, self.look = draw, look
        self.tokens = 0
        self.former: dict[int, State] = {}  # of the locked rows, as they were before
        self.now: dict[int, State] = {}  # with our uncommitted changes
        self.changed: dict[int, State] = {}
        self.announced = 0

    def token(self) -> str:
        self.tokens += 1
        return f"{self.name}-{self.tokens}"

    def next_state(self, number: int, *, present: bool = True) -> State:
        state = State(self.now[number].version + 1, self.token() if present else None)
        self.now[number] = self.changed[number] = state
        return state

    # Changes in a transaction.

    def transact(self, *, fail: bool = True) -> None:
        """Change one to three rows in one transaction; savepoints undo some of it.

        If it may `fail`, the transaction is sometimes rolled back, and sometimes a
        commit hook raises after it.
        """
        count = self.draw.choice((1, 1, 2, 3))
        numbers = sorted(self.draw.sample(NUMBERS, count))
        with self.latches.locked(numbers, shared=True):
            try:
                with transaction.atomic():
                    self.lock(numbers)
                    self.several(numbers, depth=0)
                    if not self.changed:
                        self.change(numbers)
                    if fail and self.draw.random() < 0.2:
                        self.undone(self.changed)
                        raise Undo
                    if fail and self.draw.random() < 0.1:
                        transaction.on_commit(late_failure)
                    announced = self.announce()
                    pause()
            except Undo:
                return
            except LateFailure:
                pass
            self.returned(announced)

    def lock(self, numbers: Collection[int]) -> None:
        turns = Turn.objects.select_for_update().filter(number__in=numbers)
        rows = Row.objects.select_for_update().filter(number__in=numbers)
        list(turns.order_by("number")), list(rows.order_by("number"))
        self.begin(numbers)

    def begin(self, numbers: Collection[int]) -> None:
        self.former = stored(numbers)
        self.now, self.changed = dict(self.former), {}

    def several(self, numbers: list[int], depth: int) -> None:
        for _ in range(self.draw.randint(1, 3)):
            chance = self.draw.random()
            if chance < 0.3 and depth < 3:
                self.savepoint(numbers, depth)
            elif chance < 0.5:
                reader = self.draw.choice(list(READERS))
                self.look(reader, self.draw.choice(numbers), self.changed)
            elif chance < 0.55:
                cache_manager.invalidate_pattern(f"/rows/{numbers[0]}/*")
            else:
                self.change(numbers)
            pause()

    def savepoint(self, numbers: list[int], depth: int) -> None:
        now, changed = dict(self.now), dict(self.changed)
        try:
            with transaction.atomic():
                self.several(numbers, depth + 1)
                if self.draw.random() < 0.5:
                    raise Undo
        except Undo:
            self.undone({n: s for n, s in self.changed.items() if changed.get(n) != s})
            self.now, self.changed = now, changed

    def change(self, numbers: list[int]) -> None:
        number = self.draw.choice(numbers)
        if self.now[number].token is None:
            self.create(number)
        else:
            present = [n for n in numbers if self.now[n].token]
            self.draw.choice(
                (
                    lambda: self.save(number),
                    lambda: self.update(number),
                    lambda: self.raw_update(number),
                    lambda: self.bulk_update(present),
                    lambda: self.raise_all(present),
                    lambda: self.delete(number),
                )
            )()

    def create(self, number: int) -> None:
        version, token = self.next_state(number)
        row = Row(number=number, version=version, token=token or "")
        if self.draw.random() < 0.5:
            row.save()
        else:
            Row.objects.bulk_create([row])

    def save(self, number: int) -> None:
        row = Row.objects.get(number=number)
        row.version, row.token = self.next_state(number)  # type: ignore[assignment]
        row.save()

    def update(self, number: int) -> None:
        version, token = self.next_state(number)
        Row.objects.filter(number=number).update(version=version, token=token)

    def raw_update(self, number: int) -> None:
        """Change the row by SQL that bypasses the models, and invalidate it."""
        version, token = self.next_state(number)
        with connection.cursor() as cursor:
            cursor.execute(RAW_UPDATE, [version, token, number])
        invalidate_on_commit(f"/rows/{number}/*", "/rows")

    def bulk_update(self, numbers: list[int]) -> None:
        rows = list(Row.objects.filter(number__in=numbers))
        for row in rows:
            row.version, token = self.next_state(row.number)
            row.token = token or ""
        Row.objects.bulk_update(rows, ["version", "token"])

    def raise_all(self, numbers: list[int]) -> None:
        """Change several rows by one statement."""
        token = self.token()
        rows = Row.objects.filter(number__in=numbers)
        rows.update(version=F("version") + 1, token=token)
        for number in numbers:
            state = State(self.now[number].version + 1, token)
            self.now[number] = self.changed[number] = state

    def delete(self, number: int) -> None:
        version, _ = self.next_state(number, present=False)
        Turn.objects.filter(number=number).update(version=version)
        rows = Row.objects.filter(number=number)
        if self.draw.random() < 0.5:
            rows.get().delete()
        else:
            rows.delete()

    # Changes without a transaction: each statement commits by itself.

    def compare_and_set(self) -> None:
        """Update one row unless another writer has changed it meanwhile."""
        number = self.draw.choice(NUMBERS)
        with self.latches.locked([number], shared=True):
            self.begin([number])
            if self.now[number].token is None:
                return
            rows = Row.objects.filter(number=number, version=self.now[number].version)
            version, token = self.next_state(number)
            announced = self.announce()
            pause()
            by_hand = self.draw.random() < 0.3
            with committed_by_hand() if by_hand else nullcontext():
                if rows.update(version=version, token=token):
                    if by_hand:
                        transaction.commit()
                    self.returned(announced)
                else:
                    self.undone(self.changed, announced)
                pause()

    def alone(self) -> None:
        """Save, update, create or delete one row outside of a transaction."""
        number = self.draw.choice(NUMBERS)
        with self.latches.locked([number], shared=False):
            self.begin([number])
            if self.now[number].token is None:
                change = self.create
            else:
                ways = (self.save, self.update, self.raw_update, self.delete)
                change = self.draw.choice(ways)
            announced = self.announce_next(number, change)
            change(number)
            self.returned(announced)

    def announce_next(self, number: int, change: Callable[[int], None]) -> int:
        """Announce the state that `change` will draw, and forget that it was drawn."""
        states, tokens = dict(self.now), self.tokens
        self.next_state(number, present=change != self.delete)
        announced = self.announce()
        self.now, self.changed, self.tokens = states, {}, tokens
        return announced

    # Lines in the journal.

    def announce(self) -> int:
        self.announced += 1
        self.journal.write(
            "intent",
            writer=self.name,
            id=self.announced,
            rows=self.changed,
            former=self.former,
        )
        return self.announced

    def returned(self, announced: int) -> None:
        self.journal.write("done", writer=self.name, id=announced)

    def undone(self, states: dict[int, State], announced: int = 0) -> None:
        self.journal.write("undone", writer=self.name, id=announced, rows=states)


@contextmanager
def committed_by_hand() -> Iterator[None]:
    """Without autocommit; what is not committed at the end is rolled back."""
    transaction.set_autocommit(False)
    try:
        yield
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)


def late_failure() -> None:
    raise LateFailure


def invalidate_something(draw: Random) -> None:
    """Invalidate at any time. All entries are right before and after, so this may cause
    misses and nothing else."""
    number = draw.choice(NUMBERS)
    chosen: tuple[Callable[[], None], ...] = (
        cache_manager.clear,
        lambda: cache_manager.invalidate_pattern(f"/rows/{number}/*"),
        lambda: cache_manager.invalidate_pattern("/rows"),
        lambda: plain.invalidate(number),
        plain.invalidate,
    )
    draw.choice(chosen)()
