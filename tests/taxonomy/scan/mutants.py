"""SKILL.md files with one to three faults each, the same in every run."""

import random
from collections.abc import Callable, Iterator
from typing import NamedTuple


class Mutant(NamedTuple):
    folder: str
    file: str
    content: bytes


NAMES = [
    "a", "pdf", "pdf-tools", "PDF", "Pdf-Tools", "-pdf", "pdf-", "pdf--tools", "pdf_x",
    "pdf tools", "pdf.tools", "a" * 64, "a" * 65, "ab-" * 21 + "a", "ab-" * 22 + "a",
    "123", "1.0", "007", "0x1F", "1e3", "1_000", "true", "yes", "null", "~", "on", "-",
    "--", "---", "навык", "Навык", "技能", "ﬁle",
    "\uff30\uff24\uff26", "\uff50\uff44\uff46", "e\u0301tude",
    "étude", "ß", "ẞ", "ǆ", "²", "٣", "i\u0307", "İ", "\u017f", "a\u200db", "a\u00ad",
    "\u00a0pdf", "pdf\u2003", "  pdf  ", "pdf\t", "", " ", "2024-01-01", "=", "<<",
    "🎉", "a" * 63 + "é", "ŉ" * 33, "a\u00b5", "pdf#x", "pdf #x", "a:b", "@pdf",
    "' '", '" "', "'\u3000'", '"\\t"', '"pdf\\n"', '"\\0"', "' pdf '",
]  # fmt: skip
DESCRIPTIONS = [
    "Reads PDF files. Use when a PDF is given.", "x", "", " ", "\u3000", "a" * 1024,
    "a" * 1025, "é" * 1024, "🎉" * 1024, "🎉" * 1025, "a b " * 256, "a b " * 257,
    "Use: when", "a # b", "#a", "a --- b", "a -- b", "'a", '"a', "a'b", "[a]", "{a}",
    "- a", "-", "? a", ": a", ":", "a:", "&a", "*a", "!a", "!!str a", "|", ">", "%a",
    "@a", "`a`", "~", "null", "true", "12", "1.5", "2024-01-01", "a\\nb", "a\tb", "\ta",
    "a\u0085b", "a\u2028b", "\ufeffa", "a\x7fb", "a\x00b", "a\x07b", "a\ufffeb", "<b>",
    "|\n  one\n  two", ">\n  one\n  two", "|-\n  one", ">-\n\n  one\n", "|\n", ">\nno",
    "\n  folded\n  lines", "\n- a\n- b", "\n  a: b", "one\n  two\n  three", "one\ntwo",
    "|2\n  x", "|\n\tx", "1024" * 256, " " + "a" * 1023 + " ",
]  # fmt: skip
OTHER_LINES = [
    "license: MIT", "license:", "license: [MIT]", "license:\n  a: b", "version: 1.0",
    "compatibility: any", "compatibility:", "compatibility: " + "a" * 500,
    "compatibility: " + "a" * 501, "compatibility: " + "🎉" * 500, "compatibility: 5",
    "compatibility: '" + " " * 501 + "'", "compatibility:\n- a",
    "compatibility:\n  a: b",
    "allowed-tools: Read Bash", "allowed-tools:\n- Read\n- Bash", "allowed-tools: []",
    "metadata:\n  version: 1.0.0", "metadata:\n  a:\n    b: c", "metadata: text",
    "metadata:\n- a", "metadata:\n  a: b\n  a: c", "metadata:\n  a:\n  - 1\n  - 2",
    "metadata: {a: b}", "metadata:\n  ? x\n  : y", "Name: pdf", "name : pdf",
    "name: again", "description: again", "author: me", "tags:\n- a", "x-y_z: 1", "é: 1",
    "'name': pdf", '"license": MIT', "? name", "? - a\n: b", "<<: x", "<<:\n  a: b",
    "# a comment", "  # indented", "", "...", "--", "--- ", "---", "- a", "text",
    "text: a: b", "a: &b c", "a: *b", "a: !c d", "a: 'open", 'a: "open', 'a: "\\x"',
    'a: "\\x41"', 'license: "\\ud800"', 'license: "\\0"', "\tlicense: MIT", " a: 1",
    "%YAML 1.2", "metadata:\n   a: b\n  c: d", "a:\n  b: 1\nc:\n    d: 2", ": x",
    "'': x",
    "license: |\n  a\n b", "license: >+\n  a\n\n", "1: x", "true: x", "a:\n\n  b: 1",
    "compatibility: ~", "name", "{}", "metadata:", "license: \x01", "license: \u2029",
]  # fmt: skip
CUTS = ["---", "----", "--", "--- ", " ---", "\t---", "----x", "+++", "", "\ufeff---"]
BODIES = [
    "",
    "# PDF\n\nSteps\n",
    "a\n---\nb\n",
    "---\n",
    "\x00",
    "\r\nx",
    "…",
    "x" * 50,
]
ENDINGS = ["\n"] * 12 + ["\r\n", "\r", "\n\n", "\u2028", "\u0085"]
FILES = ["SKILL.md"] * 24 + [
    "skill.md",
    "skill.md",
    "Skill.md",
    "README.md",
    "SKILL.MD",
]
QUOTES: list[Callable[[str], str]] = [
    lambda text: text,
    lambda text: "'" + text.replace("'", "''") + "'",
    lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"',
    lambda text: "|\n  " + text,
    lambda text: ">-\n  " + text,
    lambda text: text + " # comment",
    lambda text: "'" + text,
]  # fmt: skip


