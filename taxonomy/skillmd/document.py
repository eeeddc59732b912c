"""SKILL.md as a value: its frontmatter and body are parsed and rendered here."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import strictyaml
from strictyaml import ruamel
from strictyaml.parser import StrictYAMLLoader

from core.errors import DocumentedError
from taxonomy.files.gate import DEFAULT_LIMITS, File, Files, Limits
from taxonomy.skillmd.findings import Finding, Rule, Severity


class SkillMdError(DocumentedError):
    """SKILL.md is not usable."""

    rule = "skill-md"
    field = "content"
    remedy = ""

    def __init__(self, detail: str = "", line: int | None = None) -> None:
        super().__init__(detail)
        self.line = line


class NotText(SkillMdError):
    """SKILL.md is not UTF-8 text."""

    rule = "content.encoding"
    remedy = "Save the file as UTF-8, without a byte order mark."


class FrontmatterMissing(SkillMdError):
    """SKILL.md must start with YAML frontmatter (---)."""

    rule = "frontmatter.missing"
    remedy = "Begin the file with a line ---, then name and description, then ---."


class FrontmatterPreceded(FrontmatterMissing):
    """SKILL.md must start with ---, but something precedes it."""

    remedy = "Remove it, so that --- is the first thing in the file."


class ByteOrderMark(FrontmatterPreceded):
    """SKILL.md must start with ---, but a byte order mark (U+FEFF) precedes it."""

    remedy = "Save the file as UTF-8 without a byte order mark (BOM)."


class FrontmatterUnclosed(SkillMdError):
    """The YAML frontmatter is not closed with ---."""

    rule = "frontmatter.unclosed"
    remedy = "Put a line --- between the frontmatter and the body."


class FrontmatterTooLarge(SkillMdError):
    """The YAML frontmatter is too large to be read."""

    rule = "frontmatter.size"
    field = "frontmatter"
    remedy = (
        "Keep only the name, the description and short values in the frontmatter; move"
        " the rest into the body."
    )


class FrontmatterUnreadable(SkillMdError):
    """The YAML frontmatter holds a character that YAML does not allow."""

    rule = "frontmatter.characters"
    field = "frontmatter"
    remedy = "Remove control characters and NUL from the frontmatter."


class FrontmatterInvalid(SkillMdError):
    """The frontmatter is not strict YAML."""

    rule = "frontmatter.yaml"
    field = "frontmatter"
    remedy = (
        "Use plain block YAML: no flow collections ({}, []), anchors, tags or "
        "duplicate keys; put quotes around a value that holds a colon."
    )


class FrontmatterNotMapping(SkillMdError):
    """The frontmatter must be a YAML mapping."""

    rule = "frontmatter.mapping"
    field = "frontmatter"
    remedy = "Write one field per line, as in name: pdf-tools."


class UnwritableFrontmatter(SkillMdError):
    """Strict YAML has no way to write this frontmatter."""

    rule = "frontmatter.value"
    field = "frontmatter"
    remedy = "Use text, and non-empty mappings and lists of text."


PLAIN_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
# Some YAML readers take these keys for true, null and the like unless they are quoted.
TYPED_KEYS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
# These must be escaped within double quotes: quotes, backslashes, and characters that
# are not printable, that break a line, or that some reader trims.
ESCAPED = re.compile(
    r'["\\]|---|'
    "[\x00-\x1f\x7f-\xa0\xad\u2000-\u200f\u2028-\u202f\u205f-\u206f"
    "\ud800-\uf8ff\ufeff\ufff0-\uffff\U000e0000-\U0010ffff]"
)
SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "---": "--\\x2d"}


def as_yaml(frontmatter: Mapping[str, Any]) -> str:
    """The frontmatter as block YAML, one field per line, with a final line break."""
    return "".join(f"{line}\n" for line in _mapping_lines(frontmatter, indent=""))


def _mapping_lines(mapping: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, value in mapping.items():
        yield from _entry_lines(f"{indent}{_key(key)}:", value, indent + "  ")


def _entry_lines(start: str, value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        yield start
        yield from _mapping_lines(value, indent)
    elif _is_list(value) and value:
        yield start
        for item in value:
            yield from _entry_lines(f"{indent}-", item, indent + "  ")
    else:
        yield f"{start} {quoted(_as_text(value))}"


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise UnwritableFrontmatter(f"{value!r:.80} is not text")


def _key(key: str) -> str:
    plain = PLAIN_KEY.fullmatch(key) and key.lower() not in TYPED_KEYS
    return key if plain and "---" not in key else quoted(key)


def quoted(text: str) -> str:
    """A double-quoted YAML scalar on one line; it never holds `---`."""
    return f'"{ESCAPED.sub(lambda match: _escape(match[0]), text)}"'


def _escape(part: str) -> str:
    """The escape sequence for one character, or for `---`."""
    if part in SHORT:
        return SHORT[part]
    code = ord(part)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


# The characters that a YAML stream may not hold (YAML 1.2, section 5.1).
UNREADABLE = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)

CACHED_DOCUMENTS = 8
"""Parsing is slow, and an author parses the same frontmatter several times."""


def load_frontmatter(source: str, limits: Limits = DEFAULT_LIMITS) -> dict[str, Any]:
    """The fields of the YAML between the `---`, with every scalar as a string.

    Raises SkillMdError.
    """
    return deepcopy(_loaded(source, limits))


@lru_cache(maxsize=CACHED_DOCUMENTS)
def _loaded(source: str, limits: Limits) -> dict[str, Any]:
    _refuse_unreadable(source, limits)
    try:
        loaded = strictyaml.load(source).data
    except strictyaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise FrontmatterInvalid(
            getattr(error, "problem", None) or "", line=mark.line + 1 if mark else None
        ) from error
    except Exception as error:  # strictyaml crashes on lists as keys and the like
        raise FrontmatterInvalid("it cannot be read") from error
    if not isinstance(loaded, dict):
        raise FrontmatterNotMapping(line=1)
    return loaded


MAX_DEPTH = 40
"""The most levels of flow collections within each other that are read."""


def load_flow_frontmatter(
    source: str, limits: Limits = DEFAULT_LIMITS
) -> dict[str, Any]:
    """The same fields if the YAML has flow collections, which strict YAML refuses.

    Clients read them: `[Read, Grep]` is a list, `{"a": {"b": [1]}}` a mapping. Anchors,
    tags and duplicate keys are refused, because clients do not agree on them. Raises
    SkillMdError.
    """
    _refuse_unreadable(source, limits)
    root = _compose(source)
    if not isinstance(root, ruamel.nodes.MappingNode):
        raise FrontmatterInvalid("it cannot be read")
    fields: dict[str, Any] = constructed(root, _scalar)
    return fields


SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
"""One character as JSON writes it: `"\\ud83d\\ude80"`."""


def _scalar(node: Any) -> str:
    """The text of a scalar; pairs of surrogates become one character, as in JSON."""
    # ruamel marks each folded line break of a block scalar with U+0007.
    text = node.value.replace("\a", "") if node.style == ">" else node.value
    return SURROGATES.sub(
        lambda match: match[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le"),
        text,
    )


def constructed(node: Any, scalar: Callable[[Any], str], depth: int = 0) -> Any:
    """The value of a YAML node; `scalar` gives that of a scalar node.

    Raises FrontmatterInvalid or FrontmatterTooLarge.
    """
    line = node.start_mark.line + 1
    if depth > MAX_DEPTH:
        raise FrontmatterTooLarge("nested too deeply", line)
    if isinstance(node, ruamel.nodes.SequenceNode):
        return [constructed(each, scalar, depth + 1) for each in node.value]
    if not isinstance(node, ruamel.nodes.MappingNode):
        return scalar(node)
    mapping: dict[str, Any] = {}
    for key, value in node.value:
        if not _is_scalar(key):
            raise FrontmatterInvalid("a key is not text", line)
        if key.value in mapping:
            raise FrontmatterInvalid(f"Duplicate key {key.value!r}", line)
        mapping[key.value] = constructed(value, scalar, depth + 1)
    return mapping


def _refuse_unreadable(source: str, limits: Limits) -> None:
    """Raises a SkillMdError for characters and sizes that the parser cannot handle."""
    if len(source) > limits.frontmatter_chars:
        raise FrontmatterTooLarge(
            f"{len(source)} characters, at most {limits.frontmatter_chars}"
        )
    if match := UNREADABLE.search(source):
        raise FrontmatterUnreadable(
            f"U+{ord(match[0]):04X}", line=source.count("\n", 0, match.start()) + 1
        )
    if (count := sum(1 for _ in _nodes(_compose(source)))) > limits.frontmatter_nodes:
        raise FrontmatterTooLarge(f"{count} nodes, at most {limits.frontmatter_nodes}")


class _Loader(StrictYAMLLoader):
    """Reads nodes; unlike the strict reader it accepts flow collections."""

    label = "frontmatter"
    allow_flow_style = True


@lru_cache(maxsize=CACHED_DOCUMENTS)
def _compose(source: str) -> Any:
    """The root node of the YAML; None if it is empty or cannot be parsed."""
    try:
        return ruamel.compose(source, Loader=_Loader)
    except RecursionError as error:
        raise FrontmatterTooLarge("nested too deeply") from error
    except Exception:  # `_loaded` calls the strict loader next, which reports it
        return None


def is_readable(line: str) -> bool:
    """Whether clients can read this one line of YAML, also with anchors and tags."""
    try:
        ruamel.compose(line, Loader=ruamel.SafeLoader)
    except Exception:  # it crashes on more than a YAMLError
        return False
    return True


def _nodes(root: Any) -> Iterator[Any]:
    """The root and all nodes below it."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, ruamel.nodes.MappingNode):
            stack += [part for pair in node.value for part in pair]
        elif isinstance(node, ruamel.nodes.SequenceNode):
            stack += node.value


