"""Random edits over HTTP, beside a model of what no edit may take away.

That is the content of every version, the skill that every name led to, and the category
that holds the content of every former path.
"""

import io
import zipfile
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import Group, User
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from rest_framework.test import APIClient

from taxonomy.models import Category, Skill, SkillVersion
from tests.taxonomy.skills import skill_files

API = "/api/v1"
NAMES = ("one", "two", "three", "four", "five")
PLACES = ("a", "b", "a/x", "b/x", "a/x/y", "b/y")
REFUSED = {400, 404, 409}
names, places = st.sampled_from(NAMES), st.sampled_from(PLACES)
picks = st.integers(0, 5)


@dataclass
class PublishedVersion:
    """A version as it was when it was published."""

    number: str
    files: dict[str, bytes]
    digest: str
    yanked: bool = False


@dataclass
class ExpectedFleet:
    versions: dict[str, list[PublishedVersion]] = field(default_factory=dict)
    """The versions of each skill by its UUID, oldest first."""
    uuid_by_name: dict[str, str] = field(default_factory=dict)
    """The UUID of the skill that ever had this name."""
    locations: set[tuple[int, str]] = field(default_factory=set)
    """Every (category's key, skill's UUID) that has ever been."""
    archived: set[str] = field(default_factory=set)
    current_paths: dict[int, str] = field(default_factory=dict)
    category_by_path: dict[str, int] = field(default_factory=dict)
    """The key of the category that has the content of this path or former path."""

    def move(self, key: int, path: str) -> None:
        former = self.current_paths[key]
        for other, current in list(self.current_paths.items()):
            if current == former or current.startswith(f"{former}/"):
                self.place(other, path + current[len(former) :])

    def place(self, key: int, path: str) -> None:
        self.current_paths[key] = path
        self.category_by_path[path] = key

    def merge(self, key: int, into: int) -> None:
        above, target = self.current_paths[key], self.current_paths[into]
        below = {path: other for other, path in self.current_paths.items()}
        for path, child in sorted(below.items()):
            if path.rpartition("/")[0] == above:
                new_path = f"{target}/{path.rpartition('/')[2]}"
                if new_path in below:
                    self.merge(child, below[new_path])
                else:
                    self.move(child, new_path)
        self.category_by_path |= {
            p: into for p, current in self.category_by_path.items() if current == key
        }
        self.locations |= {
            (into, skill) for place, skill in self.locations if place == key
        }
        del self.current_paths[key]

    def forget(self, key: int) -> None:
        del self.current_paths[key]
        self.category_by_path = {
            path: current
            for path, current in self.category_by_path.items()
            if current != key
        }


