"""Grouping by example: what joins, what never does, what is said about the rest."""

import pytest

from council.grouping import VERSION, content_hash, group
from tests.bench.council_examples import finding, member, parts

A, I, R = "architecture-reviewer", "implementation-reviewer", "risk-reviewer"  # noqa: E741
RACE = "Take the lock before reading the lease expiry"
RACE_AGAIN = "Read the lease expiry only after the lock was taken"


def together(*members, similarity="normal"):
    return len(parts(list(members), similarity)) == 1


def test_paraphrases_join():
    assert together(member(A, 0, RACE), member(I, 0, RACE_AGAIN))


def test_strict_joins_only_the_same_text():
    assert not together(member(A, 0, RACE), member(I, 0, RACE_AGAIN), similarity="strict")
    assert together(
        member(A, 0, "Bound the queue.", summary="It  grows"),
        member(I, 0, "bound the QUEUE", summary="it grows!"),
        similarity="strict",
    )


def test_text_of_filler_words_alone_still_matches_itself():
    assert together(member(A, 0, "Add missing check"), member(I, 0, "add missing check."))


def test_text_without_words_still_matches_itself_only():
    assert together(member(A, 0, "???", file="a"), member(I, 0, "???"))
    assert not together(member(A, 0, "+++"), member(I, 0, "---"))


def test_one_reviewer_is_never_twice_in_a_group():
    found = parts([member(A, 0, RACE), member(A, 1, RACE), member(R, 0, RACE)])
    assert found == {
        frozenset({"architecture-reviewer:0", "risk-reviewer:0"}),
        frozenset({"architecture-reviewer:1"}),
    }


def test_different_files_never_join():
    a, b = member(A, 0, RACE, file="src/a.py"), member(I, 0, RACE, file="src/b.py")
    assert not together(a, b)
    assert not together(a, b, similarity="strict")


def test_spellings_of_one_path_are_one_file():
    assert together(member(A, 0, RACE, file="./src//a.py"), member(I, 0, RACE, file="src\\a.py"))


def test_sharing_a_line_and_category_is_no_evidence_by_itself():
    place = {"file": "a.py", "line_start": 7, "line_end": 7, "category": "data"}
    assert not together(
        member(A, 0, "Currency column lacks a default", **place),
        member(I, 0, "Bound recursion depth", **place),
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [("add", "remove"), ("increase", "decrease"), ("keep", "replace"), ("fix", "defer")],
)
def test_declared_opposites_conflict_and_never_join(one, other):
    a = member(A, 0, "The retry limit", action=one, subject="retry limit")
    b = member(I, 0, "The retry limit", action=other, subject="the retry limit of HTTP")
    for pair in ([a, b], [b, a]):
        found = group(pair, "strict")
        assert len(found.clusters) == 2
        assert len(found.conflicts) == 1
        assert found.conflicts[0].declared
        assert found.related == ()


def test_opposed_actions_on_different_subjects_are_no_conflict():
    a = member(A, 0, "Add an index", action="add", subject="index")
    b = member(I, 0, "Remove the cache", action="remove", subject="cache")
    assert group([a, b]).conflicts == ()


def test_keeping_and_deferring_do_not_oppose():
    a = member(A, 0, "Leave the pool alone", action="keep", subject="pool")
    b = member(I, 0, "Leave the pool for later", action="defer", subject="pool")
    assert together(a, b)


@pytest.mark.parametrize("no", ["Do not", "don't", "Never", "AVOID"])
def test_undeclared_opposites_are_told_by_their_wording(no):
    a = member(A, 0, "Run a dedicated search server")
    b = member(I, 0, f"{no} run a dedicated search server")
    found = group([a, b])
    assert len(found.clusters) == 2
    assert [link.declared for link in found.conflicts] == [False]


def test_two_prohibitions_agree_and_a_gap_is_no_prohibition():
    assert together(member(A, 0, "Never log secrets"), member(I, 0, "Do not log secrets"))
    assert together(member(A, 0, "No rollback is described"), member(I, 0, "Describe a rollback"))


@pytest.mark.parametrize("dots", ["…", "… …", "… … …", "-", "- -"])
def test_twins_join_before_a_third_that_ties_with_them(dots):
    # Found by the renaming property: a text that differs in punctuation can sort before the twins.
    twin = {"summary": "lease", "category": "data", "file": "b.py"}
    third = {"summary": "lease", "category": "data"}
    for one, other in ((A, I), (I, A)):
        found = parts(
            [
                member(one, 0, "retry limit", **twin),
                member(other, 0, "retry limit", **twin),
                member(one, 1, f"{dots} retry limit", **third),
            ]
        )
        assert frozenset({f"{one}:0", f"{other}:0"}) in found


