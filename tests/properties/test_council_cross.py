"""Round two for any findings and any ballots: the invariants of grouping by votes.

The vocabulary is tiny on purpose: equal texts, ties, twins and opposites must be common.
"""

from itertools import combinations, permutations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from council.ballots import Ballot, Round
from council.cross_grouping import group_voted
from council.cross_tally import tally_crossed
from council.grouping import JOIN, content_hash, group, score_of
from council.matching import features
from council.model import Cross, Member
from council.sheet import entries_for
from council.stance import opposed
from council.tally import canonical
from council.vocabulary import LEVELS, ROLES
from council.votes_text import read_votes
from tests.bench.council_examples import answer, finding

QUICK = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
TEXT = st.sampled_from(
    ["lease", "Lease.", "queue bound", "bound the queue", "add the cache", "drop the cache", "…"]
)
FINDINGS = st.builds(
    finding,
    TEXT,
    action=st.sampled_from([None, None, "add", "remove"]),
    severity=st.sampled_from([None, "critical", "low"]),
    file=st.sampled_from([None, "a.py", "b.py"]),
)
REVIEWS = st.fixed_dictionaries({role: st.lists(FINDINGS, max_size=4) for role in ROLES})


def members(reviews, rename=None):
    """Return the reviews' findings as members, roles renamed by `rename`."""
    return [
        Member(reviewer_role=(rename or {}).get(role, role), index=index, **dict(each))
        for role, findings in reviews.items()
        for index, each in enumerate(findings)
    ]


def key(member):
    return member.reviewer_role, content_hash(member)


@st.composite
def rounds(draw):
    """Return reviews and ballots of all three on them."""
    reviews = draw(REVIEWS)
    keys = sorted({key(m) for m in members(reviews)})
    pairs = [frozenset(p) for p in combinations(keys, 2) if p[0][0] != p[1][0]]
    some = st.sets(st.sampled_from(pairs), max_size=5) if pairs else st.just(set())
    ballots = []
    for voter in ROLES:
        others = [k for k in keys if k[0] != voter]
        own = [k for k in keys if k[0] == voter]
        votes = {
            k: (draw(st.sampled_from(["agree", "dispute", "unsure"])), "a.py:1")
            for k in draw(st.sets(st.sampled_from(others)) if others else st.just(set()))
        }
        gone = draw(st.sets(st.sampled_from(own)) if own else st.just(set()))
        ballots.append(
            Ballot(voter, frozenset(draw(some)), frozenset(draw(some)), votes, frozenset(gone))
        )
    return reviews, Round(frozenset(keys), tuple(ballots[: draw(st.integers(0, 3))]))


def renamed(votes, rename):
    """Return the same round with its reviewers renamed."""

    def _key(k):
        return rename[k[0]], k[1]

    def _pairs(some):
        return frozenset(frozenset(map(_key, pair)) for pair in some)

    return Round(
        frozenset(map(_key, votes.shown)),
        tuple(
            Ballot(
                rename[b.voter], _pairs(b.same), _pairs(b.opposed),
                {_key(k): v for k, v in b.votes.items()}, frozenset(map(_key, b.withdrawn)),
            )
            for b in votes.ballots
        ),
    )  # fmt: skip


def shape(grouping):
    """Return groups and links without saying who said what."""
    clusters = sorted(
        (c.group_id, c.title, c.cohesion, sorted(map(content_hash, c.members)))
        for c in grouping.clusters
    )
    return clusters, sorted(tuple(sorted(link.clusters)) for link in grouping.conflicts)


@QUICK
@given(rounds())
def test_every_finding_is_in_one_group_and_a_reviewer_once_in_it(given_round):
    reviews, votes = given_round
    found = group_voted(members(reviews), votes)
    listed = [m for cluster in found.clusters for m in cluster.members]
    assert sorted(listed, key=repr) == sorted(members(reviews), key=repr)
    for cluster in found.clusters:
        roles = [member.reviewer_role for member in cluster.members]
        assert len(roles) == len(set(roles))


@QUICK
@given(rounds(), st.randoms(use_true_random=False))
def test_the_order_of_findings_and_sheets_never_matters(given_round, rng):
    reviews, votes = given_round
    listed = members(reviews)
    other = Round(votes.shown, tuple(rng.sample(votes.ballots, len(votes.ballots))))
    assert group_voted(listed, votes) == group_voted(rng.sample(listed, len(listed)), other)


