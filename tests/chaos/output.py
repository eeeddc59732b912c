"""The progress while faults are injected, and the report after it."""

import sys
import time
from collections import Counter

from tests.chaos.plan import Report

SHOWN_FAULTS = 12
SHOWN_EVERY = 5.0
"""Seconds between lines of progress when stdout is no terminal."""


class Progress:
    """One line that is overwritten on a terminal; elsewhere a line every few
    seconds."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.printed_at = 0.0

    def __call__(self, line: str) -> None:
        now = time.monotonic()
        elapsed = f"{now - self.began:5.0f} s  {line}"
        if sys.stdout.isatty():
            print(f"\r\x1b[K{elapsed}", end="", flush=True)
        elif now - self.printed_at >= SHOWN_EVERY:
            self.printed_at = now
            print(elapsed, flush=True)


def show(report: Report) -> None:
    clear = "\r\x1b[K" if sys.stdout.isatty() else ""
    print(f"{clear}  {report.hits} kills and freezes in {report.seconds:.0f} s")
    show_counts("done", report.done)
    show_counts("jobs", report.outcomes)
    show_counts("seen", report.notes)
    print(f"  faults: {len(report.faults)}")
    for fault in report.faults[:SHOWN_FAULTS]:
        print(f"    {fault}")
    if report.folder:
        print(f"  logs and author calls are kept in {report.folder}")
    sys.stdout.flush()


def show_counts(title: str, counts: Counter[str]) -> None:
    listed = ", ".join(f"{name} {n}" for name, n in sorted(counts.items()))
    print(f"  {title}: {listed}")
