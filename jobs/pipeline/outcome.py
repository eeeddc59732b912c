"""What a phase gives back: go on, ask a person, or end the job."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jobs.pipeline.state import Output
from taxonomy.files.file import Files


@dataclass(frozen=True)
class Advance:
    """The phase is done: keep `output`, and go to `next_phase` (None: job completed).

    Going to the same or an earlier phase raises the job's round. `draft` replaces
    the job's draft in the same transaction.
    """

    output: Output
    next_phase: str | None
    draft: Files | None = None
    message: str = ""


@dataclass(frozen=True)
class Ask:
    """A person is needed. The same phase runs again with the answer.

    `prompt` is the `data` of the API's prompt: `questions` (each id, text, type,
    options, rationale) and what else is shown. Answered with *revise*, the job goes
    back to `revise_to`, the phase that wrote what was shown.
    """

    kind: str
    prompt: Mapping[str, Any] = field(default_factory=dict)
    revise_to: str = ""


@dataclass(frozen=True)
class Stop:
    """The job cannot go on; it fails with this reason."""

    reason: str


Outcome = Advance | Ask | Stop
