"""The results of queries and their order, the same on both databases."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from taxonomy.models import Skill
from taxonomy.search.query import corrected
from taxonomy.search.results import search
from tests.taxonomy.search.conftest import search_names
from tests.taxonomy.skills import skill_files


@pytest.mark.parametrize(
    ("query", "names"),
    [
        (
            "kubernetes",  # name, description, keyword, body
            ["kubernetes-deploy", "cluster-care", "node-pools", "docker-images"],
        ),
        ("Kubernetes nodes", ["node-pools", "cluster-care", "docker-images"]),
        ("pdf-tools", ["pdf-tools"]),
        ("pdf", ["pdf-tools", "invoice-reading"]),
        ("merging the file", ["pdf-tools"]),
        ("kube", ["kubernetes-deploy", "cluster-care", "node-pools", "docker-images"]),
        ("kubernets deploy", ["kubernetes-deploy"]),
        ("dokcer imgaes", ["docker-images"]),
        ("pfd tools", ["pdf-tools"]),
        ("invoicereading", ["invoice-reading"]),
        ("cafe menus", ["cafe-menus"]),
        ("MENÜS", ["cafe-menus"]),
        ("naive ubersicht", ["cafe-menus"]),
        ("zeppelin", []),
    ],
)
def test_a_query_finds_these_in_this_order(searchable_skills, query, names):
    assert search_names(query) == names


def test_a_sentence_finds_the_skill_that_most_of_it_is_about(searchable_skills):
    query = "I would like to read the sum of some scanned invoices, and quickly"
    assert search_names(query)[0] == "invoice-reading"


def test_only_skills_that_were_let_through_are_found(searchable_skills):
    assert search_names("pdf", Skill.objects.filter(name="invoice-reading")) == [
        "invoice-reading"
    ]
    assert search_names("pdf", Skill.objects.none()) == []
    assert search_names("pdf", Skill.objects.within("development")) == []


def test_pages_of_a_search_are_parts_of_one_order(searchable_skills):
    whole = search_names("kubernetes pdf files node sum")
    pages = search(Skill.objects.all(), "kubernetes pdf files node sum")
    parts = [skill.name for at in range(0, 8, 2) for skill in pages[at : at + 2]]
    assert len(whole) == pages.count() == 6
    assert parts == whole


def test_no_more_are_found_than_are_ranked(searchable_skills, settings):
    settings.SKILLFLEET_SEARCH_CANDIDATES = 2
    assert search_names("kubernetes")[0] == "kubernetes-deploy"
    assert len(search_names("kubernetes")) == 2


COMMON = "water stone light"


@pytest.fixture
def crowd(seeded):
    """Publish more skills with each common word in their names than are ranked."""
    for word in COMMON.split():
        for number in range(4):
            Skill.objects.publish(skill_files(f"{word}-{number}", "Of no use."))


@pytest.fixture
def few_are_ranked(settings):
    settings.SKILLFLEET_SEARCH_CANDIDATES = 4


@pytest.mark.usefixtures("crowd", "few_are_ranked")
def test_a_rare_word_is_not_crowded_out_by_common_ones():
    Skill.objects.publish(skill_files("meadow", "A lawn.", "Cut it with a scythe."))
    assert "meadow" in search_names(f"{COMMON} scythe")


@pytest.mark.usefixtures("crowd", "few_are_ranked")
def test_a_skill_with_all_words_is_not_crowded_out():
    Skill.objects.publish(skill_files("pond", f"Has {COMMON} and fish."))
    Skill.objects.publish(skill_files("fish", "Fish."))
    for number in range(3):
        Skill.objects.publish(skill_files(f"fish-{number}", "Many fish."))
    assert search_names(f"{COMMON} fish")[0] == "pond"


def test_a_misspelt_word_is_corrected_to_one_that_fits_the_others(seeded):
    for name in ("lemon-cake", "demon-soup", "demon-salad"):
        Skill.objects.publish(skill_files(name, "Cook it."))
    assert search_names("xemon cake") == ["lemon-cake"]
    assert search_names("xemon soup") == ["demon-soup"]


def test_a_word_longer_than_any_name_is_not_compared_with_others():
    asks_nothing: Any = None

    assert corrected("x" * 5000, index=asks_nothing, worth=asks_nothing) == []


def test_a_correction_prefers_words_of_names(seeded):
    Skill.objects.publish(skill_files("marble-tools", "For both.", "A cart."))
    for name in ("garble", "garble-more", "garble-most"):
        Skill.objects.publish(skill_files(name, "None.", "Uses tools."))
    assert search_names("arble tools") == ["marble-tools"]


def test_a_short_word_may_have_a_wrong_letter(seeded):
    Skill.objects.publish(skill_files("bode-well", "Tell fortunes."))
    for misspelt in ("bxde", "bodx", "xode", "bde", "obde", "boxde", "boed"):
        assert search_names(misspelt) == ["bode-well"], misspelt


HOSTILE = [
    *('"', "'", "*", "a*", '"a" OR', "NEAR(a b)", "name: pdf", "^pdf", "a AND", "NOT"),
    *("-pdf", "(pdf", "pdf:*", "'pdf':A & !", "\\", "%", "_", "%s", "{name}: pdf"),
    *("\x00", "p\x00df", "😀", "pdf 😀", "한국어", "١٢٣", "x" * 200, "a b " * 50),
    *("a²b", "नमस्ते", "\u202epdf", "ß", "ﬁle", "OR", "1e5 3.14", "\ufb03", "a-b_c"),
]


def test_no_query_is_a_fault(searchable_skills, viewer):
    for query in HOSTILE:
        search_names(query)
        answer = viewer.get("/api/v1/skills", {"q": query})
        assert answer.status_code in (200, 400), query


@pytest.mark.django_db
@limits(max_examples=60)
@given(query=st.text(max_size=60))
def test_no_text_at_all_is_a_fault(query):
    search_names(query)
