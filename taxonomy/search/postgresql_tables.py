"""What keeps the index on PostgreSQL: a table, and triggers that fill it."""

from taxonomy.search.sources import BODY_CHARS, LABEL_KINDS

LOWER = """SELECT quote_ident(collname) FROM pg_collation
    WHERE collname IN ('pg_c_utf8', 'und-x-icu') AND collnamespace =
        'pg_catalog'::regnamespace ORDER BY collname"""
"""A collation that knows the small form of every letter, whatever the database's."""

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
    # The algorithm that SQLite has, so that both find the same.
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
    """By what happens: a trigger each, without its name."""
    shown = ("name", "description", "current_id")
    changed = " OR ".join(f"old.{each} IS DISTINCT FROM new.{each}" for each in shown)
    return {
        "skill_added": made("INSERT ON taxonomy_skill", "new_skill"),
        "skill_changed": made(
            "UPDATE ON taxonomy_skill",
            "new_skill",
            f"old.uuid = new.uuid AND ({changed})",
        ),
        "skill_rekeyed": made(
            "UPDATE ON taxonomy_skill", "old_skill", "old.uuid <> new.uuid"
        ),
        "skill_removed": made("DELETE ON taxonomy_skill", "old_skill"),
        "skills_emptied": made("TRUNCATE ON taxonomy_skill", "no_skills"),
        "version_added": made("INSERT ON taxonomy_skillversion", "version"),
        "version_changed": made(
            "UPDATE ON taxonomy_skillversion",
            "version",
            "old.body IS DISTINCT FROM new.body",
        ),
        "label_added": made(
            "INSERT ON taxonomy_label", "label", f"new.kind IN ({LABEL_KINDS})"
        ),
        "label_removed": made(
            "DELETE ON taxonomy_label", "label", f"old.kind IN ({LABEL_KINDS})"
        ),
        "label_changed": made(
            "UPDATE ON taxonomy_label",
            "label",
            f"old.kind IN ({LABEL_KINDS}) OR new.kind IN ({LABEL_KINDS})",
        ),
    }


def made(event: str, name: str, condition: str = "true") -> str:
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
"""All that decides what the index holds, with `triggers()`. The keys are part of the
digest, so they stay when a constant is renamed or moved."""
