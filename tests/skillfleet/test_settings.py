"""A setting that could not work is refused at the start, with its name."""

import os
import runpy
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from skillfleet import product_settings
from skillfleet.api.throttles import WriteThrottle
from skillfleet.environment import rate

RATES = ["SKILLFLEET_WRITE_RATE", "SKILLFLEET_LOGIN_RATE", "SKILLFLEET_LOGIN_NAME_RATE"]


def test_a_rate_that_is_none_stops_the_server():
    started = subprocess.run(
        [sys.executable, "-c", "from skillfleet.wsgi import application"],
        env={**os.environ, RATES[0]: "abc"},
        capture_output=True,
        text=True,
    )

    assert started.returncode != 0
    assert f"{RATES[0]} is 'abc'; write a number per s, min, h" in started.stderr


@pytest.mark.parametrize("wrong", ["abc", "0/min", "5/week", "-1/s", "5", "5/min/h"])
def test_what_is_no_rate_is_refused(wrong, monkeypatch):
    monkeypatch.setenv(RATES[0], wrong)

    with pytest.raises(ImproperlyConfigured, match=RATES[0]):
        rate(RATES[0], "600/min")


def test_every_rate_is_read_so_and_an_empty_one_is_no_limit(monkeypatch):
    for name in RATES:
        monkeypatch.setenv(name, "")
    read = runpy.run_path(product_settings.__file__)["SKILLFLEET_RATES"]

    assert set(read.values()) == {""}


@pytest.mark.parametrize("text", ["1/s", "30/min", "5/h", "100/d", "600/hour"])
def test_a_rate_is_what_the_throttle_reads(text):
    number, seconds = WriteThrottle().parse_rate(rate("SKILLFLEET_NO_SUCH_RATE", text))
    assert (number, seconds) == (
        int(text.partition("/")[0]),
        {"s": 1, "m": 60, "h": 3600, "d": 86400}[text.partition("/")[2][0]],
    )
