"""Reading and writing need time in proportion to the sources, whatever they hold."""

import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from jobs.authors.markdown import PARSER, Markdown
from jobs.authors.template import TemplateAuthor
from tests.jobs.authors.material import assignment

COMMONMARK = MarkdownIt("commonmark").enable("table").disable("inline")
SMALL, TIMES = 2000, 8
UNITS = [
    "U.S. ",
    "> ```\na\n",
    ">     a\nb\n",
    "> <pre>\na\n",
    "> > ```\n> a\n",
    "> > > a\nb\n",
    "> - a\nb\n",
    "# a\nb\n",
    "## a\n\n`b`\n\n",
    "requires ",
    "\n",
    ":::note\n",
    "- run a\n",
    "[",
    "![",
]
PIECES = ["> ", ">", "a", "b\n", "\n", "- ", "  ", "    ", "```\n", "1. ", "|a|\n"]
PIECES += ["|-|\n", "# ", "<div>\n", "---\n", "[a]: b\n", '"t', "<!--", "===\n", "\t"]
texts = st.lists(st.sampled_from(PIECES), max_size=60).map("".join)


def seconds_for(text: str) -> float:
    """The processor time of an author's whole work on a source."""
    author, task = TemplateAuthor(), assignment(text)
    began = time.process_time()
    task = replace(task, brief=author.refine(task))
    author.questions(task)
    files = author.write(task, author.evals(task))
    author.revise(task, files, ())
    return time.process_time() - began


def is_linear(small: str, large: str) -> bool:
    """Whether the time grows with the size; quadratic time would grow eightfold more.

    The comparison is repeated, as other programs may use the processor.
    """
    for _ in range(3):
        limit = 3 * TIMES * max(seconds_for(small), 0.02)
        if seconds_for(large) <= limit:
            return True
    return False


@pytest.mark.parametrize("unit", UNITS)
def test_time_grows_with_the_size_of_a_hostile_source(unit):
    repeat = SMALL // len(unit)
    assert is_linear(unit * repeat, unit * repeat * TIMES)


@settings(max_examples=12)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join))
def test_time_grows_with_the_size_of_any_repeated_piece(unit):
    repeat = SMALL // 2 // len(unit)
    assert is_linear(unit * repeat, unit * repeat * TIMES)


def test_time_grows_with_the_number_of_link_definitions_and_admonitions():
    def definitions(number: int) -> str:
        return "".join(f"[a{n}]: b\n\n[a{n}] c\n\n" for n in range(number))

    def admonitions(number: int) -> str:
        return ":::note\n" * number + ":::\n" * number

    for text in (definitions, admonitions):
        assert is_linear(text(100), text(100 * TIMES))


@settings(max_examples=200)
@given(texts)
def test_quotations_are_read_as_markdown_it_reads_them(text):
    tokens = [token.as_dict() for token in PARSER.parse(text)]
    assert tokens == [token.as_dict() for token in COMMONMARK.parse(text)]


def test_a_sentence_ends_at_the_first_full_stop_behind_many_abbreviations():
    text = "U.S. " * 1000 + "etc. (see it.) It ends here. And one more."
    first, *rest = Markdown(text).sentences()
    assert first.startswith("U.S. U.S. ") and first.endswith("(see it.)")
    assert rest == ["It ends here.", "And one more."]
