"""Heads of hunks and quoted names, as git itself writes them."""

from orch.git import unified_diff


def test_a_hunk_is_as_long_as_its_head_says():
    hunk = unified_diff.hunk("@@ -3,2 +4 @@ def f():")
    assert hunk is not None
    assert (hunk.old_start, hunk.old, hunk.new_start, hunk.new) == (3, 2, 4, 1)
    assert [hunk.take(line) for line in ("-a", "--- a/x", "+@@ -1 +1 @@")] == ["-", "-", "+"]
    assert not hunk.is_open


def test_an_empty_line_is_of_both_sides_and_a_remark_of_neither():
    hunk = unified_diff.hunk("@@ -1 +1 @@")
    assert hunk is not None
    assert hunk.take("\\ No newline at end of file") == "\\" and hunk.is_open
    assert hunk.take("") == " " and not hunk.is_open


def test_what_only_looks_like_a_head_is_none():
    for line in ("@@ -1,2 @@", "@@ -1 +1 @", " @@ -1 +1 @@", "@@ -9999999999 +1 @@", "@@ -٣ +1 @@"):
        assert unified_diff.hunk(line) is None


def test_names_are_read_back_as_git_quotes_them():
    assert unified_diff.unquoted("a/plain") == "a/plain"
    assert unified_diff.unquoted('"a/t\\303\\244b\\t\\"q\\".txt"') == 'a/täb\t"q".txt'
    assert unified_diff.unquoted('"a/漢.txt"') == "a/漢.txt"
