"""Trials: the checks of one tree, run in a worktree that the queue owns.

Trials of one pass run side by side, each in a slot of its own; the checks of one trial run one
after the other. A slot's lock is inherited by the checks: those of a killed runner keep it until
they end, and the next runner takes another slot.
"""

from orch import process
from orch.checks import run as checking
from orch.git import changes, names, refs, slots
from orch.landing import slots as queue_slots
from orch.landing.open_queue import OpenQueue
from orch.landing.planner.model import Test
from orch.landing.runner_lease import RunnerLease
from orch.store import trials
from orch.store.checks import Result
from schema import crash_points
from schema.failures import Failure
from schema.json_text import array
from schema.value import Value, own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from concurrent.futures import Future

_RENEW_SECONDS = 15.0
WAIVED = "no checks are declared: waived"


class Trial(Value):
    """One test under way: what is known already, what is still to be run."""

    step: Test
    number: int
    results: list[Result] = own(factory=list)
    open: list[tuple[str, str]] = own(factory=list)  # (check's name, cache key)


def run(lease: RunnerLease, opened: OpenQueue, steps: list[Test], jobs: int) -> int:
    """Run trials, at most `jobs` at once; return how many needed a check to be run.

    Raises: lease_conflict/superseded; whatever stops it leaves the trials unfinished, which
    count for nothing.
    """
    begun = [_begin(lease, opened, step) for step in steps]
    crash_points.reach("queue.trial_begun")
    waiting = [trial for trial in begun if trial.open]
    for trial in begun:
        if not trial.open:
            _end(lease, trial)
    if not waiting:
        return 0
    with process.side_by_side(jobs) as pool:
        futures: dict[Future[list[Result]], Trial] = {
            pool.submit(_run_in_slot, opened, trial): trial for trial in waiting
        }
        _collect(lease, futures)
    return len(waiting)


def _begin(lease: RunnerLease, opened: OpenQueue, step: Test) -> Trial:
    """Write a trial down, and take what earlier runs on the same tree have shown."""
    with lease.write() as tx:
        number = trials.begin(
            tx,
            lease.queue_no,
            lease.fence,
            commit=step.commit,
            tree=step.tree,
            checks=array(step.checks),
            purpose=step.purpose,
            entries=array(step.entries),
        )
        trial = Trial(step, number)
        for wanted in step.checks:
            name = wanted.rpartition("@")[0]
            check = opened.settings.checks.get(name)
            if check is None:
                trial.results.append(checking.unknown(name))
                continue
            key = checking.cache_key(step.tree, check, opened.settings)
            # A failure is tried, not believed; nor is an earlier pass of a target under suspicion.
            known = trials.cached(tx, key) if step.purpose != "base" else None
            if known is None or known[0] != "passed":
                trial.open.append((name, key))
                continue
            status, summary, tail, exit_status = known
            trial.results.append(
                Result(name, status, "cache", "", summary=summary, tail=tail,
                       exit_status=exit_status, cache_key=key)
            )  # fmt: skip
    return trial


def _collect(lease: RunnerLease, futures: "dict[Future[list[Result]], Trial]") -> None:
    """Record each trial as it ends, and keep the lease meanwhile; the store is ours alone."""
    from concurrent.futures import FIRST_COMPLETED, wait

    left = set(futures)
    while left:
        lease.db.signals.lower()  # Trials may take long, and those that ended are recorded.
        done, left = wait(left, timeout=_RENEW_SECONDS, return_when=FIRST_COMPLETED)
        if not done:
            lease.renew()
        for future in done:
            trial = futures[future]
            try:
                trial.results += future.result()
            except Failure as failure:
                if failure.code not in ("git_error", "invalid_state", "refused", "not_found"):
                    raise
                trial.results += [
                    Result(name, "error", "run", "", summary=f"no place to run: {failure.message}")
                    for name, _ in trial.open
                ]
            _end(lease, trial)


def _end(lease: RunnerLease, trial: Trial) -> None:
    """Record how a trial ended: failed if anything failed, else an error if anything was one."""
    statuses = {result.status for result in trial.results}
    status = next((s for s in ("failed", "error") if s in statuses), "passed")
    bad = [r for r in trial.results if r.status == status and status != "passed"]
    summary = "; ".join(f"{r.check}: {r.summary}" for r in bad)
    if not trial.step.checks:
        summary = WAIVED
    crash_points.reach("queue.trial_ran")
    with lease.write() as tx:
        for result in trial.results:
            trials.keep_check(tx, trial.number, result)
        trials.end(tx, trial.number, status, summary[:2000])
    crash_points.reach("queue.trial_ended")


def _run_in_slot(opened: OpenQueue, trial: Trial) -> list[Result]:
    """Run what is open of a trial in a slot at its commit; on a thread that touches no store."""
    from contextlib import ExitStack

    found = []
    with ExitStack() as stack:
        path, held = queue_slots.take_free(opened, stack)
        slot = slots.open_slot(
            opened.repo, path, trial.step.commit, hermetic=opened.settings.queue.hermetic
        )

        def _moved() -> str:
            if refs.head(slot).commit != trial.step.commit:
                return "the head of the slot changed"
            try:
                changed = changes.status(slot).tracked
            except Failure:  # A check may leave what git would wait for: the slot is ours.
                slots.clear_odd(slot.top)
                changed = changes.status(slot).tracked
            return f"{names.display(changed[0].path)} changed" if changed else ""

        for name, key in trial.open:
            check = opened.settings.checks[name]
            result = checking.run(check, opened.settings, slot.top, _moved, hold=(held,))
            if result.status != "error":
                result.cache_key = key
            found.append(result)
    return found
