"""Phrases in English: titles, tasks, subjects, names, lists and sentences."""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from taxonomy.package import is_reserved

NAME_LENGTH = 64
NAME_WORDS = 6
LONGEST_ACRONYM = 6
WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
PLACEHOLDER = re.compile(r"`?\b[A-Z]+(?:_[A-Z]+)+\b`?")
ARTICLES = frozenset({"a", "an", "the"})
CONNECTING_WORD_LIST = """
    a an the and or nor but to of in on at by for with without from into via as than
    that which how when where while using use your our their its is are be it
    after before behind between inside outside over per through under within"""
CONNECTING_WORDS = frozenset(CONNECTING_WORD_LIST.split())
# Words of a brief that are about writing a skill, not about its subject.
ABOUT_THE_JOB = frozenset(
    [
        *("a", "an", "the", "this", "that", "these", "it", "us", "me", "my", "our"),
        *("and", "for", "from", "of", "to", "into", "in", "on", "with", "as", "please"),
        *("skill", "skills", "document", "documents", "documentation", "doc", "docs"),
        *("source", "sources", "file", "files", "text", "page", "markdown", "attached"),
        *("create", "make", "write", "turn", "convert", "build", "generate", "produce"),
        *("new", "agent", "agents", "ai", "claude", "using", "use", "based", "given"),
        *("i", "we", "want", "need", "would", "like", "you", "can", "good", "short"),
    ]
)
CONVERSION = re.compile(
    r"^(?:please )?(?:turn|make|convert|transform) .{1,120}? into (?:a|an|one) "
    r"(?:\w+ )?skill\b[\s:,.\u2013\u2014-]*(?:(?:about|for|on|that|which) )?",
    re.I,
)
"""The start of a brief that names its document: "Turn notes.md into a skill: …"."""

FILLER = re.compile(
    r"(?:please\s+)?(?:(?:i|we)\s+(?:want|need|would like)\s+(?:you\s+)?(?:to\s+)?)?"
    r"(?:(?:create|make|write|build|generate|produce|author|prepare|need|want)\s+)?"
    r"(?:me\s+|us\s+)?(?:an?\s+|the\s+)?(?:new\s+|short\s+|good\s+|agent\s+)*"
    r"skill(?:\s+\S+\.md)?\s*"
    r"(?:(?:on|about|for|to|that|which|:|-)\s*)*"
    r"(?:(?:explains?|teach(?:es)?|shows?|describes?|covers?|helps?|tells?)\s+"
    r"(?:(?:an?\s+)?agents?\s+|people\s+|us\s+|you\s+|me\s+|engineers?\s+)?)?"
    r"(?:how\s+to\s+|to\s+)?",
    re.I,
)
NUMBERED = re.compile(r"(?:step|phase|part)\s+\d+\s*[:.)\u2013\u2014-]\s*", re.I)
HOW_TO = re.compile(r"(?:how\s+(?:do\s+i|to|can\s+i|you)|guide\s+to)\s+", re.I)
DETERMINERS = ARTICLES | {"your", "all", "every", "each", "this", "it", "and", "with"}
NOUNS_TOO = frozenset(
    [
        *(
            "access",
            "backup",
            "bundle",
            "cache",
            "design",
            "document",
            "format",
            "index",
            "link",
        ),
        *("lock", "log", "package", "patch", "plan", "process", "profile", "query"),
        *("release", "report", "request", "tag", "view", "work"),
    ]
)
TASK_VERBS = """
    access activate add adjust allow analyse analyze apply assign authenticate
    authorize automate avoid back backup benchmark bring build bundle cache call
    change check choose clean clone close collect combine compare compile compose
    configure connect convert copy create customize debug decide declare define
    delete deliver deploy describe design detect develop diagnose disable document
    download edit enable encrypt ensure execute expand explain export extend extract
    fetch filter find fix format generate get give grant handle host identify
    implement import improve index inspect install integrate invoke keep launch
    limit link list load lock log look maintain make manage measure merge migrate
    mock monitor move notify open optimize organize package parse pass patch pin
    plan prepare prevent process profile protect provision publish pull push put
    query read rebase receive record recover refactor release remove rename render
    replace report request reset resolve restart restore retry return review revoke
    rotate run save scale schedule search secure see select send serve set setup
    share ship sign sort specify split start stop store submit sync tag take tell
    test trace track transform translate trigger troubleshoot tune turn understand
    uninstall unlock update upgrade upload use validate verify version view wait
    watch work wrap write
"""
VERBS = frozenset(TASK_VERBS.split())


def words(text: str) -> list[str]:
    return WORD.findall(text)


def is_task(text: str) -> bool:
    """Whether a phrase says what to do: it begins with a verb ("Cache the result")."""
    first, second, *_ = [*(word.lower() for word in words(bare(text))), "", ""]
    if first in NOUNS_TOO:  # "Cache keys" is not a task
        return second in DETERMINERS or HOW_TO.match(text) is not None
    return first in VERBS


