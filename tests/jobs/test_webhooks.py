"""A registered URL is called, with a signature, once, when a job asks or ends."""

import ipaddress
import json
import socket
import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import transaction
from django.db.models.functions import Now
from hypothesis import given
from hypothesis import strategies as st

from jobs import lifecycle
from jobs.checks import check_networks
from jobs.engine.maintenance import sweep
from jobs.models import Delivery, Job, Webhook
from jobs.webhooks import addresses, delivery, registry
from tests.jobs.webhooks_receiver import receiving, verify

WEBHOOKS = "/api/v1/webhooks"


@pytest.fixture
def receiver(settings):
    settings.SKILLFLEET_WEBHOOK_NETWORKS = ["127.0.0.0/8"]
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def hook(author_api, receiver) -> dict:
    answer = author_api.post(WEBHOOKS, {"url": receiver.url})
    assert answer.status_code == 201, answer.content
    return answer.json()


def fail(job: Job) -> None:
    assert lifecycle.fail(job, "The author gave up.", where=Job.objects.live())


def make_due() -> None:
    Delivery.objects.filter(status="pending").update(next_at=Now())


def test_a_receiver_that_fails_twice_gets_it_the_third_time_once(
    author_api, receiver, hook, submit
):
    job = submit()
    receiver.answers = [500, 302]
    fail(job)

    for attempts in (1, 2, 3):
        make_due()
        assert delivery.deliver_due() == 1
        assert Delivery.objects.get().attempts == attempts
        assert delivery.deliver_due() == 0, "its time has not come"

    log = author_api.get(f"{WEBHOOKS}/{hook['webhook_id']}/deliveries").json()
    assert [(one["status"], one["response_status"]) for one in log["results"]] == [
        ("delivered", 204)
    ]
    assert len(receiver.got) == 3, "and the redirect was not followed"
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    for headers, body in receiver.got:
        assert verify(hook["secret"], headers, body)
        assert not verify(hook["secret"], headers, body + b" ")
        assert not verify("whsec_AAAA", headers, body)
    event = json.loads(body)
    assert event["type"] == "job.failed"
    assert event["data"]["job_id"] == str(job.pk)
    assert event["data"]["error"] == "The author gave up."


def test_questions_and_each_end_are_told_and_nothing_else(
    receiver, hook, submit, run_until_question, author_user, other_author
):
    registry.register(other_author, receiver.url, ["failed"])
    asking = run_until_question(submit(sources={}))
    lifecycle.cancel(asking, by=author_user)
    fail(submit())
    with pytest.raises(RuntimeError), transaction.atomic():
        fail(submit())
        raise RuntimeError("rolled back")

    assert delivery.deliver_due() == 3
    types = [json.loads(body)["type"] for _, body in receiver.got]
    assert types == ["job.asked", "job.cancelled", "job.failed"]
    assert json.loads(receiver.got[0][1])["data"]["question"] == "deep_understanding"


def test_a_delivery_fails_after_the_last_attempt_and_can_be_redelivered(
    author_api, receiver, hook, submit, settings
):
    settings.SKILLFLEET_WEBHOOK_ATTEMPTS = 2
    receiver.answers = [503, 503]
    fail(submit())
    for _ in range(2):
        make_due()
        delivery.deliver_due()
    log = f"{WEBHOOKS}/{hook['webhook_id']}/deliveries"
    [lost] = author_api.get(log).json()["results"]
    assert (lost["status"], lost["error"]) == ("failed", "The receiver answered 503.")

    again = f"{log}/{lost['delivery_id']}/redeliver"
    assert author_api.post(again).status_code == 202
    assert author_api.post(again).status_code == 409
    assert author_api.post(f"{log}/{10**30}/redeliver").status_code == 404
    delivery.deliver_due()

    assert Delivery.objects.get().status == "delivered"
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1


