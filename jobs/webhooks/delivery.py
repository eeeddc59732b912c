"""Webhook deliveries: a transactional outbox, and the thread that sends what is due.

A delivery is a row that is written in the transaction of its event. A message in the
queue makes a worker start the thread, so that no job waits for a receiver. A delivery
that fails is due again later, as is one whose process was killed.
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
from jobs.webhooks.addresses import Refused, Target, resolve

logger = logging.getLogger(__name__)
MAX_TEXT_CHARS = 1000
MAX_ERROR_CHARS = 300
STATUS = {"asked": "pending_hitl"}
"""A job's status after an event, if the two have different names."""
GONE = 410
"""The HTTP status of a receiver that wants no further deliveries."""
REQUEST_ERRORS = (OSError, http.client.HTTPException, ValueError)
"""Errors that a request can fail with. ValueError: from an invalid host name or the TLS
socket."""


def record_deliveries(event: JobEvent, **kwargs: Any) -> None:
    """Receiver of `job_event_recorded`: write a delivery for each interested webhook.

    It runs in the event's transaction, so a delivery exists exactly if the event does.
    """
    if event.kind not in Webhook.Event.values:
        return
    deliveries = [
        Delivery(webhook=each, job_id=event.job_id, kind=event.kind, body=body(event))
        for each in Webhook.objects.of_job(event.job_id)
        if event.kind in each.events
    ]
    if deliveries:
        Delivery.objects.bulk_create(deliveries)
        queue.enqueue_webhook_delivery()


def body(event: JobEvent) -> str:
    """The JSON that is signed and sent; `url` is the path of the job in the API."""
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
    """Enqueue a delivery without a job, to test the receiver. Raises WrongState."""
    if not webhook.active:
        raise WrongState("The webhook is not active.")
    with transaction.atomic():
        delivery = Delivery.objects.create(
            webhook=webhook,
            kind="test",
            body=as_json("webhook.test", {"webhook_id": str(webhook.pk)}),
        )
        queue.enqueue_webhook_delivery()
    delivery.refresh_from_db()
    return delivery


def redeliver(delivery: Delivery) -> Delivery:
    """Enqueue an ended delivery again, with the same message id and new attempts.

    Raises WrongState while the delivery is pending.
    """
    ended = Delivery.objects.filter(pk=delivery.pk).exclude(
        status=Delivery.Status.PENDING
    )
    with transaction.atomic():
        reopened = ended.update(
            status=Delivery.Status.PENDING,
            attempts=0,
            next_at=Now(),
            finished_at=None,
            error="",
            response_status=None,
        )
        if not reopened:
            raise WrongState("This delivery is still pending.")
        queue.enqueue_webhook_delivery()
    delivery.refresh_from_db()
    return delivery


def always() -> bool:
    return True


def deliver_due(is_running: Callable[[], bool] = always) -> int:
    """Attempt every due delivery while `is_running`; return how many were attempted."""
    return sum(1 for _ in map(attempt, claimed(is_running)))


def claimed(is_running: Callable[[], bool] = always) -> Iterator[Delivery]:
    """Due deliveries, each claimed for a while by compare-and-swap on its attempts."""
    due = Delivery.objects.due().order_by("next_at", "pk")
    while is_running() and (delivery := due.first()):
        unclaimed = due.filter(pk=delivery.pk, attempts=delivery.attempts)
        if unclaimed.update(attempts=F("attempts") + 1, next_at=Now() + claim_time()):
            deliveries = Delivery.objects.select_related("webhook__user")
            # No row is left if the webhook was deleted meanwhile.
            yield from deliveries.filter(pk=delivery.pk)


def claim_time() -> timedelta:
    """How long a claimed delivery is not due: longer than one attempt can take."""
    timeout: timedelta = settings.SKILLFLEET_WEBHOOK_TIMEOUT
    return timeout * 3


def attempt(delivery: Delivery) -> None:
    """Send the delivery once, and save the result."""
    webhook = delivery.webhook
    if not (webhook.active and webhook.user.is_active):
        return end(delivery, Delivery.Status.FAILED, error="The webhook is not active.")
    try:
        target = resolve(webhook.url)
        if not extend_claim(delivery):
            return None  # resolving took so long that another thread claimed it
        status = send(delivery, target)
    except Refused as refused:
        return end(delivery, Delivery.Status.FAILED, error=str(refused))
    except REQUEST_ERRORS as error:
        return postpone(delivery, f"{type(error).__name__}: {error}", None)
    if 200 <= status < 300:
        return end(delivery, Delivery.Status.DELIVERED, response_status=status)
    if status == GONE:
        Webhook.objects.filter(pk=webhook.pk).update(active=False)
        return end(
            delivery,
            Delivery.Status.FAILED,
            response_status=status,
            error="The receiver answered 410; the webhook was deactivated.",
        )
    return postpone(delivery, f"The receiver answered {status}.", status)


def extend_claim(delivery: Delivery) -> bool:
    """False: the claim has expired, and another thread has claimed the delivery."""
    still_mine = Delivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts)
    return bool(still_mine.update(next_at=Now() + claim_time()))


def send(delivery: Delivery, target: Target) -> int:
    """POST the signed body; return the HTTP status. Raises REQUEST_ERRORS."""
    body = delivery.body.encode()
    now = int(timezone.now().timestamp())
    nonce = delivery.webhook.nonce  # the signing key is derived from it and SECRET_KEY
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "SkillFleet",
        **signing.headers(nonce, delivery.message_id, now, body),
    }
    seconds = settings.SKILLFLEET_WEBHOOK_TIMEOUT.total_seconds()
    return post(target, body, headers, seconds)