def source_nodes(source: str) -> dict[str, Any]:
    """The YAML node of each field. Its `style` tells how it is quoted (None: not)."""
    root = _compose(source)
    if not isinstance(root, ruamel.nodes.MappingNode):
        return {}
    return {key.value: value for key, value in root.value if _is_scalar(key)}


def _is_scalar(node: Any) -> bool:
    return isinstance(node, ruamel.nodes.ScalarNode)


@dataclass(frozen=True)
class Document:
    """A parsed SKILL.md. Scalars are strings; the body is stripped."""

    frontmatter: dict[str, Any]
    body: str


def decode(content: bytes) -> str:
    """The text of a file with `\\n` as line breaks. Raises NotText."""
    try:
        return _unix(content.decode())
    except UnicodeDecodeError as error:
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise NotText("it begins with the byte order mark of UTF-16", 1) from error
        line = content.count(b"\n", 0, error.start) + 1
        raise NotText(f"byte {error.start}", line=line) from error


def parse(text: str, limits: Limits = DEFAULT_LIMITS) -> Document:
    """Parse SKILL.md as the reference validator does. Raises SkillMdError.

    The frontmatter ends at the second `---`, wherever that is.
    """
    frontmatter, body = split(text)
    return Document(load_frontmatter(frontmatter, limits), body.strip())