def test_a_receiver_that_is_away_is_asked_once_before_others_are(
    receiver, hook, submit, other_author
):
    for _ in range(3):
        fail(submit())
    registry.register(other_author, receiver.url, ["failed"])
    fail(submit(user=other_author))
    receiver.answers = [503]

    assert delivery.deliver_due() == 2, "the first, and the other person's"
    make_due()
    assert delivery.deliver_due() == 3
    assert not Delivery.objects.exclude(status="delivered").exists()


def test_a_delivery_of_a_killed_worker_is_sent_by_another(receiver, hook, submit):
    fail(submit())
    [taken] = [next(delivery.claimed())]
    assert delivery.deliver_due() == 0

    make_due()  # its lease has expired
    assert delivery.deliver_due() == 1
    delivery.end(taken, Delivery.Status.FAILED)  # the first sender comes back late

    assert Delivery.objects.get().status == "delivered"


def test_a_delivery_that_another_sender_has_claimed_is_skipped(receiver, hook, submit):
    """The lease expired while the first sender waited for the name server."""
    fail(submit())
    make_due()
    taken = next(delivery.claimed())
    make_due()
    assert delivery.deliver_due() == 1

    delivery.attempt(taken)

    assert len(receiver.got) == 1


def test_a_change_does_not_reactivate_a_webhook(hook):
    read_before = Webhook.objects.get()
    Webhook.objects.update(active=False)  # as a 410 does

    registry.change(read_before, events=["asked"])

    webhook = Webhook.objects.get()
    assert (webhook.events, webhook.active) == (["asked"], False)


def test_a_slow_or_absent_receiver_is_called_again_later(
    receiver, hook, submit, settings
):
    settings.SKILLFLEET_WEBHOOK_TIMEOUT = timedelta(milliseconds=100)
    receiver.silent = threading.Event()
    fail(submit())
    delivery.deliver_due()
    receiver.silent.set()
    receiver.silent = None

    late = Delivery.objects.get()
    assert late.status == "pending" and late.error and late.next_at

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        Webhook.objects.update(url=f"http://127.0.0.1:{free.getsockname()[1]}/")
        make_due()
        delivery.deliver_due()
    late.refresh_from_db()
    assert late.attempts == 2 and "Refused" in late.error


def test_a_response_that_no_text_column_stores_is_retried_later(receiver, hook, submit):
    with socket.create_server(("127.0.0.1", 0)) as server:
        Webhook.objects.update(url=f"http://127.0.0.1:{server.getsockname()[1]}/")
        fail(submit())
        answering = threading.Thread(target=answer_nonsense, args=(server,))
        answering.start()
        delivery.deliver_due()
        answering.join(20)

    odd = Delivery.objects.get()
    assert odd.status == "pending" and "BadStatusLine" in odd.error
    assert "\0" not in odd.error


@pytest.mark.parametrize("status", [b"200 OK", b"204 No Content", b"100 Continue"])
@pytest.mark.parametrize("ending", ["never", "closed"])
def test_headers_that_do_not_end_are_no_delivery(
    receiver, hook, submit, settings, status, ending
):
    settings.SKILLFLEET_WEBHOOK_TIMEOUT = timedelta(milliseconds=500)
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        Webhook.objects.update(url=f"http://127.0.0.1:{server.getsockname()[1]}/")
        fail(submit())
        answering = threading.Thread(
            target=answer_headers, args=(server, status, ending, over)
        )
        answering.start()
        delivery.deliver_due()
        over.set()
        answering.join(20)

    tried = Delivery.objects.get()
    assert (tried.status, tried.response_status, tried.attempts) == ("pending", None, 1)
    assert tried.error and tried.next_at
    Webhook.objects.update(url=receiver.url)
    make_due()
    delivery.deliver_due()
    tried.refresh_from_db()
    assert (tried.status, tried.response_status) == ("delivered", 204)


