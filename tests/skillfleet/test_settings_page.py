"""docs/reference/settings.md and the code name the same variables and defaults."""

import ast
import re
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILES = (
    "skillfleet/settings.py",
    "skillfleet/product_settings.py",
    "skillfleet/environment.py",
    "skillfleet/gunicorn.py",
    "gunicorn_events.conf.py",
)
READERS = {"str", "bool", "int", "float", "list", "db", "seconds", "rate"}
ROW = re.compile(
    r"^\| `(?P<name>[A-Z_]+)` \| (?P<default>[^|]+) \| (?P<meaning>.+) \|$"
)


def variables():
    """The default of each variable as a literal, or None where code computes it."""
    defaults = {}
    trees = (ast.parse((ROOT / file).read_text()) for file in FILES)
    for node in chain.from_iterable(map(ast.walk, trees)):
        if isinstance(node, ast.Call) and reader(node.func) in READERS:
            name, *rest = node.args
            if isinstance(name, ast.Constant):
                keywords = [
                    word.value for word in node.keywords if word.arg == "default"
                ]
                defaults[name.value] = literal((rest or keywords)[0])
    return defaults


def reader(function):
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return function.attr if function.value.id == "env" else None
    return getattr(function, "id", None)


def literal(node):
    try:
        return eval(compile(ast.Expression(node), "settings", "eval"), {})  # noqa: S307
    except NameError:
        return None


def documented():
    page = (ROOT / "docs/reference/settings.md").read_text()
    rows = [match for line in page.splitlines() if (match := ROW.match(line))]
    assert len(rows) == len({row["name"] for row in rows}), "a setting has two lines"
    return {row["name"]: row["default"].strip() for row in rows}


def as_documented(value):
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return ", ".join(f"`{item}`" for item in value) or "empty"
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    return f"`{value}`"


def test_every_setting_has_a_line_and_every_line_a_setting():
    assert sorted(documented()) == sorted(variables())


def test_every_line_gives_the_default_that_the_code_gives():
    """Where the code has no literal default, the page says what happens instead."""
    page = documented()

    wrong = {
        name: (page.get(name), as_documented(value))
        for name, value in variables().items()
        if value not in (None, "") and page.get(name) != as_documented(value)
    }
    assert wrong == {}
