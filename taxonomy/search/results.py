"""What a search found: skills by rank, which are read when they are looked at."""

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
    beginning,
    corrected,
)
from taxonomy.search.sqlite import SqliteIndex
from taxonomy.search.words import Highlighter, significant, words_of

if TYPE_CHECKING:
    from taxonomy.models.skill import Skill, SkillQuerySet

FEW = 3
"""So many words name a thing: a skill must have all of them, if one has."""

NAMED = 1000.0
"""What it counts that the query is the very name."""

TOGETHER = 1000.0
"""What it counts that a skill has what a word may mean, and the query's others."""

WEIGHED = 10
"""So many skills are ranked to see what a reading is worth."""


class SearchResults:
    """A sequence of skills, best first, equals by name. Each has its `score`.

    At most SKILLFLEET_SEARCH_CANDIDATES are ranked; a query that more skills match
    finds those that have its words in the name or description first.
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
            found = {hit.name: hit for hit in self._ranked()} if self.words else {}
            found |= {hit.name: hit for hit in self._named(found)}
        except EmptyResultSet:
            return []
        if self.order:
            ordered = self.among.filter(name__in=list(found)).order_by(*self.order)
            return [found[name] for name in ordered.values_list("name", flat=True)]
        best = sorted(found.values(), key=lambda hit: (-hit.score, hit.name))
        return self._by_meaning(best) if self.is_sentence else best

    @property
    def is_sentence(self) -> bool:
        """It describes a task, while few words name a thing."""
        return len(significant(self.words)) > FEW

    def _by_meaning(self, best: list[Hit]) -> list[Hit]:
        """The first few by what they mean, too, if that is wanted and can be had."""
        most = max(0, settings.SKILLFLEET_SEARCH_BY_MEANING)
        first, others = best[:most], best[most:]
        if not first or not meaning.available():
            return best
        named = self.among.filter(pk__in=[hit.skill for hit in first]).order_by()
        texts = dict(named.values_list("name", "description"))
        return [*meaning.reranked(self.query, first, texts), *others]

    def _named(self, found: dict[str, Hit]) -> Iterator[Hit]:
        """The skill whose name is just the query."""
        named = self.among.filter(name="-".join(self.words))
        for key, name in named.values_list("pk", "name"):
            score = found[name].score if name in found else 0.0
            yield Hit(key, name, score + NAMED)

    def _ranked(self) -> list[Hit]:
        most_words = settings.SKILLFLEET_MAX_QUERY_WORDS
        words = [Word(word) for word in significant(self.words)[:most_words]]
        few = not self.is_sentence
        if few and words[-1].text == self.words[-1]:
            words[-1] = beginning(words[-1].text)
        known = self._known(words)
        if not known:
            return []
        most = settings.SKILLFLEET_SEARCH_CANDIDATES
        if few and len(known) >= len(words):
            wanted = Criteria(known, every=True, most=most)
            if hits := self.index.ranked(wanted):
                return hits
        return self.index.ranked(Criteria(known, every=False, most=most))

    def _known(self, words: list[Word]) -> tuple[Word, ...]:
        """Those that a skill has; in place of one that none has, what it may mean."""
        known = []
        counted = self.index.counted(words)
        there = [word for word in counted if word.skills]
        for word in counted:
            if word.skills:
                known.append(word)
            elif meant := corrected(word.text, self.index, partial(self._worth, there)):
                self.corrections[word.text] = " ".join(each.text for each in meant)
                known += meant
        if self.corrections and len(known) > 1:
            known = self.index.counted(known)
        return tuple(dict.fromkeys(known))

    def _worth(self, there: Sequence[Word], words: Sequence[Word]) -> float:
        """The score of the best skill that has these words; much more if one has the
        others that are `there`, too. 0: none has them."""
        tries = [(there, TOGETHER)] if there else []
        for more, bonus in (*tries, ((), 0.0)):
            wanted = Criteria((*words, *more), every=True, most=WEIGHED)
            if hits := self.index.ranked(wanted):
                return bonus + max(hit.score for hit in hits)
        return 0.0

    def _allowed(self) -> Sql:
        """Whether a skill of the index is one of those that are searched."""
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
        """The query as it was understood; None: as it was written."""
        if not self.hits or not self.corrections:
            return None
        return " ".join(self.corrections.get(word, word) for word in self.words)

    def skills(self) -> "SkillQuerySet":
        """The same skills in no order."""
        return self.among.filter(pk__in=[hit.skill for hit in self.hits])

    def mark(self, skills: Iterable[Any]) -> None:
        """Give each of the skills its `highlights`: HTML by field, where words are."""
        marker = self._marker()
        versions = [skill.current_id for skill in skills]
        version = self.among.model.current.field.related_model
        bodies = version.objects.filter(pk__in=versions).values_list(
            "pk", Substr("body", 1, BODY_CHARS)
        )
        body = dict(bodies)
        for skill in skills:
            marks = {
                "name": marker.whole(skill.name),
                "description": marker.snippet(skill.description),
                "body": marker.snippet(body.get(skill.current_id, "")),
            }
            skill.highlights = {field: html for field, html in marks.items() if html}

    def _marker(self) -> Highlighter:
        understood = (self.corrections.get(word, word) for word in self.words)
        words = significant(words_of(" ".join(understood)))
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
            return self[place : place + 1 or None][0]
        hits = self.hits[place]
        scores = {hit.skill: hit.score for hit in hits}
        read = self.among.in_bulk(list(scores))
        for key, skill in read.items():
            skill.score = round(scores[key], 3)
        return [read[key] for key in scores if key in read]

    def __iter__(self) -> "Iterator[Skill]":
        return iter(self[:])


def search(skills: "SkillQuerySet", query: str, *order: str) -> SearchResults:
    """The skills of the queryset that match the query, best first.

    `order` names fields to order them by instead.
    """
    return SearchResults(skills, query, order)
