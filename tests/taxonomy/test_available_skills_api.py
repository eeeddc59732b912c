"""`GET /taxonomy/xml`: the list that agents read."""

import pytest

from taxonomy.models import Skill
from tests.taxonomy.skills import skill_files

XML = "/api/v1/taxonomy/xml"


@pytest.fixture
def fleet(seeded):
    publish = Skill.objects.publish
    publish(skill_files(name="alpha", description="A <b> & c."), category="data")
    publish(skill_files(name="zulu"), traits={"load_priority": "always"})
    publish(skill_files(name="old")).skill.archive()


def test_no_skills_gives_the_two_outer_lines(viewer):
    answer = viewer.get(XML)
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.content.decode() == "<available_skills>\n</available_skills>"


def test_active_skills_are_listed_escaped_and_always_first(viewer, fleet):
    lines = viewer.get(XML).content.decode().splitlines()
    names = [lines[at + 1] for at, line in enumerate(lines) if line == "<name>"]
    assert names == ["zulu", "alpha"]
    assert "A &lt;b&gt; &amp; c." in lines
    assert "http://testserver/api/v1/skills/alpha/files/SKILL.md" in lines


def test_what_does_not_fit_is_left_out_whole_and_counted(viewer, fleet):
    whole = viewer.get(XML)
    assert "X-Skills-Omitted" not in whole
    cut = viewer.get(XML, {"max_chars": len(whole.content) - 1})
    assert cut["X-Skills-Omitted"] == "1"
    assert b"zulu" in cut.content and b"alpha" not in cut.content


def test_category_and_words_choose(viewer, fleet):
    assert b"zulu" not in viewer.get(XML, {"category": "data"}).content
    assert b"alpha" not in viewer.get(XML, {"q": "zulu"}).content


@pytest.mark.parametrize(
    "query",
    [{"max_chars": "many"}, {"max_chars": -1}, {"category": "no/such"}, {"x": 1}],
)
def test_a_bad_parameter_is_a_400_that_names_it(viewer, query):
    answer = viewer.get(XML, query)
    assert answer.status_code == 400
    assert next(iter(query)) in answer.json()["errors"]
