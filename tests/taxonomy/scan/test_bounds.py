"""The time of a scan grows linearly with the text, whatever the text is."""

import pytest

from taxonomy.files.gate import File
from taxonomy.scan import engine
from taxonomy.scan.engine import scan

TOKEN = b"AKIAQ7R5T3Y2U4I6O2P7"
MEGABYTE = 1_000_000


def test_only_what_is_listed_gets_a_snippet(monkeypatch):
    texts = []
    monkeypatch.setattr(engine, "masked", lambda text: texts.append(text) or text)

    (*_, last) = scan((File("a.txt", (TOKEN + b"\n") * 5000),))

    assert last.message.endswith("(and 4995 more findings)")
    assert len(texts) == 5


def test_of_a_long_line_only_its_beginning_is_masked(monkeypatch):
    texts = []
    monkeypatch.setattr(engine, "masked", lambda text: texts.append(text) or text)

    scan((File("a.txt", (TOKEN + b" ") * 20_000),))

    assert [len(text) < 5000 for text in texts] == [True]


@pytest.mark.parametrize(
    "part",
    [
        TOKEN + b"\n",
        TOKEN + b" ",
        b"<!--",
        b"<!-- agent ",
        b"rm -rf ~/\n",
        b"curl http://a/b ",
    ],
)
def test_a_megabyte_of_anything_is_scanned(part):
    assert len(scan((File("a.md", part * (MEGABYTE // len(part))),))) <= 10
