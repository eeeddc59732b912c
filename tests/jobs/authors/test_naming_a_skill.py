"""The name and the category that the template author chooses."""

import pytest

from jobs.authors.base import CategoryChoice
from jobs.authors.phrases import subject
from jobs.authors.template import TemplateAuthor
from tests.jobs.authors.material import assignment

NAMES = {
    "a telling title": ("# Rotate old log files", "Logs", "rotate-old-log-files"),
    "how to": ("# How to rotate the log files", "Logs", "rotate-log-files"),
    "a brief": ("# Logs", "Rotate log files with logrotate", None),
    "a brief with filler": (
        "# Logs",
        "Write a skill that explains how to rotate log files",
        "rotate-log-files",
    ),
    "the first clause": (
        "# Logs",
        "Rotate logs: sizes, ages and more",
        "rotate-logs",
    ),
    "what it is to be called": (
        "# Rotate old log files",
        "A skill called `log-keeper` for log files",
        "log-keeper",
    ),
    "a vague brief": ("# Log files", "Turn this file into a skill", "log-files"),
    "no words at all": ("", "!!! ???", "new-skill"),
    "another script, so the file": ("# 日志", "轮换日志文件的技能", "deploy"),
    "accents": ("# Café menu planning", "x", "cafe-menu-planning"),
    "placeholders": (
        "# Watch all jobs with SITE_NAME",
        "Jobs",
        "watch-all-jobs",
    ),
}


@pytest.mark.parametrize("text, brief, name", NAMES.values(), ids=NAMES)
def test_the_name_comes_from(text, brief, name):
    expected = name or "rotate-log-files-with-logrotate"
    assert TemplateAuthor().refine(assignment(text, brief)).name == expected


def test_a_taken_name_gets_a_number():
    taken = frozenset({"deploy-site-to-both-hosts", "deploy-site-to-both-hosts-2"})
    brief = TemplateAuthor().refine(assignment(taken_names=taken))
    assert brief.name == "deploy-site-to-both-hosts-3"


def test_a_reserved_name_gets_a_number():
    task = assignment("", "A skill called search for searching in books")
    assert TemplateAuthor().refine(task).name == "search-2"


def test_a_name_that_only_a_category_may_not_have_is_kept():
    task = assignment("", "A skill called xml for reading and writing XML files")
    assert TemplateAuthor().refine(task).name == "xml"


def test_a_name_never_grows_too_long():
    task = assignment("", "Explain " + "incomprehensibilities " * 9)
    assert len(TemplateAuthor().refine(task).name) <= 64


CATEGORIES = (
    CategoryChoice("data", "Data", "Keeping facts."),
    CategoryChoice("development/languages/python", "Python", "Packages and typing."),
    CategoryChoice("operations", "Operations", "Running software."),
    CategoryChoice("operations/deployment/docker", "Docker", "Images, Compose."),
    CategoryChoice("uncategorized", "Uncategorized", ""),
)


@pytest.mark.parametrize(
    "text, brief, path",
    [
        ("", "Run a site with Docker", "operations/deployment/docker"),
        ("", "Bake bread at home", "uncategorized"),
        ("# Loops\n\n```python\npass\n```", "Loops", "development/languages/python"),
    ],
)
def test_the_category_is_the_one_whose_words_agree(text, brief, path):
    task = assignment(text, brief, categories=CATEGORIES)
    assert TemplateAuthor().refine(task).taxonomy_path == path


def test_the_path_that_was_asked_for_wins():
    task = assignment(categories=CATEGORIES, intended_taxonomy_path="data")
    assert TemplateAuthor().refine(task).taxonomy_path == "data"


def test_the_refined_brief_is_a_sentence():
    brief = TemplateAuthor().refine(assignment("", "  rotate\nthe  keys "))
    assert brief.task_description == "Rotate the keys."


@pytest.mark.parametrize(
    ("brief", "about"),
    [
        (
            "Turn bash.md into a skill: Shell scripts with curl",
            "Shell scripts with curl",
        ),
        ("Turn this runbook into a skill", ""),
        (
            "Convert notes.md into a skill for restarting the billing service",
            "restarting the billing service",
        ),
        ("Turn coal into diamonds by pressure", "Turn coal into diamonds by pressure"),
    ],
)
def test_the_making_of_a_skill_is_not_its_subject(brief, about):
    assert subject(brief) == about
