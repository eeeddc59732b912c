"""Settings that would lose jobs are refused when the server starts."""

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError


def test_the_settings_as_they_are_pass():
    call_command("check")


def test_an_unknown_way_to_run_jobs_is_refused(settings):
    settings.SKILLFLEET_JOBS = "celery"

    with pytest.raises(SystemCheckError, match=r"jobs\.E001.*celery.*queue, inline"):
        call_command_flat("check")


def test_a_reminder_after_the_end_is_refused(settings):
    settings.SKILLFLEET_QUESTION_REMINDER = 1.5

    with pytest.raises(SystemCheckError, match=r"jobs\.E003.*1\.5.*like 0\.5"):
        call_command_flat("check")


@pytest.mark.parametrize("queue", [{}, {"orm": "elsewhere"}])
def test_a_queue_in_another_database_is_refused(settings, queue):
    settings.Q_CLUSTER = queue

    with pytest.raises(SystemCheckError, match=r"jobs\.E002.*Set it to 'default'"):
        call_command_flat("check")


def call_command_flat(name: str) -> None:
    """Run a command; its error message is on one line, for `match`."""
    try:
        call_command(name)
    except SystemCheckError as error:
        raise SystemCheckError(str(error).replace("\n", " ")) from None
