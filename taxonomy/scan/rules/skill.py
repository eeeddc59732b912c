"""Rules for a skill as a whole: what its frontmatter claims, allows and declares."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from taxonomy.files.gate import Files
from taxonomy.scan.rules.pattern import CODE, NOTICE, WARNING
from taxonomy.skillmd.document import Reading
from taxonomy.skillmd.findings import Severity

HIJACK = re.compile(
    r"""\b(?:always|must)\s+(?:be\s+)?(?:use[ds]?|load(?:ed)?|invoke[ds]?|run|read
    |call(?:ed)?|trigger(?:ed)?|activate[ds]?)\s+(?:this\s+(?:skill\s+)?|it\s+)?
    (?:first|(?:before|for|on)\s+(?:any|every|all|each)\s+(?:other\s+)?(?:skills?|tools?
    |requests?|tasks?|messages?|prompts?|questions?|repl(?:y|ies)|responses?|answers?))\b
    |\b(?:for|on|to|in)\s+(?:every|any|all|each)\s+(?:single\s+)?(?:user\s+)?
    (?:requests?|tasks?|messages?|prompts?|questions?|conversations?|turns?)\b
    (?!\s+(?:that|which|who|where|when|with|without|involving|requiring|about|related
    |regarding|concerning|in|of|on|to|for|from|like|such)\b)
    |\b(?:instead\s+of|before|over|rather\s+than)\s+(?:any|every|all|the)\s+
    (?:other\s+)?skills?\b
    |\b(?:ignore|never\s+use|do\s+not\s+use|don't\s+use|avoid)\s+
    (?:any\s+|all\s+|the\s+|every\s+)?other\s+skills?\b
    |\bregardless\s+of\s+(?:what\s+)?(?:the\s+)?(?:user|request|task|topic)\b
    |\bno\s+matter\s+(?:what\s+)?(?:the\s+)?(?:user|request|task)\b
    |\b(?:always|must)\s+(?:use|load|invoke|run|activate)\s+this\s+skill
    (?=[.!;,]|$)
    |\buse\s+(?:this\s+skill|it|this)\s+(?:for|on|in|with)\s+(?:everything|anything|all)
    (?=[.!;,]|$)
    |\b(?:use|load|invoke|read)\s+this\s+skill\s+before\s+(?:respond|answer|reply|doing
    |any)
    |\bat\s+the\s+(?:start|beginning)\s+of\s+(?:every|each|any|all)\s+(?:sessions?
    |conversations?|chats?|tasks?|turns?)\b
    |\b(?:has|takes|with)\s+(?:the\s+)?highest\s+priority\b
    |\btakes\s+(?:precedence|priority)\s+over\s+(?:all|any|every|other)\b
    |\bwhen(?:ever)?\s+you\s+(?:reply|respond|answer)\b
    |\bwhen(?:ever)?\s+the\s+user\s+(?:says|types|asks|sends|writes)\s+anything
    (?=[.!;,]|$)
    |\bprefer\s+(?:this|it)\s+(?:skill\s+)?(?:to|over)\s+(?:all\s+|any\s+|every\s+)?other
    |\bany\s+request\s+at\s+all\b|\bonly\s+skill\s+(?:that\s+)?you\s+need\b
    |\bnever\s+(?:use|load)\s+(?:another|other|any\s+other)\s+skills?\b
    |\bsupersedes?\s+[^.\n]{1,60}\bskills?\b""".replace(r"\s+", r"\s{1,40}"),
    re.IGNORECASE | re.VERBOSE,
)
NETWORK = re.compile(
    r"""\b(?:requests|httpx)\.(?:get|post|put|patch|delete|request|Session|Client)\b
    |\burllib\.request\b|\burlopen\s{0,9}\(|\baiohttp\.|\bhttp\.client\b
    |\bsocket\.(?:socket|create_connection)\b|(?<![\w.])fetch\s{0,9}\(\s{0,9}["'`]http
    |\baxios\b|\bXMLHttpRequest\b|\bnew\s{1,9}WebSocket\b|\bsmtplib\b|\bparamiko\b
    |\bftplib\b|^[^#\n]{0,80}\b(?:curl|wget)\s{1,9}[^\n]{0,120}https?://
    |\bInvoke-WebRequest\b""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
DECLARED = re.compile(
    r"\b(?:network|internet|online|https?|web|apis?|url|urls|server|download(?:s|ed)?"
    r"|fetch(?:es)?|upload(?:s|ed)?|WebFetch|WebSearch|curl|wget)\b",
    re.IGNORECASE,
)
TOOL = re.compile(r"[\w*-]{1,80}(?:\s{0,9}\([^)\n]{0,400}\))?")
"""One of the allowed tools, with its commands in parentheses: Bash(git add:*)."""
EVERY_TOOL = re.compile(
    r"""\*|all|mcp__\*|Bash\s{0,9}\(\s{0,9}(?:[:*\s]{1,9}
    |(?:sudo|env|eval|xargs|(?:ba|z|da)?sh|python[\d.]{0,5}|node|perl|ruby)
    (?:\s{1,9}-\w{1,9})?\s{0,9}:?\s{0,9}\*)\s{0,9}\)""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class SkillRule:
    """A rule about the frontmatter of a skill."""

    rule: str
    severity: Severity
    message: str
    why: str
    remedy: str
    parameters: tuple[object, ...]
    """The patterns that the rule decides by."""


HIJACKS = SkillRule(
    "scan.trigger-hijack",
    WARNING,
    "The description claims every task, or claims priority over other skills",
    "Agents choose skills by their descriptions; this one would push others aside.",
    "Say for which tasks the skill is.",
    (HIJACK,),
)
UNDECLARED = SkillRule(
    "scan.undeclared-network",
    NOTICE,
    "It uses the network, and the frontmatter does not say so",
    "People who install the skill should know that it uses the network.",
    "Say so in compatibility, for example: Needs access to api.example.com.",
    (NETWORK, DECLARED, CODE),
)
ALL_TOOLS = SkillRule(
    "scan.every-tool",
    WARNING,
    "Its allowed-tools allow everything",
    "The agent would run any command without asking the person.",
    "Name the tools and commands that the skill needs, as in Bash(git add:*).",
    (TOOL, EVERY_TOOL),
)
ANY_COMMAND = SkillRule(
    "scan.any-command",
    NOTICE,
    "Its allowed-tools allow every command",
    "The agent would run any command without asking the person.",
    "Name the commands that the skill needs, as in Bash(git add:*).",
    (TOOL,),
)
SKILL_RULES = (HIJACKS, UNDECLARED, ALL_TOOLS, ANY_COMMAND)


class SkillRuleMatch(NamedTuple):
    """The place where a skill breaks a rule, and the text there."""

    rule: SkillRule
    path: str
    line: int
    text: str


def matching_skill_rules(
    reading: Reading, files: Files, max_bytes: int
) -> Iterator[SkillRuleMatch]:
    """At most one match of each rule. Of each file `max_bytes` are read."""
    if reading.file is None:
        return
    frontmatter = reading.frontmatter
    for field, check in (
        ("description", _check_description),
        ("allowed-tools", _check_tools),
    ):
        text = " ".join(str(frontmatter.get(field, ""))[:4096].split())
        if rule := check(text):
            yield SkillRuleMatch(rule, reading.path, reading.line_of(field), text)
    fields = ("description", "compatibility", "allowed-tools", "metadata")
    declaration = " ".join(str(frontmatter.get(name, "")) for name in fields)
    if not DECLARED.search(declaration):
        yield from _first_network_use(files, max_bytes)


def _check_description(description: str) -> SkillRule | None:
    return HIJACKS if HIJACK.search(description) else None


def _check_tools(tools: str) -> SkillRule | None:
    """The worse of the two rules, if both are broken."""
    names = TOOL.findall(tools)
    if any(EVERY_TOOL.fullmatch(name) for name in names):
        return ALL_TOOLS
    return ANY_COMMAND if "Bash" in names else None


def _first_network_use(files: Files, max_bytes: int) -> Iterator[SkillRuleMatch]:
    for file in files:
        if CODE.search(file.path):
            text = file.content[:max_bytes].decode("utf-8", "replace")
            if match := NETWORK.search(text):
                index = text.count("\n", 0, match.start())
                line = " ".join(text.split("\n")[index].split())
                yield SkillRuleMatch(UNDECLARED, file.path, index + 1, line)
                return
