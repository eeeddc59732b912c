"""Log lines are text by default, and JSON on demand."""

import json
import logging
import os
import subprocess
import sys

import pytest

from skillfleet.logs import FieldsFormatter


def line(message, *args, exc_info=None):
    record = logging.LogRecord(
        "jobs.worker", logging.INFO, __file__, 1, message, args, exc_info
    )
    return json.loads(FieldsFormatter().format(record))


def test_pairs_of_a_message_are_fields_to_search_by():
    record = line("claimed job_id=%s phase=%s", "7f3a", "refine")

    assert record["message"] == "claimed job_id=7f3a phase=refine"
    assert (record["job_id"], record["phase"]) == ("7f3a", "refine")
    assert (record["level"], record["logger"]) == ("INFO", "jobs.worker")
    assert record["timestamp"]


def test_a_pair_cannot_pass_for_what_the_line_itself_says():
    record = line("odd message=%s level=%s", "forged", "forged")

    assert record["level"] == "INFO"
    assert record["message"].startswith("odd ")


def test_a_message_of_many_lines_stays_one_line():
    record = logging.LogRecord("a", 20, __file__, 1, "one\ntwo", (), None)

    assert "\n" not in FieldsFormatter().format(record)


@pytest.mark.parametrize("form", ["plain", "json"])
def test_both_forms_can_be_chosen_by_environment(form):
    code = """
import logging.config
from skillfleet.settings import LOGGING
logging.config.dictConfig(LOGGING)
logging.warning("n=%s", 3)
"""
    process = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "SKILLFLEET_LOG_FORMAT": form},
        capture_output=True,
        text=True,
        check=True,
    )

    last = process.stderr.splitlines()[-1]
    assert ("level=WARNING" in last) if form == "plain" else json.loads(last)["n"]