def parse_as_clients(text: str, limits: Limits = DEFAULT_LIMITS) -> Document:
    """As `parse`, but flow collections are read as well. Raises SkillMdError."""
    try:
        return parse(text, limits)
    except FrontmatterInvalid as error:
        if document := flow_document(text, limits):
            return document
        raise error


def flow_document(text: str, limits: Limits = DEFAULT_LIMITS) -> Document | None:
    """The document, if clients read its frontmatter although it is not strict YAML."""
    with suppress(SkillMdError):
        frontmatter, body = split(text)
        return Document(load_flow_frontmatter(frontmatter, limits), body.strip())
    return None


def split(text: str) -> tuple[str, str]:
    """The YAML source after the opening `---`, and the text after the closing one.

    Raises FrontmatterMissing or FrontmatterUnclosed.
    """
    text = _unix(text)
    if not text.startswith("---"):
        raise _without_start(text)
    parts = text.split("---", 2)
    if len(parts) < 3:
        raise FrontmatterUnclosed(line=1)
    return parts[1], parts[2]


PRECEDING = re.compile("[\\s\ufeff\u200b-\u200f\u2060]+(?=---)")
"""What is not seen in an editor, before the first `---`."""


def _without_start(text: str) -> FrontmatterMissing:
    """The error for a text that does not begin with `---`."""
    match = PRECEDING.match(text)
    if match is None:
        return FrontmatterMissing(line=1)
    if match[0].startswith("\ufeff"):
        return ByteOrderMark(line=1)
    if not match[0].strip():
        return FrontmatterPreceded("blanks or empty lines", line=1)
    return FrontmatterPreceded("invisible characters", line=1)


