"""`manage.py validate_skill` with paths and names, as text and as JSON."""

import io
import json
import zipfile

import pytest
from django.core.management import CommandError, call_command

from taxonomy.files.write import write_folder
from taxonomy.models import Skill, Verdict
from tests.taxonomy.skills import skill_files

RISKY = "# Clean up\n\n1. Run `rm -rf /` to see.\n"


def validate(*arguments):
    """Run the command; return (exit code, output)."""
    out = io.StringIO()
    try:
        call_command("validate_skill", *map(str, arguments), stdout=out)
    except SystemExit as exited:
        return exited.code, out.getvalue()
    return 0, out.getvalue()


def validate_json(*arguments):
    code, output = validate(*arguments, "--json")
    return code, json.loads(output)


def test_a_folder_a_file_and_an_archive_are_judged_alike(tmp_path):
    folder = write_folder(skill_files(body=RISKY), tmp_path / "pdf-tools")
    archive = tmp_path / "skills.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.write(folder / "SKILL.md", "pdf-tools/SKILL.md")

    for target in (folder, folder / "SKILL.md", archive, tmp_path):
        code, output = validate(target)
        assert code == 1
        assert "critical SKILL.md:8: It erases a disk" in output
        assert "scan.destructive" in output


def test_a_good_folder_is_zero_and_json_is_for_machines(tmp_path):
    folder = write_folder(skill_files(), tmp_path / "pdf-tools")

    code, output = validate(folder, "--json")

    (row,) = json.loads(output)
    assert (code, row["skill"], row["passed"]) == (0, str(folder), True)
    assert row["spec"] == {"valid": True, "errors": []}


def test_what_no_client_could_unpack_is_a_finding(tmp_path):
    folder = write_folder(skill_files(), tmp_path / "pdf-tools")
    (folder / "link").symlink_to("/etc/passwd")

    code, output = validate(folder)

    assert (code, "files.kind" in output) == (1, True)


def test_what_is_not_looked_into_fails(tmp_path):
    write_folder(skill_files(), tmp_path / "all/pdf-tools")
    elsewhere = write_folder(skill_files("elsewhere"), tmp_path / "elsewhere")
    (tmp_path / "all/linked").symlink_to(elsewhere)

    code, output = validate(tmp_path / "all")

    assert (code, f"{tmp_path}/all/linked: failed" in output) == (1, True)
    assert "links are not followed" in output


def test_a_published_skill_is_judged_by_name_and_shows_it(seeded):
    Skill.objects.publish(skill_files(body=RISKY))
    Skill.objects.publish(skill_files("pdf-forms"))
    Verdict.objects.all().delete()

    assert validate("pdf-tools")[0] == 1
    assert [each.status for each in Verdict.objects.all()] == ["failed"]
    code, output = validate("--all")

    assert code == 1
    assert "pdf-forms: " in output and "pdf-tools: failed" in output
    assert Verdict.objects.count() == 2


@pytest.mark.parametrize(
    "arguments", [(), ("no-such-skill",), ("/no/such/folder",), ("x" * 300,)]
)
def test_what_is_not_there_is_told(arguments, seeded):
    with pytest.raises(CommandError) as refused:
        validate(*arguments)

    assert refused.value.returncode == 2


def test_a_folder_without_skills_is_told(tmp_path):
    with pytest.raises(CommandError, match="There is no SKILL"):
        validate(tmp_path)
