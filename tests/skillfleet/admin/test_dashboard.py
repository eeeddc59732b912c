"""The dashboard shows open questions, failed jobs, and a warning without workers."""

from jobs.models import Worker


def titles(page):
    return [panel.title for panel in page.context["panels"]]


def rows(page, title):
    return next(each for each in page.context["panels"] if each.title == title).rows


def test_without_a_worker_the_page_says_so(root):
    page = root.get("/admin/")

    assert "No worker is alive" in page.context["warning"]
    assert "manage.py qcluster" in page.content.decode()


def test_with_a_worker_it_does_not(root):
    Worker.objects.register()

    assert root.get("/admin/").context["warning"] == ""


def test_an_author_finds_what_waits_for_them(world, browser_of):
    page = browser_of(world.people["author"]).get("/admin/")

    assert len(rows(page, "Waiting for me")) == 1
    assert f"{world.names['asking']}/do/answer/" in page.content.decode()
    assert len(rows(page, "Failed in the last 7 days")) == 1


def test_an_operator_sees_what_is_stuck(world, browser_of):
    page = browser_of(world.people["operator"]).get("/admin/")

    assert "Stuck" in titles(page)
    assert {tile.title: tile.number for tile in page.context["tiles"]} == {
        "Waiting for an answer": 1,
        "Running": 0,
        "Pending": 1,
        "Open drafts": 1,
        "Workers alive": 0,
        "Active skills": 1,
    }


def test_a_viewer_sees_no_jobs(world, browser_of):
    page = browser_of(world.people["viewer"]).get("/admin/")

    assert titles(page) == []
    assert [tile.title for tile in page.context["tiles"]] == ["Active skills"]


def test_every_number_leads_to_rows_of_that_number(root, world):
    for tile in root.get("/admin/").context["tiles"]:
        listing = root.get(tile.link)
        if (
            tile.title != "Workers alive"
        ):  # its list also has workers that are not alive
            assert listing.context["cl"].result_count == tile.number, tile
