"""Steps for each state of a task: a step, a moment, or a need."""

from orch.drive.planner import begins, finished, needs, retry
from orch.drive.planner.ledger import Ledger
from orch.drive.planner.model import TaskFacts, Verify

_UNSERVED_MS = 60_000
_EXTERNAL_MS = 3_600_000


def settle(ledger: Ledger, task: TaskFacts) -> None:
    """Put a task down in the ledger."""
    _OF_STATUS[task.status](ledger, task)


def _planned(ledger: Ledger, task: TaskFacts) -> None:
    if task.stranded_by:
        ledger.need(task, "stranded", f"waits for {task.stranded_by}, which will never be done")
    else:
        ledger.stay(task, "waits for " + (", ".join(task.waits_for) or "what it depends on"))


def _ready(ledger: Ledger, task: TaskFacts) -> None:
    if task.stranded_by:  # With `stack = "landed"`: what it builds on is not to land.
        ledger.need(task, "stranded", f"builds on {task.stranded_by}, which will not land")
    elif task.waits_for:
        ledger.stay(task, f"waits until this has landed: {', '.join(task.waits_for)}")
    elif task.not_before > ledger.snapshot.now:
        ledger.until(task, task.not_before, "its time has not come")
    else:
        begins.first(ledger, task)


def _at_work(ledger: Ledger, task: TaskFacts) -> None:
    if task.live in ("gone", "stale") and task.status != "dispatched":
        _silent(ledger, task)
    elif task.status == "blocked" and not task.is_answered:
        ledger.need(task, "question", task.reason or "its worker asks something")
    elif task.status == "dispatched" and not task.is_claimed:
        _unclaimed(ledger, task)
    else:
        ledger.work(task, "is at work")


def _is_taken_up(ledger: Ledger, task: TaskFacts) -> bool:
    """Put a task down whose turn a worker of ours brings to its end: that judges its commits."""
    snapshot = ledger.snapshot
    if not (task.live == "gone" and task.is_left and task.is_ours):
        return False
    if any(slot.is_up for slot in snapshot.slots):
        ledger.work(task, "a worker takes up what was left")
        return True
    resting = [slot.not_before for slot in snapshot.slots if not slot.reason]
    if resting:
        back = max(min(resting), snapshot.now + 1)
        ledger.until(task, back, "a worker takes up what was left, once it is back")
    return bool(resting)


def _silent(ledger: Ledger, task: TaskFacts) -> None:
    """Nothing is heard of its worker: after a while it goes to the pool, not to its name."""
    if _is_taken_up(ledger, task):
        return
    policy = ledger.snapshot.policy
    since = task.silent_since or task.since
    if task.live == "stale":
        since += int(1000 * policy.stale_after)
    spent = begins.again(ledger, task, "reassign", "gone", since, f"@{policy.pool}")
    if spent is not None:
        text = "its process is gone" if task.live == "gone" else "its lease ran out"
        ledger.need(task, task.live, spent.after(text))


def _unclaimed(ledger: Ledger, task: TaskFacts) -> None:
    snapshot = ledger.snapshot
    due = retry.due(snapshot.now, task.since, _UNSERVED_MS)
    if task.not_before > snapshot.now:
        ledger.until(task, task.not_before, "its agent client rests; taken up again then")
    elif task.is_ours and any(slot.is_up for slot in snapshot.slots):
        ledger.work(task, "a worker takes it up")
    elif task.is_served:
        ledger.work(task, "is given out, and will be taken up")
    elif due > snapshot.now:
        ledger.until(task, due, "is given out, and not taken up yet")
    else:
        ledger.put(task, needs.no_worker(snapshot, task))


def _verifying(ledger: Ledger, task: TaskFacts) -> None:
    policy = ledger.snapshot.policy
    if task.gate == "running":
        ledger.work(task, "its checks run")
    elif not policy.verify:
        ledger.need(task, "unverified", "its checks are to run")
    elif task.gate == "external":
        _elsewhere(ledger, task)
    elif task.gate == "error" and task.gate_tries >= policy.verify_tries:
        mend = f"mend [check.{task.gate_check}] of orch.toml"
        ledger.need(task, "check_error", f"{task.reason or 'a check could not run'}; {mend}")
    else:
        now = ledger.snapshot.now
        due = retry.due(now, task.gate_at, retry.doubling_ms(policy, task.gate_tries))
        if task.gate == "error" and due > now:
            ledger.until(task, due, "a check could not run; it is run again")
        else:
            _verify(ledger, task, Verify(task.task_no))


def _elsewhere(ledger: Ledger, task: TaskFacts) -> None:
    """Wait for the result of a check that runs elsewhere; it is never run here."""
    now, check = ledger.snapshot.now, task.gate_check or "a check"
    due = retry.due(now, task.gate_at, _EXTERNAL_MS)
    if due > now:
        ledger.until(task, due, f"waits for the result of {check}, which runs elsewhere")
    else:
        ledger.need(task, "external", f"{check} runs elsewhere, and its result is missing")


def _verify(ledger: Ledger, task: TaskFacts, step: Verify) -> None:
    """Run a task's checks, if a place for that is free."""
    if begins.is_refused(ledger, task):
        return
    if ledger.checks >= ledger.snapshot.policy.verify_jobs:
        ledger.stay(task, "its checks run when those of others are through")
        return
    ledger.checks += 1
    ledger.step(task, step, "its failed checks are run again" if step.again else "its checks run")


def _failed(ledger: Ledger, task: TaskFacts) -> None:
    cause = task.ended  # "" for one that ended before ends had classes: a person's to judge.
    words = task.reason or f"ended: {cause or 'failed'}"
    if task.late_attempt:
        ledger.need(task, "late_report", f"attempt {task.late_attempt} reported after its end")
    elif task.gate == "running":
        ledger.work(task, "its checks run")
    elif cause == "check_failed" and task.gate_runs == 1 and ledger.snapshot.policy.verify:
        _verify(ledger, task, Verify(task.task_no, again=True))
    elif cause == "lost":
        ledger.need(task, "lost", words)
    else:
        spent = begins.again(ledger, task, "retry", cause, task.ended_at)
        if spent is not None:
            ledger.need(task, "failed", spent.after(words))


def _cancelled(ledger: Ledger, task: TaskFacts) -> None:
    ledger.over(task)


_OF_STATUS = {
    "planned": _planned,
    "ready": _ready,
    "dispatched": _at_work,
    "running": _at_work,
    "blocked": _at_work,
    "verifying": _verifying,
    "failed": _failed,
    "done": finished.settle,
    "cancelled": _cancelled,
}
