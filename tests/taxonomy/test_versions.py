"""Version numbers are ordered as semver.org says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy.exceptions import VersionConflict
from taxonomy.models.version import Version, next_number

number = st.integers(min_value=0, max_value=10**9 - 1)
stage = st.lists(
    st.one_of(
        st.integers(0, 999).map(str),
        st.from_regex(r"[a-z][a-z0-9-]{0,5}", fullmatch=True),
    ),
    max_size=3,
).map(tuple)
versions = st.builds(Version, number, number, number, stage)

IN_ORDER = [
    "0.9.9",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1",
    "1.2.0",
    "1.10.0",
]


def test_the_order_is_that_of_semver():
    assert sorted(map(Version.parse, reversed(IN_ORDER))) == [
        Version.parse(text) for text in IN_ORDER
    ]


@given(versions)
def test_what_is_written_is_read_back(version):
    text = str(version)
    assert Version.parse(text) == (version if len(text) <= 64 else None)


@given(versions)
def test_the_next_patch_is_higher_and_no_stage(version):
    assert version < version.next_patch()
    assert not version.next_patch().prerelease


@given(versions, versions)
def test_two_versions_are_equal_or_one_is_higher(one, other):
    assert (one < other) + (one > other) + (one == other) == 1


@given(st.text(max_size=80))
def test_any_text_is_a_version_or_none(text):
    for version in (Version.parse(text), Version.parse_lenient(text)):
        assert version is None or Version.parse(str(version)) == version


@given(st.lists(versions.map(str).filter(lambda text: len(text) <= 64)), st.text())
def test_the_next_number_is_higher_than_all_published(published, named):
    following = Version.parse(next_number(published, declared=named))
    assert following
    assert all(Version.parse(each) < following for each in published)


@pytest.mark.parametrize("number", ["1.2.3", "1.2.2", "1.2.3-rc.1"])
def test_a_given_number_is_never_lower_or_taken(number):
    with pytest.raises(VersionConflict):
        next_number(["1.2.3", "1.0.0"], requested=number)
    assert next_number(["1.2.3"], requested="1.2.4") == "1.2.4"


@pytest.mark.parametrize("text", ["1.0.0+build", "01.0.0", "1.0.0-01", "1.0", "٣.0.0"])
def test_what_is_no_full_number_is_refused(text):
    assert Version.parse(text) is None
