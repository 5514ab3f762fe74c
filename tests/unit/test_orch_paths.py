"""Globs: does a path fit, and can two globs name one file? Checked against brute force too."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orch import paths


@pytest.mark.parametrize(
    ("glob", "path", "fits"),
    [
        ("src/a", "src/a", True),
        ("src/a", "src/a/deep/x.py", True),
        ("src/a", "src/ab", False),
        ("src/a/", "src/a/x", True),
        ("./src", "src/x", True),
        ("*.py", "x.py", True),
        ("*.py", "src/x.py", False),
        ("**/*.py", "x.py", True),
        ("**/*.py", "a/b/x.py", True),
        ("src/**/t?.py", "src/t1.py", True),
        ("src/**/t?.py", "src/a/t12.py", False),
        ("**", "anything/at/all", True),
        ("a*c", "abbc", True),
        ("a*c", "a/c", False),
        ("literal.py", "literalxpy", False),
        ("[ab].py", "a.py", False),
        ("[ab].py", "[ab].py", True),
    ],
)
def test_fits(glob: str, path: str, fits: bool) -> None:
    assert paths.fits(path, glob) is fits


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        ("src/a", "src/ab", False),
        ("src/a", "src/a/b", True),
        ("src", "src/a/b.py", True),
        ("src/*.py", "src/*.txt", False),
        ("src/*.py", "src/a*", True),
        ("**/x.py", "src", True),
        ("**/x.py", "src/y.py", True),  # src/y.py may be a folder that holds x.py.
        ("a/**/b", "a/c/d", True),
        ("a?c", "abd", False),
        ("a*", "*b", True),
        ("*a*", "b*b", True),
        ("docs", "src", False),
    ],
)
def test_overlap(one: str, other: str, meet: bool) -> None:
    assert paths.overlap(one, other) is meet
    assert paths.overlap(other, one) is meet


def test_violations_are_what_lies_outside_allowed_or_inside_blocked() -> None:
    changed = ["src/a.py", "src/gen/b.py", "docs/x.md"]
    assert paths.violations(changed, ["src"], ["src/gen"]) == ["src/gen/b.py", "docs/x.md"]
    assert paths.violations(changed, [], ["docs"]) == ["docs/x.md"]
    assert paths.violations(changed, [], []) == []


PART = st.text("ab*?", min_size=1, max_size=3).filter(lambda p: "**" not in p)
GLOB = st.lists(st.one_of(PART, st.just("**")), min_size=1, max_size=3).map("/".join)
NAMES = ["".join(p) for n in (1, 2, 3) for p in itertools.product("ab", repeat=n)]
FILES = [*NAMES, *(f"{a}/{b}" for a, b in itertools.product(NAMES[:6], repeat=2))]


@settings(max_examples=300)
@given(one=GLOB, other=GLOB)
def test_globs_that_share_a_file_overlap(one: str, other: str) -> None:
    shared = [f for f in FILES if paths.fits(f, one) and paths.fits(f, other)]
    if shared:
        assert paths.overlap(one, other), shared[0]


@settings(max_examples=300)
@given(one=PART, other=PART)
def test_names_that_share_no_text_do_not_overlap(one: str, other: str) -> None:
    """Of one name each, texts up to six letters decide: patterns have at most three parts."""
    texts = ["".join(p) for n in range(1, 7) for p in itertools.product("ab", repeat=n)]
    shared = any(paths.fits(t, one) and paths.fits(t, other) for t in texts)
    assert paths.overlap(one, other) is shared