def answer_headers(
    server: socket.socket, status: bytes, ending: str, over: threading.Event
) -> None:
    client, _ = server.accept()
    with client, suppress(OSError):  # the sender ends the connection
        client.recv(65536)
        client.sendall(b"HTTP/1.1 " + status + b"\r\nX-Begin: 1\r\n")
        while ending == "never" and not over.wait(0.02):
            client.sendall(b"X")


def answer_nonsense(server: socket.socket) -> None:
    client, _ = server.accept()
    with client:
        client.recv(65536)
        client.sendall(b"HT\0TP\r\n\r\n")


def test_410_or_a_deactivated_owner_ends_it(receiver, hook, submit, author_user):
    receiver.answers = [410]
    fail(submit())
    delivery.deliver_due()
    assert not Webhook.objects.get().active
    Webhook.objects.update(active=True)
    fail(submit())
    User.objects.filter(pk=author_user.pk).update(is_active=False)
    delivery.deliver_due()
    fail(submit())

    assert list(Delivery.objects.values_list("status", flat=True)) == ["failed"] * 2
    assert len(receiver.got) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[fd00::1]/",
        "https://[fec0::1]/",
        "https://[feff::1]/",
        "https://[::127.0.0.1]/",
        "https://[::ffff:0:127.0.0.1]/",
        "https://[2001:0:7f00:1::1]/",
        "https://[2002:7f00:1::]/",
        "https://[2001:db8::1]/",
        "https://[3fff::1]/",
        "https://[5f00::1]/",
        "https://[100::1]/",
        "https://192.0.0.8/",
        "https://192.0.0.9/",
        "https://192.88.99.1/",
        "https://198.19.0.1/",
        "https://203.0.113.7/",
        "https://240.0.0.1/",
        "https://255.255.255.255/",
        "https://[8.8.8.8]/",
        "https://[example.org]/",
        "https://a[2606:4700::1111]/",
        "https://[2606:4700::1111]a/",
        "https://224.0.0.1/",
        "https://0.0.0.0/",
        "http://8.8.8.8/",
        "https://me:secret@example.org/",
        "https://example.org/#there",
        "https://example.org:99999/",
        "https://exa mple.org/",
        "https://example.org/\r\nX: y",
        "ftp://example.org/",
        "https://",
        "example.org",
        "https://[/",
        "https://example..org/",
        f"https://{64 * 'x'}.org/",
        "",
    ],
)
def test_an_address_that_must_not_be_called_is_a_400(author_api, url):
    answer = author_api.post(WEBHOOKS, {"url": url})

    assert answer.status_code == 400
    assert answer.json()["errors"]["url"]
    assert not Webhook.objects.exists()


special_addresses = st.sampled_from(addresses.SPECIAL).flatmap(
    lambda network: st.ip_addresses(network=network)
)
unassigned = st.ip_addresses(v=6).filter(lambda each: int(each) >> 125 != 1)


@given(address=special_addresses | unassigned)
def test_special_addresses_are_refused_whatever_python_says(address):
    with pytest.MonkeyPatch.context() as patch:
        for kind in (ipaddress.IPv4Address, ipaddress.IPv6Address):
            patch.setattr(kind, "is_global", True)  # as for fec0::1 before 3.11.10
        if getattr(address, "ipv4_mapped", None) is None:
            with pytest.raises(addresses.Refused):
                addresses.check_address(address, "https")


@pytest.mark.parametrize(
    "host", ["8.8.8.8", "192.0.1.1", "[2606:4700::1111]", "[2a00:1450::1]:8443"]
)
def test_addresses_of_the_internet_are_accepted(author_api, host):
    answer = author_api.post(WEBHOOKS, {"url": f"https://{host}/hook"})

    assert answer.status_code == 201, answer.content


@pytest.mark.parametrize("url", ["https://localhost/", "http://localhost:1/"])
def test_a_host_name_is_checked_at_each_call(author_api, url):
    made = author_api.post(WEBHOOKS, {"url": url}).json()
    sent = author_api.post(f"{WEBHOOKS}/{made['webhook_id']}/test")
    assert sent.status_code == 202
    delivery.deliver_due()

    refused = Delivery.objects.get()
    assert refused.status == "failed" and refused.attempts == 1
    assert "not a public address" in refused.error


