"""Two rounds with simulated voters: a floor under what the rules of round two reach."""

from tests.bench.council_grouping import SHORT, read_labelled
from tests.bench.council_voters import all_same, dice, measure, with_one

COUNCILS = [council.without_categories() for council in read_labelled() + read_labelled(SHORT)]
BRAINSTORM = [council for council in COUNCILS if council.mode == "brainstorm"]


def test_voters_that_are_wrong_once_in_ten_lift_grouping_far_above_words():
    assert measure(COUNCILS, dice(0.1), draws=4)[0] >= 0.95
    assert measure(BRAINSTORM, dice(0.1), draws=4)[0] >= 0.92


def test_one_voter_who_calls_everything_the_same_does_little():
    assert measure(BRAINSTORM, with_one(all_same), draws=4)[0] >= 0.85


def test_one_voter_alone_changes_nothing():
    words, lone = (measure(BRAINSTORM, dice(0.0, voters=n), draws=1) for n in (0, 1))
    assert words == lone
