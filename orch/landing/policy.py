"""Approval policy: how risky a change is, who must approve it, and whether they did.

Pure; fails closed. No policy in orch.toml means that a person approves everything. An approval
counts for one head under one policy; nobody's counts for their own work.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from orch import paths
from orch.config.model import APPROVERS, PROOFS, Policy, PolicyRule
from orch.landing.change_facts import RiskFacts
from schema import ids

LOW, MEDIUM, HIGH = "low", "medium", "high"
_LEVELS = (LOW, MEDIUM, HIGH)
_HUMAN = APPROVERS[0]
_LEADER = PROOFS[0]
NO_POLICY = "no policy"
CONFIGURATION = "orch.toml"

# What is risky anywhere; `builtin = false` in [policy] switches these off.
_MANY_LINES, _MANY_DELETIONS = 1000, 20
BUILTIN = (
    PolicyRule("secrets", when=["secrets"], risk=HIGH, approve=[_HUMAN]),
    PolicyRule("no checks", when=["waived_checks"], risk=HIGH, approve=[_HUMAN]),
    PolicyRule("submodule", when=["gitlinks"], risk=HIGH, approve=[_HUMAN]),
    PolicyRule("outside its paths", when=["scope"], risk=HIGH, approve=[_HUMAN]),
    PolicyRule("ci", when=["ci"], risk=HIGH),
    PolicyRule("resolved by machine", when=["machine_resolved"], risk=MEDIUM, approve=[_HUMAN]),
    PolicyRule("dependencies", when=["dependencies"], risk=MEDIUM),
    PolicyRule("links or modes", when=["modes"], risk=MEDIUM),
    PolicyRule("large", min_lines=_MANY_LINES, risk=MEDIUM),
    PolicyRule("deletions", min_deleted=_MANY_DELETIONS, risk=MEDIUM),
)


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of a landing beside the change itself."""

    task_risk: str = LOW
    waived_checks: bool = False
    machine_resolved: bool = False
    flaky: bool = False


@dataclass(frozen=True, slots=True)
class Requirement:
    """What the policy asks for: the risk, why, and the kinds of approvers, one for each."""

    risk: str
    why: tuple[str, ...]
    approvers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Vote:
    """One verdict on the head under the policy in force; of one person the newest counts.

    `kind` is one of the approvers, or `leader`, whose reject counts and whose approval does not.
    """

    kind: str
    verdict: str
    given_by: str


@dataclass(frozen=True, slots=True)
class Decision:
    """granted, needed or rejected; `given` names who counts, `missing` says who is awaited."""

    state: str
    given: tuple[str, ...]
    missing: tuple[str, ...]


def digest_of(policy: Policy | None) -> str:
    """Return the digest that approvals are bound to; another rule gives another one."""
    if policy is None:
        return ids.digest(NO_POLICY)
    return ids.digest(json.dumps(policy.document(), sort_keys=True))


def require(policy: Policy | None, facts: RiskFacts, situation: Situation) -> Requirement:
    """Return what a landing needs."""
    if policy is None:
        return Requirement(HIGH, ("orch.toml has no [policy]",), (_HUMAN,))
    rules = (*(BUILTIN if policy.builtin else ()), *policy.rules)
    fired = [(rule, seen) for rule in rules if (seen := _fires(rule, facts, situation)) is not None]
    risk = _highest([situation.task_risk, *(rule.risk for rule, _ in fired)])
    why = []
    if CONFIGURATION in facts.paths:  # What rules all others is never waved through.
        risk, why = HIGH, [f"{CONFIGURATION} changes"]
    why += [f"{rule.name}{': ' + seen if seen else ''}" for rule, seen in fired]
    if situation.task_risk != LOW:
        why.append(f"the task's own risk is {situation.task_risk}")
    wanted = _most(policy.approvers[risk], *(rule.approve for rule, _ in fired))
    return Requirement(risk, tuple(why), wanted)


def decide(
    requirement: Requirement, votes: Iterable[Vote], owners: Iterable[str], humans: Iterable[str]
) -> Decision:
    """Return whether the votes satisfy the requirement.

    `owners` did the work: their votes count for nothing. `humans`, if any, are the only names
    whose vote is a person's. A person may stand in for a council or a reviewer, never the other
    way round. Any rejection by somebody whose approval would count rejects.
    """
    excluded, named = {o.casefold() for o in owners}, {h.casefold() for h in humans}
    newest: dict[str, Vote] = {}
    for vote in votes:
        name = vote.given_by.casefold()  # Names that differ in case alone are one person's.
        is_nobody = bool(named) and vote.kind == _HUMAN and name not in named
        is_nobody |= vote.kind == _LEADER and vote.verdict == "approve"
        if name not in excluded and not is_nobody:
            newest[name] = vote
    heard = (_HUMAN, _LEADER, *requirement.approvers)
    counting = [v for v in newest.values() if v.kind in heard]
    against = tuple(v.given_by for v in counting if v.verdict == "reject")
    given = [v for v in counting if v.verdict == "approve"]
    if against:
        return Decision("rejected", tuple(v.given_by for v in given), against)
    missing = list(requirement.approvers)
    spare = []
    for vote in given:
        if vote.kind in missing:
            missing.remove(vote.kind)
        elif vote.kind == _HUMAN:
            spare.append(vote)
    del missing[: len(spare)]
    words = tuple(f"{missing.count(kind)} {kind}" for kind in dict.fromkeys(missing))
    return Decision("needed" if missing else "granted", tuple(v.given_by for v in given), words)


def _fires(rule: PolicyRule, facts: RiskFacts, situation: Situation) -> str | None:
    """Return why a rule applies, None when it does not: all that it names must be so."""
    words = []
    if rule.paths:
        hit = next((p for p in facts.paths if any(paths.fits(p, g) for g in rule.paths)), None)
        if hit is None:
            return None
        words.append(hit)
    for limit, found, noun in (
        (rule.min_lines, facts.lines, "lines"),
        (rule.min_files, facts.files, "files"),
        (rule.min_deleted, len(facts.deleted), "files deleted"),
    ):
        if limit and found < limit:
            return None
        if limit:
            words.append(f"{found} {noun}")
    for name in rule.when:
        value = getattr(situation, name, None)
        value = getattr(facts, name) if value is None else value
        if not value:
            return None
        if isinstance(value, tuple):
            words.append(", ".join(value[:3]))
    return "; ".join(words)


def _highest(risks: list[str]) -> str:
    return max(risks, key=_LEVELS.index)


def _most(*lists: list[str]) -> tuple[str, ...]:
    """Return for each kind as many as the list that asks for most of it."""
    counts = {kind: max(found.count(kind) for found in lists) for kind in APPROVERS}
    return tuple(kind for kind in APPROVERS for _ in range(counts[kind]))
