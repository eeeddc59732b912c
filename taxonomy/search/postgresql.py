"""The index on PostgreSQL: tsvectors, the triggers that fill them, the queries."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import log
from typing import Any

from django.db import transaction
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

LOWER = """SELECT quote_ident(collname) FROM pg_collation
    WHERE collname IN ('pg_c_utf8', 'und-x-icu') AND collnamespace =
        'pg_catalog'::regnamespace ORDER BY collname"""
"""A collation that can lower-case every letter, whatever the database's own is."""

TRIGRAMS = "CREATE EXTENSION IF NOT EXISTS pg_trgm"
TRIGRAM_INDEX = """CREATE INDEX IF NOT EXISTS taxonomy_search_letters
    ON taxonomy_search USING gin (words gin_trgm_ops)"""

TABLE = (
    "DROP TABLE IF EXISTS taxonomy_search",
    """CREATE TABLE taxonomy_search (
        skill_id uuid PRIMARY KEY, name text NOT NULL, words text NOT NULL,
        heading tsvector NOT NULL, document tsvector NOT NULL)""",
    """CREATE INDEX taxonomy_search_name
        ON taxonomy_search USING gin (ts_filter(heading, '{a}'))""",
    "CREATE INDEX taxonomy_search_heading ON taxonomy_search USING gin (heading)",
    "CREATE INDEX taxonomy_search_document ON taxonomy_search USING gin (document)",
)

DICTIONARY = (
    "DROP TEXT SEARCH CONFIGURATION IF EXISTS taxonomy_words CASCADE",
    "DROP TEXT SEARCH DICTIONARY IF EXISTS taxonomy_porter CASCADE",
    # SQLite's stemming algorithm, so that both databases find the same.
    """CREATE TEXT SEARCH DICTIONARY taxonomy_porter (
        TEMPLATE = pg_catalog.snowball, LANGUAGE = 'porter')""",
    "CREATE TEXT SEARCH CONFIGURATION taxonomy_words (COPY = pg_catalog.simple)",
    """ALTER TEXT SEARCH CONFIGURATION taxonomy_words
        ALTER MAPPING REPLACE simple WITH taxonomy_porter""",
)

WORDS = r"""CREATE OR REPLACE FUNCTION taxonomy_search_plain(source text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        -- Letters and digits alone, in small letters and without their accents.
        SELECT lower(regexp_replace(normalize(regexp_replace(
            normalize(source, NFD), '[\u0300-\u036f]', '', 'g'), NFC),
            '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00a9\u00ab-\u00b1'
            '\u00b4\u00b6-\u00b8\u00bb\u00bf\u00d7\u00f7\u2000-\u206f\u20a0-\u20bf'
            '\u2190-\u245f\u2500-\u2bff\u3000-\u3004\u3008-\u3020\ufe00-\ufe4f'
            '\uff01-\uff0f\U0001f000-\U0001faff]+', ' ', 'g') {collate})
    $$"""
VECTOR = """CREATE OR REPLACE FUNCTION taxonomy_search_words(source text)
    RETURNS tsvector LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT to_tsvector('taxonomy_words', taxonomy_search_plain(source))
    $$"""

SOURCE = f"""SELECT skill.uuid, skill.name, ' ' || lower(
            replace(skill.name, '-', ' ') || ' ' || keywords.listed) || ' ',
        heading.vector, heading.vector || taxonomy_search_words(
            coalesce(left(version.body, {BODY_CHARS}), ''))
    FROM taxonomy_skill skill
    LEFT JOIN taxonomy_skillversion version ON version.id = skill.current_id
    CROSS JOIN LATERAL (SELECT
        coalesce(string_agg(value, ' ' ORDER BY kind, value), '') AS listed
        FROM taxonomy_label WHERE skill_id = skill.uuid AND kind IN ({LABEL_KINDS})
    ) keywords
    CROSS JOIN LATERAL (SELECT
        setweight(taxonomy_search_words(skill.name), 'A')
        || setweight(taxonomy_search_words(skill.description), 'B')
        || setweight(taxonomy_search_words(keywords.listed), 'C') AS vector
    ) heading"""  # noqa: S608

FILLING = (
    "DELETE FROM taxonomy_search",
    f"INSERT INTO taxonomy_search {SOURCE}",
    "ANALYZE taxonomy_search",
)

