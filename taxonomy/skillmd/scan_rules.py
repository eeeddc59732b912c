"""The patterns of the security scan, with the reason and the remedy of each.

Bounded repetition only: a pattern must stay fast on a megabyte of anything.
"""

import re
from dataclasses import dataclass

from taxonomy.skillmd.findings import Severity

CRITICAL, WARNING = Severity.CRITICAL, Severity.WARNING


@dataclass(frozen=True)
class ScanRule:
    rule: str
    severity: Severity
    pattern: re.Pattern[str]
    message: str
    why: str
    remedy: str


def _rule(
    rule: str, severity: Severity, pattern: str, message: str, why: str, remedy: str
) -> ScanRule:
    compiled = re.compile(pattern, re.IGNORECASE | re.VERBOSE)
    return ScanRule(f"scan.{rule}", severity, compiled, message, why, remedy)


FETCH = r"\b(?:curl|wget|iwr|irm|Invoke-WebRequest|Invoke-RestMethod)\b"
SHELL = r"(?:sudo\s+(?:-\w+\s+)*)?(?:/(?:usr/)?bin/)?(?:env\s+)?(?:ba|z|da|k)?sh\b"
LANGUAGE = r"(?:sudo\s+)?(?:python[\d.]*|perl|ruby|node|iex|Invoke-Expression)\b"
KEY_FILES = (
    r"(?:~|\$HOME|\$\{HOME\}|/root|/home/[\w.-]{1,40})/"
    r"\.(?:ssh/(?:id_\w+|identity)|aws/credentials|netrc|gnupg/|kube/config"
    r"|docker/config\.json|git-credentials|pypirc|npmrc|config/gcloud/)"
    r"|/etc/shadow\b"
)
KEY_NAME = r"\w{0,40}(?:SECRET|TOKEN|PASSWORD|PASSWD|API_?KEY|PRIVATE_KEY)\w{0,40}"

