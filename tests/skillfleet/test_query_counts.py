"""No answer needs more statements because it shows more rows."""

from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from jobs.models import Job, JobEvent, Webhook
from jobs.webhooks import delivery, registry
from skillfleet.accounts.tokens import make_token
from taxonomy.models import Address, Category, FacetDefinition, Label, Relation, Skill
from taxonomy.models.skill import SkillQuerySet
from taxonomy.usage import record
from tests.skillfleet.test_routes_by_role import TABLE, WHO
from tests.skillfleet.world import World, asking, drafted, submitted
from tests.taxonomy.skills import skill_files

READS = [row for row in TABLE if row.route.startswith("GET ")]
FEW, MANY = 3, 30


def test_no_read_takes_more_statements_for_more_rows(world, settings):
    settings.SKILLFLEET_RUNNING_JOBS_PER_USER = 1000
    settings.SKILLFLEET_WEBHOOKS_PER_USER = 1000
    assert not growing(world, FEW, MANY)


def test_a_read_that_asks_row_by_row_is_found(world, monkeypatch):
    for method in ("for_listing", "for_naming"):
        monkeypatch.setattr(SkillQuerySet, method, lambda skills: skills)
    assert {"GET /skills", "GET /taxonomy/{path}"} <= growing(world, 1, 4).keys()


def growing(world: World, few: int, many: int) -> dict[str, tuple[int, int]]:
    """Routes that need more statements for many rows than for few."""
    grow(world, range(few))
    before = counts(world)
    grow(world, range(few, many))
    after = counts(world)
    pairs = {route: (before[route], after[route]) for route in before}
    return {route: pair for route, pair in pairs.items() if pair[0] < pair[1]}


def counts(world: World) -> dict[str, int]:
    """The number of statements of each route, for a user who may read it."""
    by_route = {}
    for row in READS:
        who = dict(zip(row.expected, WHO, strict=True)).get(200)
        who = "author" if who and row.expected[WHO.index("author")] == 200 else who
        client = APIClient()
        client.force_authenticate(world.people[who] if who else None)
        with CaptureQueriesContext(connection) as queries:
            answer = client.get("/api/v1" + row.address.format_map(world.names))
        assert answer.status_code == 200, row.route
        by_route[row.route] = len(queries)
    return by_route


def grow(world: World, numbers: range) -> None:
    """Add more rows of everything that the reads show."""
    author, skill = world.people["author"], Skill.objects.get(name="pdf-tools")
    for n in numbers:
        other = Skill.objects.publish(
            skill_files(f"other-{n}", extra=f"metadata:\n  tags: a{n}, b{n}\n"),
            category="data",
            author=world.people["curator"],
        ).skill
        Skill.objects.publish(
            skill_files(body=f"Text {n}.\n", **{f"references__{n}.md": b"# More\n"}),
            author=world.people["curator"],
        )
        Relation.objects.create(
            skill=skill, kind="required", target_name=other.name, target=other
        )
        Relation.objects.create(
            skill=other, kind="see_also", target_name=skill.name, target=skill
        )
        Label.objects.create(skill=skill, kind="keyword", value=f"word-{n}")
        Address.objects.create(
            kind="skill", path=f"former-{n}", skill=skill, current=False
        )
        for who, used in (("author", "pdf-tools"), ("curator", other.name)):
            report = {"id": f"{who}-{n}", "skill": used, "kind": "used"}
            record(world.people[who], Skill.objects.all(), [report])
        FacetDefinition.objects.define(f"facet-{n}")
        Category.objects.create_at(f"data/new-{n}")
        grow_jobs(world, n)
        make_token(author)


def grow_jobs(world: World, n: int) -> None:
    author = world.people["author"]
    asking(submitted(author))
    drafted(submitted(author))
    job = Job.objects.get(pk=world.names["pending"])
    JobEvent.objects.append(job=job, seq=100 + n, kind="progress")
    registry.register(author, f"https://example.org/{n}", ["asked"])
    delivery.send_test(Webhook.objects.get(pk=world.names["webhook"]))


def test_a_tree_of_ten_thousand_categories_takes_few_statements(
    seeded, client_of, viewer, django_assert_max_num_queries
):
    roots = Category.objects.bulk_create(
        Category(path=f"root-{n}", name=f"Root {n}") for n in range(100)
    )
    Category.objects.bulk_create(
        Category(path=f"{root.path}/c{n}", name=f"C {n}", parent=root)
        for root in roots
        for n in range(100)
    )
    with django_assert_max_num_queries(8):
        answer = client_of(viewer).get("/api/v1/taxonomy")
    tree = answer.json()["categories"]
    assert sum(1 + len(root["children"]) for root in tree) >= 10_100
