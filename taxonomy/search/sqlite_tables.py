"""What keeps the index on SQLite: FTS5 tables, and triggers that fill them."""

from collections.abc import Iterable

from taxonomy.search.sources import BODY_CHARS, LABEL_KINDS

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


def forgetting(skill: str) -> list[str]:
    """Drop the entry of the skill that the expression names."""
    entry = f"(SELECT id FROM taxonomy_searchentry WHERE skill_id = {skill})"  # noqa: S608
    return [
        f"DELETE FROM taxonomy_search WHERE rowid = {entry}",  # noqa: S608
        f"DELETE FROM taxonomy_searchletters WHERE rowid = {entry}",  # noqa: S608
    ]


def renewing(skill: str) -> list[str]:
    """Write the entry of that skill anew."""
    return [
        *forgetting(skill),
        f"""INSERT INTO taxonomy_searchentry (skill_id) SELECT uuid FROM taxonomy_skill
        WHERE uuid = {skill} AND NOT EXISTS (
            SELECT 1 FROM taxonomy_searchentry WHERE skill_id = {skill})""",  # noqa: S608
        *(f"{insert} WHERE entry.skill_id = {skill}" for insert in ENTRIES),
    ]


def triggers() -> dict[str, str]:
    """By what happens: a trigger each, without its name."""
    forget = [
        *forgetting("old.uuid"),
        "DELETE FROM taxonomy_searchentry WHERE skill_id = old.uuid",
    ]
    of_version = """(SELECT uuid FROM taxonomy_skill WHERE current_id = new.id)"""
    shown = ("name", "description", "current_id")
    changed = " OR ".join(f"old.{each} IS NOT new.{each}" for each in shown)
    indexed = f"kind IN ({LABEL_KINDS})"
    return {
        "skill_added": made("INSERT ON taxonomy_skill", renewing("new.uuid")),
        "skill_changed": made(
            f"UPDATE ON taxonomy_skill WHEN old.uuid IS new.uuid AND ({changed})",
            renewing("new.uuid"),
        ),
        "skill_rekeyed": made(
            "UPDATE ON taxonomy_skill WHEN old.uuid IS NOT new.uuid",
            [*forget, *renewing("new.uuid")],
        ),
        "skill_removed": made("DELETE ON taxonomy_skill", forget),
        "version_added": made(
            f"INSERT ON taxonomy_skillversion WHEN {of_version} IS NOT NULL",
            renewing(of_version),
        ),
        "version_changed": made(
            "UPDATE OF body ON taxonomy_skillversion "
            f"WHEN old.body IS NOT new.body AND {of_version} IS NOT NULL",
            renewing(of_version),
        ),
        "label_added": made(
            f"INSERT ON taxonomy_label WHEN new.{indexed}", renewing("new.skill_id")
        ),
        "label_removed": made(
            f"DELETE ON taxonomy_label WHEN old.{indexed}", renewing("old.skill_id")
        ),
        "label_changed": made(
            f"UPDATE ON taxonomy_label WHEN old.{indexed} OR new.{indexed}",
            [*renewing("old.skill_id"), *renewing("new.skill_id")],
        ),
    }


def made(event: str, statements: Iterable[str]) -> str:
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
"""All that decides what the index holds, with `triggers()`. The keys are part of the
digest, so they stay when a constant is renamed or moved."""
