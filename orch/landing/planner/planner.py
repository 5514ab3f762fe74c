"""The planner of the merge queue: one snapshot in, the next steps out, and a reason for each entry.

Guarantees: the same snapshot gives the same plan; only a prefix whose tree passed its checks, and
whose entries are all approved, is landed; at most one landing a plan. Never looks at a clock, a
file or git. After the steps the caller reads a new snapshot and plans again.
"""

from orch.landing.planner import bisect, order
from orch.landing.planner.chain import BAD, FLAKY, GOOD, Chain, walk
from orch.landing.planner.model import (
    Build,
    Land,
    Move,
    OpenEntry,
    Plan,
    Snapshot,
    Step,
    Test,
    Unhold,
    Window,
)

_GRANTED = "granted"
_WIDEST = 2  # Times the batch of the policy: how far success may widen the window.


def plan(snapshot: Snapshot) -> Plan:
    """Return what one pass does now. Guarantees: never raises on a snapshot of the store."""
    ordered, why = order.arrange(snapshot)
    if snapshot.hold_reason:
        return _held(snapshot, ordered, why)
    chores = _chores(snapshot, ordered)
    if chores:
        return _done(snapshot, chores, ordered, why)
    for entry in ordered:
        if entry.approval != _GRANTED:
            why[entry.entry_no] = f"waits for approval: {_needed(entry)}"
    approved = tuple(e for e in ordered if e.approval == _GRANTED)
    steps = _main(snapshot, approved, why) or _aside(snapshot, ordered)
    return _done(snapshot, steps, ordered, why)


def _done(
    snapshot: Snapshot, steps: tuple[Step, ...], ordered: tuple[OpenEntry, ...], why: dict[int, str]
) -> Plan:
    for place, entry in enumerate(ordered, 1):
        why.setdefault(entry.entry_no, f"number {place} of {len(ordered)} in landing order")
    later = [e.not_before for e in snapshot.entries if e.not_before > snapshot.now]
    numbers = tuple(e.entry_no for e in ordered)
    return Plan(steps, numbers, tuple(sorted(why.items())), min(later, default=0))


def _held(snapshot: Snapshot, ordered: tuple[OpenEntry, ...], why: dict[int, str]) -> Plan:
    """A queue held for a red target goes on by itself once the target's tree is another.

    Until then only what takes work back may land: it may be what mends the target.
    """
    red = snapshot.hold_tree
    for entry in ordered:
        why[entry.entry_no] = f"the queue is held: {snapshot.hold_reason}"
    if not red:
        return _done(snapshot, (), ordered, why)
    steps = (Unhold(),) if red != snapshot.tip_tree else _mend(snapshot, ordered, why)
    return _done(snapshot, steps, ordered, why)


def _mend(
    snapshot: Snapshot, ordered: tuple[OpenEntry, ...], why: dict[int, str]
) -> tuple[Step, ...]:
    """Return the next steps of the first revert that may make a red target green."""
    for entry in ordered:
        if entry.kind != "revert" or entry.approval != _GRANTED:
            continue
        chain = walk(snapshot, (entry,), 1)
        if chain.conflict is not None:
            return (_conflict(snapshot, *chain.conflict),)
        if chain.unbuilt:
            return _build(chain)
        if chain.prefixes[0].state in (BAD, FLAKY):
            why[entry.entry_no] += "; taking this back does not mend it"
            continue
        steps = bisect.decide(snapshot, chain)
        if not steps:
            return _land(snapshot, chain, 1, (entry,))
        return (*_testing(chain, steps), *steps)
    return ()


def _chores(snapshot: Snapshot, ordered: tuple[OpenEntry, ...]) -> tuple[Step, ...]:
    """Return the moves that follow from time, approvals and dependencies alone."""
    steps: list[Step] = []
    on_chain = {e.entry_no for e in ordered}
    for entry in snapshot.entries:
        if entry.status == "error" and 0 < entry.not_before <= snapshot.now:
            steps.append(Move(entry.entry_no, "retry", "its time to wait is over"))
        elif entry.status == "awaiting_approval" and entry.approval == _GRANTED:
            steps.append(Move(entry.entry_no, "approve", "approved"))
        elif entry.entry_no in on_chain and entry.approval == "rejected":
            who = ", ".join(entry.approvers)
            steps.append(Move(entry.entry_no, "hold", f"rejected{': ' + who if who else ''}"))
    return tuple(steps)


def _main(
    snapshot: Snapshot, approved: tuple[OpenEntry, ...], why: dict[int, str]
) -> tuple[Step, ...]:
    """Return the next steps of what may land: one batch, or one entry that goes alone."""
    batch, most = _batch(snapshot, approved)
    if not batch:
        return ()
    chain = walk(snapshot, batch, most)
    why.update((entry.entry_no, reason) for entry, reason in chain.skipped)
    if chain.conflict is not None:
        return (_conflict(snapshot, *chain.conflict),)
    if chain.unbuilt:
        return _build(chain)
    steps = bisect.decide(snapshot, chain)
    if any(isinstance(step, Test) for step in steps):
        return (*_testing(chain, steps), *steps)
    if not steps:
        return _land(snapshot, chain, len(chain.prefixes), approved)
    return _convicted(snapshot, chain, steps, approved)


