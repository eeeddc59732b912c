"""Each kind of write to a row invalidates every cached response that shows the row.

The rows that a response shows are recorded while it is computed. A new route, model or
field is therefore tested here too, or these tests name the row that they lack.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from functools import wraps
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import models
from rest_framework.exceptions import NotFound

from cachelayer import cache_manager
from cachelayer.invalidation import declarations
from jobs.models import Job
from taxonomy.models import (
    Address,
    Category,
    FacetDefinition,
    FormerPath,
    Label,
    Profile,
    Relation,
    Skill,
    SkillVersion,
    UsageEvent,
    Verdict,
    Waiver,
)
from tests.skillfleet.cached_routes import (
    NEVER_CACHED,
    READS,
    TIERS,
    Fleet,
    Read,
    cached_routes,
    outcome_of,
    routes_with_get,
)
from tests.skillfleet.recording import Recording, models_behind, what_is_read
from tests.skillfleet.row_writes import Write, writes_of
from tests.skillfleet.spare_rows import SPARE, UNSEEN

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("every write"),  # groups start first, and this takes long
]

DECLARED = (
    Address,
    Category,
    FacetDefinition,
    FormerPath,
    Job,
    Label,
    Profile,
    Relation,
    Skill,
    SkillVersion,
    UsageEvent,
    User,
    Verdict,
    Waiver,
)
Model = type[models.Model]
Recordings = dict[Read, Recording]


@pytest.fixture
def fleet(db: None) -> Fleet:
    return Fleet()


@pytest.fixture
def recordings(fleet: Fleet) -> Recordings:
    return {read: what_is_read(fleet, read) for read in READS}


def test_every_cached_route_has_its_tier_its_life_and_an_address():
    tiers = {route: (it.tier, it.seconds()) for route, it in cached_routes().items()}

    assert tiers == TIERS, "cached_routes.TIERS says what each cached route shall be"
    missing = TIERS.keys() - {read.route for read in READS}
    assert not missing, f"give an address to cached_routes.READS for {missing}"


def test_what_the_api_reads_is_cached_unless_it_is_said_not_to_be():
    plain = [
        route
        for route, recipe in routes_with_get().items()
        if recipe is None and not route.startswith((*NEVER_CACHED, "/api", "/admin"))
    ]

    assert plain == ["/", "/favicon.ico"], "give the route a tier, or to NEVER_CACHED"


def test_every_table_that_a_view_reads_is_one_whose_writes_are_tested(recordings):
    for read, recording in recordings.items():
        try:
            behind = models_behind(recording.tables)
        except KeyError as unknown:
            pytest.fail(f"{read.address} reads {unknown}: spare_rows.STANDS_FOR?")
        names = {model._meta.label for model in behind - SPARE.keys()}
        assert not names, (
            f"{read.address} shows {names}: give spare_rows.SPARE a row of it, "
            f"or UNSEEN the reason why its changes cannot be seen"
        )


def test_every_table_said_to_be_unseen_is_read(recordings):
    assert UNSEEN.keys() <= {
        name for recording in recordings.values() for name in recording.tables
    }


def test_each_kind_of_write_invalidates_every_response_that_shows_the_row(
    fleet, recordings
):
    stale = [line for model in SPARE for line in stale_after(model, fleet, recordings)]

    assert not stale, "\n".join(["declare them in the package's caching.py", *stale])


def test_without_its_declaration_a_model_fails_the_test(fleet, recordings, monkeypatch):
    for model in DECLARED:
        with monkeypatch.context() as patched:
            patched.delitem(declarations, model)
            with closing(stale_after(model, fleet, recordings)) as stale:
                assert next(stale, None), model


def test_a_declaration_of_another_page_is_not_enough(fleet, recordings, monkeypatch):
    people, authors = declarations[User]
    for declaration, line in ((people, "/skills/pdf-tools"), (authors, "/user/me")):
        monkeypatch.setitem(declarations, User, [declaration])
        with closing(stale_after(User, fleet, recordings)) as stale:
            assert f"auth.User: save leaves {line}" in stale


def stale_after(model: Model, fleet: Fleet, recordings: Recordings) -> Iterator[str]:
    """A line for each response that a write to the model fails to invalidate."""
    reads = [
        read for read in recordings if model in models_behind(recordings[read].tables)
    ]
    spare = SPARE[model](fleet)
    yield from lines(model, "a new row", [*changed_unseen(spare, reads, fleet)])
    try:
        for pk, readers in rows_to_write(model, spare, reads, recordings).items():
            for write in writes_of(model._base_manager.get(pk=pk)):
                stale = [*not_invalidated(write, readers, fleet)]
                yield from lines(model, write.kind, stale)
    finally:
        model._base_manager.filter(pk=spare.pk).delete()
    new = SPARE[model](fleet)
    insert = Write("", lambda: model._default_manager.bulk_create([new]), new.delete)
    yield from lines(model, "bulk_create", [*not_invalidated(insert, reads, fleet)])


def lines(model: Model, kind: str, reads: list[Read]) -> list[str]:
    return [f"{model._meta.label}: {kind} leaves {read.address}" for read in reads]


def rows_to_write(
    model: Model, spare: models.Model, reads: list[Read], recordings: Recordings
) -> dict[object, list[Read]]:
    """As few rows as cover all reads; the spare row for reads without an instance of
    it."""
    seen = {
        read: {pk for of, pk in recordings[read].rows if of is model} for read in reads
    }
    chosen = {spare.pk: [read for read in reads if not seen[read]]}
    uncovered = [read for read in reads if seen[read]]
    while uncovered:
        pk = Counter(pk for read in uncovered for pk in seen[read]).most_common(1)[0][0]
        chosen[pk] = [read for read in reads if pk in seen[read]]
        uncovered = [read for read in uncovered if pk not in seen[read]]
    return {pk: readers for pk, readers in chosen.items() if readers}


def warm(reads: list[Read], fleet: Fleet) -> None:
    for read in reads:
        if (outcome := outcome_of(fleet.quick_get(read))) != "HIT":
            again = outcome_of(fleet.quick_get(read))
            assert again == "HIT", f"{read.address} answers {outcome}, {again}"


def not_invalidated(write: Write, reads: list[Read], fleet: Fleet) -> Iterator[Read]:
    warm(reads, fleet)
    write.do()
    # The undo would make freshly computed answers stale again, so none is computed.
    with uncomputed() if write.undo else nullcontext():
        stale = [
            read
            for read in reads
            if outcome_of(fleet.quick_get(read)) in ("HIT", "BYPASS")
        ]
    yield from stale
    if write.undo:
        write.undo()


@contextmanager
def uncomputed() -> Iterator[None]:
    """Within the block, computing an answer that is not cached gives a 404."""
    with pytest.MonkeyPatch.context() as patch:
        for recipe in cached_routes().values():

            @wraps(recipe.function)
            def refuse(*args: Any, **kwargs: Any) -> None:
                raise NotFound

            patch.setattr(recipe, "function", refuse)
        yield


def changed_unseen(
    row: models.Model, reads: list[Read], fleet: Fleet
) -> Iterator[Read]:
    """Reads that the new row changes although they do not show it yet."""
    warm(reads, fleet)
    row.save()
    answers = {read: fleet.quick_get(read) for read in reads}
    hits = {read: it for read, it in answers.items() if it["X-Cache"] == "HIT"}
    if hits:
        cache_manager.clear()
    for read, answer in hits.items():
        if answer["ETag"] != fleet.quick_get(read)["ETag"]:
            yield read
