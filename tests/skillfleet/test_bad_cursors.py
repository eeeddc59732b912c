"""A cursor that the server did not issue is a 400, whatever it contains."""

from base64 import b64encode
from urllib.parse import urlencode

import pytest

from tests.skillfleet.refusals import refused

POSITIONS = [
    "",
    "x",
    "\0",
    "2024-01-01",
    "2024-01-01T00:00:00",
    "2024-13-01T00:00:00+00:00",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "9" * 5000,
]


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("reverse", ["0", "1"])
def test_a_position_that_no_job_can_have_is_a_400(api, position, reverse):
    written = urlencode({"p": position, "o": "1", "r": reverse})
    cursor = b64encode(written.encode()).decode()

    refused(api("author").get("/api/v1/jobs", {"cursor": cursor}), 400, "cursor")


@pytest.mark.parametrize(
    "position", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00"]
)
def test_the_ends_of_time_are_positions(api, position):
    cursor = b64encode(urlencode({"p": position}).encode()).decode()

    assert api("author").get("/api/v1/jobs", {"cursor": cursor}).status_code == 200
