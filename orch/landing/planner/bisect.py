"""Bisection of a failed batch: which trial comes next, and whose fault a failure is.

A batch is tested as a whole first. When it fails, its prefixes are bisected; the tree that convicts
an entry is tried a second time, and where it is the first of the chain, the target's own tree too:
a red target blames nobody. What the target passed before that failure proves nothing: what is
around it may have changed. Pure. The shape follows bors (batch, bisect) and Zuul (window).
"""

from orch.landing.planner.chain import (
    BAD,
    BROKEN,
    FLAKY,
    GOOD,
    NOT_GOOD,
    ONCE,
    UNKNOWN,
    Chain,
    Prefix,
)
from orch.landing.planner.model import Hold, Move, Snapshot, Step, Test

_LONGEST_BACKOFF = 15 * 60_000
_DOUBLINGS = 9
_TRIES = 2


def decide(snapshot: Snapshot, chain: Chain, *, whole: str = "batch") -> tuple[Step, ...]:
    """Return the trials or the conviction that come next on a built chain; () when it is good."""
    prefixes = chain.prefixes
    last = prefixes[-1]
    if last.state == GOOD:
        return ()
    if last.state == UNKNOWN:
        asked = _spread(prefixes, 0, len(prefixes), snapshot.limits.jobs, with_last=True)
        return tuple(_test(prefixes, k, whole if k == len(prefixes) else "bisect") for k in asked)
    good, bad = _bounds(prefixes)
    if bad - good > 1:
        asked = _spread(prefixes, good, bad, snapshot.limits.jobs)
        return tuple(_test(prefixes, k, "bisect") for k in asked)
    return _suspect(snapshot, prefixes, good, bad)


def _bounds(prefixes: tuple[Prefix, ...]) -> tuple[int, int]:
    """Return (length of the longest good prefix, of the shortest one beyond it that is not)."""
    good = max((k for k, p in enumerate(prefixes, 1) if p.state == GOOD), default=0)
    bad = min(k for k, p in enumerate(prefixes, 1) if k > good and p.state in NOT_GOOD)
    return good, bad


def _spread(
    prefixes: tuple[Prefix, ...], good: int, bad: int, jobs: int, *, with_last: bool = False
) -> list[int]:
    """Return the lengths of up to `jobs` untested prefixes, evenly between two others."""
    asked = [bad] if with_last else []
    parts = jobs + 1 - len(asked)
    for part in range(1, parts):
        k = good + (bad - good) * part // parts
        if good < k < bad and k not in asked and prefixes[k - 1].state == UNKNOWN:
            asked.append(k)
    if not asked:
        asked = [(good + bad) // 2]
    return asked


def _test(prefixes: tuple[Prefix, ...], length: int, purpose: str) -> Test:
    prefix = prefixes[length - 1]
    members = tuple(p.entry.entry_no for p in prefixes[:length])
    return Test(prefix.commit, prefix.tree, prefix.checks, purpose, members)


def _suspect(
    snapshot: Snapshot, prefixes: tuple[Prefix, ...], good: int, bad: int
) -> tuple[Step, ...]:
    """Return what to do about the entry that turned a good tree into one that is not."""
    prefix = prefixes[bad - 1]
    if prefix.state == ONCE:
        return (_test(prefixes, bad, "rerun"),)
    if prefix.state == BROKEN:
        return (_broken(snapshot, prefix),)
    companions = tuple(p.entry.entry_no for p in prefixes[: bad - 1])
    if prefix.state == FLAKY:
        return (_flaky(snapshot, prefix, companions),)
    assert prefix.state == BAD
    if good == 0:
        base = _base(snapshot, prefix)
        if base is not None:
            return (base,)
    reason = "a check failed, twice on the same tree"
    return (_convict(snapshot, prefix, reason, companions),)


def _base(snapshot: Snapshot, prefix: Prefix) -> Step | None:
    """Return the trial of the target's own tree, or the hold when it is red; None when green.

    It gets its second try too: a target that merely flaked holds nobody.
    """
    failed_at = min(n for end, n in _trials(snapshot, prefix.tree, prefix) if end == "failed")
    own = _trials(snapshot, snapshot.tip_tree, prefix)
    ends = [end for end, number in own if number > failed_at]
    if "passed" in ends:
        return None
    if ends and ends[-1] == "error" and prefix.entry.status == "testing":
        return _broken(snapshot, prefix)
    if ends.count("failed") < _TRIES:
        return Test(snapshot.tip, snapshot.tip_tree, prefix.checks, "base", ())
    branch = snapshot.target.removeprefix("refs/heads/")
    return Hold(f"{branch} itself fails the checks: nobody's entry is to blame", snapshot.tip_tree)


def _trials(snapshot: Snapshot, tree: str, prefix: Prefix) -> list[tuple[str, int]]:
    """Return (end, number) of the trials of a tree under the checks of a prefix."""
    for one in snapshot.trials:
        if (one.tree, one.checks) == (tree, prefix.checks):
            return list(zip(one.ends, one.numbers, strict=True))
    return []


def _broken(snapshot: Snapshot, prefix: Prefix) -> Move:
    entry = prefix.entry
    wait = min(snapshot.limits.backoff_ms << min(entry.errors, _DOUBLINGS), _LONGEST_BACKOFF)
    reason = "a check could not run, which is neither a pass nor a failure"
    return Move(entry.entry_no, "break", reason, "errors", snapshot.now + wait)


def _flaky(snapshot: Snapshot, prefix: Prefix, companions: tuple[int, ...]) -> Move:
    if snapshot.limits.flake == "approve":
        reason = "a check failed and then passed on the same tree: release it to accept that"
        return Move(prefix.entry.entry_no, "hold", reason, "flakes", 0, companions)
    reason = "a check failed and then passed on the same tree, which the policy rejects"
    return _convict(snapshot, prefix, reason, companions)


def _convict(snapshot: Snapshot, prefix: Prefix, reason: str, companions: tuple[int, ...]) -> Move:
    entry = prefix.entry
    if entry.failures + 1 >= snapshot.limits.failures:
        reason = f"{reason}; failure {entry.failures + 1}: only release brings it back"
        return Move(entry.entry_no, "quarantine", reason, "failures", 0, companions)
    return Move(entry.entry_no, "fail", reason, "failures", 0, companions)
