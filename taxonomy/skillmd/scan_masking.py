"""Secrets are never shown: what stands for them in the snippets of findings."""

import re
from bisect import bisect_right
from collections.abc import Iterable

from taxonomy.skillmd.scan_secrets import SECRETS

MASK = "\u2026"
# Secrets that are no finding of their own, and still not shown.
CREDENTIALS = re.compile(
    r"""://[^\s:/@]{1,80}:(?P<url>[^\s/@]{3,200})@
    |://(?P<user>[^\s:/@]{20,200})@
    |\b(?:Bearer|Basic)\s{1,9}(?P<auth>[A-Za-z0-9+/=._~-]{16,400})
    |\bAuthorization:\s{0,9}\w{1,20}\s{1,9}(?P<header>[^\s"']{6,400})
    |(?:password|passwd|secret|token|api[_-]?key|private_key)["']?\s{0,9}[=:]\s{0,9}
    (?:["'`](?P<quoted>[^"'`\n$<{]{6,200})["'`]
    |(?![\w.]{0,80}\()(?=[^\s"'`]{0,80}\d)(?P<plain>[^\s"'`$<{(,;&|)]{6,200}))
    |\bpassword\s{1,9}["'`](?P<told>[^\s"'`$<{]{6,200})["'`]
    |(?-i:\b[A-Z_]{0,40}(?:PASSWORD|PASSWD|SECRET|TOKEN|KEY)[A-Z_]{0,20}=)
    (?P<environment>[^\s"'`$<{(;&|]{3,200})
    |--(?:password|passwd|token|secret|api-?key)[=\s]\s{0,9}["']?
    (?P<flag>[^\s"'$<{]{3,200})
    |\bcurl\s[^\n|]{0,200}?(?:-u|--user)[=\s]\s{0,9}["']?[^\s:"']{0,80}:
    (?P<login>[^\s"'$]{3,200})
    |\bsshpass\s{1,9}-p\s{0,9}["']?(?P<ssh>[^\s"'$]{3,200})
    |\bmysql\w{0,10}\s[^\n|]{0,200}?\s-p(?P<mysql>[^\s"'$]{3,200})
    |[?&](?:api_?key|key|token|secret|password|sig(?:nature)?)=
    (?P<query>[^\s&"'$<{]{3,200})
    |(?-i:(?<![\w./:-])(?=[A-Za-z+/]{0,23}\d)(?=[A-Z0-9+/]{0,23}[a-z])
    (?=[a-z0-9+/]{0,23}[A-Z])(?P<random>[A-Za-z0-9+/]{24,4000}={0,2}))""",
    re.IGNORECASE | re.VERBOSE,
)
PATTERNS = (
    *(rule.pattern for rule in SECRETS if "secret" in rule.pattern.groupindex),
    CREDENTIALS,
)


class Spans:
    """Parts of a text, sorted, none inside of another or touching it."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        self.starts: list[int] = []
        self.ends: list[int] = []
        for start, end in sorted(spans):
            if self.ends and start <= self.ends[-1]:
                self.ends[-1] = max(end, self.ends[-1])
            else:
                self.starts.append(start)
                self.ends.append(end)

    def between(self, start: int, end: int) -> Iterable[tuple[int, int]]:
        """Those that reach into it, cut to it."""
        number = bisect_right(self.ends, start)
        while number < len(self.starts) and self.starts[number] < end:
            yield max(start, self.starts[number]), min(end, self.ends[number])
            number += 1


def without(secrets: Spans, text: str, start: int, end: int) -> str:
    """This part of the text, with a mark where each secret was."""
    shown, at = "", start
    for since, until in secrets.between(start, end):
        shown += text[at:since] + MASK
        at = until
    return shown + text[at:end]


def secret_of(match: re.Match[str]) -> tuple[int, int] | None:
    """Where the secret of a match is, if there is one in it."""
    group = "secret" if "secret" in match.re.groupindex else match.lastgroup
    return match.span(group) if group and match[group] else None


def masked(text: str) -> str:
    """A text that stands alone, without any secret that it holds."""
    for pattern in PATTERNS:
        found = Spans(filter(None, map(secret_of, pattern.finditer(text))))
        text = without(found, text, 0, len(text))
    return text
