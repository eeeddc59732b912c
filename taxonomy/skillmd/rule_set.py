"""The list of all rules that validation applies, and the digest of that list.

A verdict records the digest of the rules that it is based on, so that a skill is
validated again when a rule has changed, and only then. The digest covers what the
rules look for, not their source code: it stays when a constant is renamed or a file
is moved.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from typing import Any

from taxonomy.files import gate
from taxonomy.scan import engine, text
from taxonomy.scan.rules import FILE_RULES, OVERSIZE, SKILL_RULES, TEXT_RULES
from taxonomy.skillmd import document, portable, quality, specification
from taxonomy.skillmd.report import WEIGHTS

VERSION = 2
"""Raise it when a rule decides differently although its entry here stays the same:
when the code of its function changes, but not its pattern or its parameters."""

EQUIVALENT: dict[str, frozenset[str]] = {}
"""By digest of this list: former digests whose verdicts stay valid.

Empty when a rule decides differently than in the release before.
"""

Entry = tuple[str, str, str, tuple[object, ...]]
"""(rule, kind, severity, parameters)"""


def entries() -> list[Entry]:
    """Every rule, in no particular order."""
    return [
        *((rule, "weight", "", (weight,)) for rule, weight in WEIGHTS.items()),
        *_listed("document", document.RULES),
        *_listed("specification", specification.RULES),
        *_listed("portable", portable.RULES),
        *_listed("gate", gate.RULES),
        *_listed("quality", quality.RULES),
        *_listed("scan", (*engine.RULES, *text.RULES)),
        *_listed("file", (*FILE_RULES, OVERSIZE)),
        *_listed("skill", SKILL_RULES),
        *_listed("text", TEXT_RULES),
    ]


def _listed(kind: str, rules: Iterable[Any]) -> Iterable[Entry]:
    return ((each.rule, kind, each.severity, each.parameters) for each in rules)


@cache
def rule_set() -> str:
    """The digest of the rules of this release."""
    return digest_of(entries())


@cache
def current_rule_sets() -> frozenset[str]:
    """The digests of this release's rules; verdicts with one of them are current."""
    return EQUIVALENT.get(rule_set(), frozenset()) | {rule_set()}


def digest_of(rules: Iterable[Entry]) -> str:
    """16 hex digits, whatever the order of the rules."""
    lines = sorted(json.dumps(_plain(each), ensure_ascii=True) for each in rules)
    text = "\n".join([str(VERSION), *lines])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: object) -> object:
    """The value as JSON can represent it, the same in every process."""
    match value:
        case re.Pattern():
            return {"pattern": value.pattern, "flags": value.flags}
        case bytes():
            return {"bytes": value.hex()}
        case frozenset():
            return {"set": sorted(map(str, value))}
        case dict():
            return {"map": sorted((str(key), each) for key, each in value.items())}
        case tuple() | list():
            return [_plain(each) for each in value]
        case StrEnum():
            return str(value)
    return value
