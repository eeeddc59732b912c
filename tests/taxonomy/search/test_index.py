"""Triggers keep the index up to date, however rows are written."""

import pytest
from django.core import checks
from django.db import connection
from django.test.utils import CaptureQueriesContext

from taxonomy.models import Label, Skill, SkillVersion
from taxonomy.search import index
from taxonomy.search.results import search
from tests.taxonomy.search.conftest import search_names
from tests.taxonomy.skills import skill_files


def content():
    """All entries, without keys that differ between equal indexes."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT * FROM taxonomy_search ORDER BY skill_id")
        else:
            cursor.execute(
                "SELECT skill_id, name, description, keywords, body, words "
                "FROM taxonomy_searchentry entry "
                "JOIN taxonomy_search search ON search.rowid = entry.id "
                "JOIN taxonomy_searchletters letters ON letters.rowid = entry.id "
                "ORDER BY skill_id"
            )
        return cursor.fetchall()


def raw(sql, *params):
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


def skill(name):
    return Skill.objects.get(name=name)


def publish_again():
    Skill.objects.publish(skill_files("pdf-tools", "Other words.", "Zeppelin."))


def revise():
    skill("pdf-tools").revise(
        name="paper-tools", labels={Label.Kind.KEYWORD: ["zeppelin"]}
    )


def update_in_bulk():
    both = list(Skill.objects.filter(name__in=["pdf-tools", "node-pools"]))
    for each in both:
        each.description = f"Zeppelin {each.name}"
    Skill.objects.bulk_update(both, ["description"])


def label_in_bulk():
    Label.objects.bulk_create(
        Label(skill=each, kind=kind, value="zeppelin")
        for each in Skill.objects.all()
        for kind in Label.Kind
    )
    Label.objects.filter(skill__name="node-pools", kind="tag").update(value="airship")
    Label.objects.filter(skill__name="cluster-care").delete()
    Label.objects.filter(kind="tool").update(kind="tag", value="balloon")


def write_a_body():
    current = skill("pdf-tools").current_id
    raw("UPDATE taxonomy_skillversion SET body = 'zeppelin' WHERE id = %s", current)


def roll_back_by_hand():
    publish_again()
    first = SkillVersion.objects.filter(skill__name="pdf-tools").earliest("pk")
    raw(
        "UPDATE taxonomy_skill SET current_id = %s WHERE name = %s",
        first.pk,
        "pdf-tools",
    )


def delete():
    for relation in Skill._meta.related_objects:
        if relation.related_model not in (Skill, SkillVersion):
            relation.related_model._base_manager.all().delete()
    raw("DELETE FROM taxonomy_skill WHERE name = 'pdf-tools'")
    raw(
        "DELETE FROM taxonomy_skillversion WHERE skill_id NOT IN "
        "(SELECT uuid FROM taxonomy_skill)"
    )


@pytest.mark.parametrize(
    "write",
    [
        publish_again,
        revise,
        update_in_bulk,
        label_in_bulk,
        write_a_body,
        roll_back_by_hand,
        delete,
    ],
    ids=lambda write: write.__name__,
)
def test_every_write_leaves_the_index_as_if_it_were_made_anew(searchable_skills, write):
    before = content()
    write()
    maintained = content()
    index.fill(connection)
    assert maintained == content()
    assert maintained != before or write is roll_back_by_hand


def test_a_removed_word_does_not_find_the_skill(searchable_skills):
    assert search_names("merge") == ["pdf-tools"]
    publish_again()
    assert search_names("merge") == []
    assert search_names("zeppelin") == ["pdf-tools"]


def test_migrations_find_no_trigger_and_leave_all_of_them(searchable_skills):
    migration = type("Migration", (), {"app_label": "taxonomy"})
    index.drop_before_migration(connection.alias, plan=[(migration, False)])
    assert index.existing_triggers(connection) == {}
    publish_again()
    assert search_names("zeppelin") == []
    assert warnings() == {"taxonomy.W002"}
    index.create_after_migration(connection.alias)
    assert index.is_current(connection)
    assert warnings() == set()
    assert search_names("zeppelin") == ["pdf-tools"]


@pytest.mark.parametrize(
    ("vendor", "digest"), [("sqlite", "454b2893"), ("postgresql", "fd98e016")]
)
def test_an_index_of_earlier_releases_is_recognised(vendor, digest):
    """Change these digests only if the content of the index changes."""
    assert index.digest(vendor) == digest


@pytest.mark.parametrize("vendor", ["sqlite", "postgresql"])
def test_every_part_of_the_definition_changes_the_digest(vendor, monkeypatch):
    definition, triggers = (
        index.rules(vendor).DEFINITION,
        index.rules(vendor).triggers,
    )
    digests = [index.digest(vendor)]
    for part in definition:
        with monkeypatch.context() as patch:
            patch.setitem(definition, part, "SELECT 1")
            digests.append(index.digest(vendor))
    for event in triggers():
        with monkeypatch.context() as patch:
            changed = {**triggers(), event: "AFTER DELETE ON taxonomy_skill"}
            patch.setattr(index.rules(vendor), "triggers", lambda made=changed: made)
            digests.append(index.digest(vendor))
    monkeypatch.setattr(index, "VERSION", "2")
    digests.append(index.digest(vendor))

    assert len(set(digests)) == 2 + len(definition) + len(triggers())


@pytest.mark.parametrize("vendor", ["sqlite", "postgresql"])
def test_names_and_modules_are_no_part_of_the_digest(vendor, monkeypatch):
    rules, before = index.rules(vendor), index.digest(vendor)
    monkeypatch.setattr(rules, "RENAMED", rules.FILLING, raising=False)
    monkeypatch.setattr(rules, "__name__", "taxonomy.moved")

    assert index.digest(vendor) == before


def test_only_a_changed_definition_rebuilds_the_index(searchable_skills, monkeypatch):
    raw("DELETE FROM taxonomy_search")
    index.create_after_migration(connection.alias)
    assert search_names("merge") == []

    monkeypatch.setattr(index, "VERSION", "2")
    index.create_after_migration(connection.alias)
    assert search_names("merge") == ["pdf-tools"]


def test_a_body_of_any_size_is_published(searchable_skills):
    long = " ".join(f"word{number}" for number in range(60_000))
    Skill.objects.publish(skill_files("long-winded", "Much.", long))
    assert search_names("word17") == ["long-winded"]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="is PostgreSQL's own")
def test_without_pg_trgm_it_corrects_less_and_says_so(searchable_skills):
    raw("DROP EXTENSION pg_trgm CASCADE")
    assert warnings() == {"taxonomy.W001"}
    assert search_names("kuberntes deploy") == ["kubernetes-deploy"]  # by what is left
    assert search_names("pfd-tools") == ["pdf-tools"]
    index.create_after_migration(connection.alias)
    assert warnings() == set()
    assert search_names("kuberntes") == search_names("kubernetes")


def warnings():
    messages = checks.run_checks(
        tags=[checks.Tags.database], databases=[connection.alias]
    )
    return {each.id for each in messages}


@pytest.mark.skipif(connection.vendor != "postgresql", reason="of PostgreSQL's index")
def test_a_word_of_a_name_is_not_looked_for_in_the_bodies(searchable_skills):
    with CaptureQueriesContext(connection) as queries:
        search(Skill.objects.all(), "kubernetes").count()
        [counting] = [each["sql"] for each in queries if "WITH found" in each["sql"]]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN ANALYZE {counting}")
        plan = "\n".join(step for (step,) in cursor.fetchall())
    assert plan.count("(never executed)") >= 2


@pytest.mark.skipif(connection.vendor != "sqlite", reason="of SQLite's connections")
def test_a_connection_keeps_what_searches_read(searchable_skills, settings):
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA cache_size")
        [kibibytes] = cursor.fetchone()
    assert -kibibytes * 1024 == settings.SKILLFLEET_SQLITE_CACHE
