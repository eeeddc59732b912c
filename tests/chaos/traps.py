"""Traps: points in the product's processes at which a process is killed or frozen.

The injector arms a point by a file with its name, which holds the signal's number. The
first process that passes renames the file, which only one process can do, and sends the
signal to itself.
"""

import os
import signal
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from django.db import transaction

WORKER_POINTS = (
    "before_claim",
    "after_claim",
    "in_author",
    "before_checkpoint_commit",
    "after_checkpoint_commit",
    "before_acknowledgement",
    "before_release_commit",
)
WEB_POINTS = (
    "before_submit_commit",
    "after_submit_commit",
    "before_answer_commit",
    "after_answer_commit",
)
FOLDER = "CHAOS_TRAPS"


def arm(folder: Path, point: str, sent: signal.Signals) -> None:
    written = folder / f".{point}"
    written.write_text(str(int(sent)))
    written.rename(folder / point)


def disarm(folder: Path, point: str) -> None:
    (folder / point).unlink(missing_ok=True)


def victim_of(folder: Path, point: str) -> int | None:
    """The process that triggered the trap, or None; each one is returned once."""
    for triggered in folder.glob(f"{point}.*"):
        triggered.unlink()
        return int(triggered.suffix[1:])
    return None


def trigger(point: str) -> None:
    trap = Path(os.environ[FOLDER]) / point
    try:
        sent = int(trap.read_text())
        trap.rename(trap.with_name(f"{point}.{os.getpid()}"))
    except FileNotFoundError:
        return
    os.kill(os.getpid(), sent)


def before(point: str, real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    def trapped(*args: Any, **kwargs: Any) -> Any:
        trigger(point)
        return real(*args, **kwargs)

    return trapped


def after(point: str, real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    def trapped(*args: Any, **kwargs: Any) -> Any:
        done = real(*args, **kwargs)
        trigger(point)
        return done

    return trapped


def before_commit(point: str, real: Callable[..., Any]) -> Callable[..., Any]:
    """Trigger the trap when everything is written and nothing is committed."""

    @wraps(real)
    def trapped(*args: Any, **kwargs: Any) -> Any:
        with transaction.atomic():
            done = real(*args, **kwargs)
            trigger(point)
        return done

    return trapped


def install() -> None:
    """Set a trap at every point, in every process that loads this app."""
    from jobs import lifecycle
    from jobs.engine import checkpoint
    from jobs.engine.cluster import TaskSink
    from jobs.models import Job

    claim = before("before_claim", after("after_claim", Job.claim))
    Job.claim = claim  # type: ignore[method-assign]
    put = before("before_acknowledgement", TaskSink.put)
    TaskSink.put = put  # type: ignore[method-assign]
    for module, verb, name in (
        (checkpoint, "apply", "checkpoint"),
        (lifecycle, "create_skill_job", "submit"),
        (lifecycle, "answer", "answer"),
    ):
        inner = before_commit(f"before_{name}_commit", getattr(module, verb))
        setattr(module, verb, after(f"after_{name}_commit", inner))
    lifecycle.release = before_commit("before_release_commit", lifecycle.release)