RULES: tuple[ScanRule, ...] = (
    _rule(
        "instruction-override",
        CRITICAL,
        r"""\b(?:ignore|disregard|forget|override|bypass)\s+
        (?:(?:all|any|every|of|the|your|these|those|my)\s+){0,4}
        (?:previous|prior|earlier|above|preceding|system|original|safety)\s+
        (?:instructions?|prompts?|rules|guidelines|guardrails|messages?)\b""",
        "It tells the agent to set its instructions aside",
        "A skill is read as instructions; such a line takes the agent over.",
        "Remove the sentence, or waive it with a reason when it is a quoted example.",
    ),
    _rule(
        "hidden-act",
        WARNING,
        r"""\b(?:do\s+not|don't|never)\s+(?:tell|inform|notify|alert)\s+the\s+user
        (?!\s+to\b)|\bwithout\s+(?:the\s+user\s+(?:knowing|noticing)
        |(?:telling|informing|asking)\s+the\s+user)\b""",
        "It tells the agent to act behind the user's back",
        "The person who runs the skill must be able to see what it does.",
        "Say what the user should see, or drop the sentence.",
    ),
    _rule(
        "hidden-text",
        CRITICAL,
        "[\u202a-\u202e\u2066-\u2069]|(?<![\U0001f3f4\U000e0000-\U000e007f])"
        "[\U000e0000-\U000e007f]",
        "It holds invisible or direction-changing Unicode",
        "A reviewer does not see what the agent reads.",
        "Delete the invisible characters.",
    ),
    _rule(
        "zero-width",
        WARNING,
        "(?<=[!-~])[\u200b-\u200d\u2060\u2061-\u2064\ufeff]+(?=[!-~])",
        "It holds zero-width characters between letters",
        "They split words that a reviewer searches for.",
        "Delete the zero-width characters.",
    ),
    _rule(
        "remote-code",
        CRITICAL,
        rf"""{FETCH}[^\n|]{{0,300}}http://[^\n|]{{0,300}}\|\s*(?:{SHELL}|{LANGUAGE})
        |\b(?:exec|eval|compile)\s*\(\s*(?:await\s+)?
        (?:requests\.get|urllib|urlopen|httpx\.get|fetch)\b""",
        "It runs code straight from the network",
        "Whoever controls the address or the line controls the machine.",
        "Ship the code in the skill, or download over https, check and then run it.",
    ),
    _rule(
        "pipe-to-shell",
        WARNING,
        rf"""{FETCH}[^\n|]{{0,400}}\|\s*(?:{SHELL}|{LANGUAGE})
        |\b(?:ba|z|k)?sh\s+(?:-\w+\s+)?(?:<\(\s*|["']?\$\(\s*){FETCH}
        |\beval\s+["']?(?:\$\(|`)\s*{FETCH}
        |\b(?:iex|Invoke-Expression)\s*\(?\s*\(?\s*(?:{FETCH}|New-Object\s+Net\.WebClient)
        """,
        "It pipes a download into an interpreter",
        "What runs is not what was reviewed; the server may change it at any time.",
        "Name a package or a pinned release with its checksum instead.",
    ),
    _rule(
        "decode-and-run",
        CRITICAL,
        rf"""\bbase64\s+(?:-d|-D|--decode)\b[^\n|]{{0,200}}\|\s*(?:{SHELL}|{LANGUAGE})
        |\b(?:exec|eval)\s*\(\s*(?:[\w.]{{1,40}}\(\s*){{0,3}}
        (?:base64\.b64decode|b64decode|atob|codecs\.decode|bytes\.fromhex|zlib\.decompress
        |Buffer\.from)\b
        |\beval\s+["']?\$\([^\n)]{{0,200}}base64\s+(?:-d|-D|--decode)
        |\bpowershell[^\n]{{0,80}}\s-e(?:nc|ncodedcommand)?\s+[A-Za-z0-9+/=]{{40,}}""",
        "It decodes a payload and runs it",
        "An encoded program cannot be reviewed.",
        "Ship the program as a readable file under scripts/.",
    ),
    _rule(
        "exfiltration",
        CRITICAL,
        rf"""{FETCH}(?=[^\n]{{0,200}}\s(?:--data|-d|-F|-T|--upload-file|--form))
        [^\n]{{0,280}}(?:{KEY_FILES}|\$\(\s*(?:env|printenv)\b|(?<![\w/])\.env\b)
        |\b(?:env|printenv)\b\s*\|[^\n]{{0,80}}(?:{FETCH}|\bnc\b|\bncat\b)
        |\bcat\s+(?:{KEY_FILES}|\S{{0,40}}\.env\b)[^\n]{{0,80}}\|[^\n]{{0,80}}
        (?:{FETCH}|\bnc\b|\bncat\b)
        |\b(?:requests|httpx)\.(?:post|put)\([^\n]{{0,200}}\bos\.environ\b(?!\s*(?:\[|\.get))
        """,
        "It sends secrets to the network",
        "Credentials of the person who runs the skill would leave the machine.",
        "Remove the command.",
    ),
    _rule(
        "secret-file",
        WARNING,
        KEY_FILES,
        "It names a file that holds credentials",
        "A skill seldom needs to read keys; an agent may print what it reads.",
        "Use the tool's own login, or an environment variable that the user sets.",
    ),
    _rule(
        "destructive",
        CRITICAL,
        r"""\brm\s+(?=(?:-{1,2}[\w-]{1,20}\s+){0,5}-(?:\w{0,8}r|-recursive))
        (?:-{1,2}[\w-]{1,20}\s+){1,6}["']?(?:/|~|\$HOME|\$\{HOME\})(?:/?\*)?/?["']?
        (?=[\s;&|)`]|$)
        |\bmkfs(?:\.\w+)?\s+(?:-\S+\s+){0,4}/dev/
        |\bdd\s[^\n]{0,120}\bof=/dev/(?:sd|nvme|hd|vd|disk)\w*
        |:\(\)\s*\{\s*:\s*\|\s*:\s*&\s*\}\s*;\s*:
        |\bFormat-Volume\b|\brd\s+/s\s+/q\s+[a-z]:\\(?=\s|$)""",
        "It erases a disk or a home folder",
        "The command cannot be undone.",
        "Name the exact folder that the skill made itself.",
    ),
    _rule(
        "private-key",
        CRITICAL,
        r"-----BEGIN\ (?:[A-Z]{2,12}\ ){0,2}PRIVATE\ KEY(?:\ BLOCK)?-----\s+"
        r"(?:[A-Za-z-]+:[^\n]{0,100}\n+){0,4}\s*[A-Za-z0-9+/=]{40,}",
        "It embeds a private key",
        "Everyone who can read the skill has the key.",
        "Remove the key and revoke it.",
    ),
    _rule(
        "embedded-token",
        CRITICAL,
        r"""(?-i:\bAKIA(?![A-Z0-9]{0,16}EXAMPLE)[A-Z0-9]{16}\b
        |\bgh[pousr]_(?!x{8,}|X{8,})[A-Za-z0-9]{36}\b
        |\bgithub_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{50,}\b
        |\bxox[abprs]-\d{8,}-[A-Za-z0-9-]{20,}
        |\bsk-ant-[a-z0-9]{4,8}-(?!x{8,}|X{8,})[A-Za-z0-9_-]{80,}
        |\bAIza(?!x{8,}|X{8,})[A-Za-z0-9_-]{35}\b
        |\bglpat-(?!x{8,}|X{8,})[A-Za-z0-9_-]{20}\b)""",
        "It embeds what looks like a live access token",
        "Everyone who can read the skill has the token.",
        "Remove the token, revoke it, and read it from the environment.",
    ),
    _rule(
        "secret-value",
        WARNING,
        rf"""(?-i:\b{KEY_NAME}\s*[=:]\s*["']
        (?![^"'\n]{{0,60}}(?:example|EXAMPLE|your|YOUR|xxx|XXX|\.\.\.|change|placeholder))
        (?=[^"'\n]{{0,80}}\d)(?=[^"'\n]{{0,80}}[A-Za-z])[A-Za-z0-9+/=_-]{{24,}}["'])""",
        "It may hold a password or key in clear",
        "Everyone who can read the skill can use it.",
        "Read it from the environment.",
    ),
)
