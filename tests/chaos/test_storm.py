"""The short version of `make chaos`."""

import subprocess
import sys

import pytest

from tests.chaos.processes import ROOT

SMALL = ("--scenario", "storm", "--database", "sqlite", "--jobs", "10", "--hits", "8")


@pytest.mark.slow
@pytest.mark.xdist_group("clusters")
def test_a_short_storm_leaves_every_job_as_it_is_in_the_calm() -> None:
    command = [sys.executable, "-m", "tests.chaos", *SMALL]
    stormed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert stormed.returncode == 0, stormed.stdout + stormed.stderr
