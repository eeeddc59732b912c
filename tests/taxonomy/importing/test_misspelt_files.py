"""A SKILL.md that is misspelt is refused with a row, never passed over."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy.files.gate import File, FilesRefused
from taxonomy.files.sources import open_source, uploaded_files
from taxonomy.files.write import write_folder
from taxonomy.models import Skill
from tests.taxonomy.importing.conftest import actions
from tests.taxonomy.skills import skill_files
from tests.taxonomy.test_validate_skill import validate_json

NAMES = ["Skill.md", "SKILL.MD", "skill.md", "SKILL.md ", "\u017fkill.md"]
URL = "/api/v1/skills/import"


def misspelt(name, folder="notes", root=""):
    [file] = skill_files(folder)
    return File(f"{root}{folder}/{name}", file.content)


def written(root, *files):
    for file in files:
        path = root / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
    return root


@pytest.mark.django_db
@pytest.mark.parametrize("name", NAMES)
def test_a_misspelt_file_is_refused_and_the_remedy_is_told(
    import_skills, tmp_path, name
):
    source = written(tmp_path / "source", misspelt(name))
    write_folder(skill_files("tune"), source / "tune")
    code, report = import_skills(source)
    assert code == 3
    assert actions(report) == {"notes": "refused", "tune": "created"}
    [row] = [each for each in report["skills"] if each["path"] == "notes"]
    assert "spell it SKILL.md" in row["reasons"][0]
    assert [skill.name for skill in Skill.objects.all()] == ["tune"]


@pytest.mark.django_db
def test_a_misspelt_file_hides_no_skill_below_it(import_skills, tmp_path):
    source = written(tmp_path / "source", File("Skill.md", b"# All our skills"))
    write_folder(skill_files("tune"), source / "skills/tune")
    assert actions(import_skills(source)[1]) == {
        "": "refused",
        "skills/tune": "created",
    }
    archive = tmp_path / "all.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for file in source.rglob("*.[mM][dD]"):
            packed.write(file, file.relative_to(source))
    report = import_skills(archive)[1]
    assert actions(report) == {"": "refused", "skills/tune": "unchanged"}


@pytest.mark.django_db
def test_the_api_says_how_to_spell_it(curator):
    text = misspelt("Skill.md").content.decode()
    [row] = curator.post(URL, {"files": {"notes/Skill.md": text}}).json()["skills"]
    assert row["action"] == "refused"
    assert "spell it SKILL.md" in row["reasons"][0]
    answer = curator.put("/api/v1/skills/notes", {"files": {"Skill.md": text}})
    assert answer.status_code == 400
    assert "spell it SKILL.md" in answer.content.decode()


@pytest.mark.parametrize("content", [b"no frontmatter", b"---\nname: Notes\n---\n"])
def test_what_is_refused_by_its_files_is_judged_by_its_text_too(tmp_path, content):
    written(tmp_path, File("notes-c/skill.md", content))
    written(tmp_path, File("linked/SKILL.md", content))
    (tmp_path / "linked/link").symlink_to("/etc/passwd")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("notes-c/skill.md", content)
    (tmp_path / "notes.zip").write_bytes(packed.getvalue())
    for target in (tmp_path / "notes-c", tmp_path / "linked", tmp_path / "notes.zip"):
        code, [row] = validate_json(target)
        assert code == 1
        assert (row["spec"]["valid"], row["portable"]["valid"]) == (False, False)
        assert {each["rule"].partition(".")[0] for each in row["errors"]} > {"files"}


@pytest.mark.parametrize("name", ["Skill.md", "SKILL.MD"])
def test_the_reference_validator_does_not_read_other_spellings(tmp_path, name):
    written(tmp_path, misspelt(name))
    [row] = validate_json(tmp_path / "notes")[1]
    assert row["spec"]["errors"][0]["rule"] == "file.missing"


@given(
    spelling=st.lists(st.booleans(), min_size=8, max_size=8),
    parents=st.lists(st.sampled_from(["a", "b", "skills"]), max_size=3),
)
def test_every_spelling_is_a_skill_or_is_refused(spelling, parents):
    letters = zip("skill.md", spelling, strict=True)
    name = "".join(each.upper() if upper else each for each, upper in letters)
    folder = "/".join([*parents, "notes"])
    root = folder.removesuffix("notes")
    source = uploaded_files(
        (misspelt(name, root=root), misspelt("SKILL.md", "x", root))
    )
    assert set(source.folders) == {folder, f"{root}x"}
    if name == "SKILL.md":
        assert source.read(folder)
    else:
        with pytest.raises(FilesRefused, match=r"spell it SKILL\.md"):
            source.read(folder)


def test_a_folder_named_skill_md_is_searched(tmp_path):
    write_folder(skill_files("tune"), tmp_path / "skill.md/tune")
    with open_source(tmp_path) as source:
        assert source.folders == ("skill.md/tune",)
