"""A client that follows a job gets each event once, after its commit, to the end."""

import asyncio
import threading
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection, connections
from knox.models import AuthToken
from rest_framework.test import APIClient

from jobs import lifecycle
from jobs.models import Job
from jobs.streams.hub import hub
from jobs.worker import SkillJobWorker
from skillfleet.streaming import ASGIApplication
from tests.skillfleet.following import CEILING, Stream, aside, run, token_of

pytestmark = pytest.mark.django_db(transaction=True)
TASK = "Restart the billing service when it hangs"


@pytest.fixture(autouse=True)
def quick(settings):
    """Poll and recheck at once; the listener of the last test has ended."""
    settings.SKILLFLEET_STREAM_POLL = timedelta(milliseconds=20)
    yield
    assert not hub.streams and not hub.users and hub.listener is None
    for thread in threading.enumerate():
        if thread.name == "event listener":
            thread.join(CEILING)
            assert not thread.is_alive()


@pytest.fixture
def ada(seeded) -> User:
    user = User.objects.create_user("ada")
    user.groups.set(Group.objects.filter(name="author"))
    return user


@pytest.fixture
def job(ada) -> Job:
    return lifecycle.create_skill_job(ada, TASK)


def work(job: Job) -> None:
    assert SkillJobWorker().process_job(Job.objects.get(pk=job.pk))


def die(job: Job) -> None:
    """A worker claims the job and is then found dead."""
    job = Job.objects.get(pk=job.pk)
    worker = SkillJobWorker()
    assert job.claim(worker.row)
    assert lifecycle.release(job, where=Job.objects.live())


def cancel(job: Job) -> None:
    lifecycle.cancel(job, by=job.user)


def test_each_event_comes_once_through_kills_and_cuts_to_the_end(job, ada):
    token = token_of(ada)

    async def scenario():
        async with Stream(job, token) as stream:
            seen = await stream.events(until="submitted")
            await aside(work, job)
            seen += await stream.events(until="phase_finished")
            await aside(die, job)
            seen += await stream.events(until="crashed")
            headers = stream.headers
        await aside(work, job)  # while no client is connected
        async with Stream(job, token, after=seen[-1].seq) as stream:
            seen += await stream.events(until="phase_finished")
            await aside(cancel, job)
            seen += await stream.events()  # the stream ends by itself
        async with Stream(job, token, after=seen[-1].seq) as stream:
            return headers, seen, stream.status

    headers, seen, last = run(scenario())

    assert headers["Content-Type"] == "text/event-stream"
    assert headers["Cache-Control"] == "no-cache"
    assert "Content-Length" not in headers
    client = APIClient()
    client.force_authenticate(ada)
    listed = client.get(f"/api/v1/jobs/{job.pk}/events").json()["results"]
    assert [event.body for event in seen] == listed
    assert [(e.seq, e.kind) for e in seen] == [(b["seq"], b["kind"]) for b in listed]
    assert seen[-1].kind == "cancelled"
    assert last == 204, "a browser would come back for ever"


def test_a_history_of_many_pages_comes_whole(job, ada, monkeypatch):
    monkeypatch.setattr("jobs.streams.hub.PAGE_SIZE", 2)
    work(job)
    cancel(job)
    token = token_of(ada)

    async def scenario():
        async with Stream(job, token) as stream:
            return await stream.events()

    seen = run(scenario())

    job.refresh_from_db()
    assert [event.seq for event in seen] == list(range(1, job.events + 1))


def test_refusals_are_json_and_say_why(job, ada, settings):
    stranger = User.objects.create_user("olga")
    ours, theirs = token_of(ada), token_of(stranger)
    settings.SKILLFLEET_STREAMS_PER_USER = 1
    settings.SKILLFLEET_STREAMS = 2
    other = lifecycle.create_skill_job(stranger, TASK)
    third = User.objects.create_superuser("root", None, "x")
    root = token_of(third)

    async def answer(job: Job, token: str, after: object = None):
        async with Stream(job, token, after) as stream:
            body = await stream.body() if stream.status != 200 else {"code": ""}
            return stream.status, body["code"], stream.headers

    async def scenario():
        answers = [await answer(job, theirs), await answer(job, "x" * 40)]
        answers += [await answer(job, ours, "four"), await answer(job, ours, -1)]
        async with Stream(job, ours):
            answers.append(await answer(job, ours))
            async with Stream(other, theirs):
                answers.append(await answer(job, root))
        answers.append(await answer(job, ours))
        return answers

    answers = run(scenario())

    assert [(status, code) for status, code, _ in answers] == [
        (404, "not_found"),
        (401, "authentication_failed"),
        (400, "invalid"),
        (400, "invalid"),
        (429, "too_many_streams"),
        (503, "no_stream_free"),
        (200, ""),
    ]
    assert answers[4][2]["Retry-After"] and answers[4][2]["X-Frame-Options"]
    assert answers[4][2]["Content-Type"] == "application/json"


