"""What the template author writes from a document."""

from dataclasses import replace

import pytest

from jobs.authors.base import SourceDocument
from taxonomy.package import SkillPackage
from tests.jobs.authors.material import (
    DEPLOY,
    answered,
    assignment,
    body_of,
    code_in,
    description_of,
    from_nowhere,
    occurs_verbatim,
    text_of,
    written,
)


def section(body: str, heading: str) -> str:
    return body.split(f"\n## {heading}\n")[1].split("\n## ")[0].strip()


def test_the_parts_of_a_document_find_their_places():
    body = body_of(written(assignment()))
    assert body.startswith("# Deploy the site\n")
    assert section(body, "Prerequisites") == "You need an account on both hosts."
    assert "make image" in section(body, "Instructions")
    assert "**Warning:** Never push on a Friday." in section(body, "Instructions")
    assert section(body, "Troubleshooting").startswith("If the proxy answers 502")


def test_the_result_passes_validation_and_says_nothing_of_its_own():
    files = written(assignment())
    assert SkillPackage(files).report.status == "passed"
    assert from_nowhere(files, DEPLOY, "Deploy the site to both hosts") == []
    assert all(occurs_verbatim(code, DEPLOY) for code in code_in(body_of(files)))


def test_a_sentence_of_its_own_would_be_noticed():
    files = written(assignment(DEPLOY + "\n\nThe moon is made of cheese.\n"))
    unsupported = from_nowhere(files, DEPLOY, "Deploy the site to both hosts")
    assert unsupported == ["The moon is made of cheese."]


def test_the_description_says_what_and_when():
    assert description_of(written(assignment())) == (
        "Deploy the site to both hosts. Use when you need to deploy the site or "
        "release the image."
    )


def test_a_vague_brief_leaves_the_words_to_the_source():
    task = assignment(brief="Please turn this document into a skill")
    assert description_of(written(task)).startswith("Deploy the site. Use when")
    task = assignment("# Log files\n\nOld log files fill the disk.", "Make a skill")
    assert description_of(written(task)) == (
        "Log files: Old log files fill the disk. Use when the task involves log files."
    )


def test_a_description_never_grows_too_long():
    heads = "\n\n".join(f"## {'very ' * 12}long part {n}\n\ntext" for n in range(40))
    task = assignment(f"# A\n\n{heads}", "Explain " + "the very long matter " * 90)
    assert len(description_of(written(task))) <= 1024
    assert SkillPackage(written(task)).report.specification == ()


def test_answers_stand_in_the_skill_as_they_were_given():
    task = answered(
        assignment("", "Rotate API keys"),
        purpose="Rotates the keys of the payment API",
        trigger="When a key is older than 90 days",
        steps="1. Run `vault write`.\n2. Revoke the old key.",
        constraints="Never print a key.",
        examples="```sh\nvault write -f keys\n```",
    )
    files = written(task)
    body = body_of(files)
    assert section(body, "Instructions") == task.answer("steps")
    assert section(body, "Constraints") == "Never print a key."
    assert section(body, "Examples") == task.answer("examples")
    assert description_of(files).startswith(
        "Rotates the keys of the payment API. Use when a key is older than 90 days"
    )


def test_what_a_source_states_of_its_use_is_quoted():
    text = "# Schedules\n\nUse Simple schedules for regular jobs. They are easy."
    use = section(body_of(written(assignment(text))), "When to use")
    assert use.endswith("- Use Simple schedules for regular jobs.")


LONG_PARTS = "# Tune the cache\n\nIt is fast.\n\n## Run\n\n```sh\nrun\n```\n" + "".join(
    f"\n## Part {name}\n\n{'Some prose stands here.' + chr(10) * 2}"
    + "".join(f"Line {n} of {name}.\n\n" for n in range(30))
    + f"**Warning:** Mind part {name}.\n"
    for name in ("one", "two", "three", "four")
)


def test_long_parts_go_to_references_that_skill_md_links_to():
    files = written(assignment(LONG_PARTS, "Tune the cache"))
    paths = [file.path for file in files]
    assert "references/part-one.md" in paths
    body = body_of(files)
    assert "- [Part one](references/part-one.md): Some prose stands here." in section(
        body, "References"
    ).split("\n")
    assert text_of(files, "references/part-one.md").startswith("# Part one\n")
    assert "```sh\nrun\n```" in section(body, "Instructions")


def test_warnings_of_moved_parts_do_not_hide_behind_a_link():
    body = body_of(written(assignment(LONG_PARTS, "Tune the cache")))
    assert "- **Warning:** Mind part one." in section(body, "Warnings")


@pytest.mark.parametrize(
    "style, references", [("navigation_hub", 4), ("minimal", 3), ("comprehensive", 0)]
)
def test_the_style_says_how_much_stays_in_skill_md(style, references):
    files = written(assignment(LONG_PARTS, "Tune the cache", style=style))
    assert len(files) - 1 == references


def test_a_thousand_sections_still_make_a_short_skill_md():
    text = "# A\n\n" + "\n\n".join(f"## B {n}\n\nc {n}\n\nd" for n in range(1000))
    files = written(assignment(text))
    assert body_of(files).count("\n") < 400
    assert len(files) < 40
    assert "c 999" in "".join(file.content.decode() for file in files)


def test_one_endless_section_is_moved_as_a_whole():
    text = "# Tea\n\n" + "\n".join(f"Line {n}.\n" for n in range(2000))
    files = written(assignment(text))
    assert body_of(files).count("\n") < 60
    assert "Line 1999." in text_of(files, "references/tea.md")


def test_several_sources_stand_in_one_skill_each_under_its_title():
    sources = (
        SourceDocument("a.md", "text/markdown", "# Cook rice\n\nBoil it.\n\n    boil"),
        SourceDocument(
            "b.md", "text/markdown", "# Cook peas\n\nSteam them.\n\n    steam"
        ),
    )
    files = written(replace(assignment("", "Cook rice and peas"), sources=sources))
    body = body_of(files)
    assert body.startswith("# Cook rice\n")
    assert "### Cook peas\n\nSteam them.\n\n    steam" in body


def test_link_definitions_go_with_the_text_that_uses_them():
    text = LONG_PARTS.replace("Some prose stands here.", "See [the book][b].")
    files = written(assignment(f"{text}\n\n[b]: https://b.example\n"))
    assert "\n[b]: https://b.example" in text_of(files, "references/part-one.md")


def test_empty_sections_and_tables_of_contents_are_left_out():
    text = "# A b c\n\ntext\n\n## Contents\n\n- [x](#x)\n\n## Empty\n\n## X\n\ny"
    body = body_of(written(assignment(text)))
    assert "Contents" not in body and "Empty" not in body


def test_the_sources_are_named_in_the_metadata():
    assert 'sources: "deploy.md"' in text_of(written(assignment()), "SKILL.md")