def test_bad_requests_name_the_field_and_change_nothing(author_api, hook, settings):
    settings.SKILLFLEET_WEBHOOKS_PER_USER = 1
    mine = f"{WEBHOOKS}/{hook['webhook_id']}"
    assert "secret" not in author_api.get(mine).json()
    for body, field in [
        ({"url": 1}, "url"),
        ({"url": "https://10.0.0.1/"}, "url"),
        ({"events": []}, "events"),
        ({"events": ["slept"]}, "events[0]"),
        ({"events": ["asked"] * 5}, "events"),
        ({"active": "perhaps"}, "active"),
        ({"secret": "whsec_mine"}, "secret"),
    ]:
        answer = author_api.patch(mine, body)
        assert answer.status_code == 400, body
        assert field in answer.json()["errors"], answer.json()
    full = author_api.post(WEBHOOKS, {"url": "https://example.org"})
    assert (full.status_code, full.json()["code"]) == (409, "webhook_limit")
    assert author_api.get(mine).json()["url"] == hook["url"]
    changed = author_api.patch(mine, {"active": False, "events": ["failed", "asked"]})
    assert changed.json()["events"] == ["asked", "failed"]
    assert author_api.post(f"{mine}/test").status_code == 409
    assert author_api.delete(mine).status_code == 204


def test_a_worker_is_called_with_the_event_and_by_the_sweep(receiver, hook, submit):
    from django_q.models import OrmQ

    def calls() -> int:
        tasks = [message.task for message in OrmQ.objects.all()]
        return sum("deliver_webhooks" in str(task["func"]) for task in tasks)

    fail(submit())
    assert calls() == 1
    sweep()
    assert calls() == 2
    delivery.deliver_due()
    sweep()
    assert calls() == 2


def test_the_log_is_pruned_with_the_jobs(receiver, hook, submit, author_api):
    fail(submit())
    assert author_api.post(f"{WEBHOOKS}/{hook['webhook_id']}/test").status_code == 202
    delivery.deliver_due()
    Delivery.objects.update(finished_at=Now() - timedelta(days=100))
    Job.objects.update(completed_at=Now() - timedelta(days=100))

    call_command("prune_jobs", verbosity=0)

    assert not Delivery.objects.exists()


def test_while_the_key_of_the_project_changes_the_old_one_signs_too(
    receiver, hook, submit, settings
):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    fail(submit())
    delivery.deliver_due()

    assert verify(hook["secret"], *receiver.got[0])


def test_backoff_grows_and_is_bounded(settings):
    waits = [delivery.wait_after(n).total_seconds() for n in range(1, 60)]

    assert 24 <= waits[0] <= 36 and 96 <= waits[1] <= 144
    assert max(waits) <= 6 * 3600 * 1.2


def test_networks_that_cannot_be_read_are_refused_at_the_start(settings):
    settings.SKILLFLEET_WEBHOOK_NETWORKS = ["10.0.0.0/8", "10.0.0.1/8"]

    [error] = check_networks()

    assert "10.0.0.1/8" in error.msg


def test_a_name_with_one_private_address_is_refused(settings):
    settings.SKILLFLEET_WEBHOOK_NETWORKS = ["127.0.0.1/32"]

    assert addresses.resolve("http://127.0.0.1:9/").address == "127.0.0.1"
    with pytest.raises(addresses.Refused):
        addresses.resolve("http://127.0.0.2:9/")


def test_time_that_ends_while_it_connects_ends_the_call(receiver):
    connection = delivery.PinnedConnection(addresses.resolve(receiver.url), 20)
    connection.abort()

    with pytest.raises(TimeoutError):
        connection.request("POST", "/hook", b"{}")
    connection.close()
    assert not receiver.got
