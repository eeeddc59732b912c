"""Our own grammar of fences agrees with CommonMark where texts are well formed."""

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from taxonomy.scan.text import fenced, starts_of
from taxonomy.skillmd import markdown

COMMONMARK = MarkdownIt("commonmark").disable("inline")

MARKS = st.builds(str.__mul__, st.sampled_from("`~"), st.integers(2, 6))
INDENTS = st.sampled_from(["", " ", "   "])
ENDINGS = st.sampled_from(["", "  ", "sh", " python x", " a`b", " a~b"])
FENCE_LIKE = st.builds("{}{}{}".format, INDENTS, MARKS, ENDINGS)
PROSE = st.sampled_from(["", "Text.", "# Title", "a `code` b", "exec(x)"])
FLAT_TEXTS = st.lists(FENCE_LIKE | PROSE, max_size=20).map(
    lambda lines: "\n".join([*lines, "The end."])
)

CONTAINERS = st.sampled_from(
    [("", ""), ("- ", "  "), ("12. ", "    "), ("> ", "> "), ("> - ", ">   ")]
)
CODE = st.lists(st.sampled_from(["x = 1", "# a", "``", "  y"]), min_size=1, max_size=3)


@st.composite
def blocks(draw: st.DrawFn) -> str:
    """A code block or a paragraph in a list, in a quotation, in both or in none."""
    first, further = draw(CONTAINERS)
    mark = draw(MARKS.filter(lambda mark: len(mark) > 2))
    fenced = [f"{mark}{draw(st.sampled_from(['', 'sh']))}", *draw(CODE), mark]
    lines = fenced if draw(st.booleans()) else ["Text."]
    return "\n".join([first + lines[0], *(further + line for line in lines[1:])])


NESTED_TEXTS = st.lists(blocks(), max_size=6).map("\n\nText.\n\n".join)


@given(FLAT_TEXTS | NESTED_TEXTS)
def test_the_same_lines_are_code(text):
    ours = {line.number for line in markdown.lines(text, 0) if line.fence is not None}

    assert ours == code_by_commonmark(text)


@given(FLAT_TEXTS)
def test_the_scan_looks_at_the_same_code(text):
    tokens = [each for each in COMMONMARK.parse(text) if each.type == "fence"]
    code = [line for each in tokens for line in each.content.split()]

    assert fenced(text, starts_of(text)).split() == code


def code_by_commonmark(text: str) -> set[int]:
    fences = (each for each in COMMONMARK.parse(text) if each.type == "fence")
    return {line for each in fences for line in range(*each.map)}
