"""The queries that are measured, and how long each takes."""

import statistics
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from benchmarks.searching import TOO_MANY
from cachelayer import cache_manager
from taxonomy.models import Category, Skill
from taxonomy.search.results import search as search_skills
from taxonomy.search.words import words_of

PAGE = 50
ASKED = 100
LONG = 6
API = "/api/v1"


class Question(NamedTuple):
    query: str
    about: str
    """The name of the skill from which the words are taken."""


class Times(NamedTuple):
    p50: float
    p95: float


class Sample:
    """Random skills, and the questions that people might ask for each."""

    def __init__(self, seed: int = 4) -> None:
        self.random = Random(seed)
        names = sorted(Skill.objects.values_list("name", flat=True))
        drawn = self.random.sample(names, k=min(ASKED, len(names)))
        skills = Skill.objects.in_bulk(drawn, field_name="name")
        self.skills = [skills[name] for name in drawn]

    def questions(self) -> dict[str, list[Question]]:
        kinds: dict[str, Callable[[Skill], str]] = {
            "one word": lambda skill: self.described(skill, 1),
            "two words": lambda skill: self.described(skill, 2),
            "one word of a name": lambda skill: self.named(skill)[0],
            "two words, the last begun": self.begun,
            "a name": lambda skill: skill.name,
            "a misspelt name": self.misspelt,
            "a sentence of ten words": lambda skill: self.described(skill, 10),
        }
        return {
            kind: [Question(ask(skill), skill.name) for skill in self.skills]
            for kind, ask in kinds.items()
        }

    def described(self, skill: Skill, count: int) -> str:
        words = words_of(skill.description)
        return " ".join(self.random.sample(words, k=min(count, len(words))))

    def named(self, skill: Skill) -> list[str]:
        words = skill.name.split("-")[:-1] or [skill.name]
        return self.random.sample(words, k=len(words))

    def begun(self, skill: Skill) -> str:
        return f"{self.described(skill, 1)} {self.named(skill)[0][:4]}"

    def misspelt(self, skill: Skill) -> str:
        """Drop a letter of the longest word. Digits are kept, because 4310 instead of
        43310 is the number of another skill."""
        words = skill.name.split("-")
        longest = max(
            range(len(words)),
            key=lambda place: (words[place].isalpha(), len(words[place])),
        )
        at = self.random.randrange(1, max(2, len(words[longest]) - 1))
        words[longest] = words[longest][:at] + words[longest][at + 1 :]
        return " ".join(words)


def client() -> APIClient:
    user = User.objects.create_user(f"reader-{User.objects.count()}")
    user.groups.set(Group.objects.filter(name="viewer"))
    client = APIClient(SERVER_NAME="localhost")
    client.force_authenticate(user)
    return client


def search(question: Question) -> list[str]:
    results = search_skills(Skill.objects.active().for_listing(), question.query)
    results.count()
    return [skill.name for skill in results[:PAGE]]


def all_found(question: Question) -> str:
    """A digest of the names in any order, or TOO_MANY near the number that is ranked,
    where databases may choose differently."""
    names = sorted(
        hit.name for hit in search_skills(Skill.objects.all(), question.query).hits
    )
    if len(names) > 0.9 * settings.SKILLFLEET_SEARCH_CANDIDATES:
        return TOO_MANY
    return sha256(" ".join(names).encode()).hexdigest()


def worked() -> float:
    """CPU seconds of this process and of its database: the time that a search takes on
    an otherwise idle machine."""
    seconds = time.process_time()
    if connection.vendor == "postgresql":
        backend = connection.connection.info.backend_pid
        ran = Path(f"/proc/{backend}/schedstat").read_text().split()[0]
        seconds += int(ran) / 1e9
    return seconds


def timed(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def times(seconds: list[float]) -> Times:
    return Times(statistics.median(seconds), statistics.quantiles(seconds, n=20)[-1])


def kinds_of_reading() -> Iterator[tuple[str, str]]:
    """(kind, URL) of each read."""
    skill, branch = Skill.objects.order_by("name")[5], Category.objects.all()[1]
    word = words_of(skill.description)[0]
    yield "the whole tree", "/taxonomy"
    yield "a branch", f"/taxonomy/{branch.path}"
    yield "a page of skills", f"/skills?page_size={PAGE}"
    yield "a page of a search", f"/skills?q={word}&page_size={PAGE}"
    yield "the same with facets", f"/skills?q={word}&page_size={PAGE}&facets=true"
    yield "facets of all skills", "/skills?page_size=1&facets=true"
    yield "one skill", f"/skills/{skill.name}"


def reading(client: APIClient, address: str, rounds: int) -> tuple[float, int]:
    """The median seconds of reads without the cache, and the number of queries."""
    seconds = []
    for _ in range(rounds):
        cache_manager.clear()
        seconds.append(timed(lambda: read(client, address)))
    cache_manager.clear()
    with CaptureQueriesContext(connection) as queries:
        read(client, address)
    return statistics.median(seconds), len(queries)


def read(client: APIClient, address: str) -> None:
    answer = client.get(f"{API}{address}")
    assert answer.status_code == 200, answer.content
