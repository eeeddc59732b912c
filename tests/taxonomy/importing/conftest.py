"""Folders to import, and the commands as users run them."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from taxonomy.files.write import write_folder
from tests.taxonomy.skills import skill_files

Run = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def source_folder(tmp_path: Path) -> Path:
    """Three skills in folders of two depths, next to files that are no skills."""
    root = tmp_path / "source_folder"
    pdf = skill_files(references__api=b"\x00\xff\r\n", scripts__run=b"#!/bin/sh\n")
    write_folder(pdf, root / "pdf-tools")
    (root / "pdf-tools" / "scripts" / "run").chmod(0o755)
    write_folder(skill_files("tune"), root / "skills" / "data" / "ml" / "tune")
    write_folder(
        skill_files("review-code", "Review code. Use when code needs a review."),
        root / "skills" / "review-code",
    )
    (root / "README.md").write_text("# Skills\n")
    (root / ".git").mkdir()
    (root / ".git" / "SKILL.md").write_text("no skill")
    return root


@pytest.fixture
def import_skills(seeded: None) -> Run:
    """Run the command; return (exit code, report)."""

    def run(path: Path, *options: str) -> tuple[int, dict[str, Any]]:
        out, code = StringIO(), 0
        try:
            call_command(
                "import_skills", str(path), "--json", *options, stdout=out, stderr=out
            )
        except SystemExit as ended:
            code = int(ended.code or 0)
        return code, json.loads(out.getvalue())

    return run


def actions(report: dict[str, Any]) -> dict[str, str]:
    return {skill["path"]: skill["action"] for skill in report["skills"]}
