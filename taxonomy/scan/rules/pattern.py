"""The type of the rules that search text, and the patterns that several rules share.

Every repetition in a pattern is bounded: a pattern must stay fast on a megabyte of
anything.
"""

import re
from dataclasses import dataclass, field

from taxonomy.skillmd.findings import Severity

CRITICAL, WARNING, NOTICE = Severity.CRITICAL, Severity.WARNING, Severity.NOTICE

CODE = re.compile(
    r"\.(?:py|pyw|js|mjs|cjs|ts|tsx|jsx|sh|bash|zsh|rb|pl|php|psm?1|lua|go|rs|java"
    r"|kts?|fish|bat|cmd|vue|ipynb)$",
    re.IGNORECASE,
)
MARKDOWN = re.compile(r"\.(?:md|markdown|mdx|html?|txt)$", re.IGNORECASE)
ANY_FILE = re.compile("")

# Commands that many rules look for begin like this.
FETCH = r"\b(?:curl|wget|iwr|irm|Invoke-WebRequest|Invoke-RestMethod)\b"
FETCHES = "curl,wget,iwr,irm,invoke-"
SHELL = (
    r"(?:sudo\s+(?:-\w{1,20}\s+)?)?(?:/(?:usr/)?bin/|busybox\s+)?"
    r"(?:env\s+(?:\w{1,40}=\S{0,40}\s+){0,3})?(?:(?:ba|z|da|k)?sh\b|\$\{?SHELL\b)"
)
# `python -m json.tool` and `node tool.js` do not run what is piped into them.
LANGUAGE = (
    r"(?:sudo\s+)?(?:python[\d.]{0,5}(?![\w.])|perl\b|ruby\b|node\b|php\b|iex\b"
    r"|Invoke-Expression\b)(?!\s+(?:-m\s|-[a-z]{0,4}[ecprn]|[\w./$-]{1,60}\.\w{2,3}\b))"
)
STAGES = r"(?:\|[^\n|]{0,80}+){0,3}"
LOOPBACK = r"(?:localhost|127\.|0\.0\.0\.0|\[::1\])"


@dataclass(frozen=True)
class ScanRule:
    """A rule that searches the text of files with a pattern.

    The pattern is tried only near lines that hold one of `words` (lower case) or
    match `hint`, so that most text is skipped quickly. What the pattern's group
    `secret` matches is redacted from snippets.
    """

    rule: str
    severity: Severity
    message: str
    why: str
    remedy: str
    pattern: re.Pattern[str]
    words: tuple[str, ...] = ()
    hint: re.Pattern[str] | None = None
    files: re.Pattern[str] = field(default=ANY_FILE)

    @property
    def parameters(self) -> tuple[object, ...]:
        """What the rule decides by, for the digest of the rule set."""
        return self.pattern, sorted(self.words), self.hint, self.files


def rule(
    rule: str,
    severity: Severity,
    pattern: str,
    message: str,
    why: str,
    remedy: str,
    *,
    words: str = "",
    hint: str = "",
    files: re.Pattern[str] = ANY_FILE,
) -> ScanRule:
    r"""A rule from a verbose pattern (re.VERBOSE) and words separated by commas.

    `\s+` and `\s*` in the pattern match at most forty characters.
    """
    bounded = pattern.replace(r"\s+", r"\s{1,40}").replace(r"\s*", r"\s{0,40}")
    return ScanRule(
        f"scan.{rule}",
        severity,
        message,
        why,
        remedy,
        re.compile(bounded, re.IGNORECASE | re.MULTILINE | re.VERBOSE),
        tuple(words.split(",")) if words else (),
        re.compile(hint) if hint else None,
        files,
    )