def postpone(delivery: Delivery, error: str, status: int | None) -> None:
    """Schedule the next attempt, or fail the delivery after its last one.

    Other due deliveries of the webhook are delayed a little, too: otherwise a receiver
    that does not answer would cost a time-out for each before other receivers' turn.
    """
    delivery.webhook.deliveries.due().update(next_at=Now() + wait_after(1))
    if delivery.attempts >= settings.SKILLFLEET_WEBHOOK_ATTEMPTS:
        end(delivery, Delivery.Status.FAILED, error=error, response_status=status)
        return
    wait = wait_after(delivery.attempts)
    logger.warning("webhook delivery postponed message=%s wait=%s", delivery, wait)
    Delivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts).update(
        next_at=Now() + wait, error=shortened(error), response_status=status
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
    """Save the final status, unless another thread has claimed the delivery."""
    logger.info("webhook %s message=%s answer=%s", status, delivery, response_status)
    Delivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts).update(
        status=status,
        response_status=response_status,
        error=shortened(error),
        next_at=None,
        finished_at=Now(),
    )


def shortened(error: str) -> str:
    """The error as the database can store it; it may quote what the receiver sent."""
    return lifecycle.storable(error)[:MAX_ERROR_CHARS]


class LastLine:
    """A response's stream that remembers the last line that was read from it."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.line = b""

    def readline(self, limit: int = -1) -> bytes:
        self.line = self.stream.readline(limit)
        return self.line

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


class WholeHeaders(http.client.HTTPResponse):
    """A response whose headers must end with an empty line.

    http.client takes the end of the connection for the end of the headers.
    """

    def begin(self) -> None:
        stream = LastLine(self.fp)
        self.fp = stream  # type: ignore[assignment]
        super().begin()
        if not stream.line:
            raise http.client.RemoteDisconnected(
                "The connection ended, or the time was over, within the headers."
            )


class PinnedConnection(http.client.HTTPConnection):
    """Connects to the address that was checked, not to a newer one of the host name.

    This is part of the SSRF guard: a name server could answer differently (DNS
    rebinding) between the check and the connection.
    """

    response_class = WholeHeaders

    def __init__(self, target: Target, seconds: float) -> None:
        super().__init__(target.host, target.port, timeout=seconds)
        self.target = target
        self.is_over = False

    def connect(self) -> None:
        address = (self.target.address, self.target.port)
        self.sock = socket.create_connection(address, timeout=self.timeout)
        if self.target.parts.scheme == "https":
            self.sock = tls().wrap_socket(self.sock, server_hostname=self.target.host)
        if self.is_over:
            raise TimeoutError("The time limit was reached while connecting.")

    def abort(self) -> None:
        """End any wait of the thread that uses the connection.

        A socket that is still connecting cannot be shut down; `connect` checks
        `is_over` itself.
        """
        self.is_over = True
        if self.sock is not None:
            with suppress(OSError):  # it is closed already
                self.sock.shutdown(socket.SHUT_RDWR)


@cache
def tls() -> ssl.SSLContext:
    """Trusts the system's certificate authorities, or those of SSL_CERT_FILE."""
    return ssl.create_default_context()


def post(
    target: Target, body: bytes, headers: Mapping[str, str], seconds: float
) -> int:
    """POST without redirects or proxies; return the HTTP status of the response.

    The body of the response is not read. `seconds` limit the whole request, so that a
    receiver that sends byte by byte is cut off, too. Raises REQUEST_ERRORS.
    """
    connection = PinnedConnection(target, seconds)
    timer = threading.Timer(seconds, connection.abort)
    timer.daemon = True
    timer.start()
    try:
        connection.request("POST", target.path, body, dict(headers))
        return connection.getresponse().status
    finally:
        timer.cancel()
        connection.close()


class DeliveryThread:
    """The thread of this process that sends deliveries; it ends when none is due."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.requested = self.stopping = False
        self.thread: threading.Thread | None = None

    def request(self) -> None:
        """Start the thread; if it runs, have it look for due deliveries once more."""
        with self.lock:
            self.requested = True
            if self.thread is None:
                self.thread = threading.Thread(
                    target=self._run, name="webhook delivery", daemon=True
                )
                self.thread.start()

    def finish(self, seconds: float) -> None:
        """Claim nothing more, and wait for the delivery that is being sent."""
        self.stopping = True
        thread = self.thread
        if thread is not None:
            thread.join(seconds)

    def _run(self) -> None:
        try:
            while self._is_requested():
                deliver_due(lambda: not self.stopping)
        except Error as error:  # the sweep requests it again
            logger.warning("webhook delivery waits for the database error=%s", error)
            self._forget_thread()
        except Exception:
            logger.exception("webhook delivery ends")
            self._forget_thread()
        finally:
            connections.close_all()

    def _forget_thread(self) -> None:
        with self.lock:
            self.thread = None

    def _is_requested(self) -> bool:
        with self.lock:
            requested, self.requested = self.requested, False
            if not requested:
                self.thread = None
            return requested


delivery_thread = DeliveryThread()


def _reset_after_fork() -> None:
    """A fork has no threads; it starts its own when it needs one."""
    global delivery_thread
    delivery_thread = DeliveryThread()


os.register_at_fork(after_in_child=_reset_after_fork)


def deliver_webhooks() -> None:
    """The task of the queue message that follows a new delivery.

    It only requests the thread, so that the worker goes on with jobs at once.
    """
    delivery_thread.request()