def render(frontmatter: Mapping[str, Any], body: str) -> str:
    """The text of a SKILL.md that all readers understand; the inverse of `parse`.

    Values are text, numbers (written as text), or non-empty mappings and lists of
    them. Raises UnwritableFrontmatter for anything else.
    """
    return f"---\n{as_yaml(frontmatter)}---\n\n{_unix(body).strip()}\n"


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


SKILL_MD = "SKILL.md"
NAMES = (SKILL_MD, "skill.md")
"""Names that the reference validator accepts, the preferred one first."""


@dataclass(frozen=True)
class Reading:
    """The files of a skill with the parsed SKILL.md, or why it cannot be parsed.

    It has both a document and a problem if clients read its frontmatter, but the
    reference validator, which accepts only strict YAML, does not.
    `folder_name` is None if there is no folder yet; then the skill may have any name.
    """

    files: Files
    folder_name: str | None
    file: File | None = None
    text: str = ""
    document: Document | None = None
    problem: Finding | None = None

    @property
    def path(self) -> str:
        return self.file.path if self.file else SKILL_MD

    @property
    def paths(self) -> frozenset[str]:
        return frozenset(file.path for file in self.files)

    @property
    def frontmatter(self) -> dict[str, Any]:
        return self.document.frontmatter if self.document else {}

    @property
    def body(self) -> str:
        return self.document.body if self.document else ""

    def line_of(self, field: str) -> int:
        """The line of a top-level frontmatter field; 1 if there is no such line."""
        match = re.search(rf"^[\"']?{re.escape(field)}[\"']?\s*:", self.text, re.M)
        return self.text.count("\n", 0, match.start()) + 1 if match else 1

    @property
    def body_line(self) -> int:
        """The line on which the body begins."""
        return self.text.count("\n", 0, max(self.text.rfind(self.body), 0)) + 1


def read_skill(
    files: Files, folder_name: str | None, limits: Limits = DEFAULT_LIMITS
) -> Reading:
    """Parse SKILL.md. Never raises: an error becomes the `problem`."""
    by_path = {file.path: file for file in files}
    file = next((by_path[name] for name in NAMES if name in by_path), None)
    if file is None:
        return Reading(files, folder_name, problem=_missing())
    text = ""
    try:
        text = decode(file.content)
        document = parse(text, limits)
    except SkillMdError as error:
        problem = _as_finding(error, file.path)
        is_invalid = isinstance(error, FrontmatterInvalid)
        flow = flow_document(text, limits) if is_invalid else None
        return Reading(files, folder_name, file, text, flow, problem)
    return Reading(files, folder_name, file, text, document)


def _missing() -> Finding:
    return Finding(
        "file.missing",
        Severity.ERROR,
        "Missing required file: SKILL.md",
        "Put a SKILL.md at the root of the skill.",
        file=SKILL_MD,
    )


def _as_finding(error: SkillMdError, path: str) -> Finding:
    return Finding(
        error.rule,
        Severity.ERROR,
        str(error),
        error.remedy,
        file=path,
        line=error.line,
        field=error.field if error.field != "content" else "",
    )


def with_name(reading: Reading, name: str) -> str:
    """The text of SKILL.md with another name; all else stays as it was written.

    The reading must have a document. A name in a block scalar, or on several lines, is
    replaced by rendering the frontmatter anew.
    """
    source, body = split(reading.text)
    node = source_nodes(source).get("name")
    if node is None or not _is_on_one_line(node) or "---" in name:
        return render({**reading.frontmatter, "name": name}, reading.body)
    start, end = node.start_mark.index, node.end_mark.index
    return f"---{source[:start]}{quoted(name)}{source[end:]}---{body}"


def _is_on_one_line(node: Any) -> bool:
    """Whether another quoted text can stand in its place without a change of others."""
    is_block = getattr(node, "style", "") in (">", "|")
    return (
        _is_scalar(node)
        and not is_block
        and node.start_mark.line == node.end_mark.line
        and node.start_mark.index < node.end_mark.index
    )


RULES = (
    Rule("file.missing", parameters=(NAMES,)),
    *(
        Rule(each.rule)
        for each in (
            NotText,
            FrontmatterMissing,
            FrontmatterUnclosed,
            FrontmatterTooLarge,
            FrontmatterInvalid,
            FrontmatterNotMapping,
        )
    ),
    Rule(FrontmatterUnreadable.rule, parameters=(UNREADABLE,)),
)
"""The reasons why a SKILL.md cannot be parsed, as entries for the rule set."""