def _batch(
    snapshot: Snapshot, approved: tuple[OpenEntry, ...]
) -> tuple[tuple[OpenEntry, ...], int]:
    """Return (entries to be chained, in order; how many of them go into one batch)."""
    if not approved:
        return (), 0
    if approved[0].solo:
        return approved[:1], 1
    alone = next((i for i, e in enumerate(approved) if e.solo), len(approved))
    return approved[:alone], max(1, min(snapshot.window, _widest(snapshot)))


def _widest(snapshot: Snapshot) -> int:
    """Return how far success may widen the window; a batch of one is meant: one by one."""
    batch = snapshot.limits.batch
    return 1 if batch == 1 else _WIDEST * batch


def _conflict(snapshot: Snapshot, entry: OpenEntry, files: tuple[str, ...]) -> Move:
    named = ", ".join(files[:5]) + (f" and {len(files) - 5} more" if len(files) > 5 else "")
    branch = snapshot.target.removeprefix("refs/heads/")
    reason = f"does not merge with {branch}" + (f": {named}" if named else "")
    if entry.conflicts + 1 >= snapshot.limits.conflicts:
        reason += f"; conflict {entry.conflicts + 1}: only release brings it back"
        return Move(entry.entry_no, "quarantine", reason, "conflicts")
    return Move(entry.entry_no, "conflict", reason, "conflicts")


def _build(chain: Chain) -> tuple[Step, ...]:
    moves = [Move(e.entry_no, "build", "") for e in chain.unbuilt if e.status not in ("building",)]
    return (*moves, Build(chain.tip, tuple(e.entry_no for e in chain.unbuilt)))


def _testing(chain: Chain, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Return the moves to `testing`: of those on trial, or of whom the target is tried for."""
    tested = {n for step in steps if isinstance(step, Test) for n in step.entries}
    tested = tested or {chain.prefixes[0].entry.entry_no}
    return tuple(
        Move(p.entry.entry_no, "test", "")
        for p in chain.prefixes
        if p.entry.entry_no in tested and p.entry.status != "testing"
    )


def _land(
    snapshot: Snapshot, chain: Chain, length: int, approved: tuple[OpenEntry, ...]
) -> tuple[Step, ...]:
    """Return the landing of a tested prefix, with the passes that it means and a wider window."""
    members = chain.prefixes[:length]
    last = members[-1]
    assert last.state == GOOD
    steps: list[Step] = []
    for prefix in members:
        flaked = prefix is last and last.flaked
        if prefix.entry.status != "passed" or flaked:
            reason = "passed on the second try: a check is flaky" if flaked else ""
            count = "flakes" if flaked and not prefix.entry.flakes else ""
            steps.append(Move(prefix.entry.entry_no, "pass", reason, count))
    numbers = tuple(p.entry.entry_no for p in members)
    arrived = order.seniority(approved)
    newest = max(arrived[number] for number in numbers)
    left = tuple(n for n, arrival in arrived.items() if n not in numbers and arrival < newest)
    steps.append(Land(chain.onto, last.commit, last.tree, numbers, left))
    if length == len(chain.prefixes) >= snapshot.window and snapshot.window < _widest(snapshot):
        steps.append(Window(snapshot.window + 1))
    return tuple(steps)


def _convicted(
    snapshot: Snapshot, chain: Chain, steps: tuple[Step, ...], approved: tuple[OpenEntry, ...]
) -> tuple[Step, ...]:
    """Return a verdict with what is good before it, and a smaller window if somebody failed."""
    good = max((k for k, p in enumerate(chain.prefixes, 1) if p.state == GOOD), default=0)
    landing = _land(snapshot, chain, good, approved) if good else ()
    narrower: tuple[Step, ...] = ()
    failed = any(isinstance(s, Move) and s.count in ("failures", "flakes") for s in steps)
    if failed and len(chain.prefixes) > 1 and snapshot.window > 1:
        narrower = (Window(max(1, snapshot.window // 2)),)
    return (*steps, *narrower, *landing)


def _aside(snapshot: Snapshot, ordered: tuple[OpenEntry, ...]) -> tuple[Step, ...]:
    """Test what still lacks an approval, each by itself on the target; then it waits for people."""
    for entry in ordered:
        if entry.approval == _GRANTED or entry.status == "awaiting_approval":
            continue
        chain = walk(snapshot, (entry,), 1)
        if chain.conflict is not None:
            return (_conflict(snapshot, *chain.conflict),)
        if chain.unbuilt:
            return _build(chain)
        steps = bisect.decide(snapshot, chain)
        if not steps:
            flaked = chain.prefixes[0].flaked and not entry.flakes
            passed = Move(entry.entry_no, "pass", "", "flakes" if flaked else "")
            return (passed, Move(entry.entry_no, "ask", f"needs {_needed(entry)}"))
        return (*_testing(chain, steps), *steps)
    return ()


def _needed(entry: OpenEntry) -> str:
    return ", ".join(entry.approvers) or "an approval"
