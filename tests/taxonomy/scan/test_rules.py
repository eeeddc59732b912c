"""Every pattern has bounded repetitions, and the reference lists every rule."""

import re
from pathlib import Path

import pytest

from taxonomy.scan.rules import ALL, TEXT_RULES
from taxonomy.scan.rules.skill import EVERY_TOOL, HIJACK, NETWORK
from taxonomy.scan.text import CREDENTIALS

PAGE = Path(__file__).parents[3] / "docs/reference/scan-rules.md"
PATTERNS = {rule.rule: rule.pattern for rule in TEXT_RULES} | {
    "hijack": HIJACK,
    "network": NETWORK,
    "every tool": EVERY_TOOL,
    "credentials": CREDENTIALS,
}
REPEATS = {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}
MOST, MOST_NESTED = 4000, 2000


def repeats(tree, factor=1):
    """(maximum, product of the nested maxima) of every repetition in the pattern."""
    for operator, argument in tree:
        inner = factor
        if str(operator) in REPEATS:
            inner = factor * int(argument[1])
            yield int(argument[1]), inner if factor > 1 else 1
        for part in parts(argument):
            yield from repeats(part, inner)


def parts(argument):
    """The patterns in an argument, which may be nested tuples and lists."""
    if isinstance(argument, re._parser.SubPattern):
        yield argument
    elif isinstance(argument, tuple | list):
        for each in argument:
            yield from parts(each)


@pytest.mark.parametrize("name", PATTERNS)
def test_no_pattern_repeats_without_a_bound(name):
    pattern = PATTERNS[name]
    bounds = list(repeats(re._parser.parse(pattern.pattern, pattern.flags)))

    assert all(most <= MOST and nested <= MOST_NESTED for most, nested in bounds)


def test_an_unbounded_pattern_would_be_found():
    tree = re._parser.parse(r"a(?:b{1,9}c){2,9}(?=d*)")

    assert sorted(repeats(tree)) == [(9, 1), (9, 81), (int(re._parser.MAXREPEAT), 1)]


def test_each_rule_says_what_why_and_what_to_do():
    assert len({rule.rule for rule in ALL}) == len(ALL) >= 25
    assert all(rule.message and rule.why and rule.remedy for rule in ALL)


def test_words_are_looked_up_in_lower_case():
    assert [rule.rule for rule in TEXT_RULES if "" in rule.words] == []
    assert [
        word for rule in TEXT_RULES for word in rule.words if word != word.lower()
    ] == []
    assert all(rule.words or rule.hint for rule in TEXT_RULES)


def test_the_reference_lists_every_rule_as_it_is():
    rows = [
        f"| `{it.rule}` | {it.severity} | {it.message}. {it.why} | {it.remedy} |"
        for it in ALL
    ]
    listed = [line for line in PAGE.read_text().splitlines() if "| `scan." in line]

    assert listed == rows
