"""Sources of several dialects become plain Markdown; words and code are kept."""

import pytest

from jobs.authors import markdown, page
from jobs.authors.base import SourceDocument
from jobs.authors.markdown import Markdown, split_sentences
from jobs.authors.template import TemplateAuthor
from tests.jobs.authors.material import assignment

CLEANED = {
    "MyST admonition": (
        ":::{warning}\nIt burns.\n:::",
        "**Warning:** It burns.",
    ),
    "MyST admonition with a title": (
        ":::{admonition} Fire\n:class: hot\nIt burns.\n:::",
        "**Note: Fire** It burns.",
    ),
    "admonition in backticks": (
        "```{note}\nIt is so.\n```",
        "**Note:** It is so.",
    ),
    "Docusaurus": (":::tip\n\nBe kind.\n\n:::", "**Tip:** Be kind."),
    "MkDocs": (
        '!!! danger "High voltage"\n    Keep off.\n\n    Really.\n\nGo on.',
        "**Danger: High voltage** Keep off.\n\nReally.\n\nGo on.",
    ),
    "nested": (
        "::::{note}\nOuter.\n:::{warning}\nInner.\n:::\n::::",
        "**Note:** Outer.\n\n**Warning:** Inner.",
    ),
    "begun with a list": (
        ":::{note}\n- a\n- b\n:::",
        "**Note:**\n\n- a\n- b",
    ),
    "never closed": (":::{warning}\nIt burns.", "**Warning:** It burns."),
    "role": ("See {py:meth}`~Job.run`.", "See `Job.run`."),
    "role with a title": ("See {doc}`the how-to <how/to>`.", "See the how-to."),
    "link inside the site": ("See [the API](../api/).", "See the API."),
    "anchor": ("See [below](#below).", "See below."),
    "link over two lines": ("[a\nb](../c)", "a\nb"),
    "link with code": ("[`a` b](c.md 'title')", "`a` b"),
    "link that leads out": ("[a](https://a.example/x_(y))", None),
    "mail": ("[a](mailto:a@example.org)", None),
    "link in a code span": ("Write `[a](b)`.", None),
    "image of the site": ("Look:\n\n![a b](img/a.png)\n\nSo.", "Look:\n\nSo."),
    "image that leads out": ("![a](https://a.example/a.png)", None),
    "heading with an id": ("## A {: #a }", "## A"),
    "heading with braces": ("## The `{}` type", None),
    "comment": ("a<!-- hidden\norders --> b", "a b"),
    "attribute line": ("{: .note }\na", "a"),
    "target": ("(here)=\n# A", "# A"),
    "front matter": ("---\ntitle: A\n---\n\nb", "b"),
    "line breaks of Windows": ("a\r\nb", "a\nb"),
}


def cleaned(text: str) -> str:
    return page.cleaned(text).text


def read(text: str) -> page.Page:
    return page.read_page(SourceDocument("a", "text/markdown", text))


@pytest.mark.parametrize("before, after", CLEANED.values(), ids=CLEANED)
def test_markup_of_the_site_goes_and_the_words_stay(before, after):
    assert cleaned(before).strip() == (before if after is None else after)


CODE = {
    "fenced": "```\n:::{warning}\n[a](b) ![c](d) <!-- e --> {ref}`f`\n:::\n```",
    "fenced by tildes": "~~~py\n# A {: #a }\n!!! note\n~~~",
    "indented": "a\n\n    [a](b) <!-- c -->",
    "in a list": "- a\n\n  ```\n  !!! note\n  [a](b)\n  ```",
}


@pytest.mark.parametrize("source", CODE.values(), ids=CODE)
def test_code_is_left_alone(source):
    assert cleaned(source) == source


def test_code_inside_an_admonition_is_kept():
    text = cleaned(":::{note}\nRun:\n\n```sh\n$ a [b](c)\n```\n:::")
    assert text.strip() == "**Note:** Run:\n\n```sh\n$ a [b](c)\n```"


