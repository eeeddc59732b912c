"""A branch is moved, renamed and merged as a whole, however large it is."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from taxonomy.models import Address, Category, Skill
from tests.taxonomy.skills import skill_files

TAXONOMY = "/api/v1/taxonomy"


def grow(root: str, size: int, depth: int = 2) -> None:
    """Create so many categories below `root`, each with one below it."""
    level = [Category.objects.create_at(root)] * size
    for _ in range(depth):
        made = [
            Category(path=f"{above.path}/c{number}", name="C", parent=above)
            for number, above in enumerate(level)
        ]
        level = Category.objects.bulk_create(made)
        Address.objects.register({each.path: each.pk for each in level})


def statements(verb) -> int:
    with CaptureQueriesContext(connection) as queries:
        answer = verb()
    assert answer.status_code == 200, answer.json()
    return len(queries)


def moved(curator, name: str, size: int) -> int:
    grow(name, size)
    change = {"path": f"{name}-moved"}
    return statements(lambda: curator.patch(f"{TAXONOMY}/{name}", change))


def merged(curator, name: str, size: int) -> int:
    """Merge a branch into one that has half of its subcategories; return the number of
    statements."""
    grow(name, size)
    grow(f"{name}-target", size // 2)
    Skill.objects.publish(skill_files(name), category=f"{name}/c0/c0")
    body = {"into": f"{name}-target"}
    count = statements(lambda: curator.post(f"{TAXONOMY}/{name}/merge", body))
    assert Skill.objects.get(name=name).path == f"{name}-target/c0/c0/{name}"
    assert not Category.objects.within(name).exists()
    return count


@pytest.mark.parametrize("edited", [moved, merged])
def test_a_large_branch_takes_as_many_statements_as_a_small_one(edited, curator):
    curator.get(TAXONOMY)  # the user's permissions are looked up once
    few, more = edited(curator, "small", 4), edited(curator, "large", 40)
    many = edited(curator, "huge", 1000)

    assert few == more
    assert many < few + 15, "chunks, for what SQLite takes at once"
    last = "huge-moved" if edited is moved else "huge-target"
    assert Category.objects.resolve("huge/c999/c999").path == f"{last}/c999/c999"


def test_every_row_of_a_merged_branch_is_where_its_path_says(curator):
    grow("one", 6)
    grow("two", 3)
    curator.post(f"{TAXONOMY}/one/merge", {"into": "two"})

    for category in Category.objects.select_related("parent"):
        above = category.parent.path if category.parent else ""
        assert category.path.rpartition("/")[0] == above
        assert category.addresses.get(current=True).path == category.path
    for number in range(6):
        former = f"one/c{number}/c{number}"
        now = Category.objects.resolve(former)
        assert (now.path, now.aliases) == (f"two/c{number}/c{number}", [former])
