"""The whole truth table of the verdict, and the small functions beside it."""

from itertools import permutations, product

import pytest

from council.verdict import highest, level_of, overall_verdict, status_of

# Sides taken (A approve, R revise, B block), with nothing grave / something high / a critical.
TABLE = {
    "": ("none", "none", "block"),
    "A": ("split", "split", "block"),
    "R": ("split", "split", "block"),
    "B": ("block", "block", "block"),
    "AA": ("approve", "split", "block"),
    "AR": ("split", "split", "block"),
    "AB": ("block", "block", "block"),
    "RR": ("revise", "revise", "block"),
    "RB": ("block", "block", "block"),
    "BB": ("block", "block", "block"),
    "AAA": ("approve", "split", "block"),
    "AAR": ("approve", "split", "block"),
    "AAB": ("block", "block", "block"),
    "ARR": ("revise", "revise", "block"),
    "ARB": ("block", "block", "block"),
    "ABB": ("block", "block", "block"),
    "RRR": ("revise", "revise", "block"),
    "RRB": ("block", "block", "block"),
    "RBB": ("block", "block", "block"),
    "BBB": ("block", "block", "block"),
}
WORDS = {"A": "approve", "R": "revise", "B": "block"}
GRAVITY = (
    ([], [None], ["low"], ["medium", None, "low"]),
    (["high"], ["high", "low"], [None, "high"]),
    (["critical"], ["low", "critical"], ["high", "critical"]),
)


def test_the_table_is_whole():
    assert len(TABLE) == 20


@pytest.mark.parametrize("sides", TABLE)
@pytest.mark.parametrize("column", range(3))
def test_every_row(sides, column):
    expected = TABLE[sides][column]
    taken = [WORDS[side] for side in sides]
    for silent in product((None, "abstain"), repeat=3 - len(sides)):
        for positions in set(permutations([*taken, *silent])):
            for severities in GRAVITY[column]:
                for status in ("complete", "partial"):
                    assert overall_verdict(status, positions, severities) == expected
                assert overall_verdict("insufficient", positions, severities) == "none"
                assert overall_verdict("failed", positions, severities) == "none"


@pytest.mark.parametrize(
    ("answered", "quorum", "status"),
    [
        (3, 3, "complete"),
        (3, 2, "complete"),
        (3, 1, "complete"),
        (2, 3, "insufficient"),
        (2, 2, "partial"),
        (2, 1, "partial"),
        (1, 3, "insufficient"),
        (1, 2, "insufficient"),
        (1, 1, "partial"),
        (0, 3, "failed"),
        (0, 2, "failed"),
        (0, 1, "failed"),
    ],
)
def test_status(answered, quorum, status):
    assert status_of(answered, quorum) == status


def test_levels_are_absolute():
    assert [level_of(n) for n in (3, 2, 1)] == ["consensus", "majority", "minority"]


def test_the_highest_severity_counts():
    assert highest(["low", None, "high", "medium"]) == "high"
    assert highest([None]) is None
    assert highest([]) is None
