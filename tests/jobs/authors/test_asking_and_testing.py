"""The template author asks for what is missing and writes evals from what it has."""

from jobs.authors.base import SkillSummary
from jobs.authors.template import TemplateAuthor
from jobs.pipeline.evaluation import SkillSelector
from tests.jobs.authors.material import answered, assignment

author = TemplateAuthor()


def test_a_full_document_leaves_nothing_to_ask():
    findings = author.questions(assignment())
    assert set(findings.answers) == {
        "purpose",
        "trigger",
        "steps",
        "constraints",
        "examples",
    }
    assert findings.questions == ()
    assert findings.answers["constraints"] == "**Warning:** Never push on a Friday."


def test_only_what_is_missing_is_asked():
    task = assignment("# Tea\n\nTea is a drink.", "Tea and its kinds")
    topics = [question.topic for question in author.questions(task).questions]
    assert topics == ["trigger", "steps", "constraints", "examples"]


def test_nothing_but_a_vague_brief_asks_for_everything():
    findings = author.questions(assignment("", "Make me a skill please"))
    assert len(findings.questions) == 5
    assert findings.answers == {}


def test_headings_become_choices_for_when_to_use_it():
    text = "# Tea\n\nA drink.\n\n## Green tea\n\nMild.\n\n## Black tea\n\nStrong."
    questions = author.questions(assignment(text, "Tea and its kinds")).questions
    trigger = next(q for q in questions if q.topic == "trigger")
    assert trigger.type == "multi_choice"
    assert trigger.options == ("Green tea", "Black tea")


def test_answers_count_as_found():
    task = answered(assignment("", "Rotate API keys"), steps="Run it.")
    findings = author.questions(task)
    assert findings.answers["steps"] == "Run it."
    assert "steps" not in [question.topic for question in findings.questions]


def test_a_wish_of_its_authors_is_no_trigger():
    task = assignment("# Peas\n\nWe'd love to hear from you if you cook.", "On peas")
    assert "trigger" not in author.questions(task).answers


def test_evals_hold_prompts_near_misses_and_facts():
    evals = author.evals(assignment())
    assert evals.positives[0] == "Deploy the site to both hosts"
    assert "How do I deploy the site?" in evals.positives
    assert evals.facts[:3] == (
        "$ make image",
        "docker push registry.example.org/site",
        "systemctl restart proxy",
    )
    assert "**Warning:** Never push on a Friday." in evals.facts
    assert all("site" in prompt for prompt in evals.near_misses)


def test_neighbours_in_the_fleet_are_near_misses():
    fleet = (
        SkillSummary("deploy-database", "Deploy the database. Use when it is new."),
        SkillSummary("bake-bread", "Bake bread."),
    )
    evals = author.evals(assignment(fleet=fleet))
    near = [prompt for prompt in evals.near_misses if "database" in prompt]
    assert SkillSelector(fleet).select(near[0]).name == "deploy-database"
    assert not any("bread" in prompt for prompt in evals.near_misses)


def test_first_lines_of_code_are_facts_only_when_they_do_something():
    text = "# Tea\n\n```sh\n#!/bin/sh\n\n# boil\nboil --water\n```"
    assert author.evals(assignment(text)).facts == ("boil --water",)
