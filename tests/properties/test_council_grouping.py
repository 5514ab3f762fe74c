"""Grouping for any findings: the invariants of council.md section 3.

The vocabulary is tiny on purpose: equal texts, ties, twins and opposites must be common.
"""

import subprocess
import sys
from itertools import combinations, permutations
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from council.grouping import JOIN, content_hash, group
from council.matching import features, subject_overlap
from council.model import Member
from council.tally import canonical, fingerprint, tally_answers
from council.vocabulary import ROLES
from tests.bench.council_examples import answer, finding

QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
WORDS = st.sampled_from(
    ["lease", "Lease.", "queue bound", "retry limit", "do not", "never", "use", "expiryClock", "…"]
)
TEXT = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)
OPTIONAL = {
    "action": st.sampled_from([None, "add", "remove", "keep", "defer", "increase", "decrease"]),
    "subject": st.sampled_from([None, "lease", "retry limit", "use"]),
    "category": st.sampled_from([None, "data", "risk"]),
    "key": st.sampled_from([None, "lease/race", "lease/clock"]),
    "severity": st.sampled_from([None, "critical", "low"]),
    "file": st.sampled_from([None, None, "a.py", "b.py"]),
    "line_start": st.sampled_from([None, 1, 2, 9]),
}
FINDINGS = st.builds(finding, TEXT, summary=st.sampled_from(["", "lease"]), **OPTIONAL)
REVIEWS = st.fixed_dictionaries({role: st.lists(FINDINGS, max_size=5) for role in ROLES})
SIMILARITY = st.sampled_from(["normal", "strict"])


def members(reviews, rename=None):
    """Return the reviews' findings as members, roles renamed by `rename`."""
    return [
        Member(reviewer_role=(rename or {}).get(role, role), index=index, **dict(each))
        for role, findings in reviews.items()
        for index, each in enumerate(findings)
    ]


def shape(grouping):
    """Return groups, links and ids without saying who said what."""
    clusters = sorted(
        (c.group_id, c.title, c.cohesion, sorted(map(content_hash, c.members)))
        for c in grouping.clusters
    )
    links = [
        sorted((tuple(sorted(link.clusters)), link.score, link.declared) for link in some)
        for some in (grouping.related, grouping.conflicts)
    ]
    return clusters, links


@QUICK
@given(REVIEWS, SIMILARITY)
def test_every_finding_is_in_exactly_one_group(reviews, similarity):
    found = group(members(reviews), similarity)
    listed = [m for cluster in found.clusters for m in cluster.members]
    assert sorted(listed, key=repr) == sorted(members(reviews), key=repr)
    assert len({cluster.group_id for cluster in found.clusters}) == len(found.clusters)


@QUICK
@given(REVIEWS, SIMILARITY)
def test_a_reviewer_is_at_most_once_in_a_group(reviews, similarity):
    for cluster in group(members(reviews), similarity).clusters:
        roles = [member.reviewer_role for member in cluster.members]
        assert len(roles) == len(set(roles)) <= len(ROLES)


@QUICK
@given(REVIEWS, SIMILARITY, st.randoms(use_true_random=False))
def test_the_order_of_input_never_matters(reviews, similarity, rng):
    given_order = members(reviews)
    shuffled = rng.sample(given_order, len(given_order))
    assert group(given_order, similarity) == group(shuffled, similarity)


@QUICK
@given(REVIEWS, SIMILARITY)
def test_renaming_reviewers_never_matters(reviews, similarity):
    expected = shape(group(members(reviews), similarity))
    for names in permutations(ROLES):
        rename = dict(zip(ROLES, names, strict=True))
        assert shape(group(members(reviews, rename), similarity)) == expected


@QUICK
@given(REVIEWS, st.randoms(use_true_random=False))
def test_the_order_within_a_review_never_matters(reviews, rng):
    shuffled = {role: rng.sample(each, len(each)) for role, each in reviews.items()}
    assert shape(group(members(reviews))) == shape(group(members(shuffled)))


@QUICK
@given(REVIEWS, SIMILARITY)
def test_groups_hold_no_opposites_and_no_two_files(reviews, similarity):
    for cluster in group(members(reviews), similarity).clusters:
        for a, b in combinations(cluster.members, 2):
            actions = {a.action, b.action}
            opposed = actions in ({"add", "remove"}, {"increase", "decrease"}) or (
                None not in actions and len(actions & {"keep", "defer"}) == 1 < len(actions)
            )
            assert not opposed or subject_overlap(features(a), features(b)) < 0.6
            assert not (a.file and b.file) or a.file == b.file


@QUICK
@given(REVIEWS)
def test_links_cross_groups_and_related_ones_reach_the_threshold(reviews):
    found = group(members(reviews))
    for link in (*found.related, *found.conflicts):
        assert link.clusters[0] != link.clusters[1]
    assert all(link.score >= JOIN for link in found.related)
    assert all(c.cohesion is None or c.cohesion >= JOIN for c in found.clusters)


@QUICK
@given(REVIEWS)
def test_no_two_groups_could_still_merge(reviews):
    found = group(members(reviews))
    joinable = {frozenset(map(ref, link.members)) for link in found.related}
    for one, other in combinations(found.clusters, 2):
        pairs = {frozenset((ref(a), ref(b))) for a in one.members for b in other.members}
        assert not pairs <= joinable


def ref(thing):
    """Return who said it and where, of a member or a reference to one."""
    return thing.reviewer_role, thing.index


@QUICK
@given(REVIEWS)
def test_groups_of_strict_hold_equal_texts_only(reviews):
    for cluster in group(members(reviews), "strict").clusters:
        assert len({features(member).text for member in cluster.members}) == 1


@QUICK
@given(REVIEWS, SIMILARITY)
def test_equal_answers_give_equal_bytes(reviews, similarity):
    answers = [answer(role, *findings) for role, findings in reviews.items()]
    one = tally_answers("R", "brainstorm", answers, similarity=similarity)
    two = tally_answers("R", "brainstorm", answers[::-1], similarity=similarity)
    assert canonical(one) == canonical(two)
    assert fingerprint(one) == fingerprint(two)


@QUICK
@given(st.lists(FINDINGS, min_size=2, max_size=2), REVIEWS)
def test_a_pairs_score_depends_on_the_two_alone(pair, reviews):
    twins = [
        Member(reviewer_role=role, index=99, **dict(each))
        for role, each in zip(ROLES[:2], pair, strict=True)
    ]
    alone = group(twins)
    among = group([*members(reviews), *twins])
    if len(alone.clusters) == 1:
        both = set(map(ref, twins))
        together = any(both <= set(map(ref, cluster.members)) for cluster in among.clusters)
        scores = [link.score for link in among.related if set(map(ref, link.members)) == both]
        assert together or scores == [alone.clusters[0].cohesion]


def test_the_hash_seed_never_matters():
    script = (
        "from tests.bench.council_grouping import read_labelled\n"
        "from council.grouping import group\n"
        "print([group(c.members) for c in read_labelled()])"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert len(outputs.pop()) > 1000
