"""The category by words is the one that a comparison with every category gives."""

import pytest

from taxonomy.category_matcher import (
    LEAST_SCORE,
    CategoryMatcher,
    CategoryWords,
    fit,
    stems,
)

PLACES = [
    CategoryWords("data", "Data, wherever it lies."),
    CategoryWords("data/databases/postgresql", "Tables, queries and their plans."),
    CategoryWords("data/formats/pdf", "Merging and reading PDF files."),
    CategoryWords("development/testing", "Tests that fail for a reason."),
    CategoryWords("documents/pdf", "Merging and reading PDF files."),
]


@pytest.mark.parametrize(
    ("name", "description", "path"),
    [
        ("pdf-merging", "Merges files.", "data/formats/pdf"),
        ("test-plans", "Plan what to test in development.", "development/testing"),
        ("slow-queries", "Read the plans of PostgreSQL.", "data/databases/postgresql"),
        ("haiku", "Three lines.", None),
        ("reading", "A reason.", None),
    ],
)
def test_only_categories_that_share_a_word_need_a_look(name, description, path):
    assert CategoryMatcher(PLACES).best(name, [description]) == path
    scores = [
        (-fit(stems(name), stems(description), each), each.path) for each in PLACES
    ]
    score, best = min(scores)
    assert path == (best if -score >= LEAST_SCORE else None)
