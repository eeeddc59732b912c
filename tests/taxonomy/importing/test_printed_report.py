"""The report and the progress bar in a terminal."""

import re
from io import StringIO

import pytest
from django.core.management.base import OutputWrapper
from rich.console import Console

from taxonomy.files.gate import SourceRefused
from taxonomy.importing.report import Action, Outcome, Report, reasons_of
from taxonomy.management.command_line import print_report, print_table, with_progress

REASON = (
    "The folder's name is not the skill's. Rename one of them, or import leniently. "
    * 3
)
OUTCOMES = [
    Outcome("x/one", Action.CREATED, "one", "1.0.0", "data/analytics"),
    Outcome("y" * 90, Action.REFUSED, reasons=(REASON,)),
    Outcome("", Action.REFUSED, reasons=("Not read.",)),
    Outcome("x/odd", Action.KEPT, "n" * 64, "1.0.0", "c" * 60, ("Edited here.",)),
]


class Terminal(StringIO):
    def isatty(self):
        return True


def at_80_columns(report):
    out = StringIO()
    print_table(report, Console(file=out, width=80, force_terminal=True, no_color=True))
    return [re.sub(r"\x1b\[[\d;]*m", "", line) for line in out.getvalue().splitlines()]


def test_a_report_stays_in_its_columns_at_80():
    lines = at_80_columns(Report("", outcomes=OUTCOMES))
    assert all(len(line) <= 80 for line in lines)
    begins = [line for line in lines if not line.startswith(" ")]
    assert [line.split()[0] for line in begins] == [
        "created",
        "refused",
        "refused",
        "kept",
        "4",
    ]
    assert begins[2].split() == ["refused", "."]
    assert "        in x/odd" in lines
    assert "        in x/one" not in lines


def test_a_report_that_is_piped_has_a_line_for_each_thing():
    out = OutputWrapper(StringIO(), ending="")
    print_report(Report("", outcomes=OUTCOMES), out, as_json=False)
    lines = out._out.getvalue().splitlines()
    assert f"        {REASON.rstrip()}" in [line.rstrip() for line in lines]
    assert len(lines) == 9


@pytest.mark.parametrize(
    ("outcomes", "dry_run", "text"),
    [
        ([], False, "No skills."),
        (OUTCOMES[:1], False, "1 skill: 1 created"),
        (OUTCOMES[:1], True, "1 skill: 1 created (dry run: nothing was written)"),
    ],
)
def test_a_report_ends_with_its_counts(outcomes, dry_run, text):
    assert at_80_columns(Report("", dry_run, outcomes))[-1] == text


def test_the_bar_never_passes_its_end():
    terminal = Terminal()
    wrapper = OutputWrapper(terminal)
    assert list(with_progress(iter(OUTCOMES), 1, wrapper)) == OUTCOMES
    counts = re.findall(r"(\d+)/(\d+)", terminal.getvalue())
    assert counts[-1] == ("4", "4")
    assert all(int(done) <= int(total) for done, total in counts)


def test_a_skill_that_cannot_be_read_is_not_called_a_source():
    reason = "one: Permission denied."
    assert reasons_of(SourceRefused(reason)) == (reason,)
