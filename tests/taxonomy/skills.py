"""Files of small skills, as tests need them."""

from taxonomy.files.gate import File, Files, as_files


def skill_files(
    name: str = "pdf-tools",
    description: str = "Merge and split PDF files. Use when a PDF must change.",
    body: str = "# PDF tools\n\n1. Open the file.\n",
    extra: str = "",
    **more: bytes,
) -> Files:
    """`extra` is frontmatter YAML; `more` are further files, `__` is a slash."""
    text = f"---\nname: {name}\ndescription: {description}\n{extra}---\n\n{body}"
    others = [File(path.replace("__", "/"), content) for path, content in more.items()]
    return as_files([File("SKILL.md", text.encode()), *others])
