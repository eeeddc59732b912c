"""People who report their usage."""

from itertools import count

import pytest

from taxonomy.models import Skill
from tests.taxonomy.conftest import client_of
from tests.taxonomy.skills import skill_files

numbers = count()


def publish(name: str, category: str = "development/practices") -> Skill:
    return Skill.objects.publish(skill_files(name), category=category).skill


def event(skill: str, kind: str = "used", **more: object) -> dict[str, object]:
    return {"id": f"event-{next(numbers)}", "skill": skill, "kind": kind, **more}


@pytest.fixture
def report():
    """Send the report of a person; return the JSON of the answer."""

    def send(client, *events):
        answer = client.post("/api/v1/usage", {"events": list(events)})
        assert answer.status_code == 200, answer.content
        return answer.json()

    return send


@pytest.fixture
def operator(seeded):
    return client_of("operator")