def test_a_page_has_title_lead_and_sections():
    one = read("# A\n\nlead\n\n## B\n\nb\n\n### C\n\nc\n\n# D\n\nd\n\n## E")
    assert (one.title, one.lead.text) == ("A", "lead")
    assert [section.title for section in one.sections] == ["B", "D"]
    assert one.sections[0].rendered(3) == "### B\n\nb\n\n#### C\n\nc"


def test_headings_in_code_and_lists_are_none():
    one = read("# A\n\n```\n# no\n```\n\n- # no\n\nB\n===\n\nb")
    assert [section.title for section in one.sections] == ["B"]


def test_a_page_without_headings_is_all_lead():
    one = read("just text")
    assert (one.title, one.lead.text, one.sections) == ("", "just text", ())


def test_front_matter_gives_a_title_when_no_heading_does():
    assert read("---\ntitle: 'A b'\n---\n\ntext").title == "A b"
    assert read("---\nx: y\n---\n\ntitle: no\n").title == ""


def test_text_before_the_first_heading_is_lead_and_the_heading_a_section():
    one = read("before\n\n# A\n\na")
    assert (one.title, one.lead.text) == ("", "before")
    assert one.sections[0].title == "A"


def test_sentences_end_where_they_end():
    line = 'Use it, e.g. Here. Do "this." Then `that` vs. Those! Is it? 3 times.'
    assert split_sentences(line) == [
        "Use it, e.g. Here.",
        'Do "this."',
        "Then `that` vs. Those!",
        "Is it?",
        "3 times.",
    ]


def test_sentences_stand_in_paragraphs_and_items_not_in_code_or_headings():
    text = "# No.\n\nOne.\nTwo.\n\n- Three.\n\n```\nNo.\n```\n\n| No. |\n|---|\n| No. |"
    assert Markdown(text).sentences() == ["One.", "Two.", "Three."]
    assert Markdown("- a\n  b\n- c\n\n1. d").items() == ["a b", "c", "d"]


def test_an_introduction_ends_before_what_leads_to_the_first_code():
    text = "Told.\n\n- also told\n\nRun:\n\n```\na\n```\n\nMore."
    first, rest = Markdown(text).introduction()
    assert first.text == "Told.\n\n- also told"
    assert rest.text == "Run:\n\n```\na\n```\n\nMore."
    assert Markdown("Run:\n\n    a").introduction()[0].text == ""


LONG = """
Deploy the site to both hosts. Use it when a release is ready.

## Steps

1. Build the image:

   ```sh
   docker build .
   ```

2. Push it.

## Limits

> **Warning:** Never push on a Friday.

| host | port |
|------|------|
| one  | 80   |

    an indented line
"""


def outline(piece: Markdown) -> list[tuple[str, int, str, int | None]]:
    return [
        (token.type, token.level, token.content, token.map[0] if token.map else None)
        for token in piece.tokens
    ]


def test_a_section_has_the_tokens_that_its_own_text_would_have():
    for section in read(LONG).sections:
        assert outline(section.body) == outline(Markdown(section.body.text))


@pytest.fixture
def parses(monkeypatch) -> list[str]:
    """Every text that the Markdown parser is called with."""
    texts: list[str] = []
    parse = markdown.PARSER.parse

    def counted(text: str):
        texts.append(text)
        return parse(text)

    monkeypatch.setattr(markdown.PARSER, "parse", counted)
    return texts


@pytest.mark.parametrize("verb", ["refine", "questions", "evals", "write"])
def test_an_author_parses_each_source_once(parses, verb):
    author, order = TemplateAuthor(), assignment(LONG)
    arguments = (order, author.evals(order)) if verb == "write" else (order,)
    parses.clear()

    getattr(author, verb)(*arguments)

    assert parses == [LONG]


def test_what_cleaning_changes_is_parsed_once_more_for_each_dialect(parses):
    marked = "!!! note\n    a\n\n:::{tip}\nb\n:::\n\n[c](d.md)\n"

    TemplateAuthor().refine(assignment(marked))

    assert len(parses) == 4
