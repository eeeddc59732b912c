"""The API of labels and facets."""

import pytest

from taxonomy.models import FacetDefinition, Label

LABELS = "/api/v1/skills/pdf-tools/labels"
FACETS = "/api/v1/facets"


@pytest.fixture
def language(seeded):
    return FacetDefinition.objects.define("language", values=["go", "python"])


def test_labels_are_replaced_by_kind_or_one_by_one(curator, viewer, pdf_tools):
    first = curator.put(LABELS, {"tags": ["b", "a"], "keywords": ["k"]})
    assert first.status_code == 200, first.json()
    changed = curator.patch(
        LABELS, {"add": {"tags": ["c"]}, "remove": {"tags": ["b"], "keywords": ["no"]}}
    )
    assert viewer.get(LABELS).json() == changed.json()
    assert changed.json() == {
        "keywords": ["k"],
        "tags": ["a", "c"],
        "capabilities": [],
        "facets": [],
        "allowed_tools": [],
    }


def test_a_facet_is_one_of_its_values(curator, pdf_tools, language):
    FacetDefinition.objects.define("team", multiple=True)
    facets = ["language=go", "team=red", "team=blue"]
    assert curator.put(LABELS, {"facets": facets}).json()["facets"] == sorted(facets)
    more = curator.patch(LABELS, {"add": {"facets": ["language=python"]}})
    assert (more.status_code, more.json()["code"]) == (400, "invalid_facet")
    assert Label.objects.filter(kind="facet").count() == 3


@pytest.mark.parametrize(
    ("method", "body", "field"),
    [
        ("put", {"facets": ["language=perl"]}, "facets"),
        ("put", {"facets": ["language"]}, "facets"),
        ("put", {"facets": ["colour=red"]}, "facets"),
        ("put", {"facets": ["language=go", "language=python"]}, "facets"),
        ("put", {"tags": "a"}, "tags"),
        ("put", {"allowed_tools": ["Bash"]}, "allowed_tools"),
        ("patch", {"tags": ["a"]}, "tags"),
        ("patch", {"add": {"tags": [1]}}, "add.tags[0]"),
        ("patch", {"add": ["a"]}, "add"),
        ("patch", {"add": {"tags": [f"t{n}" for n in range(50)]}}, "tag"),
    ],
)
def test_a_bad_label_is_a_400_that_names_it(
    curator, pdf_tools, language, method, body, field
):
    curator.put(LABELS, {"tags": ["kept"]})
    answer = getattr(curator, method)(LABELS, body)
    assert answer.status_code == 400
    assert field in answer.json()["errors"], answer.json()
    assert [label.value for label in Label.objects.all()] == ["kept"]


def test_a_curator_defines_facets_that_everyone_reads(curator, viewer, pdf_tools):
    body = {"name": "language", "values": ["python", "go", "go"]}
    made = curator.post(FACETS, body)
    assert (made.status_code, made.json()["values"]) == (201, ["go", "python"])
    assert viewer.get(FACETS).json() == [made.json()]
    again = curator.post(FACETS, body)
    assert (again.status_code, again.json()["code"]) == (409, "facet_taken")
    curator.put(LABELS, {"facets": ["language=go"]})
    for change in ({"values": ["python"]}, {"values": ["Go"]}):
        refused = curator.patch(f"{FACETS}/language", change)
        assert (refused.status_code, refused.json()["code"]) == (409, "facet_in_use")
    assert curator.delete(f"{FACETS}/language").status_code == 409
    wider = curator.patch(f"{FACETS}/language", {"values": [], "multiple": True})
    assert wider.status_code == 200
    curator.put(LABELS, {"facets": ["language=perl", "language=go"]})
    single = curator.patch(f"{FACETS}/language", {"multiple": False})
    assert single.status_code == 409
    curator.put(LABELS, {"facets": []})
    assert curator.delete(f"{FACETS}/language").status_code == 204
    assert curator.delete(f"{FACETS}/language").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "Not a name"}, "name"),
        ({"name": "x", "values": ["a"] * 201}, "values"),
        ({"name": "x", "values": [""]}, "values[0]"),
        ({"name": "x", "multiple": "perhaps"}, "multiple"),
        ({"name": "x", "surprise": 1}, "surprise"),
    ],
)
def test_a_bad_facet_is_a_400_that_names_the_field(curator, body, field):
    answer = curator.post(FACETS, body)
    assert answer.status_code == 400
    assert field in answer.json()["errors"], answer.json()
