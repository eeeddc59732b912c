"""The index on SQLite: FTS5 tables, the triggers that fill them, and the queries."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from taxonomy.search.query import (
    BODY_CHARS,
    LABEL_KINDS,
    LOOK_ALIKES,
    Criteria,
    Hit,
    Match,
    Sql,
    Word,
    counted_up_to,
)

TABLES = (
    "DROP TABLE IF EXISTS taxonomy_searchentry",
    "DROP TABLE IF EXISTS taxonomy_search",
    "DROP TABLE IF EXISTS taxonomy_searchletters",
    """CREATE TABLE taxonomy_searchentry (
        id integer PRIMARY KEY, skill_id char(32) NOT NULL UNIQUE)""",
    """CREATE VIRTUAL TABLE taxonomy_search USING fts5(
        name, description, keywords, body,
        tokenize = 'porter unicode61 remove_diacritics 2', prefix = '2 3 4')""",
    """CREATE VIRTUAL TABLE taxonomy_searchletters USING fts5(
        words, tokenize = 'trigram')""",
)

KEYWORDS = f"""coalesce((SELECT group_concat(value, ' ') FROM (
    SELECT value FROM taxonomy_label WHERE skill_id = skill.uuid
    AND kind IN ({LABEL_KINDS}) ORDER BY kind, value)), '')"""  # noqa: S608

ENTRIES = (
    f"""INSERT INTO taxonomy_search (rowid, name, description, keywords, body)
    SELECT entry.id, skill.name, skill.description, {KEYWORDS},
        coalesce(substr(version.body, 1, {BODY_CHARS}), '')
    FROM taxonomy_searchentry entry
    JOIN taxonomy_skill skill ON skill.uuid = entry.skill_id
    LEFT JOIN taxonomy_skillversion version ON version.id = skill.current_id""",  # noqa: S608
    f"""INSERT INTO taxonomy_searchletters (rowid, words)
    SELECT entry.id, ' ' || replace(skill.name, '-', ' ') || ' ' || {KEYWORDS} || ' '
    FROM taxonomy_searchentry entry
    JOIN taxonomy_skill skill ON skill.uuid = entry.skill_id""",  # noqa: S608
)

FILLING = (
    "DELETE FROM taxonomy_search",
    "DELETE FROM taxonomy_searchletters",
    "DELETE FROM taxonomy_searchentry",
    "INSERT INTO taxonomy_searchentry (skill_id) SELECT uuid FROM taxonomy_skill",
    *ENTRIES,
)


def delete_entry(skill: str) -> list[str]:
    """Statements that delete the entry of a skill; its key is an SQL expression."""
    entry = f"(SELECT id FROM taxonomy_searchentry WHERE skill_id = {skill})"  # noqa: S608
    return [
        f"DELETE FROM taxonomy_search WHERE rowid = {entry}",  # noqa: S608
        f"DELETE FROM taxonomy_searchletters WHERE rowid = {entry}",  # noqa: S608
    ]


def renew_entry(skill: str) -> list[str]:
    """Statements that write the entry of that skill again."""
    return [
        *delete_entry(skill),
        f"""INSERT INTO taxonomy_searchentry (skill_id) SELECT uuid FROM taxonomy_skill
        WHERE uuid = {skill} AND NOT EXISTS (
            SELECT 1 FROM taxonomy_searchentry WHERE skill_id = {skill})""",  # noqa: S608
        *(f"{insert} WHERE entry.skill_id = {skill}" for insert in ENTRIES),
    ]


def triggers() -> dict[str, str]:
    """The triggers by event, as SQL without their names."""
    forget = [
        *delete_entry("old.uuid"),
        "DELETE FROM taxonomy_searchentry WHERE skill_id = old.uuid",
    ]
    of_version = """(SELECT uuid FROM taxonomy_skill WHERE current_id = new.id)"""
    columns = ("name", "description", "current_id")
    changed = " OR ".join(f"old.{each} IS NOT new.{each}" for each in columns)
    indexed = f"kind IN ({LABEL_KINDS})"
    return {
        "skill_added": trigger("INSERT ON taxonomy_skill", renew_entry("new.uuid")),
        "skill_changed": trigger(
            f"UPDATE ON taxonomy_skill WHEN old.uuid IS new.uuid AND ({changed})",
            renew_entry("new.uuid"),
        ),
        "skill_rekeyed": trigger(
            "UPDATE ON taxonomy_skill WHEN old.uuid IS NOT new.uuid",
            [*forget, *renew_entry("new.uuid")],
        ),
        "skill_removed": trigger("DELETE ON taxonomy_skill", forget),
        "version_added": trigger(
            f"INSERT ON taxonomy_skillversion WHEN {of_version} IS NOT NULL",
            renew_entry(of_version),
        ),
        "version_changed": trigger(
            "UPDATE OF body ON taxonomy_skillversion "
            f"WHEN old.body IS NOT new.body AND {of_version} IS NOT NULL",
            renew_entry(of_version),
        ),
        "label_added": trigger(
            f"INSERT ON taxonomy_label WHEN new.{indexed}", renew_entry("new.skill_id")
        ),
        "label_removed": trigger(
            f"DELETE ON taxonomy_label WHEN old.{indexed}", renew_entry("old.skill_id")
        ),
        "label_changed": trigger(
            f"UPDATE ON taxonomy_label WHEN old.{indexed} OR new.{indexed}",
            [*renew_entry("old.skill_id"), *renew_entry("new.skill_id")],
        ),
    }


def trigger(event: str, statements: Iterable[str]) -> str:
    event, _, condition = event.partition(" WHEN ")
    when = f"WHEN {condition}" if condition else ""
    return f"AFTER {event} FOR EACH ROW {when} BEGIN {'; '.join(statements)}; END"


DEFINITION = {
    "ENTRIES": ENTRIES,
    "FILLING": FILLING,
    "KEYWORDS": KEYWORDS,
    "LABEL_KINDS": LABEL_KINDS,
    "TABLES": TABLES,
}
"""Together with `triggers()` this defines the index. The keys are part of the schema's
digest, so do not change them when a constant is renamed or moved."""


WEIGHTS = (30.0, 4.0, 1.0, 0.05)
"""The weights of name, description, keywords and body."""

PARTS = ("{name}", "{name description keywords}", "")
"""Columns in which words count more come first, so that these matches are ranked."""


class SqliteIndex:
    def __init__(self, connection: BaseDatabaseWrapper, allowed: Sql) -> None:
        """`allowed` is a condition on `entry.skill_id`: the searched skills."""
        self.connection = connection
        self.allowed = allowed

    def rows(self, sql: str, params: Sequence[Any]) -> list[Any]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, params)
            return cursor.fetchall()

    def counted(self, words: Sequence[Word]) -> list[Word]:
        condition, values = self.allowed
        count = f"""SELECT CASE WHEN EXISTS (
                SELECT 1 FROM taxonomy_search(%s) hit
                JOIN taxonomy_searchentry entry ON entry.id = hit.rowid
                WHERE {condition})
            THEN (SELECT count(*) FROM (
                SELECT 1 FROM taxonomy_search(%s) LIMIT {counted_up_to()}))
            ELSE 0 END"""  # noqa: S608

        def skills(word: Word) -> int:
            match = either([word])
            return int(self.rows(count, [match, *values, match])[0][0])

        return [word._replace(skills=skills(word)) for word in words]

    def look_alikes(self, word: str) -> Iterator[list[str]]:
        letters = f" {word} "
        parts = {letters[at : at + 3] for at in range(len(letters) - 2)}
        sql = f"""SELECT words FROM taxonomy_searchletters
            WHERE taxonomy_searchletters MATCH %s ORDER BY rank
            LIMIT {LOOK_ALIKES}"""  # noqa: S608
        match = " OR ".join(f'"{part}"' for part in sorted(parts))
        yield [words for (words,) in self.rows(sql, [match])]

    def ranked(self, criteria: Criteria) -> list[Hit]:
        condition, values = self.allowed
        tier = f"""SELECT * FROM (SELECT hit.rowid AS id FROM taxonomy_search(%s) hit
            JOIN taxonomy_searchentry entry ON entry.id = hit.rowid
            WHERE {condition} LIMIT %s)"""  # noqa: S608
        tiers = tiered(criteria)
        sql = f"""WITH candidate AS MATERIALIZED (
                SELECT id FROM ({" UNION ALL ".join([tier] * len(tiers))}) LIMIT %s
            ), scored AS (
                SELECT id, 0.0 AS score FROM candidate
                UNION ALL
                SELECT rowid, -bm25(taxonomy_search, %s, %s, %s, %s)
                FROM taxonomy_search(%s)
                WHERE +rowid IN (SELECT id FROM candidate)
            )
            SELECT skill.uuid, skill.name, summed.score
            FROM (SELECT id, sum(score) AS score FROM scored GROUP BY id) summed
            JOIN taxonomy_searchentry entry ON entry.id = summed.id
            JOIN taxonomy_skill skill ON skill.uuid = entry.skill_id"""  # noqa: S608
        params = [value for match in tiers for value in (match, *values, criteria.most)]
        scoring = [criteria.most, *WEIGHTS, scored(criteria)]
        return [Hit(*row) for row in self.rows(sql, [*params, *scoring])]


def tiered(criteria: Criteria) -> list[str]:
    """FTS5 queries, in the order in which they fill the list of candidates.

    The rest may find skills of `first` again. Within the rest each query excludes the
    ones before it.
    """
    match = query_for(criteria.rest)
    if not criteria.too_many:
        return [match]
    scoped = [f"{part} : ({match})" if part else f"({match})" for part in PARTS]
    rest = [
        f"{this} NOT {before}" if before else this
        for before, this in zip(["", *scoped], scoped, strict=False)
    ]
    return [*map(query_for, criteria.first), *rest]


def query_for(match: Match) -> str:
    return every(match.words) if match.every else either(match.words)


def scored(criteria: Criteria) -> str:
    """The FTS5 query that ranks. It ignores common words in bodies, to be fast."""
    if not criteria.too_many:
        join = every if criteria.every else either
        return join(criteria.words, twice=True)
    common = [word for word in criteria.words if word not in criteria.rare]
    parts = [f"{PARTS[1]} : ({either(common, twice=True)})"]
    if criteria.rare:
        parts.append(f"({either(criteria.rare, twice=True)})")
    return " OR ".join(parts)


def every(words: Sequence[Word], *, twice: bool = False) -> str:
    return " AND ".join(f"({either([word], twice=twice)})" for word in words)


def either(words: Sequence[Word], *, twice: bool = False) -> str:
    """`twice`: an exact match counts twice, a prefix match once."""
    whole = [f'"{word.text}"' for word in words if word.is_prefix and twice]
    return " OR ".join([*map(matching, words), *whole])


def matching(word: Word) -> str:
    """The word in quotes, so that it is no operator; words contain no quotes."""
    return f'"{word.text}" *' if word.is_prefix else f'"{word.text}"'