def test_the_wsgi_entry_says_where_streams_are(job, ada, settings):
    settings.SKILLFLEET_EVENTS_URL = "https://skills.example.org"
    client = APIClient()
    client.force_authenticate(ada)

    answer = client.get(
        f"/api/v1/jobs/{job.pk}/events", headers={"Accept": "text/event-stream"}
    )

    assert answer.status_code == 406
    assert answer.json()["code"] == "not_streamed_here"
    assert "https://skills.example.org" in answer.json()["detail"]


def revoke(user: User) -> None:
    AuthToken.objects.filter(user=user).delete()


def deactivate(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def make_all_pending(user: User) -> None:
    """Change jobs without taking away anybody's permission."""


@pytest.mark.parametrize(
    ("act", "ends"), [(revoke, True), (deactivate, True), (make_all_pending, False)]
)
def test_it_ends_when_the_right_to_look_ends(job, ada, settings, act, ends):
    settings.SKILLFLEET_STREAM_HEARTBEAT = timedelta(milliseconds=20)
    settings.SKILLFLEET_STREAM_RECHECK = timedelta(0)
    token = token_of(ada)

    async def scenario():
        async with Stream(job, token) as stream:
            await stream.events(until="submitted")
            await aside(act, ada)
            if ends:
                return await stream.events()
            for _ in range(3):
                await stream.heartbeat()
            await aside(cancel, job)
            return await stream.events()

    seen = run(scenario())

    assert [event.kind for event in seen] == ([] if ends else ["cancelled"])


def test_idle_streams_take_no_thread_and_no_connection_each(job, ada):
    """`make bench-streams` measures it with 500 sockets."""
    token = token_of(ada)

    async def scenario():
        async with AsyncExitStack() as opened:
            before = threading.active_count()
            streams = [
                await opened.enter_async_context(Stream(job, token)) for _ in range(20)
            ]
            for one in streams:
                await one.events(until="submitted")
            during = threading.active_count()
            await aside(cancel, job)
            return during - before, [await one.events() for one in streams]

    threads, ended = run(scenario())

    assert threads == 1, "the listener's"
    assert [[event.kind for event in one] for one in ended] == [["cancelled"]] * 20


class Crowd:
    """Middleware that holds each request until there are two, and counts them."""

    lock = threading.Lock()
    pairs = threading.Barrier(2)
    inside = most = 0

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        with self.lock:
            Crowd.inside += 1
            Crowd.most = max(Crowd.most, Crowd.inside)
        self.pairs.wait(CEILING)
        response = self.get_response(request)
        with self.lock:
            Crowd.inside -= 1
        return response


def test_a_crowd_that_comes_back_opens_a_few_at_a_time(job, ada, settings, monkeypatch):
    settings.SKILLFLEET_EVENTS_THREADS = 2
    settings.MIDDLEWARE = [f"{__name__}.Crowd", *settings.MIDDLEWARE]
    monkeypatch.setattr("tests.skillfleet.following.application", ASGIApplication())
    token = token_of(ada)

    async def scenario():
        streams = [Stream(job, token) for _ in range(10)]
        await asyncio.gather(*(each.__aenter__() for each in streams))
        for each in streams:
            await each.__aexit__()
        return {each.status for each in streams}

    assert run(scenario()) == {200}
    assert Crowd.most == 2


@pytest.mark.parametrize(
    ("header", "status"),
    [("content-length: 5000000", 413), ("transfer-encoding: chunked", 411)],
)
def test_a_body_over_the_limit_is_not_kept_to_be_refused(
    job, ada, settings, header, status
):
    settings.SKILLFLEET_MAX_BODY_BYTES = 1000
    name, _, value = header.encode().partition(b": ")
    token = token_of(ada)

    async def scenario():
        stream = Stream(job, token, method="POST")
        stream.scope["headers"].append((name, value))
        piece = {"type": "http.request", "body": b"x" * 600, "more_body": True}
        stream.waiting = [piece] * 50
        async with stream:
            await stream.chunk()
            return stream.status

    assert run(scenario()) == status, "and before the body has ended"


def test_a_listener_that_loses_its_connection_misses_nothing(job, ada):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no connection to lose")
    token = token_of(ada)

    def cut() -> int:
        with connections["default"].cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND query LIKE 'LISTEN%%'"
                " OR query LIKE '%%jobs_jobevent%%' AND pid <> pg_backend_pid()"
            )
            return cursor.fetchone()[0]

    async def scenario():
        async with Stream(job, token) as stream:
            await stream.events(until="submitted")
            cuts = await aside(cut)
            await aside(cancel, job)
            return cuts, await stream.events()

    cuts, seen = run(scenario())

    assert cuts
    assert [event.kind for event in seen] == ["cancelled"]
