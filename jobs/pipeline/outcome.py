"""The outcomes of a phase: advance, ask a person, or stop the job."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jobs.pipeline.state import Output
from taxonomy.files.gate import Files


@dataclass(frozen=True)
class Advance:
    """Store `output` and continue with `next_phase`; None completes the job.

    A transition to the same or an earlier phase increases the job's round. `draft`
    replaces the job's draft in the same transaction.
    """

    output: Output
    next_phase: str | None
    draft: Files | None = None
    message: str = ""


@dataclass(frozen=True)
class Ask:
    """Ask a person. The same phase runs again with the answer.

    `prompt` is the `data` of the API's prompt: `questions`, each with id, text, type,
    options and rationale, and whatever the person has to see. After the answer
    *revise* the job returns to `revise_to`, the phase that wrote what the person saw.
    """

    kind: str
    prompt: Mapping[str, Any] = field(default_factory=dict)
    revise_to: str = ""


@dataclass(frozen=True)
class Stop:
    """The job cannot continue; it fails with this reason."""

    reason: str


Outcome = Advance | Ask | Stop
