"""The operations on a skill's folder that tests interrupt."""

from taxonomy.files.gate import File, as_files
from taxonomy.files.write import remove_folder, write_folder


def skill(text: bytes) -> tuple[File, ...]:
    content = b"---\nname: a\ndescription: b\n---\n"
    return as_files([File("SKILL.md", content), File("notes/a.md", text)])


OLD, NEW = skill(b"old"), skill(b"new")

DEEDS = {
    "replace": lambda target: write_folder(NEW, target, replace=True, replacing=OLD),
    "replace anything": lambda target: write_folder(NEW, target, replace=True),
    "remove": lambda target: remove_folder(target, OLD),
}
