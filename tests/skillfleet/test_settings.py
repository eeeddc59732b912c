"""A setting that could not work is refused at the start, and named."""

import os
import subprocess
import sys

import pytest

RATES = ["SKILLFLEET_WRITE_RATE", "SKILLFLEET_LOGIN_RATE", "SKILLFLEET_LOGIN_NAME_RATE"]


def start(**environment):
    return subprocess.run(
        [sys.executable, "-c", "from skillfleet.wsgi import application"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("name", "rate"),
    [*((name, "abc") for name in RATES), (RATES[0], "0/min"), (RATES[0], "5/week")],
)
def test_a_rate_that_is_none_stops_the_server(name, rate):
    started = start(**{name: rate})

    assert started.returncode != 0
    assert f"{name} is {rate!r}; write a number per s, min, h or d" in started.stderr


def test_an_empty_rate_is_no_limit():
    assert start(**dict.fromkeys(RATES, "")).returncode == 0


@pytest.mark.parametrize("rate", ["1/s", "30/min", "5/h", "100/d", "600/hour"])
def test_a_rate_is_what_the_throttle_reads(rate):
    from skillfleet.api.throttles import WriteThrottle
    from skillfleet.settings import rate as read

    number, seconds = WriteThrottle().parse_rate(read("SKILLFLEET_NO_SUCH_RATE", rate))
    assert (number, seconds) == (
        int(rate.partition("/")[0]),
        {"s": 1, "m": 60, "h": 3600, "d": 86400}[rate.partition("/")[2][0]],
    )
