"""Tests of one xdist group run in one worker, one after the other."""

import os

import pytest

IN_A_WORKER = "PYTEST_XDIST_WORKER" in os.environ


@pytest.mark.xdist_group("processes")
@pytest.mark.skipif(not IN_A_WORKER, reason="there is one process without xdist")
def test_the_scheduler_reads_the_group_from_the_id(request):
    assert request.node.nodeid.endswith("@processes")