RENEW = f"""CREATE OR REPLACE FUNCTION taxonomy_search_renew(wanted uuid)
    RETURNS void LANGUAGE plpgsql SET search_path FROM CURRENT AS $$ BEGIN
        -- One writer at a time, or who counted the labels first might write last.
        PERFORM FROM taxonomy_skill WHERE uuid = wanted FOR NO KEY UPDATE;
        INSERT INTO taxonomy_search {SOURCE} WHERE skill.uuid = wanted
        ON CONFLICT (skill_id) DO UPDATE SET name = excluded.name,
            words = excluded.words, heading = excluded.heading,
            document = excluded.document;
    END $$"""


def function(name: str, *statements: str) -> str:
    body = "; ".join(statements)
    return f"""CREATE OR REPLACE FUNCTION taxonomy_search_{name}() RETURNS trigger
        LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
        BEGIN {body}; RETURN NULL; END $$"""


FUNCTIONS = (
    RENEW,
    function("new_skill", "PERFORM taxonomy_search_renew(new.uuid)"),
    function(
        "old_skill",
        "DELETE FROM taxonomy_search WHERE skill_id = old.uuid",
        "IF TG_OP = 'UPDATE' THEN PERFORM taxonomy_search_renew(new.uuid); END IF",
    ),
    function("no_skills", "DELETE FROM taxonomy_search"),
    function(
        "version",
        "PERFORM taxonomy_search_renew(uuid) FROM taxonomy_skill "
        "WHERE current_id = new.id",
    ),
    function(
        "label",
        "IF TG_OP <> 'INSERT' THEN PERFORM taxonomy_search_renew(old.skill_id); END IF",
        "IF TG_OP <> 'DELETE' THEN PERFORM taxonomy_search_renew(new.skill_id); END IF",
    ),
)


def triggers() -> dict[str, str]:
    """Trigger name → its SQL, without `CREATE TRIGGER <name>`."""
    indexed = ("name", "description", "current_id")
    changed = " OR ".join(f"old.{each} IS DISTINCT FROM new.{each}" for each in indexed)
    return {
        "skill_added": trigger("INSERT ON taxonomy_skill", "new_skill"),
        "skill_changed": trigger(
            "UPDATE ON taxonomy_skill",
            "new_skill",
            f"old.uuid = new.uuid AND ({changed})",
        ),
        "skill_rekeyed": trigger(
            "UPDATE ON taxonomy_skill", "old_skill", "old.uuid <> new.uuid"
        ),
        "skill_removed": trigger("DELETE ON taxonomy_skill", "old_skill"),
        "skills_emptied": trigger("TRUNCATE ON taxonomy_skill", "no_skills"),
        "version_added": trigger("INSERT ON taxonomy_skillversion", "version"),
        "version_changed": trigger(
            "UPDATE ON taxonomy_skillversion",
            "version",
            "old.body IS DISTINCT FROM new.body",
        ),
        "label_added": trigger(
            "INSERT ON taxonomy_label", "label", f"new.kind IN ({LABEL_KINDS})"
        ),
        "label_removed": trigger(
            "DELETE ON taxonomy_label", "label", f"old.kind IN ({LABEL_KINDS})"
        ),
        "label_changed": trigger(
            "UPDATE ON taxonomy_label",
            "label",
            f"old.kind IN ({LABEL_KINDS}) OR new.kind IN ({LABEL_KINDS})",
        ),
    }


def trigger(event: str, name: str, condition: str = "true") -> str:
    each = "STATEMENT" if event.startswith("TRUNCATE") else "ROW"
    return (
        f"AFTER {event} FOR EACH {each} WHEN ({condition}) "
        f"EXECUTE FUNCTION taxonomy_search_{name}()"
    )


DEFINITION = {
    "DICTIONARY": DICTIONARY,
    "FILLING": FILLING,
    "FUNCTIONS": FUNCTIONS,
    "LABEL_KINDS": LABEL_KINDS,
    "LOWER": LOWER,
    "RENEW": RENEW,
    "SOURCE": SOURCE,
    "TABLE": TABLE,
    "TRIGRAMS": TRIGRAMS,
    "TRIGRAM_INDEX": TRIGRAM_INDEX,
    "VECTOR": VECTOR,
    "WORDS": WORDS,
}
"""With `triggers()` this defines the index. The keys are part of the digest: they stay
the same when a constant is renamed or moved."""


HEADING_WEIGHTS = "{0, 0.2, 0.4, 1}"
"""The weights of bodies (none), keywords, descriptions and names."""

