"""Rules for a skill as a whole: what its frontmatter says of what its files do."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

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
"""One of the allowed tools, with the commands that it is allowed for."""
EVERY_TOOL = re.compile(
    r"""\*|all|mcp__\*|Bash\s{0,9}\(\s{0,9}(?:[:*\s]{1,9}
    |(?:sudo|env|eval|xargs|(?:ba|z|da)?sh|python[\d.]{0,5}|node|perl|ruby)
    (?:\s{1,9}-\w{1,9})?\s{0,9}:?\s{0,9}\*)\s{0,9}\)""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class SkillRule:
    """One thing to look for in what a skill says of itself."""

    rule: str
    severity: Severity
    message: str
    why: str
    remedy: str
    parameters: tuple[object, ...]
    """The patterns it judges by."""


HIJACKS = SkillRule(
    "scan.trigger-hijack",
    WARNING,
    "The description claims every task, or claims priority over other skills",
    "Agents choose skills by their descriptions; this one would push others aside.",
    "Say for which tasks it is.",
    (HIJACK,),
)
UNDECLARED = SkillRule(
    "scan.undeclared-network",
    NOTICE,
    "It speaks to the network, and the frontmatter does not say so",
    "Who installs the skill should know that it does.",
    "Say it in compatibility: Needs access to api.example.com.",
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

Place = tuple[SkillRule, str, int, str]
"""A rule, the path and line that it found, and what stands there."""


def of_the_skill(reading: Reading, files: Files, most: int) -> Iterator[Place]:
    """At most one place of each rule; of each file `most` characters are read."""
    if reading.file is None:
        return
    said = reading.frontmatter
    for field, judged in (("description", _claims), ("allowed-tools", _allows)):
        text = " ".join(str(said.get(field, ""))[:4096].split())
        if rule := judged(text):
            yield rule, reading.path, reading.line_of(field), text
    fields = ("description", "compatibility", "allowed-tools", "metadata")
    if not DECLARED.search(" ".join(str(said.get(name, "")) for name in fields)):
        yield from _first_network_use(files, most)


def _claims(description: str) -> SkillRule | None:
    return HIJACKS if HIJACK.search(description) else None


def _allows(tools: str) -> SkillRule | None:
    """What is too much of it, the worst first."""
    names = TOOL.findall(tools)
    if any(EVERY_TOOL.fullmatch(name) for name in names):
        return ALL_TOOLS
    return ANY_COMMAND if "Bash" in names else None


def _first_network_use(files: Files, most: int) -> Iterator[Place]:
    for file in files:
        if CODE.search(file.path):
            text = file.content[:most].decode("utf-8", "replace")
            if found := NETWORK.search(text):
                line = text.count("\n", 0, found.start())
                said = text.split("\n")[line]
                yield UNDECLARED, file.path, line + 1, " ".join(said.split())
                return
