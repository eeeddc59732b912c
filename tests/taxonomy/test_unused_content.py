"""Content without references is deleted; content that may get one is kept."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from taxonomy.files.gate import bundle_digest
from taxonomy.models import Blob, Bundle, Skill
from taxonomy.unused_content import Removed, prune_content
from tests.taxonomy.skills import skill_files

pytestmark = pytest.mark.django_db
SHARED = {"references__guide.md": b"# Guide\n"}


def make_old() -> None:
    for model in (Bundle, Blob):
        model.objects.update(stored_at=Now() - timedelta(days=2))


def test_a_bundle_goes_with_the_files_that_no_other_has(seeded):
    Skill.objects.publish(skill_files(**SHARED))
    Bundle.objects.store(skill_files(body="Nobody's.", **SHARED))
    make_old()

    assert list(prune_content()) == [Removed(bundles=1), Removed(blobs=1)]

    current = Skill.objects.get().current.bundle
    assert [entry.path for entry in current.files()] == [
        "SKILL.md",
        "references/guide.md",
    ]
    assert Blob.objects.count() == 2
    assert list(prune_content()) == []


def test_every_version_keeps_its_content(seeded):
    Skill.objects.publish(skill_files())
    Skill.objects.publish(skill_files(body="Changed."))
    make_old()

    assert list(prune_content()) == []


def test_what_was_stored_today_stays(seeded):
    Bundle.objects.store(skill_files())

    assert list(prune_content()) == []


def test_storing_it_again_makes_it_young(seeded):
    """The caller will refer to it at its commit, which may come after the pruning."""
    files = skill_files(**SHARED)
    Bundle.objects.store(files)
    Bundle.objects.store(skill_files(body="Nobody's."))
    make_old()
    bundle = Bundle.objects.store(files)
    Bundle.objects.store(skill_files(body="Another.", **SHARED))

    assert list(prune_content()) == [Removed(bundles=1), Removed(blobs=1)]
    assert bundle.pk == bundle_digest(files)
    assert Bundle.objects.get(pk=bundle.pk).files() == files
