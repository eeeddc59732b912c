"""Concurrent editors: each edit is complete or refused, and nobody waits for ever."""

import random

import pytest
from django.db import transaction

from taxonomy.exceptions import TaxonomyError
from taxonomy.models import Address, Category, FacetDefinition, Relation, Skill
from tests.taxonomy.skills import skill_files
from tests.taxonomy.transactional.test_concurrent_publishing import at_once

pytestmark = pytest.mark.django_db(transaction=True)

EDITORS, EDITS = 4, 12
NAMES, PLACES = ("one", "two", "three", "four"), ("a", "b", "a/x", "b/x", "a/x/y")


def test_edits_of_all_kinds_at_once_neither_fail_nor_tear(db):
    for path in PLACES:
        Category.objects.create_at(path)
    for name in NAMES:
        Skill.objects.publish(skill_files(name), category="a/x")
    FacetDefinition.objects.define("colour", values=["red", "blue"])
    seed = random.randrange(10**6)

    results = at_once(
        [Editor(f"{seed}-{number}").edit_all for number in range(EDITORS)]
    )

    faults = [each for each in results if isinstance(each, BaseException)]
    assert not faults, f"seed {seed}: {faults}"
    assert sum(results), "nothing was done"
    whole()


def whole() -> None:
    for category in Category.objects.select_related("parent"):
        above = category.parent.path if category.parent else ""
        assert category.path.rpartition("/")[0] == above
        assert category.addresses.filter(path=category.path, current=True).exists()
    for skill in Skill.objects.select_related("current"):
        assert skill.current.skill_id == skill.pk and not skill.current.yanked_at
        assert skill.current.frontmatter["name"] == skill.name
        assert skill.addresses.get(current=True).path == skill.name
        needed = Skill.objects.filter(pk__in=Relation.objects.needed_by(skill))
        assert skill not in needed
    unled = Relation.objects.filter(target=None).values("target_name")
    assert not Address.objects.filter(kind="skill", path__in=unled).exists()


class Editor:
    """One person; the seed decides what they do, the scheduler when."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)

    def edit_all(self) -> int:
        """Make all edits; return how many were not refused."""
        verbs = [
            getattr(self, name) for name in sorted(vars(Editor)) if name[:3] == "do_"
        ]
        done = 0
        for _ in range(EDITS):
            try:
                with transaction.atomic():
                    self.random.choice(verbs)()
                done += 1
            except (TaxonomyError, Category.DoesNotExist, Skill.DoesNotExist):
                continue
        return done

    def name(self) -> str:
        return self.random.choice([*NAMES, "five", "six"])

    def skill(self) -> Skill:
        return Skill.objects.resolve(self.name())

    def place(self) -> str:
        return self.random.choice(PLACES)

    def category(self) -> Category:
        return Category.objects.resolve(self.place())

    def do_publish(self) -> None:
        text = f"Text {self.random.randrange(9)}.\n"
        Skill.objects.publish(
            skill_files(self.name(), body=text), category=self.place()
        )

    def do_rename(self) -> None:
        self.skill().revise(name=self.name())

    def do_place(self) -> None:
        self.skill().revise(category=self.place(), weight="medium")

    def do_label(self) -> None:
        colour = f"colour={self.random.choice(['red', 'blue'])}"
        self.skill().revise(labels={"facet": [colour], "tag": [self.name()]})

    def do_relate(self) -> None:
        relations = {"required": [self.name()], "see_also": [self.name(), self.name()]}
        Relation.objects.relate(self.skill(), relations)

    def do_roll_back(self) -> None:
        self.skill().roll_back(f"1.0.{self.random.randrange(3)}")

    def do_yank(self) -> None:
        self.skill().yank(f"1.0.{self.random.randrange(3)}")

    def do_unyank(self) -> None:
        self.skill().unyank(f"1.0.{self.random.randrange(3)}")

    def do_deprecate(self) -> None:
        self.skill().deprecate("Old.", self.name())

    def do_undeprecate(self) -> None:
        self.skill().undeprecate()

    def do_create(self) -> None:
        Category.objects.create_at(self.place())

    def do_move(self) -> None:
        self.category().move(self.place())

    def do_merge(self) -> None:
        self.category().merge_into(self.category())

    def do_remove(self) -> None:
        self.category().remove()

    def do_redefine(self) -> None:
        FacetDefinition.objects.get().revise(multiple=bool(self.random.randrange(2)))