def bare(title: str) -> str:
    """A title without markup, placeholders, numbering, `How to` and dangling words."""
    text = re.sub(r"\[([^\]]{0,300})\]\([^)]{0,500}\)", r"\1", title)
    text = PLACEHOLDER.sub(" ", text)
    text = " ".join(re.sub(r"[`*<>#|]", "", text).split())
    text = NUMBERED.sub("", text.lstrip("._- 0123456789)"), count=1)
    text = HOW_TO.sub("", text, count=1).rstrip(" .:;,!?-")
    is_shouted = text.isupper() and (" " in text or len(text) > LONGEST_ACRONYM)
    return without_dangling_words(text.capitalize() if is_shouted else text)


def without_dangling_words(text: str) -> str:
    """The text without prepositions and articles at its end."""
    parts = text.split(" ")
    while len(parts) > 1 and parts[-1].lower() in CONNECTING_WORDS:
        parts.pop()
    return " ".join(parts)


def lowered(phrase: str, proper: Collection[str] = ()) -> str:
    """The phrase in lower case, except for acronyms and these proper nouns."""
    return re.sub(
        r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?",
        lambda word: (
            word[0].lower()
            if word[0] not in proper and word[0][1:].islower()
            else word[0]
        ),
        phrase,
    )


def proper_nouns(text: str) -> frozenset[str]:
    """Words that are capitalized within sentences more often than not."""
    capital = re.findall(r"\b[a-z]+,?\s\[?([A-Z][a-z]{2,40})\b(?!\s[A-Z])", text)
    small = Counter(re.findall(r"\b[a-z]{3,41}\b", text))
    counts = Counter(capital)
    return frozenset(word for word in counts if counts[word] > small[word.lower()])


def subject(brief: str) -> str:
    """The brief without "Write a skill that …", or "" if no subject is left."""
    text = CONVERSION.sub("", " ".join(brief.split()))
    filler = FILLER.match(text)
    topic = text[filler.end() :].strip(" :-") if filler and filler.end() else text
    return topic if is_specific(topic) else ""


def unmarked(text: str) -> str:
    """The text without the markup of links, emphasis and code."""
    text = re.sub(r"\[([^\]]{0,300})\]\([^)]{0,500}\)", r"\1", text)
    return re.sub(r"\*\*|__|`|(?<!\w)\*(?=\w)|(?<=\w)\*(?!\w)", "", text)


def is_specific(brief: str) -> bool:
    """Whether a brief names a subject, and not only that a skill is to be written."""
    return len({word.lower() for word in words(brief)} - ABOUT_THE_JOB) >= 2


def slug(text: str) -> str:
    """At most six words in ASCII kebab case, without articles; "" if none remains."""
    plain = unicodedata.normalize("NFKD", bare(text)).encode("ascii", "ignore").decode()
    plain = plain.replace("'", "").lower()
    parts = [word for word in re.findall(r"[a-z0-9]+", plain) if word not in ARTICLES]
    parts = parts[:NAME_WORDS]
    while len(parts) > 1 and (
        parts[-1] in CONNECTING_WORDS or len("-".join(parts)) > NAME_LENGTH
    ):
        parts.pop()
    return "-".join(parts)[:NAME_LENGTH].strip("-")


def unique(name: str, taken: Collection[str]) -> str:
    """The name if it is free, else the name with the lowest free number from 2 on."""
    number, free = 1, name
    while free in taken or is_reserved(free):
        number += 1
        ending = f"-{number}"
        free = name[: NAME_LENGTH - len(ending)].rstrip("-") + ending
    return free


def listed(phrases: Sequence[str], last: str = "or") -> str:
    """ "One, two or three"; with semicolons if a phrase has a comma."""
    if len(phrases) < 2:
        return "".join(phrases)
    if any("," in phrase for phrase in phrases):
        return f"{'; '.join(phrases[:-1])}; {last} {phrases[-1]}"
    return f"{', '.join(phrases[:-1])} {last} {phrases[-1]}"


def sentence(text: str) -> str:
    """The text with a capital and a full stop."""
    text = " ".join(text.split()).rstrip(" .,;:")
    end = "" if text.endswith(("!", "?", "\u2026")) else "."
    return f"{text[:1].upper()}{text[1:]}{end}" if text else ""


def clipped(text: str, limit: int) -> str:
    """The text up to a limit; a longer one is cut after a word and ends with "…"."""
    if len(text) <= limit:
        return text
    return text[: limit - 1].rsplit(" ", 1)[0].rstrip(" ,;:.") + "\u2026"


def distinct(texts: Iterable[str]) -> list[str]:
    """The texts without repetitions, whatever their case, and without empty ones."""
    seen: dict[str, str] = {}
    for text in texts:
        if text:
            seen.setdefault(text.casefold(), text)
    return list(seen.values())
