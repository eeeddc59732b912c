"""Webhooks and their deliveries in the admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest
from unfold.decorators import display
from unfold.enums import ActionVariant

from core.admin import fields
from core.admin.base import Verb, badge
from jobs.admin.base import JobsAdmin, link_to_job
from jobs.models import Delivery, Webhook
from jobs.models.job import OPERATE
from jobs.models.webhook import MAX_URL_CHARS
from jobs.webhooks import delivery as deliveries
from jobs.webhooks import registry

COLOURS = {
    Delivery.Status.PENDING: "info",
    Delivery.Status.DELIVERED: "success",
    Delivery.Status.FAILED: "danger",
}


class WebhookForm(forms.Form):
    url = fields.line(label="URL", max_length=MAX_URL_CHARS)
    events = fields.checkboxes(
        Webhook.Event.choices, initial=list(Webhook.Event.values)
    )


def create(row: None, user: User, answers: dict[str, Any]) -> str:
    _, secret = registry.register(user, answers["url"], answers["events"])
    return f"The webhook's secret, which is shown only this once: {secret}"


def change(webhook: Webhook, user: User, answers: dict[str, Any]) -> str:
    registry.change(webhook, **answers)
    return "The webhook is changed; its secret is the same."


def send_test(webhook: Webhook, user: User, answers: dict[str, Any]) -> str:
    delivery = deliveries.send_test(webhook)
    return f"{delivery} is being sent; see Deliveries for the result."


def toggle(webhook: Webhook, user: User, answers: dict[str, Any]) -> str:
    registry.change(webhook, active=not webhook.active)
    return f"The webhook is {'active' if webhook.active else 'inactive'}."


def delete(webhook: Webhook, user: User, answers: dict[str, Any]) -> str:
    registry.delete(webhook)
    return "The webhook and its deliveries are deleted."


def redeliver(delivery: Delivery, user: User, answers: dict[str, Any]) -> str:
    deliveries.redeliver(delivery)
    return f"{delivery} is being sent again."


def owns(user: User, webhook: Any) -> bool:
    return webhook.user_id == user.pk or user.has_perm(OPERATE)


def owns_delivery(user: User, delivery: Any) -> bool:
    return owns(user, delivery.webhook)


def is_staff(user: User, row: Any) -> bool:
    return user.is_staff


@admin.register(Webhook)
class WebhookAdmin(JobsAdmin):
    list_display = (
        "webhook_id",
        "url",
        "user",
        "event_kinds",
        "is_active",
        "created_at",
    )
    list_filter = ("active", ("user", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("user",)
    search_fields = ("url", "user__username")
    fields = (("url", "user"), "event_kinds", ("is_active", "created_at"))
    readonly_fields = ("event_kinds", "is_active")
    adding = Verb(
        "add",
        "Add a webhook",
        create,
        may=is_staff,
        form=WebhookForm,
        intro="A webhook is called when your jobs ask a question or end. The receiver"
        " verifies signatures with a secret that is shown only once, after this form.",
    )
    verbs = (
        Verb("test", "Send a test", send_test, may=owns, icon="send"),
        Verb(
            "change",
            "Change",
            change,
            may=owns,
            form=WebhookForm,
            initial=lambda row: {"url": row.url, "events": row.events},
            icon="edit",
        ),
        Verb(
            "switch",
            "Activate or deactivate",
            toggle,
            may=owns,
            icon="power_settings_new",
        ),
        Verb(
            "delete",
            "Delete",
            delete,
            may=owns,
            icon="delete",
            variant=ActionVariant.DANGER,
            leaves=True,
        ),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    @admin.display(description="Events")
    def event_kinds(self, webhook: Webhook) -> str:
        return ", ".join(webhook.events)

    @display(description="Active", boolean=True)
    def is_active(self, webhook: Webhook) -> bool:
        return webhook.active


@admin.register(Delivery)
class DeliveryAdmin(JobsAdmin):
    list_display = (
        "message_id",
        "kind",
        "shown_status",
        "attempts",
        "response_status",
        "next_at",
        "job_link",
        "created_at",
    )
    list_filter = ("status", "kind")
    list_select_related = ("webhook", "job")
    search_fields = ("=message_id", "=job__job_id", "webhook__url")
    show_full_result_count = False
    fields = (
        ("message_id", "kind"),
        ("webhook", "job_link"),
        ("shown_status", "attempts"),
        ("response_status", "error"),
        ("created_at", "next_at", "finished_at"),
        "body",
    )
    readonly_fields = ("shown_status", "job_link")
    verbs = (
        Verb(
            "redeliver",
            "Send again",
            redeliver,
            may=owns_delivery,
            fits=lambda row: row.status != Delivery.Status.PENDING,
            intro="The same message is sent again, with the same id.",
            icon="replay",
        ),
    )

    @admin.display(description="Status")
    def shown_status(self, delivery: Delivery) -> str:
        status = Delivery.Status(delivery.status)
        return badge(status.label, COLOURS[status])

    @admin.display(description="Job")
    def job_link(self, delivery: Delivery) -> str | None:
        return link_to_job(delivery.job) if delivery.job else None
