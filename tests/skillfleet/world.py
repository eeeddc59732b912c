"""A few rows in every state that a route can meet, made without mocks."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db.models.functions import Now

from jobs import lifecycle
from jobs.models import Delivery, Draft, Job, Question
from jobs.webhooks import delivery, registry
from skillfleet.accounts.tokens import make_token
from taxonomy.models import Bundle, FacetDefinition, Skill
from tests.tables import CopiedRows, seed
from tests.taxonomy.skills import skill_files

TASK = "Restart the billing service when it hangs"
PEOPLE = {
    "viewer": "viewer",
    "author": "author",
    "stranger": "author",
    "curator": "curator",
    "operator": "operator",
}
"""Roles by name. The author owns every job; the stranger is an author without jobs."""


@dataclass(frozen=True)
class World:
    people: dict[str, User]
    names: dict[str, str]
    """The values of the placeholders in an address."""


def make_world() -> World:
    names = rows_of_the_world()
    people = User.objects.in_bulk(list(PEOPLE), field_name="username")
    return World(people, names)


def make_rows() -> dict[str, str]:
    seed()
    people = {who: person(who, role) for who, role in PEOPLE.items()}
    owner = people["author"]
    Skill.objects.publish(skill_files(), category="development/practices")
    FacetDefinition.objects.define("language", values=["go", "python"])
    token, _ = make_token(owner)
    names = {
        "pending": submitted(owner).pk,
        "asking": asking(submitted(owner)).pk,
        "failed": failed(submitted(owner)).pk,
        "drafted": drafted(submitted(owner)).pk,
        **webhook(owner),
        "author_id": owner.pk,
        "token": token.token_key,
    }
    return {name: str(value) for name, value in names.items()}


rows_of_the_world = CopiedRows(make_rows, on=seed)


def person(name: str, role: str) -> User:
    user = User.objects.create_user(name, password="a-long-Passw0rd")
    user.groups.add(Group.objects.get(name=role))
    return user


def webhook(owner: User) -> dict[str, object]:
    """A webhook, and a delivery that has failed for good."""
    made, _ = registry.register(owner, "https://example.org/hook", ["asked"])
    sent = delivery.send_test(made)
    made.deliveries.update(status=Delivery.Status.FAILED)
    return {"webhook": made.pk, "delivery": sent.pk}


def submitted(owner: User) -> Job:
    return lifecycle.create_skill_job(owner, TASK)


def asking(job: Job) -> Job:
    job._move(Job.Status.PENDING_HITL, where=Job.objects.live(), event="asked")
    Question.objects.create(
        job=job,
        kind="confirm",
        phase=job.current_phase,
        round=job.round,
        prompt={"questions": []},
        revise_to=job.current_phase,
        timeout_at=Now() + settings.SKILLFLEET_QUESTION_TIMEOUT,
    )
    return job


def failed(job: Job) -> Job:
    assert lifecycle.fail(job, "The author gave up.", where=Job.objects.live())
    return job


def drafted(job: Job, body: str = "# Restart\n\n1. Drain the queue.\n") -> Job:
    files = skill_files(
        "billing-restart",
        "Restart billing. Use when it hangs.",
        body,
        references__guide=b"# Guide\n",
    )
    bundle = Bundle.objects.store(files)
    Draft.objects.create(job=job, bundle=bundle)
    assert lifecycle.end(
        job,
        Job.Status.COMPLETED,
        where=Job.objects.live(),
        event="completed",
        validation_status="passed",
        validation_score=1.0,
        result={"name": "billing-restart"},
    )
    return job
