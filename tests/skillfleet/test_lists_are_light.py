"""A list loads only what it shows: no bodies, no results, no query per row."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs.models import Draft, Job
from taxonomy.models import Skill, SkillVersion
from tests.skillfleet.world import asking, drafted, submitted
from tests.taxonomy.skills import skill_files

LONG = [
    '"taxonomy_skillversion"."body"',
    '"taxonomy_skillversion"."frontmatter"',
    '"taxonomy_verdict"."report"',
    '"jobs_job"."result"',
    '"jobs_job"."error_stack"',
]
LISTS = [
    "/skills",
    "/taxonomy/development/practices",
    "/taxonomy/xml",
    "/jobs",
    "/jobs/pending",
    "/drafts",
]


def statements_of(client, address):
    with CaptureQueriesContext(connection) as queries:
        response = client.get(f"/api/v1{address}")
    assert response.status_code == 200
    return [query["sql"] for query in queries]


def more_of_everything(world):
    author = world.people["author"]
    for number in range(2):
        asking(submitted(author))
        drafted(submitted(author))
        published = Skill.objects.publish(
            skill_files(name=f"more-{number}"), category="development/practices"
        )
        Draft.objects.filter(job=Job.objects.order_by("created_at").last()).update(
            version=published.version
        )


@pytest.mark.parametrize("address", LISTS)
def test_a_list_leaves_long_fields_in_the_database(api, world, address):
    client = api("operator" if address == "/drafts" else "author")
    statements_of(client, address)  # the user's permissions are looked up once
    before = statements_of(client, address)
    more_of_everything(world)
    after = statements_of(client, address)

    assert not [sql for sql in after for field in LONG if field in sql]
    assert len(after) == len(before)


def test_a_history_loads_no_version_whole_but_the_current_one(api, world):
    for number in range(3):
        Skill.objects.publish(skill_files(body=f"Edition {number}."))

    statements = statements_of(api("viewer"), "/skills/pdf-tools/versions")

    whole = [sql for sql in statements if LONG[0] in sql]
    assert len(whole) == 1 and '"taxonomy_skill"."name"' in whole[0]
    assert SkillVersion.objects.count() == 4
