"""Snapshot of a queue: everything that one pass knows, read in one transaction.

The planner decides on nothing else, so what it was told can be kept and decided again (replay).
"""

import json

from orch.checks import run
from orch.git import commits, proofs, refs
from orch.landing import approval_gate, outside_results, required_checks, signatures
from orch.landing.approval_gate import Verdict
from orch.landing.open_queue import OpenQueue
from orch.landing.planner.model import Limits, Link, Snapshot, Trials
from orch.landing.planner.model import OpenEntry as Known
from orch.machines import IN_TARGET
from orch.store import dependencies, trials
from orch.store import entries as entry_rows
from orch.store import queues as queue_rows
from orch.store import tasks as task_rows
from orch.store.entries import Entry
from schema.failures import Failure
from schema.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import Database, ReadTx

# What the planner knows of an entry under its row's own names.
_SAME = [name for name in Known.__slots__ if hasattr(Entry, name) or name in Entry.__annotations__]


class Options(Value):
    """What the command line says about a run; None where orch.toml decides.

    `sends_back`: what conflicts goes back to its owner at once; a driver does that in its own time.
    """

    batch: int | None = None
    jobs: int | None = None
    mode: str = "until_empty"
    steal: bool = False
    sends_back: bool = True


class PassInput(Value):
    """A snapshot with the rows it was made of."""

    snapshot: Snapshot
    entries: dict[int, Entry]
    verdicts: dict[int, Verdict]


def limits_of(opened: OpenQueue, options: Options) -> Limits:
    """Return the queue's limits: the command line's, else orch.toml's."""
    rules = opened.settings.queue
    return Limits(
        batch=1 if opened.by_pull_request else options.batch or rules.batch,
        jobs=options.jobs or rules.jobs,
        overtakes=rules.overtakes,
        failures=rules.failures,
        conflicts=rules.conflicts,
        backoff_ms=rules.backoff_ms,
        flake=rules.flake,
    )


def take(db: "Database", opened: OpenQueue, options: Options) -> PassInput:
    """Return what is so now. Raises: git_error."""
    tip = opened.look()
    tip_tree = refs.tree_id(opened.repo, tip)
    with db.read() as tx:
        waiting = entry_rows.open_of_queue(tx, opened.queue.queue_no)
    signatures.verify(db, opened.settings, waiting)
    with db.read() as tx:
        queue = queue_rows.get(tx, opened.queue.queue_no)
        found = entry_rows.open_of_queue(tx, queue.queue_no)
        built = trials.built(tx, queue.queue_no)
        resolved = {b.entry_no for b in built if b.resolved != "[]"}
        names = {e.entry_no: required_checks.of_entry(tx, opened.settings, e) for e in found}
        verdicts = {
            e.entry_no: approval_gate.evaluate(
                tx,
                opened.settings,
                e,
                waived=not names[e.entry_no],
                resolved=e.entry_no in resolved,
            )
            for e in found
        }
        waits = _Waits(tx, opened, found)
        links = reachable(tip, built)
        known = tuple(
            _known(
                opened,
                e,
                [name for name in names[e.entry_no] if name in opened.settings.checks],
                verdicts[e.entry_no],
                waits.of(e, outside_results.missing(tx, opened.settings, e, names[e.entry_no])),
            )
            for e in found
        )
        snapshot = Snapshot(
            now=tx.now.wall_ms,
            target=queue.target,
            tip=tip,
            tip_tree=tip_tree,
            window=queue.window,
            entries=known,
            links=links,
            trials=_trials(tx, queue.queue_no, {tip_tree, *(k.tree for k in links)}),
            limits=limits_of(opened, options),
            hold_reason=queue.hold_reason,
            hold_tree=queue.hold_tree,
        )
    return PassInput(snapshot, {e.entry_no: e for e in found}, verdicts)


