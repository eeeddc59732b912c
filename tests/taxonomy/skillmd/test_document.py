"""Reading and writing SKILL.md."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy.files.gate import Limits
from taxonomy.skillmd.document import (
    Document,
    FrontmatterInvalid,
    FrontmatterMissing,
    FrontmatterNotMapping,
    FrontmatterTooLarge,
    FrontmatterUnclosed,
    FrontmatterUnreadable,
    NotText,
    UnwritableFrontmatter,
    decode,
    parse,
    render,
)

TEXT = st.text(st.characters(codec="utf-8"))
KEYS = st.text(st.characters(codec="utf-8"), max_size=12)
VALUES = st.recursive(
    TEXT,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(KEYS, inner, min_size=1, max_size=3)
    ),
    max_leaves=6,
)


def test_frontmatter_and_body_are_told_apart():
    text = '---\nname: pdf\ndescription: "Use: it"\n---\n\n# PDF\n\nText\n'
    assert parse(text) == Document(
        {"name": "pdf", "description": "Use: it"}, "# PDF\n\nText"
    )


def test_every_scalar_is_text_also_inside_metadata():
    parsed = parse("---\nname: 1\nmetadata:\n  version: 1.0\n  on: yes\n---\n")
    assert parsed.frontmatter == {
        "name": "1",
        "metadata": {"version": "1.0", "on": "yes"},
    }


def test_windows_line_breaks_read_like_unix_ones():
    assert parse("---\r\nname: a\r\n---\r\nx\r\ny") == Document({"name": "a"}, "x\ny")
    assert decode(b"a\r\nb\rc") == "a\nb\nc"


@pytest.mark.parametrize(
    ("text", "error", "line"),
    [
        ("", FrontmatterMissing, 1),
        ("\ufeff---\nname: a\n---\n", FrontmatterMissing, 1),
        ("---\nname: a\n", FrontmatterUnclosed, 1),
        ("---\njust text\n---\n", FrontmatterNotMapping, 1),
        ("---\n- name\n---\n", FrontmatterNotMapping, 1),
        ("---\nname: a\nother: b: c\n---\n", FrontmatterInvalid, 3),
        ("---\nname: {}\n---\n", FrontmatterInvalid, 2),
        ("---\nname: &a b\n---\n", FrontmatterInvalid, 2),
        ("---\nname: a\nname: b\n---\n", FrontmatterInvalid, 3),
        ("---\n? - a\n: b\n---\n", FrontmatterInvalid, None),
        ("---\nname: a\nx: a\x00b\n---\n", FrontmatterUnreadable, 3),
        ("---\nname: a\x07b\n---\n", FrontmatterUnreadable, 2),
        ("---\nname: \ud800\n---\n", FrontmatterUnreadable, 2),
    ],
)
def test_an_unusable_document_says_what_is_wrong_and_where(text, error, line):
    with pytest.raises(error) as caught:
        parse(text)
    assert caught.value.line == line
    assert str(caught.value)
    assert caught.value.rule
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ("\ufeff", "byte order mark"),
        ("\ufeff\n", "byte order mark"),
        ("\n", "empty lines"),
        ("  ", "blanks"),
        ("\u200b", "invisible characters"),
    ],
)
def test_what_precedes_the_first_line_is_named(start, message):
    with pytest.raises(FrontmatterMissing, match=message) as caught:
        parse(f"{start}---\nname: a\n---\n")
    assert "Begin the file" not in caught.value.remedy


def test_utf16_is_named():
    with pytest.raises(NotText, match="UTF-16"):
        decode("---\nname: a\n---\n".encode("utf-16"))


def test_bytes_that_are_not_utf8_are_named_by_their_place():
    with pytest.raises(NotText, match="byte 2") as caught:
        decode(b"a\n\xff")
    assert caught.value.line == 2


@pytest.mark.parametrize(
    "frontmatter",
    [
        "a:\n" + "- 1\n" * 3000,
        "a:\n" + ("- " * 20 + "1\n") * 400,
        "a:\n  " + "- " * 2000 + "1\n",
        "? " * 4000 + "\n",
        "".join(" " * i + "a:\n" for i in range(200)),
        "a: " + "x" * 1_000_000 + "\n",
        "a: |\n" + " \n" * 10_000,
    ],
)
def test_frontmatter_that_takes_long_to_read_is_refused_unread(frontmatter):
    with pytest.raises(FrontmatterTooLarge):
        parse(f"---\n{frontmatter}---\n")


def test_the_bound_on_frontmatter_can_be_set():
    text = "---\nname: abc\ndescription: d\n---\n"
    assert parse(text, Limits(frontmatter_nodes=5, frontmatter_chars=30))
    with pytest.raises(FrontmatterTooLarge, match="at most 4"):
        parse(text, Limits(frontmatter_nodes=4))
    with pytest.raises(FrontmatterTooLarge, match="at most 20"):
        parse(text, Limits(frontmatter_chars=20))


@given(frontmatter=st.dictionaries(KEYS, VALUES, min_size=1, max_size=4), body=TEXT)
def test_what_is_written_reads_back_equal(frontmatter, body):
    if "metadata" in frontmatter:
        frontmatter["metadata"] = {"version": "1.0.0"}
    text = render(frontmatter, body)
    assert parse(text, Limits(frontmatter_chars=10**6)) == Document(
        frontmatter, body.replace("\r\n", "\n").replace("\r", "\n").strip()
    )
    assert render(parse(text).frontmatter, parse(text).body) == text


def test_what_is_written_is_quoted_and_its_delimiters_are_the_only_dashes():
    text = render({"name": "x", "description": "a --- b: 'c' \"d\"\n# e"}, "\n# X\n")
    assert text == (
        '---\nname: "x"\ndescription: "a --\\x2d b: \'c\' \\"d\\"\\n# e"\n---\n\n# X\n'
    )


def test_letters_and_signs_of_any_script_stay_readable():
    text = render({"name": "x", "description": "Déjà — naïve 日本 🎉 → ok"}, "")
    assert 'description: "Déjà — naïve 日本 🎉 → ok"' in text


def test_numbers_are_written_as_text():
    written = render({"name": "x", "metadata": {"a": 1, "b": 1.5, "c": True}}, "")
    assert parse(written).frontmatter["metadata"] == {"a": "1", "b": "1.5", "c": "true"}


@pytest.mark.parametrize("value", [None, {}, [], b"x", {"a": {}}, ["a", None]])
def test_what_strict_yaml_cannot_hold_is_refused(value):
    with pytest.raises(UnwritableFrontmatter, match="not text"):
        render({"name": "x", "metadata": value}, "body")
