"""Deliveries are rows before they are calls: owed once their event is committed."""

import json
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from jobs import queue
from jobs.exceptions import WrongState

if TYPE_CHECKING:
    from jobs.models import Delivery, JobEvent, Webhook

MAX_TEXT_CHARS = 1000
STATUS = {"asked": "pending_hitl"}
"""A job's status after an event; that of an end is named like its event."""


def write(event: "JobEvent") -> None:
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


def body(event: "JobEvent") -> str:
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


def send_test(webhook: "Webhook") -> "Delivery":
    """An event of no job, to see whether the receiver verifies it."""
    from jobs.models import Delivery

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


def send_anew(delivery: "Delivery") -> "Delivery":
    """The same message, with the same id, from the first attempt on."""
    from jobs.models import Delivery

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
