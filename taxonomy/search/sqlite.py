"""The index on SQLite: FTS5."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from taxonomy.search.query import (
    LOOK_ALIKES,
    Hit,
    Match,
    Sql,
    Wanted,
    Word,
    counted_up_to,
)

WEIGHTS = (30.0, 4.0, 1.0, 0.05)
"""Of name, description, keywords and body."""

PARTS = ("{name}", "{name description keywords}", "")
"""Where words count more comes first, so that what is ranked has them there."""


class SqliteIndex:
    def __init__(self, connection: BaseDatabaseWrapper, allowed: Sql) -> None:
        """`allowed` is true of a skill, whose key it calls `entry.skill_id`."""
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

    def ranked(self, wanted: Wanted) -> list[Hit]:
        condition, values = self.allowed
        tier = f"""SELECT * FROM (SELECT hit.rowid AS id FROM taxonomy_search(%s) hit
            JOIN taxonomy_searchentry entry ON entry.id = hit.rowid
            WHERE {condition} LIMIT %s)"""  # noqa: S608
        tiers = tiered(wanted)
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
        params = [value for match in tiers for value in (match, *values, wanted.most)]
        scoring = [wanted.most, *WEIGHTS, scored(wanted)]
        return [Hit(*row) for row in self.rows(sql, [*params, *scoring])]


def tiered(wanted: Wanted) -> list[str]:
    """One match after the other, until enough are found. What one of the `sure` ones
    finds the rest may find again; of the rest each leaves out what came before."""
    match = of(wanted.rest)
    if not wanted.too_many:
        return [match]
    scoped = [f"{part} : ({match})" if part else f"({match})" for part in PARTS]
    rest = [
        f"{this} NOT {before}" if before else this
        for before, this in zip(["", *scoped], scoped, strict=False)
    ]
    return [*map(of, wanted.sure), *rest]


def of(match: Match) -> str:
    return every(match.words) if match.every else either(match.words)


def scored(wanted: Wanted) -> str:
    """What the rank looks at: of common words the bodies would take too long."""
    if not wanted.too_many:
        join = every if wanted.every else either
        return join(wanted.words, twice=True)
    common = [word for word in wanted.words if word not in wanted.rare]
    parts = [f"{PARTS[1]} : ({either(common, twice=True)})"]
    if wanted.rare:
        parts.append(f"({either(wanted.rare, twice=True)})")
    return " OR ".join(parts)


def every(words: Sequence[Word], *, twice: bool = False) -> str:
    return " AND ".join(f"({either([word], twice=twice)})" for word in words)


def either(words: Sequence[Word], *, twice: bool = False) -> str:
    """`twice`: what is the word itself counts once more than what begins so."""
    whole = [f'"{word.text}"' for word in words if word.begins and twice]
    return " OR ".join([*map(matching, words), *whole])


def matching(word: Word) -> str:
    """In quotes nothing is an operator; a word holds no quote."""
    return f'"{word.text}" *' if word.begins else f'"{word.text}"'