def mutants(count: int, seed: int = 7) -> Iterator[Mutant]:
    dice = random.Random(seed)
    for _ in range(count):
        yield _mutant(dice)


def _mutant(dice: random.Random) -> Mutant:
    name = dice.choice(NAMES) if dice.random() < 0.4 else "pdf-tools"
    description = dice.choice(DESCRIPTIONS if dice.random() < 0.4 else DESCRIPTIONS[:2])
    lines = [
        f"name: {_quoted(dice, name)}",
        f"description: {_quoted(dice, description)}",
    ]
    for _ in range(dice.choice([0, 0, 0, 1, 1, 2])):
        lines.insert(dice.randint(0, len(lines)), dice.choice(OTHER_LINES))
    if dice.random() < 0.08:
        lines.pop(dice.randrange(len(lines)))
    if dice.random() < 0.05:
        dice.shuffle(lines)
    return Mutant(_folder(dice, name), dice.choice(FILES), _content(dice, lines))


def _quoted(dice: random.Random, text: str) -> str:
    return dice.choice(QUOTES)(text) if dice.random() < 0.3 else text


def _folder(dice: random.Random, name: str) -> str:
    """Usually the name of the skill, else a similar one that a disk can hold."""
    folder = name.strip() if dice.random() < 0.85 else dice.choice(NAMES)
    if dice.random() < 0.05:
        folder = dice.choice(
            [folder.upper(), f"{folder} ", f"{folder}-x", f" {folder}"]
        )
    return folder if folder.strip(".") else "pdf-tools"


def _content(dice: random.Random, lines: list[str]) -> bytes:
    first, last = "---", "---"
    if dice.random() < 0.1:
        first = dice.choice(CUTS)
    if dice.random() < 0.1:
        last = dice.choice(CUTS)
    end = dice.choice(ENDINGS)
    text = end.join([first, *lines, last, dice.choice(BODIES)])
    if end != "\n" and dice.random() < 0.5:
        text = text.replace("\n", end)
    return _bent(dice, text.encode())


def _bent(dice: random.Random, content: bytes) -> bytes:
    """Sometimes drop, double or replace one byte, which often breaks UTF-8."""
    if dice.random() < 0.9 or not content:
        return content
    at = dice.randrange(min(len(content), 60))
    new = dice.choice([b"", content[at : at + 1] * 2, b"\xff", b"-", b" ", b"\n", b":"])
    return content[:at] + new + content[at + 1 :]
