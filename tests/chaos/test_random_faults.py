"""The short version of `make chaos`."""

import subprocess
import sys

import pytest

from tests.chaos.processes import ROOT

SMALL = (
    "--scenario",
    "random_faults",
    "--database",
    "sqlite",
    "--jobs",
    "10",
    "--hits",
    "8",
)


@pytest.mark.slow
@pytest.mark.xdist_group("clusters")
def test_a_few_random_faults_leave_every_job_as_without_faults() -> None:
    command = [sys.executable, "-m", "tests.chaos", *SMALL]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stdout + finished.stderr
