"""A probe sends no more queries than it must."""

import pytest
from django.db import OperationalError, connection

from cachelayer.stamps import REFRESH_AT
from cachelayer.transactions import backend

pytestmark = pytest.mark.django_db(transaction=True)


def refuse(execute, sql, params, many, context):
    raise OperationalError("gone")


def test_healthz_asks_no_database_when_the_host_is_due(client):
    backend().stamps.words[REFRESH_AT] = 0
    with connection.execute_wrapper(refuse):
        response = client.get("/healthz")

    assert response.content == b"ok\n"
    assert backend().stamps.words[REFRESH_AT] == 0
