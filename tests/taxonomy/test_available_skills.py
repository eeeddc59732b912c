"""The list of skills is the one that the reference prints, within a budget."""

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st
from skills_ref.prompt import to_prompt

from taxonomy.api.available import SkillEntry, render_available_skills
from taxonomy.skillmd.document import render

ENTRIES = st.lists(
    st.builds(SkillEntry, st.text(), st.text(), st.text(), st.booleans()), max_size=5
)


def test_the_text_is_the_one_that_the_reference_prints(tmp_path):
    folders = [tmp_path / "b-2", tmp_path / "a"]
    for folder in folders:
        folder.mkdir()
        frontmatter = {"name": folder.name, "description": 'Say "hi" & <b>bye</b>\'s.'}
        (folder / "SKILL.md").write_text(render(frontmatter, "# Hi"))
    entries = [
        SkillEntry(f.name, 'Say "hi" & <b>bye</b>\'s.', str(f / "SKILL.md"))
        for f in folders
    ]
    assert render_available_skills(entries) == (to_prompt(folders), 0)


def test_no_skills_give_the_two_outer_lines():
    assert render_available_skills([]) == ("<available_skills>\n</available_skills>", 0)


def test_always_comes_first_and_the_order_is_kept_otherwise():
    entries = [SkillEntry(name, "d", "l", name in "ce") for name in "abcde"]
    root = ElementTree.fromstring(render_available_skills(entries)[0])  # noqa: S314
    assert [(e.text or "").strip() for e in root.iter("name")] == list("ceabd")


def test_what_does_not_fit_is_left_out_whole_and_counted():
    entries = [SkillEntry("long", "x" * 500, "l"), SkillEntry("short", "y", "l")]
    text, omitted = render_available_skills(entries, max_chars=300)
    assert omitted == 1
    assert "short" in text
    assert "x" not in text.replace("</", "")
    assert render_available_skills(entries, max_chars=0)[1] == 2


@given(entries=ENTRIES, max_chars=st.none() | st.integers(0, 600))
def test_any_text_gives_xml_that_keeps_to_the_budget(entries, max_chars):
    text, omitted = render_available_skills(entries, max_chars)
    root = ElementTree.fromstring(text)  # noqa: S314
    assert len(root) + omitted == len(entries)
    if max_chars is None:
        assert omitted == 0
    else:
        assert len(text) <= max(
            max_chars, len("<available_skills>\n</available_skills>")
        )
