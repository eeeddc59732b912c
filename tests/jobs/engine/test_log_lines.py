"""Every log line about a job names the job, its phase and its fence."""

import logging
import re

import pytest

pytestmark = pytest.mark.django_db
FOUND_BY = re.compile(r"job_id=\S+ phase=[a-z_]+ fence=[0-9a-f]{8}\b")


def test_lines_of_a_phase_name_job_phase_and_fence(job, advance, caplog):
    with caplog.at_level(logging.INFO, logger="jobs"):
        advance(job)

    lines = [
        record.getMessage()
        for record in caplog.records
        if record.name == "jobs.worker" and "not claimable" not in record.getMessage()
    ]
    assert sum(line.startswith("phase starts") for line in lines) >= 5
    assert sum(line.startswith("phase ends") for line in lines) >= 5
    assert all(FOUND_BY.search(line) for line in lines), lines
    assert all(str(job.pk) in line for line in lines)
