"""Skills are selected as agents do it: by names and descriptions alone."""

from hypothesis import given
from hypothesis import strategies as st

from jobs.authors.base import SkillSummary
from jobs.pipeline.evaluation import THRESHOLD, SkillSelector, stem, terms

DOCKER = SkillSummary("run-with-docker", "Run the site in containers with Docker.")
LOGS = SkillSummary("rotate-logs", "Rotate log files. Use when disks fill up.")
MAILS = SkillSummary("write-mails", "Write mails to customers about outages.")
FLEET = (DOCKER, LOGS, MAILS)


def test_the_skill_whose_description_fits_is_taken():
    assert (
        SkillSelector(FLEET).select("How do I rotate the log files?").name
        == "rotate-logs"
    )


def test_endings_do_not_matter():
    assert (
        SkillSelector(FLEET).select("Writing a mail to a customer").name
        == "write-mails"
    )
    assert stem("launching") == stem("launches") == stem("launch")
    assert stem("running") == stem("runs") == stem("run")
    assert stem("strategies") == stem("strategy")


def test_one_word_in_common_is_not_enough():
    pick = SkillSelector(FLEET).select("Write a short poem about disks and rivers")
    assert pick.name == ""
    assert pick.score < THRESHOLD


def test_no_skills_and_an_empty_prompt_select_nothing():
    assert SkillSelector(()).select("anything").name == ""
    assert SkillSelector(FLEET).select("how do I").name == ""


def test_a_word_in_the_name_counts_more_than_one_in_the_description():
    similar = SkillSummary("tidy-up", "Rotate log files. Use when disks fill up.")
    assert SkillSelector((similar, LOGS)).select("rotate logs").name == "rotate-logs"


def test_words_that_say_nothing_are_left_out():
    assert terms("How do I use the Docker?") == terms("docker")


skills = st.lists(
    st.builds(SkillSummary, st.text(max_size=20), st.text(max_size=60)), max_size=6
)


@given(skills, st.text(max_size=60))
def test_the_order_of_the_fleet_does_not_matter(fleet, prompt):
    assert SkillSelector(fleet).rank(prompt) == SkillSelector(fleet[::-1]).rank(prompt)


@given(skills, st.text(max_size=60))
def test_scores_lie_between_nothing_and_all(fleet, prompt):
    assert all(0 < pick.score <= 1 for pick in SkillSelector(fleet).rank(prompt))


@given(st.text(min_size=1, max_size=80).filter(lambda text: terms(text)))
def test_a_skill_is_found_by_its_own_description(description):
    assert (
        SkillSelector([SkillSummary("x", description)]).select(description).name == "x"
    )
