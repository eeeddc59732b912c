"""However an import or a sync ends, it reports what was done until then."""

import json
from contextlib import contextmanager
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from taxonomy.files.write import write_folder
from taxonomy.models import Skill
from tests.taxonomy.skills import skill_files

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seeded")]
COMMANDS = ["import_skills", "sync_skills"]


@contextmanager
def locked(*turns):
    """The database is locked for these writes of a version, counted from 0."""
    written = 0

    def refuse(execute, sql, *arguments):
        nonlocal written
        if sql.startswith('INSERT INTO "taxonomy_skillversion"'):
            written += 1
            if written - 1 in turns:
                raise OperationalError("database is locked")
        return execute(sql, *arguments)

    with connection.execute_wrapper(refuse):
        yield


@pytest.fixture
def source(tmp_path):
    for number in range(5):
        write_folder(skill_files(f"skill-{number}"), tmp_path / f"skill-{number}")
    return tmp_path


def run(command, *arguments):
    """Run the command; return (exit code, error message, report)."""
    out, code, message = StringIO(), 0, ""
    try:
        call_command(command, *map(str, arguments), "--json", stdout=out, stderr=out)
    except SystemExit as ended:
        code = int(ended.code or 0)
    except CommandError as error:
        code, message = error.returncode, str(error)
    return code, message, json.loads(out.getvalue())


@pytest.mark.parametrize("command", COMMANDS)
def test_one_failure_of_the_database_refuses_one_skill(source, command):
    with locked(1, 3):
        code, message, report = run(command, source)
    assert (code, message) == (3, "")
    assert report["counts"] == {"created": 3, "refused": 2}
    assert "database is locked" in report["skills"][1]["reasons"][0]
    assert run(command, source)[2]["counts"] == {"created": 2, "unchanged": 3}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_database_that_goes_on_failing_ends_the_run(source, command):
    with locked(1, 2, 3, 4):
        code, message, report = run(command, source)
    assert (code, report["counts"]) == (3, {"created": 1, "refused": 4})
    assert "not tried" in message
    assert "not tried" in report["skills"][4]["reasons"][0]
    assert Skill.objects.count() == 1


def test_a_path_that_cannot_be_remembered_needs_a_name(source):
    for path, message in (
        (source / "\udcff", "PATH: It is not UTF-8"),
        (source / ("d" * 200) / ("e" * 150), "PATH: It has more than 300"),
    ):
        path.mkdir(parents=True)
        (source / "skill-0").rename(path / "skill-0")
        with pytest.raises(CommandError, match=message):
            call_command("import_skills", str(path))
        code, _, report = run("import_skills", path, "--source", "")
        assert (code, sum(report["counts"].values())) == (0, 1)
        (path / "skill-0").rename(source / "skill-0")
    for options, message in (
        (["--source", "\udcff"], "--source: It is not UTF-8"),
        (["--source", "", "--prune"], "--prune"),
    ):
        with pytest.raises(CommandError, match=message):
            call_command("import_skills", str(source), *options)
