"""Facts of a change, the policy's requirement, and what votes make of it."""

import pytest

from orch.config.model import Policy, PolicyRule
from orch.landing import change_facts, policy
from orch.landing.policy import Situation, Vote

PATCH = """diff --git a/app.py b/app.py
--- a/app.py
+++ b/app.py
@@ -1,2 +1,4 @@
 import os
+KEY = "AKIAABCDEFGHIJKLMNOP"
+x = 1
-y = 2
+z = 3
"""


def seen(
    *changes: tuple[str, str, str, str], patch: str = "", **more: object
) -> change_facts.RiskFacts:
    return change_facts.read(changes or [("app.py", "M", "100644", "100644")], patch, **more)


def votes(*given: str) -> list[Vote]:
    return [Vote(*one.split()) for one in given]


def test_facts_count_lines_and_say_only_where_a_secret_stands():
    found = seen(patch=PATCH)
    assert (found.lines, found.files) == (4, 1)
    assert found.secrets == ("app.py:2",)
    assert "AKIA" not in str(found.document())


def test_lines_that_look_like_a_head_hide_nothing():
    patch = (
        "--- a/a b\n+++ b/a b\t\n@@ -1,2 +1,3 @@ def f():\n--- old\n+++ KEY = "
        "'AKIAABCDEFGHIJKLMNOP'\n+@@ -1 +1 @@\n x\n\\ No newline at end of file\n"
        "--- a/b\n+++ b/b\n@@ -0,0 +1 @@\n+AKIAABCDEFGHIJKLMNOP\n"
    )
    found = seen(patch=patch)
    assert found.lines == 4
    assert found.secrets == ("a b:1", "b:1")


def test_facts_know_dependencies_ci_modes_and_submodules():
    found = seen(
        ("sub/package.json", "M", "100644", "100644"),
        (".github/workflows/x.yml", "A", "000000", "100644"),
        ("run.sh", "M", "100644", "100755"),
        ("link", "A", "000000", "120000"),
        ("lib", "A", "000000", "160000"),
        ("gone", "D", "100644", "000000"),
    )
    assert found.dependencies == ("sub/package.json",)
    assert found.ci == (".github/workflows/x.yml",)
    assert found.modes == ("link", "run.sh")
    assert found.gitlinks == ("lib",)
    assert found.deleted == ("gone",)
    assert change_facts.from_document(found.document(), found.paths) == found


def test_a_cut_patch_is_larger_than_any_limit():
    for patch in ("", *(PATCH[:end] for end in range(len(PATCH)))):
        found = policy.require(Policy(), seen(patch=patch, cut=True), Situation())
        assert found.risk in ("medium", "high")


def test_without_a_policy_a_person_approves_everything():
    found = policy.require(None, seen(), Situation())
    assert (found.risk, found.approvers) == ("high", ("human",))


@pytest.mark.parametrize(
    ("change", "situation", "risk", "approvers"),
    [
        (("a.py", "M", "100644", "100644"), Situation(), "low", ()),
        (("a.py", "M", "100644", "100644"), Situation(task_risk="high"), "high", ("human",)),
        (("a.py", "M", "100644", "100644"), Situation(waived_checks=True), "high", ("human",)),
        (("a.py", "M", "100644", "100644"), Situation(machine_resolved=True), "medium", ("human",)),
        (("orch.toml", "M", "100644", "100644"), Situation(), "high", ("human",)),
        (("x/go.mod", "M", "100644", "100644"), Situation(), "medium", ("human",)),
    ],
)
def test_built_in_rules(change, situation, risk, approvers):
    found = policy.require(Policy(), seen(change), situation)
    assert (found.risk, found.approvers) == (risk, approvers)


def test_rules_of_ones_own_add_approvers_and_all_conditions_must_hold():
    mine = Policy()
    mine.rules = [
        PolicyRule("db", paths=["db/**"], risk="medium", approve=["council", "human", "human"]),
        PolicyRule("big db", paths=["db/**"], min_lines=3, risk="high"),
    ]
    small = policy.require(mine, seen(("db/x.sql", "A", "000000", "100644")), Situation())
    assert (small.risk, small.approvers) == ("medium", ("human", "human", "council"))
    assert small.why == ("db: db/x.sql",)
    large = policy.require(
        mine,
        seen(
            ("db/x.sql", "A", "000000", "100644"),
            patch="+++ b/db/x.sql\n@@ -0,0 +1,3 @@\n+a\n+b\n+c\n",
        ),
        Situation(),
    )  # fmt: skip
    assert large.risk == "high"
    elsewhere = policy.require(mine, seen(("src/x", "A", "000000", "100644")), Situation())
    assert elsewhere.approvers == ()


@pytest.mark.parametrize(
    ("needed", "given", "state", "missing"),
    [
        ((), (), "granted", ()),
        (("human",), (), "needed", ("1 human",)),
        (("human",), ("human approve anna",), "granted", ()),
        (("human",), ("reviewer approve bot",), "needed", ("1 human",)),
        (("human",), ("human approve w1",), "needed", ("1 human",)),  # Its own work.
        (("human", "human"), ("human approve anna", "human approve anna"), "needed", ("1 human",)),
        (("human",), ("human approve anna", "human reject anna"), "rejected", ("anna",)),
        (("human",), ("human reject anna", "human approve anna"), "granted", ()),
        (("council",), ("human approve anna",), "granted", ()),
        (("reviewer",), ("reviewer reject bot", "human approve anna"), "rejected", ("bot",)),
        ((), ("reviewer reject bot",), "granted", ()),
        (("human",), ("human abstain anna",), "needed", ("1 human",)),
    ],
)
def test_votes(needed, given, state, missing):
    requirement = policy.Requirement("high", (), needed)
    found = policy.decide(requirement, votes(*given), ["w1"], [])
    assert (found.state, found.missing) == (state, missing)


def test_only_named_humans_count_as_people():
    requirement = policy.Requirement("high", (), ("human",))
    assert policy.decide(requirement, votes("human approve bob"), [], ["anna"]).state == "needed"
    assert policy.decide(requirement, votes("human approve anna"), [], ["anna"]).state == "granted"


def test_another_rule_is_another_policy():
    one, other = Policy(), Policy()
    other.rules = [PolicyRule("x", paths=["x"])]
    digests = {policy.digest_of(None), policy.digest_of(one), policy.digest_of(other)}
    assert len(digests) == 3
    assert policy.digest_of(Policy()) == policy.digest_of(one)
