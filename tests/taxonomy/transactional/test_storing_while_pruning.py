"""The pruning skips content that a transaction is about to refer to."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction
from django.db.models.functions import Now

from taxonomy.models import Blob, Bundle, Skill
from taxonomy.unused_content import prune_content
from tests.taxonomy.skills import skill_files

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="it has one writer"),
]


def pruned_elsewhere():
    def prune():
        try:
            return list(prune_content())
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(prune).result(timeout=20)


def test_a_publication_under_way_keeps_the_content_it_was_handed(seeded):
    Bundle.objects.store(skill_files())
    for model in (Bundle, Blob):
        model.objects.update(stored_at=Now() - timedelta(days=2))

    with transaction.atomic():
        Skill.objects.publish(skill_files())
        assert not any(freed.bundles for freed in pruned_elsewhere())

    assert Skill.objects.get().current.bundle.file("SKILL.md")
