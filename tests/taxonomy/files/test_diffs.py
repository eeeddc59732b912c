"""Diffs between two sets of files, which people see before they publish."""

from taxonomy.files.diffs import FileDiff, differences
from taxonomy.files.gate import File, Files, as_files


def test_all_files_together_are_bounded_too():
    before = files(**{f"f{number:02}": b"x\n" * 50 for number in range(12)})
    after = files(**{f"f{number:02}": b"y\n" * 50 for number in range(12)})

    notes = [each.note for each in differences(before, after, most_lines=50)]

    assert notes == [""] * 9 + ["too long"] * 3


def files(**contents: bytes) -> Files:
    return as_files(File(path, content) for path, content in contents.items())


def test_each_file_that_differs_is_shown_in_its_own_way():
    before = files(
        a=b"one\ntwo\n", gone=b"bye\n", pic=b"\x89PNG\0", same=b"s\n", long=b"x\n" * 51
    )
    after = files(
        a=b"one\n2\n", new=b"hi", pic=b"\x89PNG\0\1", same=b"s\n", long=b"x\n" * 50
    )

    assert differences(before, after, most_lines=50) == (
        FileDiff("a", "changed", "--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n"),
        FileDiff("gone", "removed", "--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-bye\n"),
        FileDiff("long", "changed", note="too long"),
        FileDiff(
            "new",
            "added",
            "--- /dev/null\n+++ b/new\n@@ -0,0 +1 @@\n+hi\n"
            "\\ No newline at end of file\n",
        ),
        FileDiff("pic", "changed", note="binary"),
    )


def test_a_mode_that_changed_is_said():
    script = (File("run.sh", b"true\n"),)
    runnable = (File("run.sh", b"true\n", executable=True),)
    assert differences(script, runnable, 9)[0].note == "executable now"
    assert differences(runnable, script, 9)[0].note == "not executable any more"


def test_no_text_is_compared_that_would_take_long():
    (difference,) = differences(files(a=b"x" * 5001), files(a=b"y"), most_lines=50)
    assert (difference.text, difference.note) == ("", "too long")


def test_equal_files_have_no_difference():
    assert differences(files(a=b"1"), files(a=b"1"), 9) == ()