@QUICK
@given(rounds())
def test_renaming_reviewers_never_matters(given_round):
    reviews, votes = given_round
    expected = shape(group_voted(members(reviews), votes))
    for names in permutations(ROLES):
        rename = dict(zip(ROLES, names, strict=True))
        assert shape(group_voted(members(reviews, rename), renamed(votes, rename))) == expected


@QUICK
@given(rounds())
def test_what_is_joined_has_votes_or_words_and_is_not_opposed(given_round):
    reviews, votes = given_round
    for cluster in group_voted(members(reviews), votes).clusters:
        for a, b in combinations(cluster.members, 2):
            pair = frozenset((key(a), key(b)))
            words = score_of(a, b) >= JOIN
            if not votes.is_counted:
                assert words
                continue
            assert {a.action, b.action} != {"add", "remove"} or a.title != b.title
            assert votes.opposed(pair) < 2 or content_hash(a) == content_hash(b)
            assert votes.same(pair) >= 2 or words


@QUICK
@given(rounds())
def test_one_sheet_never_joins_what_words_do_not_support(given_round):
    reviews, votes = given_round
    alone = Round(votes.shown, votes.ballots[:1])
    assert group_voted(members(reviews), alone) == group(members(reviews))


NONE = Cross(state="done", reason=None, sheets=0, voters=())


def tally(reviews, votes):
    answers = [answer(role, *findings) for role, findings in reviews.items()]
    return tally_crossed("R", "brainstorm", answers, votes, NONE)


@QUICK
@given(rounds())
def test_agreement_and_disputes_change_no_level_and_no_verdict(given_round):
    reviews, votes = given_round
    silent = Round(
        votes.shown,
        tuple(Ballot(b.voter, b.same, b.opposed, {}, b.withdrawn) for b in votes.ballots),
    )
    one, other = tally(reviews, votes), tally(reviews, silent)
    assert [(g.group_id, g.level) for g in one.groups] == [
        (g.group_id, g.level) for g in other.groups
    ]
    assert (one.verdict, one.summary) == (other.verdict, other.summary)
    for found in one.groups:
        held = [m for m in found.members if "withdrawn" not in m.flags]
        assert LEVELS.index(found.level) == len(ROLES) - max(1, len(held))


@QUICK
@given(rounds())
def test_an_empty_sheet_raises_no_level(given_round):
    reviews, votes = given_round
    silent = Ballot(ROLES[2])
    if len(votes.ballots) != 2:
        return
    more = Round(votes.shown, (*votes.ballots, silent))
    one, other = tally(reviews, votes).summary, tally(reviews, more).summary
    assert (other.consensus, other.majority) == (one.consensus, one.majority)


@QUICK
@given(rounds())
def test_equal_input_gives_equal_bytes(given_round):
    reviews, votes = given_round
    assert canonical(tally(reviews, votes)) == canonical(tally(reviews, votes))


@QUICK
@given(REVIEWS)
def test_each_voter_has_an_order_of_its_own_that_input_order_never_changes(reviews):
    listed = members(reviews)
    for voter in ROLES:
        ours = [(e.id, e.key) for e, _ in entries_for("R", voter, listed)]
        assert ours == [(e.id, e.key) for e, _ in entries_for("R", voter, listed[::-1])]
        assert sorted(k for _, k in ours) == sorted(map(key, listed))


@QUICK
@given(REVIEWS, st.data())
def test_a_sheets_pairs_are_bounded_whatever_is_said(reviews, data):
    sheet = [entry for entry, _ in entries_for("R", ROLES[0], members(reviews))]
    ids = [entry.id for entry in sheet] or ["f01"]
    rows = data.draw(st.lists(st.lists(st.sampled_from([*ids, "f99"]), max_size=5), max_size=40))
    document = {"reviewer_role": ROLES[0], "same": rows, "votes": rows, "opposed": rows}
    import json

    ballot, _ = read_votes(json.dumps(document), sheet, ROLES[0])
    assert len(ballot.same) <= len(sheet)
    assert len(ballot.opposed) <= 20
    assert ballot.votes == {}


@QUICK
@given(st.lists(TEXT, min_size=2, max_size=2))
def test_opposition_is_symmetric_and_never_of_oneself(titles):
    one, other = (features(finding(title)).stance for title in titles)
    for placed in (True, False):
        assert opposed(one, other, placed=placed) == opposed(other, one, placed=placed)
        assert not opposed(one, one, placed=placed)