def test_groups_do_not_chain():
    a = member(A, 0, "lease expiry clock")
    b = member(I, 0, "lease expiry clock queue bound memory")
    c = member(R, 0, "queue bound memory")
    found = group([a, b, c])
    assert len(found.clusters) == 2
    assert len(found.related) == 1
    assert len({*found.related[0].clusters}) == 2


def test_strength_is_that_of_the_weakest_pair():
    strong = group([member(A, 0, RACE), member(I, 0, RACE)]).clusters[0]
    assert (strong.strength, strong.cohesion) == ("strong", 1.0)
    alone = group([member(A, 0, RACE)]).clusters[0]
    assert (alone.strength, alone.cohesion) == (None, None)


def test_the_title_is_the_one_closest_to_all():
    cluster = group(
        [
            member(A, 0, "queue memory bound"),
            member(I, 0, "queue memory bound limit"),
            member(R, 0, "memory bound limit"),
        ]
    ).clusters[0]
    assert len(cluster.members) == 3
    assert cluster.title == "queue memory bound limit"


def test_ids_come_from_content_alone():
    assert VERSION == "council-group/2"
    first = group([member(A, 0, RACE), member(R, 3, RACE_AGAIN)]).clusters[0]
    again = group([member(I, 9, RACE_AGAIN), member(A, 1, RACE)]).clusters[0]
    assert first.group_id == again.group_id == "grp_70617d4234fe"


def test_equal_groups_get_different_ids():
    found = group([member(A, 0, RACE), member(A, 1, RACE)])
    first, second = sorted(cluster.group_id for cluster in found.clusters)
    assert second == first + "-2"


def test_the_content_hash_ignores_who_said_it_and_nothing_else():
    assert content_hash(finding(RACE)) == content_hash(member(R, 7, RACE))
    assert content_hash(finding(RACE)) != content_hash(finding(RACE, severity="low"))


def test_later_findings_do_not_change_a_pair():
    before = group([member(A, 0, RACE), member(I, 0, RACE_AGAIN)]).clusters[0].cohesion
    after = group([member(A, 0, RACE), member(I, 0, RACE_AGAIN), member(R, 0, "Unrelated words")])
    assert before in {cluster.cohesion for cluster in after.clusters}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Add a cache", "Remove the cache"),
        ("Adding a cache for lookups", "Drop the lookup cache"),
        ("Use SQLite for the store", "Avoid SQLite for the store"),
        ("Enable retries by default", "Disable retries by default"),
        ("Increase the pool size", "Reduce the pool size"),
        ("Raise the timeout", "Please lower the timeout"),
        ("Reject unknown fields", "Accept unknown fields"),
        ("Keep the batch job", "Replace the batch job"),
        ("Allow anonymous access", "Forbid anonymous access"),
        ("Make the batches larger", "Make the batches smaller"),
        ("Extend log retention", "We should shorten log retention"),
        ("Split the module", "Merge the modules"),
        ("Log request bodies", "Never log request bodies"),
        ("A chat assistant in the docs", "No chat assistant in the docs"),
    ],
)
def test_opposites_that_nobody_declared_are_kept_apart_and_listed(one, other):
    said = [member(A, 0, one, summary="Same words."),
            member(I, 0, other, summary="Same words.")]  # fmt: skip
    found = group(said)
    assert len(found.clusters) == 2
    assert [link.declared for link in found.conflicts] == [False]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Do not remove the cache", "Keep the cache"),
        ("Avoid a plugin system", "Remove the plugin system"),
        ("No rollback is described", "The rollback plan is missing"),
        ("Never collect usage numbers", "Stop collecting usage numbers"),
    ],
)
def test_advice_that_points_one_way_in_other_words_is_no_conflict(one, other):
    assert group([member(A, 0, one), member(I, 0, other)]).conflicts == ()


def test_in_code_no_means_what_is_missing():
    place = {"file": "a.py", "line_start": 3}
    said = [member(A, 0, "No request timeout", **place),
            member(I, 0, "Set a request timeout", **place)]  # fmt: skip
    assert len(group(said).clusters) == 1
