"""An edit and a promotion parse, gate, hash and scan a draft once."""

from taxonomy.models import Skill
from tests.one_reading import ONCE, STORED, counted


def test_an_edit_of_a_draft(drafted, author_api):
    url = f"/api/v1/drafts/{drafted.pk}/files/references/more.md"

    with counted() as calls:
        answer = author_api.put(url, {"content": "# More\n"})

    assert answer.status_code == 200
    assert calls == ONCE


def test_a_promotion_reads_the_draft_by_its_digest(drafted, curator_api):
    with counted() as calls:
        answer = curator_api.post(f"/api/v1/drafts/{drafted.pk}/promote", {})

    assert answer.status_code == 200
    assert calls == STORED
    assert Skill.objects.get().current.bundle_id == drafted.draft.bundle_id


def test_a_promotion_under_another_name_reads_the_new_content_once(
    drafted, curator_api
):
    with counted() as calls:
        url = f"/api/v1/drafts/{drafted.pk}/promote"
        answer = curator_api.post(url, {"name": "another-name"})

    assert answer.status_code == 200
    assert calls == {"parse": 2, "gate": 2, "hash": 1, "scan": 2}
