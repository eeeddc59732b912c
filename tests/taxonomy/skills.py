"""The files of small skills."""

from taxonomy.files.gate import File, Files, as_files


def skill_files(
    name: str = "pdf-tools",
    description: str = "Merge and split PDF files. Use when a PDF must change.",
    body: str = "# PDF tools\n\n1. Open the file.\n",
    extra: str = "",
    **more: bytes,
) -> Files:
    """`extra` is YAML for the frontmatter; `more` are further files, `__` means a
    slash."""
    text = f"---\nname: {name}\ndescription: {description}\n{extra}---\n\n{body}"
    others = [File(path.replace("__", "/"), content) for path, content in more.items()]
    return as_files([File("SKILL.md", text.encode()), *others])
