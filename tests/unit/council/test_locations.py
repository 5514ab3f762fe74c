"""Reading diffs, and lines that a diff does not show."""

import pytest

from council.locations import Diff, parse_diff, verify
from tests.bench.council_examples import member

DIFF = """\
diff --git a/src/a.py b/src/a.py
index 1111111..2222222 100644
--- a/src/a.py
+++ b/src/a.py
@@ -10,3 +10,4 @@ def f():
 context
--- a dashed line that was deleted
+++ a plussed line that was added
+another
 context
@@ -40 +41,2 @@
-old
+new
+newer
\\ No newline at end of file
diff --git a/gone.py b/gone.py
deleted file mode 100644
--- a/gone.py
+++ /dev/null
@@ -1,2 +0,0 @@
-one
-two
diff --git a/old.py b/new.py
similarity index 100%
rename from old.py
rename to new.py
diff --git "a/sp\\303\\244t \\"x\\".txt" "b/sp\\303\\244t \\"x\\".txt"
--- "a/sp\\303\\244t \\"x\\".txt"
+++ "b/sp\\303\\244t \\"x\\".txt"
@@ -0,0 +1 @@
+x
diff --git a/cut.py b/cut.py
--- a/cut.py\t2026-01-01 00:00:00
+++ b/cut.py\t2026-01-01 00:00:00
@@ -5,2 +5,0 @@
-x
-y
"""


def test_files_and_shown_lines():
    assert parse_diff(DIFF).files == {
        "src/a.py": ((10, 13), (41, 42)),
        "gone.py": ((1, 2),),
        "new.py": (),
        'spät "x".txt': ((1, 1),),
        "cut.py": (),
    }


@pytest.mark.parametrize(
    "text", ["", "nonsense", "@@ -1 +1 @@\n+x", "--- a/x", "+++ b/x\n@@ nope @@\n+y", "@@@ -1 @@@"]
)
def test_strange_diffs_show_no_lines(text):
    assert all(not shown for shown in parse_diff(text).files.values())


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("src/a.py", "src/a.py"),
        ("./src//a.py", "src/a.py"),
        ("b/src/a.py", "src/a.py"),
        ("/home/me/repo/src/a.py", "src/a.py"),
        ("src\\a.py", "src/a.py"),
        ("a.py", None),
        ("src/b.py", None),
    ],
)
def test_paths_are_found_in_the_spelling_of_the_diff(given, found):
    assert parse_diff(DIFF).find_path(given) == found


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        ((10, 13), True),
        ((13, 30), True),
        ((41, None), True),
        ((9, 12), False),
        ((14, None), False),
        ((13, 10), False),
        ((None, 12), False),
    ],
)
def test_lines_hold_when_the_diff_shows_where_they_start(lines, kept):
    given = member("risk-reviewer", 0, "x", file="src/a.py", line_start=lines[0], line_end=lines[1])
    checked = verify(given, parse_diff(DIFF))
    assert (checked.line_start, checked.line_end) == (lines if kept else (None, None))
    assert checked.flags == (() if kept else ("location_unverified",))
    assert checked.file == "src/a.py"


def test_a_file_outside_the_diff_is_kept_without_lines():
    checked = verify(
        member("risk-reviewer", 0, "x", file="other.py", line_start=3), parse_diff(DIFF)
    )
    assert (checked.file, checked.line_start) == ("other.py", None)
    assert checked.flags == ("location_unverified",)


def test_without_a_diff_only_the_order_of_lines_is_checked():
    fine = member("risk-reviewer", 0, "x", file="other.py", line_start=3, line_end=3)
    assert verify(fine, None) == fine
    swapped = verify(fine.model_copy(update={"line_end": 2}), None)
    assert swapped.flags == ("location_unverified",)


def test_lines_without_a_file_do_not_hold():
    assert verify(member("risk-reviewer", 0, "x", line_start=3), None).line_start is None


def test_checking_twice_changes_nothing_more():
    once = verify(
        member("risk-reviewer", 0, "x", file="a/src/a.py", line_start=99), parse_diff(DIFF)
    )
    assert verify(once, parse_diff(DIFF)) == once


def test_a_finding_without_a_place_is_left_alone():
    given = member("risk-reviewer", 0, "x")
    assert verify(given, Diff()) is given
