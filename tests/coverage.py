"""The coverage of a run, by slipcover's plugin in each xdist worker.

`python -m slipcover -m pytest` would instrument the controller, too: it imports the
whole product and runs none of it, while the workers wait for it. As a pytest plugin
(`-p tests.coverage`) this module writes the report of what the workers ran.
"""

import json
import os
import tomllib
from pathlib import Path

import pytest
from slipcover.slipcover import DEFAULT_EXCLUDE, print_coverage

ROOT = Path(__file__).resolve().parent.parent


def measured() -> dict[str, str]:
    """The variables by which slipcover's plugin measures, from pyproject.toml."""
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
    """Write the report next to the tests' folders, once the plugin has merged what
    the workers measured."""
    merged = Path(os.environ.get("SLIPCOVER_COVERAGE_DIR", ""), "merged.json")
    if "PYTEST_XDIST_WORKER" in os.environ or not merged.exists():
        return
    report = Path(os.environ["SKILLFLEET_TEST_FOLDER"], "coverage.txt")
    with report.open("w") as written:
        print_coverage(
            json.loads(merged.read_text()), outfile=written, skip_covered=True
        )
