"""What an author says of its progress, written down now and then."""

import time

from django.conf import settings

from jobs import lifecycle
from jobs.exceptions import LostFence
from jobs.models import Job
from jobs.patience import patiently


class Reporter:
    """How far the phase in hand is, for one holder of one fence.

    The phase's beginning is written, then the author's first words, then no more
    often than the interval: each report is an event, and retires what shows the job.
    """

    def __init__(self, job: Job, fence: str) -> None:
        self.job = job
        self.fence = fence
        self.written = ("", -1)
        self.not_before = 0.0

    def __call__(self, percent: int, message: str) -> None:
        """Raises LostFence, so that an author's work ends where its lease does."""
        message = lifecycle.storable(message)
        now = time.monotonic()
        if now < self.not_before or (message, percent) == self.written:
            return
        if not patiently(lambda: self._write(percent, message), "report"):
            raise LostFence
        if self.written[0]:
            interval = settings.SKILLFLEET_PROGRESS_INTERVAL.total_seconds()
            self.not_before = now + interval
        self.written = (message, percent)

    def _write(self, percent: int, message: str) -> bool:
        return self.job.report_progress(self.fence, percent, message)
