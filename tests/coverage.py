"""Coverage of a test run, measured by slipcover's plugin in each xdist worker.

`python -m slipcover -m pytest` would instrument xdist's controller as well. The
controller imports the whole product but runs no test, and the workers would wait for
it. As a pytest plugin (`-p tests.coverage`) this module writes the report.
"""

import json
import os
import tomllib
from pathlib import Path

import pytest
from slipcover.slipcover import DEFAULT_EXCLUDE, print_coverage

ROOT = Path(__file__).resolve().parent.parent


def measured() -> dict[str, str]:
    """The environment variables that configure slipcover's plugin, taken from
    pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    options = project["tool"]["slipcover"]
    return {
        "SLIPCOVER_ENABLED": "1",
        "SLIPCOVER_BRANCH": "1" if options["branch"] else "",
        "SLIPCOVER_SOURCE": ",".join(options["source"]),
        "SLIPCOVER_OMIT": ",".join(options["omit"]),
        "SLIPCOVER_EXCLUDE_LINES": "\n".join(
            [*DEFAULT_EXCLUDE, *options["exclude-also"]]
        ),
    }


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Write the report after slipcover's plugin has merged the workers' results."""
    merged = Path(os.environ.get("SLIPCOVER_COVERAGE_DIR", ""), "merged.json")
    if "PYTEST_XDIST_WORKER" in os.environ or not merged.exists():
        return
    report = Path(os.environ["SKILLFLEET_TEST_FOLDER"], "coverage.txt")
    with report.open("w") as written:
        print_coverage(
            json.loads(merged.read_text()), outfile=written, skip_covered=True
        )
