"""An error answer is short, however much is wrong with the input."""

import pytest

from taxonomy.models import FacetDefinition
from tests.skillfleet.refusals import refused
from tests.skillfleet.world import TASK

MANY = 20_000


@pytest.mark.parametrize(
    ("field", "item", "most"), [("sources", {}, 10), ("checkpoints", "x", 3)]
)
def test_the_items_of_a_list_that_is_too_long_are_not_looked_at(api, field, item, most):
    body = {"task_description": TASK, field: [item] * MANY}

    error = refused(api("author").post("/api/v1/skills", body), 400)

    assert error["errors"] == {field: [f"{MANY} items; at most {most}."]}


@pytest.mark.parametrize("field", ["keywords", "tags", "capabilities", "facets"])
def test_labels_are_counted_before_they_are_read(api, settings, field):
    settings.SKILLFLEET_MAX_LABELS = 2
    curator = api("curator")
    for name in "ab":
        FacetDefinition.objects.define(name)

    error = refused(curator.patch("/api/v1/skills/pdf-tools", {field: [1] * 3}), 400)

    assert error["errors"] == {field: ["3 items; at most 2."]}
    for labels in (["a=1", "b=1"], []):
        assert (
            curator.patch("/api/v1/skills/pdf-tools", {field: labels}).status_code
            == 200
        )


def test_the_first_fifty_findings_are_shown_and_all_are_counted(api, world):
    answers = {f"q{number}": "?" for number in range(1000)}

    response = api("author").post(
        f"/api/v1/hitl/{world.names['asking']}/response",
        {"round": 1, "action": "proceed", "answers": answers},
    )

    assert len(refused(response, 400, "answers")["errors"]) == 50


def test_many_findings_of_a_list_are_cut_and_counted(api, settings):
    settings.SKILLFLEET_MAX_LABELS = 1000

    error = refused(
        api("curator").patch("/api/v1/skills/pdf-tools", {"tags": [1] * 1000}), 400
    )

    assert len(error["errors"]) == 50
    assert "(999 more)" in error["detail"]


def test_what_a_finding_quotes_is_cut(api):
    body = {"task_description": TASK, "style": "x" * 1_000_000}

    response = api("author").post("/api/v1/skills", body)

    refused(response, 400, "style")
    assert len(response.content) < 10_000
