"""Sends what is due: a thread beside a worker, there as long as there is work.

A message in the queue calls it, so that no job waits for a receiver. What it cannot
send it leaves for later; what a killed one had in hand is due again after a while.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

from django.conf import settings
from django.db import Error, connections
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from core.backoff import backoff
from jobs import lifecycle
from jobs.models import Delivery, Webhook
from jobs.webhooks import signing
from jobs.webhooks.addresses import Refused, Target, find
from jobs.webhooks.sending import FAULTS, post

logger = logging.getLogger(__name__)
GONE = 410
"""The receiver wants nothing more."""
MAX_ERROR_CHARS = 300


def always() -> bool:
    return True


def deliver_due(going: Callable[[], bool] = always) -> int:
    """Send everything that is due, as long as it goes on; how many were tried."""
    return sum(1 for _ in map(attempt, claimed(going)))


def claimed(going: Callable[[], bool] = always) -> Iterator[Delivery]:
    """Due deliveries, each taken so that no other courier has it as well."""
    due = Delivery.objects.due().order_by("next_at", "pk")
    while going() and (found := due.first()):
        mine = due.filter(pk=found.pk, attempts=found.attempts)
        if mine.update(attempts=F("attempts") + 1, next_at=Now() + hold()):
            whole = Delivery.objects.select_related("webhook__user")
            yield from whole.filter(pk=found.pk)  # none: its webhook was deleted


def hold() -> timedelta:
    """How long one that was taken is not due again; what happens in it is bounded."""
    seconds: timedelta = settings.SKILLFLEET_WEBHOOK_TIMEOUT
    return seconds * 3


def attempt(delivery: Delivery) -> None:
    """Send it once, and write down how that went."""
    webhook = delivery.webhook
    if not (webhook.active and webhook.user.is_active):
        return end(delivery, Delivery.Status.FAILED, error="The webhook is not active.")
    try:
        target = find(webhook.url)
        if not hold_on(delivery):
            return None  # the name server was so slow that another courier has it
        status = send(delivery, target)
    except Refused as refused:
        return end(delivery, Delivery.Status.FAILED, error=str(refused))
    except FAULTS as fault:
        return put_off(delivery, f"{type(fault).__name__}: {fault}", None)
    if 200 <= status < 300:
        return end(delivery, Delivery.Status.DELIVERED, response_status=status)
    if status == GONE:
        Webhook.objects.filter(pk=webhook.pk).update(active=False)
        return end(
            delivery,
            Delivery.Status.FAILED,
            response_status=status,
            error="The receiver answered 410; the webhook is not active any more.",
        )
    return put_off(delivery, f"The receiver answered {status}.", status)


def hold_on(delivery: Delivery) -> bool:
    """Take it for as long again."""
    taken = Delivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts)
    return bool(taken.update(next_at=Now() + hold()))


def send(delivery: Delivery, target: Target) -> int:
    body = delivery.body.encode()
    now = int(timezone.now().timestamp())
    nonce = delivery.webhook.nonce
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "SkillFleet",
        **signing.headers(nonce, delivery.message_id, now, body),
    }
    seconds = settings.SKILLFLEET_WEBHOOK_TIMEOUT.total_seconds()
    return post(target, body, headers, seconds)


def put_off(delivery: Delivery, error: str, status: int | None) -> None:
    """Later each time; after the last attempt, never.

    What else its receiver is owed waits a little, too: or one that is away would have
    each courier wait for it once per delivery, and other people's come after those.
    """
    delivery.webhook.deliveries.due().update(next_at=Now() + wait_after(1))
    if delivery.attempts >= settings.SKILLFLEET_WEBHOOK_ATTEMPTS:
        end(delivery, Delivery.Status.FAILED, error=error, response_status=status)
        return
    wait = wait_after(delivery.attempts)
    logger.warning("webhook put off message=%s wait=%s", delivery, wait)
    Delivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts).update(
        next_at=Now() + wait, error=shown(error), response_status=status
    )


def wait_after(attempts: int) -> timedelta:
    """How long a delivery waits after it failed that many times."""
    return backoff(
        attempts,
        first=settings.SKILLFLEET_WEBHOOK_BACKOFF,
        longest=settings.SKILLFLEET_WEBHOOK_MAX_BACKOFF,
        factor=4,
        jitter=(0.8, 1.2),
    )


def end(
    delivery: Delivery,
    status: Delivery.Status,
    *,
    response_status: int | None = None,
    error: str = "",
) -> None:
    logger.info("webhook %s message=%s answer=%s", status, delivery, response_status)
    Delivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts).update(
        status=status,
        response_status=response_status,
        error=shown(error),
        next_at=None,
        finished_at=Now(),
    )


def shown(error: str) -> str:
    """It may quote what the receiver said, whatever that was."""
    return lifecycle.storable(error)[:MAX_ERROR_CHARS]


class Courier:
    """The thread of this process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.called = self.closing = False
        self.thread: threading.Thread | None = None

    def call(self) -> None:
        """Have it look; one that looks already will look once more."""
        with self.lock:
            self.called = True
            if self.thread is None:
                self.thread = threading.Thread(
                    target=self._run, name="webhook courier", daemon=True
                )
                self.thread.start()

    def finish(self, seconds: float) -> None:
        """Take nothing more, and wait for what is in hand."""
        self.closing = True
        thread = self.thread
        if thread is not None:
            thread.join(seconds)

    def _run(self) -> None:
        try:
            while self._is_called():
                deliver_due(lambda: not self.closing)
        except Error as error:  # the sweep calls again
            logger.warning("courier waits for the database error=%s", error)
            self._leave()
        except Exception:
            logger.exception("courier ends")
            self._leave()
        finally:
            connections.close_all()

    def _leave(self) -> None:
        with self.lock:
            self.thread = None

    def _is_called(self) -> bool:
        with self.lock:
            called, self.called = self.called, False
            if not called:
                self.thread = None
            return called


courier = Courier()


def _forget() -> None:
    """Threads do not live on in a fork."""
    global courier
    courier = Courier()


os.register_at_fork(after_in_child=_forget)