def _known(
    opened: OpenQueue,
    entry: Entry,
    names: list[str],
    verdict: Verdict,
    waits: tuple[tuple[int, ...], tuple[str, ...]],
) -> Known:
    return Known(
        **{name: getattr(entry, name) for name in _SAME},
        head=entry.head_commit,
        order_no=entry.queued_event,
        not_before=entry.not_before_at,
        paths=tuple(json.loads(entry.changed_paths)),
        checks=tuple(sorted(run.name_of(name, opened.settings) for name in names)),
        needs=waits[0],
        waits_for=waits[1],
        approval=verdict.state,
        approvers=tuple(verdict.missing),
        solo=verdict.solo or entry.kind != "task",
    )


def reachable(tip: str, built: "list[trials.Built]") -> tuple[Link, ...]:
    """Return the steps that lead on from the target's tip; others are of earlier tips."""
    onto: dict[str, list[trials.Built]] = {}
    for step in built:
        onto.setdefault(step.onto, []).append(step)
    found: list[Link] = []
    ahead, seen = [tip], {tip}
    while ahead:
        for step in onto.get(ahead.pop(), ()):
            files = tuple(json.loads(step.files))
            found.append(Link(step.onto, step.entry_no, step.commit, step.tree, files))
            if step.commit and step.commit not in seen:
                seen.add(step.commit)
                ahead.append(step.commit)
    return tuple(sorted(found, key=lambda link: (link.onto, link.entry_no)))


def _trials(tx: "ReadTx", queue_no: int, trees: set[str]) -> tuple[Trials, ...]:
    ended: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for tree, checks, end, number in trials.ends(tx, queue_no):
        if tree in trees:
            ended.setdefault((tree, checks), []).append((end, number))
    return tuple(
        Trials(tree, tuple(json.loads(checks)), *zip(*found, strict=True))
        for (tree, checks), found in sorted(ended.items())
    )


class _Waits:
    """What each entry must wait for: entries of its queue, and what nobody queued yet."""

    def __init__(self, tx: "ReadTx", opened: OpenQueue, found: list[Entry]) -> None:
        self._tx = tx
        self._place = opened
        self._open = {e.task_no: e.entry_no for e in found if e.task_no is not None}

    def of(self, entry: Entry, lacks: list[str]) -> tuple[tuple[int, ...], tuple[str, ...]]:
        """Return (entries it needs, what else it waits for in words: first what it `lacks`)."""
        if entry.kind != "task" or entry.task_no is None:
            return (), ()
        needs: list[int] = []
        words = list(lacks)
        seen, ahead = {entry.task_no}, [entry.task_no]
        while ahead:
            for number, name, status in dependencies.prerequisites(self._tx, ahead.pop(0)):
                if number in seen:
                    continue
                seen.add(number)
                if number in self._open:
                    needs.append(self._open[number])
                elif self._is_code(number):
                    words += self._missing(entry, number, name, status)
                else:
                    ahead.append(number)
        return tuple(sorted(needs)), tuple(words)

    def _is_on_target(self, head: str) -> bool:
        """Say whether a head's work is on the target; one that git has no more is not."""
        repo = self._place.repo
        try:
            return bool(proofs.find_integration(repo, head, self._place.tip))
        except Failure:
            if not commits.missing_objects(repo, [head]):
                raise
            return False

    def _is_code(self, task_no: int) -> bool:
        from orch.operations import attempts

        attempt = attempts.latest(self._tx, task_rows.by_no(self._tx, task_no))
        return attempt is not None and attempt.execution_mode == "code"

    def _missing(self, entry: Entry, task_no: int, name: str, status: str) -> list[str]:
        """Return in words why a prerequisite with code is not on the target, [] when it is."""
        from orch.operations import attempts

        full = f"{entry.run_id}/{name}"
        if status != "done":
            return [f"{full}, which is {status}"]
        for other in entry_rows.of_task(self._tx, task_no):
            landed = other.status in IN_TARGET
            if landed and other.queue_no == entry.queue_no:
                return []
        attempt = attempts.latest(self._tx, task_rows.by_no(self._tx, task_no))
        head = attempt.head_commit if attempt is not None else None
        if head and self._is_on_target(head):
            return []
        return [f"{full}, which nobody queued: orch queue add {full}"]
