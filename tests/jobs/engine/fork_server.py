"""The child of `processes.ForkServer`: it forks workers that kill themselves at a
point."""

import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import django

django.setup()

from django.db import connections, transaction  # noqa: E402

from jobs import worker as worker_module  # noqa: E402
from jobs.engine import checkpoint  # noqa: E402
from jobs.engine.cluster import TaskSink, TaskSource, work_from  # noqa: E402
from jobs.models import Job  # noqa: E402

POINTS = ("before_claim", "in_phase", "before_commit", "after_commit", "before_ack")


signal_number = signal.SIGKILL


def die(*_: Any) -> None:
    """Kill this process or, if the signal is SIGSTOP, freeze it until a SIGCONT."""
    os.kill(os.getpid(), signal_number)


class OneMessage(TaskSource):
    """Returns one task, then STOP."""

    taken = False

    def get(self) -> dict[str, Any] | str:
        if self.taken:
            return "STOP"
        self.taken = True
        return super().get()


def before(real: Callable[..., Any]) -> Callable[..., Any]:
    def dying(*args: Any, **kwargs: Any) -> None:
        die()

    return dying


def after(real: Callable[..., Any]) -> Callable[..., Any]:
    def dying(*args: Any, **kwargs: Any) -> Any:
        done = real(*args, **kwargs)
        die()
        return done

    return dying


def before_commit(real: Callable[..., Any]) -> Callable[..., Any]:
    def dying(*args: Any, **kwargs: Any) -> None:
        with transaction.atomic():
            real(*args, **kwargs)
            die()

    return dying


def arm(point: str) -> None:
    match point:
        case "before_claim":
            Job.claim = before(Job.claim)  # type: ignore[method-assign]
        case "in_phase":
            worker_module.run = after(worker_module.run)
        case "before_commit":
            checkpoint.apply = before_commit(checkpoint.apply)
        case "after_commit":
            checkpoint.apply = after(checkpoint.apply)
        case "before_ack":
            TaskSink.put = before(TaskSink.put)  # type: ignore[method-assign]


def start(request: dict[str, Any]) -> int:
    global signal_number
    connections.close_all()
    pid = os.fork()
    if not pid:
        signal_number = signal.Signals(request.get("signal_number", signal.SIGKILL))
        arm(request.get("point", ""))
        work_from(OneMessage())
        os._exit(0)
    return pid


def thaw(pid: int) -> int:
    os.kill(pid, signal.SIGCONT)
    return pid


def serve() -> None:
    frozen = 0
    for line in sys.stdin:
        request = json.loads(line)
        pid = thaw(frozen) if request.get("thaw") else start(request)
        _, status = os.waitpid(pid, os.WUNTRACED)
        frozen = pid if os.WIFSTOPPED(status) else 0
        print(status, flush=True)


if __name__ == "__main__":
    serve()
