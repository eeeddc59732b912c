"""Searches skills. Results are ranked at once, and loaded page by page."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, overload

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models.expressions import RawSQL
from django.db.models.functions import Substr

from taxonomy.search import meaning
from taxonomy.search.postgresql import PostgresIndex
from taxonomy.search.query import (
    BODY_CHARS,
    Criteria,
    Hit,
    Index,
    Sql,
    Word,
    corrected,
    prefix,
)
from taxonomy.search.sqlite import SqliteIndex
from taxonomy.search.words import Highlighter, significant, words_of

if TYPE_CHECKING:
    from taxonomy.models.skill import Skill, SkillQuerySet

FEW = 3
"""Up to so many words name a thing: results have all of them, if any skill has."""

EXACT_NAME = 1000.0
"""Added to the score of the skill whose name is the query."""

TOGETHER = 1000.0
"""Added to a correction's score if a skill has it together with the other words."""

COMPARED = 10
"""So many skills are ranked to score a correction."""


class SearchResults:
    """A lazy sequence of skills, best first, equal ones by name; each has a `score`.

    At most SKILLFLEET_SEARCH_CANDIDATES are ranked. If more skills match, those with
    the words in their name or description come before the others.
    """

    def __init__(
        self, skills: "SkillQuerySet", query: str, order: tuple[str, ...] = ()
    ) -> None:
        self.among = skills
        self.query = query
        self.order = order
        self.words = words_of(query)
        self.corrections: dict[str, str] = {}

    @cached_property
    def hits(self) -> list[Hit]:
        try:
            hits = {hit.name: hit for hit in self._ranked()} if self.words else {}
            hits |= {hit.name: hit for hit in self._named(hits)}
        except EmptyResultSet:
            return []
        if self.order:
            ordered = self.among.filter(name__in=list(hits)).order_by(*self.order)
            return [hits[name] for name in ordered.values_list("name", flat=True)]
        best = sorted(hits.values(), key=lambda hit: (-hit.score, hit.name))
        return self._by_meaning(best) if self.is_sentence else best

    @property
    def is_sentence(self) -> bool:
        """Whether it describes a task; few words name a thing."""
        return len(significant(self.words)) > FEW

    def _by_meaning(self, best: list[Hit]) -> list[Hit]:
        """Rerank the first hits by meaning, if that is enabled and installed."""
        most = max(0, settings.SKILLFLEET_SEARCH_BY_MEANING)
        first, others = best[:most], best[most:]
        if not first or not meaning.available():
            return best
        named = self.among.filter(pk__in=[hit.skill for hit in first]).order_by()
        texts = dict(named.values_list("name", "description"))
        return [*meaning.reranked(self.query, first, texts), *others]

    def _named(self, hits: dict[str, Hit]) -> Iterator[Hit]:
        """The skill whose name is exactly the query."""
        named = self.among.filter(name="-".join(self.words))
        for key, name in named.values_list("pk", "name"):
            score = hits[name].score if name in hits else 0.0
            yield Hit(key, name, score + EXACT_NAME)

    def _ranked(self) -> list[Hit]:
        """Hits from the index: with all words if any skill has them, else with some."""
        max_words = settings.SKILLFLEET_MAX_QUERY_WORDS
        words = [Word(word) for word in significant(self.words)[:max_words]]
        few = not self.is_sentence
        # The last word may be unfinished, so it is searched as a prefix. If it was left
        # out (as a stop word, or by the limit), the word before it is finished.
        if few and words[-1].text == self.words[-1]:
            words[-1] = prefix(words[-1].text)
        indexed = self._indexed(words)
        if not indexed:
            return []
        max_skills = settings.SKILLFLEET_SEARCH_CANDIDATES
        # If a word is neither in the index nor corrected, no skill has all words.
        if few and len(indexed) >= len(words):
            criteria = Criteria(indexed, every=True, most=max_skills)
            if hits := self.index.ranked(criteria):
                return hits
        return self.index.ranked(Criteria(indexed, every=False, most=max_skills))

    def _indexed(self, query: list[Word]) -> tuple[Word, ...]:
        """The words that occur in the index, and corrections of the others."""
        indexed: list[Word] = []
        counted = self.index.counted(query)
        existing = [word for word in counted if word.skills]
        worth = partial(self._worth, existing)
        for word in counted:
            if word.skills:
                indexed.append(word)
            elif words := corrected(word.text, self.index, worth):
                self.corrections[word.text] = " ".join(each.text for each in words)
                indexed += words
        if self.corrections and len(indexed) > 1:
            indexed = self.index.counted(indexed)
        return tuple(dict.fromkeys(indexed))

    def _worth(self, others: Sequence[Word], words: Sequence[Word]) -> float:
        """The score of the best skill that has these words; 0: there is none.

        It is much higher if a skill also has the `others` of the query.
        """
        attempts = [(others, TOGETHER)] if others else []
        for more, bonus in (*attempts, ((), 0.0)):
            criteria = Criteria((*words, *more), every=True, most=COMPARED)
            if hits := self.index.ranked(criteria):
                return bonus + max(hit.score for hit in hits)
        return 0.0

    def _allowed(self) -> Sql:
        """An SQL condition: the index's entry belongs to one of the searched skills."""
        entry = self.among.filter(pk=RawSQL("entry.skill_id", ())).order_by()
        compiler = entry.values("pk").query.get_compiler(self.among.db)
        sql, params = compiler.as_sql()
        return f"EXISTS ({sql})", params

    @cached_property
    def index(self) -> Index:
        connection = connections[self.among.db]
        if connection.vendor == "postgresql":
            return PostgresIndex(connection, self._allowed())
        return SqliteIndex(connection, self._allowed())

    @property
    def corrected(self) -> str | None:
        """The query with its corrections; None if there are none."""
        if not self.hits or not self.corrections:
            return None
        return " ".join(self.corrections.get(word, word) for word in self.words)

    def skills(self) -> "SkillQuerySet":
        """The skills as an unordered queryset."""
        return self.among.filter(pk__in=[hit.skill for hit in self.hits])

    def highlight(self, skills: Iterable[Any]) -> None:
        """Set each skill's `highlights`: HTML by field, for fields with matches."""
        highlighter = self._highlighter()
        versions = [skill.current_id for skill in skills]
        version = self.among.model.current.field.related_model
        bodies = version.objects.filter(pk__in=versions).values_list(
            "pk", Substr("body", 1, BODY_CHARS)
        )
        body = dict(bodies)
        for skill in skills:
            marks = {
                "name": highlighter.mark(skill.name),
                "description": highlighter.snippet(skill.description),
                "body": highlighter.snippet(body.get(skill.current_id, "")),
            }
            skill.highlights = {field: html for field, html in marks.items() if html}

    def _highlighter(self) -> Highlighter:
        corrected = (self.corrections.get(word, word) for word in self.words)
        words = significant(words_of(" ".join(corrected)))
        return Highlighter(words, words[-1] if len(words) <= FEW and words else "")

    def count(self) -> int:
        return len(self.hits)

    __len__ = count

    @overload
    def __getitem__(self, place: int) -> "Skill": ...

    @overload
    def __getitem__(self, place: slice) -> "list[Skill]": ...

    def __getitem__(self, place: int | slice) -> "Skill | list[Skill]":
        if isinstance(place, int):
            # For the last item, at -1, the slice must be [-1:], not [-1:0].
            return self[place : place + 1 or None][0]
        hits = self.hits[place]
        scores = {hit.skill: hit.score for hit in hits}
        skills = self.among.in_bulk(list(scores))
        for key, skill in skills.items():
            skill.score = round(scores[key], 3)
        return [skills[key] for key in scores if key in skills]

    def __iter__(self) -> "Iterator[Skill]":
        return iter(self[:])


def search(skills: "SkillQuerySet", query: str, *order: str) -> SearchResults:
    """The skills of the queryset that match the query, best first.

    `order` names fields to order them by instead.
    """
    return SearchResults(skills, query, order)
