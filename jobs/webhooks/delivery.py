"""Webhook deliveries: written in the event's transaction (outbox), sent by a thread.

A message in the queue starts the thread beside a worker, so that no job waits for a
receiver. A delivery that fails is due again later; so is one whose process was killed.
"""

import http.client
import json
import logging
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.db import Error, connections, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from core.backoff import backoff
from jobs import lifecycle
from jobs.engine import queue
from jobs.exceptions import WrongState
from jobs.models import Delivery, JobEvent, Webhook
from jobs.webhooks import signing
from jobs.webhooks.addresses import Refused, Target, find

MAX_TEXT_CHARS = 1000
STATUS = {"asked": "pending_hitl"}
"""A job's status after an event; that of an end is named like its event."""


def record_deliveries(event: JobEvent, **kwargs: Any) -> None:
    """Called in the event's transaction, for each event that somebody may want."""
    from jobs.models import Delivery, Webhook

    if event.kind not in Webhook.Event.values:
        return
    owed = [
        Delivery(webhook=each, job_id=event.job_id, kind=event.kind, body=body(event))
        for each in Webhook.objects.of_job(event.job_id)
        if event.kind in each.events
    ]
    if owed:
        Delivery.objects.bulk_create(owed)
        queue.call_courier()


def body(event: JobEvent) -> str:
    """What is signed and sent; the job itself is there for who has a token."""
    error = str(event.data.get("error", ""))
    job_id = str(event.job_id)
    return as_json(
        f"job.{event.kind}",
        {
            "job_id": job_id,
            "status": STATUS.get(event.kind, event.kind),
            "phase": event.phase,
            "seq": event.seq,
            "question": str(event.data.get("kind", "")),
            "error": error[:MAX_TEXT_CHARS],
            "url": f"/api/v1/jobs/{job_id}",
        },
    )


def as_json(kind: str, fields: dict[str, Any]) -> str:
    moment = timezone.now().isoformat(timespec="seconds")
    return json.dumps({"type": kind, "timestamp": moment, "data": fields})


def send_test(webhook: Webhook) -> Delivery:
    """An event of no job, to see whether the receiver verifies it."""
    if not webhook.active:
        raise WrongState("The webhook is not active.")
    with transaction.atomic():
        made = Delivery.objects.create(
            webhook=webhook,
            kind="test",
            body=as_json("webhook.test", {"webhook_id": str(webhook.pk)}),
        )
        queue.call_courier()
    made.refresh_from_db()
    return made


def send_anew(delivery: Delivery) -> Delivery:
    """The same message, with the same id, from the first attempt on."""
    ended = Delivery.objects.filter(pk=delivery.pk).exclude(
        status=Delivery.Status.PENDING
    )
    with transaction.atomic():
        renewed = ended.update(
            status=Delivery.Status.PENDING,
            attempts=0,
            next_at=Now(),
            finished_at=None,
            error="",
            response_status=None,
        )
        if not renewed:
            raise WrongState("This delivery is on its way already.")
        queue.call_courier()
    delivery.refresh_from_db()
    return delivery


FAULTS = (OSError, http.client.HTTPException, ValueError)
"""What a call that was not answered raises; the last from a name or a TLS socket."""


class PinnedConnection(http.client.HTTPConnection):
    """Connects to the target's address, whatever its name means by now."""

    def __init__(self, target: Target, seconds: float) -> None:
        super().__init__(target.host, target.port, timeout=seconds)
        self.target = target
        self.over = False

    def connect(self) -> None:
        place = (self.target.address, self.target.port)
        self.sock = socket.create_connection(place, timeout=self.timeout)
        if self.target.parts.scheme == "https":
            self.sock = tls().wrap_socket(self.sock, server_hostname=self.target.host)
        if self.over:
            raise TimeoutError("Connecting took all the time there was.")

    def cut(self) -> None:
        """Ends any wait of the thread that uses it: on a socket that is being connected
        there is nothing to shut, so `connect` looks itself."""
        self.over = True
        if self.sock is not None:
            with suppress(OSError):  # it has ended by itself
                self.sock.shutdown(socket.SHUT_RDWR)


@cache
def tls() -> ssl.SSLContext:
    """The system's authorities, or those of SSL_CERT_FILE."""
    return ssl.create_default_context()


def post(
    target: Target, body: bytes, headers: Mapping[str, str], seconds: float
) -> int:
    """The status of the answer; what it says is not read. Raises FAULTS.

    The time is for everything together: a receiver that drips is cut off.
    """
    connection = PinnedConnection(target, seconds)
    clock = threading.Timer(seconds, connection.cut)
    clock.daemon = True
    clock.start()
    try:
        connection.request("POST", target.path, body, dict(headers))
        return connection.getresponse().status
    finally:
        clock.cancel()
        connection.close()


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


def deliver_webhooks() -> None:
    """Start the delivery thread beside this worker: no job waits for a receiver.

    The task of the queue message that follows a new delivery.
    """
    courier.call()