BODY_WEIGHTS = "{0.1, 0, 0, 0}"
COLUMNS = ("ts_filter(heading, '{a}')", "heading", "document")
"""Names, headings, everything: the shortest index is tried first."""

ENOUGH_OF_ONE = 20
"""Counting stops here for a word that is searched for alone."""

RANKED_BY_BODY = 100
"""So many skills with the best headings are also ranked by their bodies."""

PREFIX_WEIGHT = 0.3
"""The weight of a prefix match; a match of the whole word weighs 1."""

LIKENESS, LEAST_LIKENESS = 0.45, 0.24
"""The word similarity (0 to 1) that is tried first, and the lowest one that is tried.
In short words one wrong letter changes most trigrams."""

HAS_TRIGRAMS = "SELECT to_regprocedure('word_similarity(text, text)') IS NOT NULL"
"""Whether pg_trgm is installed in this connection's search path."""


class PostgresIndex:
    def __init__(self, connection: BaseDatabaseWrapper, allowed: Sql) -> None:
        """`allowed` is a condition on `entry.skill_id`: the searched skills."""
        self.connection = connection
        self.allowed = allowed

    @contextmanager
    def by_index(self) -> Iterator[None]:
        """Make the planner use the index.

        If many rows match it prefers a sequential scan, and underestimates the cost of
        decompressing the long rows.
        """
        with transaction.atomic(using=self.connection.alias, savepoint=False):
            with self.connection.cursor() as cursor:
                cursor.execute("SET LOCAL enable_seqscan TO off")
            yield
            with self.connection.cursor() as cursor:
                cursor.execute("SET LOCAL enable_seqscan TO DEFAULT")

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[Any]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, params)
            return cursor.fetchall()

    def counted(self, words: Sequence[Word]) -> list[Word]:
        """Counts decide between words, so a word alone is counted up to a few only."""
        formed = self.formed(words)
        alone = len(words) == 1
        columns = COLUMNS if alone else COLUMNS[-1:]
        most = ENOUGH_OF_ONE if alone else counted_up_to()
        condition, values = self.allowed
        some = " UNION ALL ".join(
            f"""(SELECT skill_id FROM taxonomy_search WHERE {column} @@ %s::tsquery
            LIMIT {most})"""  # noqa: S608
            for column in columns
        )
        # The last EXISTS is for a word whose first few skills are not searched.
        count = f"""(WITH found AS MATERIALIZED (
                SELECT skill_id FROM ({some}) either LIMIT {most})
            SELECT CASE WHEN EXISTS (SELECT 1 FROM found entry WHERE {condition})
                OR (SELECT count(*) FROM found) = {most} AND EXISTS (
                    SELECT 1 FROM taxonomy_search entry
                    WHERE document @@ %s::tsquery AND {condition})
            THEN (SELECT count(*) FROM found) ELSE 0 END)"""  # noqa: S608
        params: list[Any] = []
        for word in formed:
            match = either([word])
            params += [*[match] * len(columns), *values, match, *values]
        with self.by_index():
            [counts] = self.rows(f"SELECT {', '.join([count] * len(words))}", params)
        return [
            word._replace(skills=skills)
            for word, skills in zip(formed, counts, strict=True)
        ]

    def formed(self, words: Sequence[Word]) -> list[Word]:
        """The words with their stems as the index has them."""
        forms = self.rows(
            "SELECT tsvector_to_array(taxonomy_search_words(word)) "
            "FROM unnest(%s::text[]) WITH ORDINALITY asked (word, place) "
            "ORDER BY place",
            [[word.text for word in words]],
        )
        return [
            word._replace(form=" & ".join(map(quoted, stems)))
            for word, (stems,) in zip(words, forms, strict=True)
        ]

    def look_alikes(self, word: str) -> Iterator[list[str]]:
        if not self.rows(HAS_TRIGRAMS)[0][0]:
            yield []
            return
        sql = f"""SELECT words FROM taxonomy_search WHERE %s <%% words
            ORDER BY word_similarity(%s, words) DESC, words
            LIMIT {LOOK_ALIKES}"""  # noqa: S608
        for likeness in sorted({LIKENESS, likeness_of_one_off(word)}, reverse=True):
            threshold = "pg_trgm.word_similarity_threshold"
            self.rows("SELECT set_config(%s, %s, false)", [threshold, str(likeness)])
            with self.by_index():
                rows = self.rows(sql, [word, word])
            yield [words for (words,) in rows]

    def ranked(self, criteria: Criteria) -> list[Hit]:
        tiers, params = tiered(criteria, self.allowed)
        rarity = self.rarity(criteria.words)
        heading, heading_params = scores("heading", HEADING_WEIGHTS, rarity)
        body, body_params = scores("document", BODY_WEIGHTS, rarity, shortened=True)
        sql = f"""WITH candidate AS MATERIALIZED (
                SELECT * FROM ({tiers}) tiered LIMIT %s
            ), scored AS MATERIALIZED (
                SELECT skill_id, name, {heading} AS score
                FROM (SELECT DISTINCT ON (skill_id) * FROM candidate) each
            ), by_body AS MATERIALIZED (
                SELECT skill_id, {body} AS score
                FROM (SELECT skill_id FROM scored ORDER BY score DESC, name
                    LIMIT {RANKED_BY_BODY}) best
                JOIN taxonomy_search USING (skill_id)
            )
            SELECT skill_id, name, scored.score + coalesce(by_body.score, 0)
            FROM scored LEFT JOIN by_body USING (skill_id)"""  # noqa: S608
        values = [*params, criteria.most, *heading_params, *body_params]
        with self.by_index():
            return [Hit(*row) for row in self.rows(sql, values)]

    def rarity(self, words: Sequence[Word]) -> list[tuple[str, float]]:
        """Queries and weights: rare words count more (inverse document frequency)."""
        [[estimate]] = self.rows(
            "SELECT reltuples FROM pg_class WHERE oid = 'taxonomy_search'::regclass"
        )
        skills = max(estimate, 100, *(word.skills for word in words))
        counts = []
        for word in words:
            weight = log(1 + skills / (word.skills + 0.5))
            if word.is_prefix:
                counts.append((matching(word), weight * PREFIX_WEIGHT))
                weight *= 1 - PREFIX_WEIGHT
            counts.append((word.form, weight))
        return counts


