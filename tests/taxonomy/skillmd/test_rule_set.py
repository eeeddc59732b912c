"""The list of all rules is complete; its digest depends on what the rules look for."""

import ast
import importlib
import pkgutil
import re
from dataclasses import replace
from pathlib import Path

import pytest

from taxonomy.files import gate
from taxonomy.scan import engine, rules, text
from taxonomy.scan.rules import ALL, TEXT_RULES
from taxonomy.scan.rules.files import FileRule
from taxonomy.scan.rules.pattern import ScanRule
from taxonomy.scan.rules.skill import SkillRule
from taxonomy.skillmd import document, portable, quality, rule_set, specification
from taxonomy.skillmd.findings import Severity

LISTED = {rule for rule, *_ in rule_set.entries()}
A_RULE = next(each for each in TEXT_RULES if each.rule == "scan.destructive")


def digest_with(changed):
    """The digest of all rules if this one replaced the rule of its name."""
    entry = (changed.rule, "text", changed.severity, changed.parameters)
    others = [each for each in rule_set.entries() if each[0] != changed.rule]
    return rule_set.digest_of([*others, entry])


def test_the_digest_is_of_sixteen_digits_and_does_not_depend_on_the_order():
    entries = rule_set.entries()

    assert re.fullmatch("[0-9a-f]{16}", rule_set.rule_set())
    assert rule_set.digest_of(reversed(entries)) == rule_set.rule_set()
    assert digest_with(A_RULE) == rule_set.rule_set()


@pytest.mark.parametrize(
    "change",
    [
        {"pattern": re.compile(A_RULE.pattern.pattern + "x", A_RULE.pattern.flags)},
        {"pattern": re.compile(A_RULE.pattern.pattern, re.VERBOSE)},
        {"severity": Severity.NOTICE},
        {"words": A_RULE.words[1:]},
        {"hint": re.compile("rm")},
        {"files": re.compile("sh$")},
    ],
    ids=["pattern", "flags", "severity", "words", "hint", "files"],
)
def test_the_digest_changes_with_what_a_rule_looks_for(change):
    assert digest_with(replace(A_RULE, **change)) != rule_set.rule_set()


def test_the_digest_stays_when_only_the_text_for_people_changes():
    same = replace(A_RULE, message="Danger", why="So", remedy="Do not.")

    assert digest_with(same) == rule_set.rule_set()


def test_the_digest_changes_with_the_version(monkeypatch):
    monkeypatch.setattr(rule_set, "VERSION", rule_set.VERSION + 1)

    assert rule_set.digest_of(rule_set.entries()) != rule_set.rule_set()


def test_no_rule_is_listed_twice():
    assert len(LISTED) == len(rule_set.entries())


def test_every_rule_of_the_scan_is_on_the_list():
    modules = [
        importlib.import_module(f"{rules.__name__}.{each.name}")
        for each in pkgutil.iter_modules(rules.__path__)
    ]
    written = {
        each.rule for module in modules for each in rules_in(vars(module).values())
    }

    assert written == {each.rule for each in ALL}
    assert written <= LISTED


def rules_in(values):
    for value in values:
        if isinstance(value, ScanRule | FileRule | SkillRule):
            yield value
        elif isinstance(value, tuple):
            yield from rules_in(value)


@pytest.mark.parametrize(
    ("module", "call", "position", "prefix"),
    [
        (gate, "_error", 0, "files."),
        (portable, "_finding", 1, "portable."),
        (quality, "_warn", 1, "quality."),
        (specification, "Problem", 0, ""),
        (quality, "Finding", 0, ""),
        (document, "Finding", 0, ""),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_every_rule_that_the_code_names_is_on_the_list(module, call, position, prefix):
    named = {prefix + name for name in names_given(module, call, position)}

    assert named and {name for name in named if not is_listed(name)} == set()


def names_given(module, call, position):
    """The names of rules that a module passes to a function; .* for a variable part."""
    for node in ast.walk(ast.parse(Path(module.__file__).read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == call:
            argument = node.args[position] if len(node.args) > position else None
            if isinstance(argument, ast.Constant):
                yield re.escape(argument.value)
            elif isinstance(argument, ast.JoinedStr):
                yield "".join(
                    re.escape(part.value) if isinstance(part, ast.Constant) else ".*"
                    for part in argument.values
                )


def is_listed(pattern):
    return any(re.fullmatch(pattern, rule) for rule in LISTED)


def test_every_error_of_a_document_is_on_the_list():
    errors = document.SkillMdError.__subclasses__()
    reading = {each.rule for each in errors} - {document.UnwritableFrontmatter.rule}

    assert reading and reading <= LISTED


def test_what_all_rules_for_texts_share_is_on_the_list():
    assert {each.rule for each in (*engine.RULES, *text.RULES)} <= LISTED
