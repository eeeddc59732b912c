"""`create_skill` in a real terminal: a moving bar, keys, Ctrl-C."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from jobs.models import Job, Question
from tests.processes import ROOT, child_environment

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("clusters"),
]
TASK = "Restart the billing service when it hangs"
IN_A_TERMINAL = """
import os, pty, sys
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))
"""
CTRL_C = "\x03"


class Terminal:
    """A process with a terminal of its own, and the output on that terminal."""

    def __init__(self, *command: str, **environment: str) -> None:
        self.output = ""
        self.read_to = 0
        self.process = subprocess.Popen(
            [sys.executable, "-c", IN_A_TERMINAL, *command],
            env=child_environment(TERM="xterm", COLUMNS="120", **environment),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        os.set_blocking(self.process.stdout.fileno(), False)

    def wait_for(self, text: str) -> None:
        """Wait until this text appears after the text of the last call."""
        deadline = time.monotonic() + 20
        while (position := self.output.find(text, self.read_to)) < 0:
            assert time.monotonic() < deadline, f"no {text!r} in:\n{self.output}"
            self._read()
        self.read_to = position + len(text)

    def type(self, keys: str) -> None:
        self.process.stdin.write(keys.encode())
        self.process.stdin.flush()

    def wait(self) -> int:
        """Wait for the process to end; return its exit code."""
        deadline = time.monotonic() + 20
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"still running:\n{self.output}"
            self._read()
        self._read()
        return self.process.returncode

    def _read(self) -> None:
        time.sleep(0.02)
        chunk = self.process.stdout.read()
        self.output += (chunk or b"").decode(errors="replace")

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def terminal(superuser) -> Iterator[Callable[..., Terminal]]:
    """`terminal("create_skill", …, SKILLFLEET_JOBS="inline")`; it is closed at the
    end."""
    opened: list[Terminal] = []

    def open_terminal(*arguments: str, **environment: str) -> Terminal:
        command = (sys.executable, "manage.py", *arguments)
        opened.append(Terminal(*command, **environment))
        return opened[-1]

    yield open_terminal
    for each in opened:
        each.close()


def test_questions_are_answered_below_a_bar_that_moves(terminal, superuser):
    session = terminal(
        "create_skill",
        TASK,
        SKILLFLEET_JOBS="inline",
        SKILLFLEET_AUTHOR="tests.jobs.commands.authors.AskingAuthor",
    )
    session.wait_for("refine")
    session.type("typed ahead\n")
    session.wait_for("What about purpose?")
    session.wait_for("Answer (Enter to skip): ")
    session.type("To bill.\n")
    session.wait_for("What about trigger?")
    session.wait_for("Answer (Enter to skip): ")
    session.type("When it hangs.\n")
    session.wait_for("(Enter proceeds) ")
    session.type("\n")
    session.wait_for("Draft       operations/restart-billing")

    assert session.wait() == 0
    assert "━" in session.output
    assert "%" in session.output
    assert Question.objects.get().response["answers"] == {
        "purpose": "To bill.",
        "trigger": "When it hangs.",
    }


def test_ctrl_c_ends_the_command_and_not_the_job(terminal):
    session = terminal("create_skill", TASK)
    session.wait_for("No worker is alive, so the job waits")
    session.wait_for("waiting: no worker is alive")
    session.type(CTRL_C)
    session.wait_for("The job continues. To follow it again: ")
    session.wait_for("manage.py create_skill --follow")

    assert session.wait() == 130
    assert Job.objects.get().status == Job.Status.PENDING
    assert "Traceback" not in session.output