def likeness_of_one_off(word: str) -> float:
    """The similarity to a word with one wrong letter, which spoils three trigrams."""
    shared, all_trigrams = len(word) - 2, len(word) + 4
    return min(LIKENESS, max(LEAST_LIKENESS, 0.99 * shared / all_trigrams))


def tiered(criteria: Criteria, allowed: Sql) -> Sql:
    """SQL that fills the list of candidates: `first`, then the rest by column."""
    condition, values = allowed
    anywhere, in_name = query_for(criteria.rest), query_for(criteria.rest, "A")
    tiers = [
        *(("document @@ %s::tsquery", [query_for(match)]) for match in criteria.first),
        ("ts_filter(heading, '{a}') @@ %s::tsquery", [anywhere]),
        ("heading @@ %s::tsquery AND NOT heading @@ %s::tsquery", [anywhere, in_name]),
        (
            "document @@ %s::tsquery AND NOT heading @@ %s::tsquery",
            [anywhere, anywhere],
        ),
    ]
    sql = " UNION ALL ".join(
        f"""(SELECT skill_id, name, heading FROM taxonomy_search entry
        WHERE {match} AND {condition} LIMIT %s)"""  # noqa: S608
        for match, _ in tiers
    )
    return sql, [
        value for _, matches in tiers for value in (*matches, *values, criteria.most)
    ]


def scores(
    column: str,
    weights: str,
    rarity: Sequence[tuple[str, float]],
    *,
    shortened: bool = False,
) -> Sql:
    """`shortened`: matches in long texts count less."""
    rank = f"%s * ts_rank(%s, {column}, %s::tsquery, {int(shortened)})"
    values = [value for query, weight in rarity for value in (weight, weights, query)]
    return " + ".join([rank] * len(rarity)), values


def query_for(match: Match, scope: str = "") -> str:
    return (every if match.every else either)(match.words, scope)


def every(words: Sequence[Word], scope: str = "") -> str:
    return " & ".join(f"({matching(word, scope)})" for word in words)


def either(words: Sequence[Word], scope: str = "") -> str:
    return " | ".join(f"({matching(word, scope)})" for word in words if word.form)


def matching(word: Word, scope: str = "") -> str:
    """`scope` is the tsvector weight (A to D) that the match must have."""
    suffix = ("*" if word.is_prefix else "") + scope
    if not suffix:
        return word.form
    return " & ".join(f"{each}:{suffix}" for each in word.form.split(" & "))


def quoted(lexeme: str) -> str:
    escaped = lexeme.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"
