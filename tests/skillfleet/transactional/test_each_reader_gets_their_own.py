"""Two users and an anonymous client read every cached route in random order, while
permissions change. Each answer is what was computed for that reader at that time."""

from collections.abc import Iterable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from knox.models import AuthToken

from cachelayer import cache_manager
from cachelayer.transactions import mark
from skillfleet.accounts.tokens import make_token
from taxonomy.models import Skill
from tests.skillfleet.cached_routes import READS, Fleet
from tests.taxonomy.skills import skill_files

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = ("author", "curator")
ADDRESSES = [
    *(read.address for read in READS),
    "/skills?status=archived",  # only curators may read it
    "/skills/hidden",
    "/user/{author_id}",
]
OF_THIS_ANSWER = {"X-Cache", "Age", "ETag"}
OF_A_BODY = {"Content-Type", "Content-Length"}
Step = tuple[str, ...]


class Readers:
    """The readers, all answers so far, and what each answer must be."""

    def __init__(self, project: Any) -> None:
        self.fleet, self.project = Fleet(), project
        self.etags: dict[str, bytes] = {}
        self.last: dict[str, str] = {}
        Skill.objects.publish(skill_files("hidden")).skill.archive()

    def begin(self) -> None:
        """Restore every role and token, and empty the cache."""
        cache_manager.clear()
        self.project.SKILLFLEET_PUBLIC_READ = False
        self.last.clear()
        for who in PEOPLE:
            self.active(who)
            self.joins(who)
            self.logs_in(who)

    def user(self, who: str) -> User:
        return User.objects.get(username=who)

    def leaves(self, who: str) -> None:
        self.user(who).groups.clear()

    def joins(self, who: str) -> None:
        self.user(who).groups.set(Group.objects.filter(name=who))

    def inactive(self, who: str) -> None:
        User.objects.filter(username=who).update(is_active=False)

    def active(self, who: str) -> None:
        User.objects.filter(username=who).update(is_active=True)

    def logs_out(self, who: str) -> None:
        AuthToken.objects.filter(user__username=who).delete()

    def logs_in(self, who: str) -> None:
        self.logs_out(who)
        self.fleet.tokens[who] = make_token(self.user(who)).secret

    def open(self, who: str) -> None:
        self.project.SKILLFLEET_PUBLIC_READ = True

    def shut(self, who: str) -> None:
        self.project.SKILLFLEET_PUBLIC_READ = False

    def get(self, who: str, address: str) -> None:
        self.read(who, address)

    def head(self, who: str, address: str) -> None:
        self.read(who, address, "head")

    def ask_again(self, who: str, address: str) -> None:
        """Read with the ETag of the last reader, who may be another one."""
        etag = self.last.get(address)
        self.read(who, address, **({"If_None_Match": etag} if etag else {}))

    def read(self, who: str, address: str, method: str = "get", **headers: str) -> None:
        reader = who if who in PEOPLE else None
        response = self.fleet.get(address, reader, method, **headers)
        with transaction.atomic():
            mark()  # as after a write: this connection bypasses the cache
            fresh = self.fleet.get(address, reader)
        self.compare(response, fresh, method)
        if etag := response.headers.get("ETag"):
            self.last[address] = etag

    def compare(self, response: Any, fresh: Any, method: str) -> None:
        assert fresh.headers.get("X-Cache") in (None, "BYPASS")
        if response.status_code == 304:
            assert (fresh.status_code, response.content) == (200, b"")
            assert visible_headers(response) == visible_headers(fresh, but=OF_A_BODY)
        else:
            assert response.status_code == fresh.status_code
            assert response.content == (fresh.content if method == "get" else b"")
            assert visible_headers(response) == visible_headers(fresh)
        if etag := response.headers.get("ETag"):
            assert self.etags.setdefault(etag, fresh.content) == fresh.content


def visible_headers(answer: Any, but: Iterable[str] = ()) -> dict[str, str]:
    hidden = OF_THIS_ANSWER.union(but)
    return {name: text for name, text in answer.headers.items() if name not in hidden}


def steps() -> st.SearchStrategy[list[Step]]:
    reading = st.tuples(
        st.sampled_from(["get", "get", "get", "head", "ask_again"]),
        st.sampled_from([*PEOPLE, "stranger"]),
        st.sampled_from(ADDRESSES),
    )
    changes = ["leaves", "joins", "inactive", "active", "logs_out", "logs_in"]
    changing = st.tuples(
        st.sampled_from([*changes, "open", "shut"]), st.sampled_from(PEOPLE)
    )
    return st.lists(st.one_of(reading, reading, reading, changing), max_size=25)


def walk(readers: Readers, taken: list[Step]) -> None:
    readers.begin()
    for name, *arguments in taken:
        getattr(readers, name)(*arguments)


@pytest.fixture
def readers(seeded: None, settings: Any) -> Readers:
    return Readers(settings)


@hypothesis_settings(
    max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(taken=steps())
def test_in_any_order_everyone_gets_what_was_computed_for_them(readers, taken):
    walk(readers, taken)


def test_everyone_in_turn_at_every_route(readers):
    """The second reader meets entries that the first reader has cached."""
    order = ("author", "curator", "stranger", "author")
    hows = ("get", "ask_again", "get", "ask_again")
    turns = list(zip(hows, order, strict=True))
    walk(readers, [(how, who, at) for at in ADDRESSES for how, who in turns])


def one_key_for_all_people(patch: pytest.MonkeyPatch) -> None:
    one_key_for_all_audiences(patch)
    patch.setattr("cachelayer.decorators.user_id_of", lambda request: "1")


def one_key_for_all_audiences(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("cachelayer.http.imported", lambda name: lambda request: "all")


@pytest.mark.parametrize(
    ("broken", "address"),
    [
        (one_key_for_all_people, "/user/me"),
        (one_key_for_all_audiences, "/skills/hidden"),
        (one_key_for_all_audiences, "/skills?status=archived"),
    ],
)
def test_without_a_part_of_the_key_it_fails(broken, address, readers, monkeypatch):
    broken(monkeypatch)

    with pytest.raises(AssertionError):
        walk(readers, [("get", who, address) for who in ("curator", "author")])
