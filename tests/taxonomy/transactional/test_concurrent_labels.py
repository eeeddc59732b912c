"""Two people label one skill at once; the index has the words of both."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections, transaction

from taxonomy.models import Label, Skill
from tests.taxonomy.search.conftest import search_names

WAITING = """
SELECT EXISTS (SELECT 1 FROM pg_locks theirs JOIN pg_locks mine USING (transactionid)
    WHERE mine.pid = pg_backend_pid() AND NOT theirs.granted)
"""


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return bool(cursor.fetchone()[0])


def label(skill: Skill, value: str) -> None:
    Label.objects.create(skill=skill, kind=Label.Kind.KEYWORD, value=value)


def label_elsewhere(skill: Skill, value: str) -> None:
    try:
        label(skill, value)
    finally:
        connections.close_all()


@pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite has one writer at a time"
)
@pytest.mark.django_db(transaction=True)
def test_who_writes_last_does_not_drop_the_words_of_the_other(pdf_tools):
    with ThreadPoolExecutor(1) as elsewhere:
        with transaction.atomic():
            label(pdf_tools, "zeppelin")
            other = elsewhere.submit(label_elsewhere, pdf_tools, "airship")
            ceiling = time.monotonic() + 20
            while not somebody_waits():
                assert time.monotonic() < ceiling and not other.done()
        other.result(20)
    assert search_names("zeppelin") == search_names("airship") == ["pdf-tools"]
