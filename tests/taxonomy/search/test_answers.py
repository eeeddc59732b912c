"""`GET /skills?q=` answers with highlights, the corrected query and facets."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from taxonomy.models import Label, Skill
from tests.taxonomy.skills import skill_files

SKILLS = "/api/v1/skills"


@pytest.fixture
def answer(searchable_skills, viewer):
    def get(**query):
        answer = viewer.get(SKILLS, query)
        assert answer.status_code == 200, answer.json()
        return answer.json()

    return get


def test_marks_show_the_words_where_they_are(answer):
    [result] = answer(q="splitting pdf", status="active")["results"]
    assert result["name"] == "pdf-tools"
    assert result["highlights"] == {
        "name": "<mark>pdf</mark>-tools",
        "description": "Merge and <mark>split</mark> <mark>PDF</mark> files.",
    }
    assert result["score"] > 0
    [other] = answer(q="manifests")["results"]
    assert other["highlights"] == {"body": "Apply the <mark>manifests</mark>."}


def test_the_text_of_a_skill_is_escaped_in_highlights(answer):
    body = f"{'word ' * 300}<script>alert('zeppelin')</script> {'word ' * 300}"
    Skill.objects.publish(skill_files("sly", "A <b>zeppelin</b> & more.", body))
    [result] = answer(q="zeppelin")["results"]
    marks = result["highlights"]
    assert (
        marks["description"] == "A &lt;b&gt;<mark>zeppelin</mark>&lt;/b&gt; &amp; more."
    )
    assert "&lt;script&gt;alert(&#x27;<mark>zeppelin</mark>&#x27;)" in marks["body"]
    assert marks["body"].startswith("…")
    assert marks["body"].endswith("…")
    assert len(marks["body"]) < 300


def test_it_says_how_it_understood_a_misspelt_query(answer):
    assert answer(q="kuberntes deploy")["corrected"] == "kubernetes deploy"
    assert answer(q="kubernetes")["corrected"] is None
    assert answer()["corrected"] is None


def test_a_correction_tells_no_word_of_a_skill_that_is_not_shown(answer):
    Skill.objects.publish(skill_files("zeppelin-plans", "Secret.", "Hush."))
    assert answer(q="zeppelim pdf")["corrected"] == "zeppelin pdf"
    Skill.objects.get(name="zeppelin-plans").archive()
    page = answer(q="zeppelim pdf")
    assert page["results"]
    assert page["corrected"] is None


@pytest.mark.parametrize("candidates", [20, 1000])
def test_what_only_hidden_skills_say_changes_no_answer(answer, settings, candidates):
    settings.SKILLFLEET_SEARCH_CANDIDATES = candidates
    queries = ("pdg", "pdg tools", "merge the pdg files with the tools")
    before = [answer(q=query) for query in queries]
    for number in range(30):
        files = skill_files(f"pdg-{number}", "Pdg.", "Pdg.")
        Skill.objects.publish(files).skill.archive()
    after = [answer(q=query) for query in queries]
    assert before[0]["corrected"] == "pdf"
    for then, now in zip(before, after, strict=True):
        assert now["corrected"] == then["corrected"]
        assert [each["name"] for each in now["results"]] == [
            each["name"] for each in then["results"]
        ]


def test_an_empty_filter_is_none(answer):
    assert "facets" not in answer(facets="", q="", tag="")


def test_each_facet_counts_what_its_filter_leaves(answer):
    Skill.objects.get(name="pdf-tools").revise(category="data/databases/redis")
    labels = {Label.Kind.TAG: ["paper"], Label.Kind.KEYWORD: ["print"]}
    Skill.objects.get(name="invoice-reading").revise(weight="medium", labels=labels)
    for query in ({"q": "pdf"}, {}):
        page = answer(facets="true", **query)
        for filter_, values in page["facets"].items():
            for each in values:
                filtered = answer(**query, **{filter_: each["value"]})
                assert filtered["count"] == each["count"], (filter_, each)
        assert page["facets"]["tag"] == [{"value": "paper", "count": 1}]
        assert {"value": "data", "count": 1} in page["facets"]["category"]
    assert "facets" not in answer(q="pdf")
    assert answer(q="pdf", facets="true")["facets"]["weight"] == [
        {"value": "lightweight", "count": 1},
        {"value": "medium", "count": 1},
    ]


def test_facets_of_nearly_all_skills_leave_out_the_others(answer):
    paper = {Label.Kind.TAG: ["paper", "print"]}
    for name in ("pdf-tools", "invoice-reading", "cafe-menus"):
        Skill.objects.get(name=name).revise(labels=paper)
    Skill.objects.get(name="cafe-menus").deprecate()
    Skill.objects.get(name="node-pools").revise(labels={Label.Kind.TAG: ["pools"]})
    with CaptureQueriesContext(connection) as queries:
        page = answer(facets="true")
    counting = [each["sql"] for each in queries if "GROUP BY" in each["sql"]]
    assert page["facets"]["tag"] == [
        {"value": "paper", "count": 2},
        {"value": "print", "count": 2},
        {"value": "pools", "count": 1},
    ]
    assert answer(facets="true", status="deprecated")["facets"]["tag"] == [
        {"value": "paper", "count": 1},
        {"value": "print", "count": 1},
    ]
    assert len(counting) == 5
    if connection.vendor == "sqlite":
        read = [step for sql in counting for step in plan(sql) if "taxonomy_" in step]
        assert [step for step in read if "COVERING INDEX" not in step] == []


def plan(sql):
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        return [step[-1] for step in cursor.fetchall()]


def test_another_order_is_of_the_same_skills(answer):
    results = answer(q="kubernetes", ordering="-name")["results"]
    names = [each["name"] for each in results]
    assert names == sorted(names, reverse=True)
    assert len(names) == 4
    assert all(each["highlights"] is not None for each in results)


@pytest.mark.parametrize("more", [{}, {"facets": "true"}])
def test_what_a_query_costs_does_not_grow_with_what_it_finds(answer, more):
    counts = {}
    answer()  # the user is looked up once
    for query, expected in (("manifests", 1), ("kubernetes", 4)):
        with CaptureQueriesContext(connection) as queries:
            assert answer(q=query, **more)["count"] == expected
        counts[query] = len(queries)
    assert counts["manifests"] == counts["kubernetes"] < 24