class Editing(RuleBasedStateMachine):
    """Each step is one request of a curator. A refused request changes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.fleet = transaction.atomic()
        self.fleet.__enter__()
        self.expected = ExpectedFleet()
        self.curator, self.viewer = client("curator"), client("viewer")
        for path in PLACES[:3]:
            self.create(path)

    def teardown(self) -> None:
        try:
            self.every_name_and_path_still_resolves()
            self.every_full_path_still_resolves()
            self.every_version_is_downloadable_or_yanked()
        finally:
            self.close()

    def close(self) -> None:
        """Roll back everything, so that the next fleet begins empty."""
        transaction.set_rollback(True)
        self.fleet.__exit__(None, None, None)

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """The response, or None if the request was refused."""
        answer = getattr(self.curator, method)(f"{API}/{path}", body)
        assert answer.status_code in {200, 201, 204, *REFUSED}, answer.content
        return None if answer.status_code in REFUSED else answer

    @rule(name=names, text=picks, place=places)
    def publish(self, name: str, text: int, place: str) -> None:
        files = skill_files(name, body=f"Text {text}.\n")
        body = {"files": {each.path: each.content.decode() for each in files}}
        if answer := self.send("put", f"skills/{name}", body | {"category": place}):
            self.remember_versions(answer.json()["uuid"])
            self.expected.uuid_by_name[name] = answer.json()["uuid"]
            self.remember_location(answer)

    def remember_location(self, answer: Any) -> None:
        """The skill must be reachable by the path of its present category for ever."""
        skill = answer.json()
        key = self.expected.category_by_path[skill["category"]]
        self.expected.locations.add((key, skill["uuid"]))

    def remember_versions(self, uuid: str) -> None:
        """The versions that were published must never change."""
        versions = self.expected.versions.setdefault(uuid, [])
        seen = {each.number for each in versions}
        for version in SkillVersion.objects.filter(skill_id=uuid).order_by("pk"):
            if version.number not in seen:
                contents = {file.path: file.content for file in version.bundle.files()}
                versions.append(
                    PublishedVersion(version.number, contents, version.bundle_id)
                )

    @rule(name=names, new_name=names)
    def rename(self, name: str, new_name: str) -> None:
        if answer := self.send("patch", f"skills/{name}", {"name": new_name}):
            self.remember_versions(answer.json()["uuid"])
            self.expected.uuid_by_name[new_name] = answer.json()["uuid"]

    @rule(name=names, place=places, status=st.sampled_from(["active", "deprecated"]))
    def place_and_restore(self, name: str, place: str, status: str) -> None:
        body = {"category": place, "status": status}
        if answer := self.send("patch", f"skills/{name}", body):
            self.expected.archived.discard(answer.json()["uuid"])
            self.remember_location(answer)

    @rule(name=names)
    def archive(self, name: str) -> None:
        if self.send("delete", f"skills/{name}"):
            self.expected.archived.add(self.expected.uuid_by_name[name])

    @rule(name=names, pick=picks)
    def roll_back(self, name: str, pick: int) -> None:
        if version := self.version_of(name, pick):
            body = {"version": version.number}
            answer = self.send("post", f"skills/{name}/rollback", body)
            assert not answer or answer.json()["version"] == version.number

    @rule(name=names, pick=picks)
    def yank(self, name: str, pick: int) -> None:
        if version := self.version_of(name, pick):
            path = f"skills/{name}/versions/{version.number}/yank"
            if self.send("post", path, {"reason": f"Bad {version.number}."}):
                version.yanked = True

    @rule(name=names, pick=picks)
    def unyank(self, name: str, pick: int) -> None:
        if version := self.version_of(name, pick):
            path = f"skills/{name}/versions/{version.number}/yank"
            assert self.send("delete", path)
            version.yanked = False

    def version_of(self, name: str, pick: int) -> PublishedVersion | None:
        versions = self.expected.versions.get(
            self.expected.uuid_by_name.get(name, ""), []
        )
        return versions[pick % len(versions)] if versions else None

    @rule(path=places)
    def create(self, path: str) -> None:
        if answer := self.send("post", "taxonomy", {"path": path}):
            made = answer.json()["path"]
            self.expected.place(Category.objects.get(path=made).pk, made)

    @rule(path=places, new_path=places)
    def move(self, path: str, new_path: str) -> None:
        if answer := self.send("patch", f"taxonomy/{path}", {"path": new_path}):
            self.expected.move(
                self.expected.category_by_path[path], answer.json()["path"]
            )

    @rule(path=places, into=places)
    def merge(self, path: str, into: str) -> None:
        if self.send("post", f"taxonomy/{path}/merge", {"into": into}):
            by_path = self.expected.category_by_path
            self.expected.merge(by_path[path], by_path[into])

    @rule(path=places)
    def remove(self, path: str) -> None:
        if self.send("delete", f"taxonomy/{path}"):
            self.expected.forget(self.expected.category_by_path[path])

    @invariant()
    def no_version_changed_or_disappeared(self) -> None:
        rows = SkillVersion.objects.order_by("pk")
        stored: dict[str, list[tuple[str, str, bool]]] = {}
        for row in rows.values_list("skill_id", "number", "bundle_id", "yanked_at"):
            stored.setdefault(str(row[0]), []).append((row[1], row[2], bool(row[3])))
        assert stored == {
            uuid: [(each.number, each.digest, each.yanked) for each in versions]
            for uuid, versions in self.expected.versions.items()
        }

    @invariant()
    def current_versions_are_not_yanked_and_have_the_name(self) -> None:
        for skill in Skill.objects.select_related("current"):
            assert not skill.current.yanked_at
            assert skill.current.frontmatter["name"] == skill.name

    def every_name_and_path_still_resolves(self) -> None:
        for name, uuid in self.expected.uuid_by_name.items():
            answer = self.viewer.get(f"{API}/skills/{name}")
            if uuid in self.expected.archived:
                assert answer.status_code == 404
                answer = self.curator.get(f"{API}/skills/{name}")
            assert answer.json()["uuid"] == uuid, name
        now = dict(Category.objects.values_list("pk", "path"))
        assert self.expected.current_paths == now
        for path in PLACES:
            answer = self.viewer.get(f"{API}/taxonomy/{path}")
            category = self.expected.category_by_path.get(path)
            assert answer.status_code == (404 if category is None else 200), path
            assert category is None or answer.json()["path"] == now[category]

    def every_full_path_still_resolves(self) -> None:
        for place, key in self.expected.category_by_path.items():
            for name, uuid in self.expected.uuid_by_name.items():
                matches = Skill.objects.at(f"{place}/{name}").filter(pk=uuid)
                assert matches.exists() == ((key, uuid) in self.expected.locations)

    def every_version_is_downloadable_or_yanked(self) -> None:
        for name, uuid in self.expected.uuid_by_name.items():
            for version in self.expected.versions[uuid]:
                for ref in (version.number, f"sha256:{version.digest}"):
                    self.install(name, ref, version, uuid in self.expected.archived)

    def install(
        self, name: str, ref: str, version: PublishedVersion, archived: bool
    ) -> None:
        answer = self.viewer.get(f"{API}/skills/{name}/download?version={ref}")
        if archived:
            assert answer.status_code == 404
        elif answer.status_code == 200:
            assert unzipped(answer.content) == version.files
            assert answer["ETag"] == f'"{version.digest}"'
        else:
            assert (answer.status_code, version.yanked) == (410, True), ref
            assert f"Bad {version.number}." in answer.json()["detail"] or ":" in ref


def unzipped(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def client(role: str) -> APIClient:
    user, _ = User.objects.get_or_create(username=f"{role}-who-edits")
    user.groups.add(Group.objects.get(name=role))
    client = APIClient()
    client.force_authenticate(user)
    return client
