"""Hindrances of an attempt, or of any other step of a task."""

from orch.drive.planner import retry
from orch.drive.planner.ledger import Ledger
from orch.drive.planner.model import Begin, TaskFacts

_MOST_LOST = 10
_MOST_REFUSED = 3


def first(ledger: Ledger, task: TaskFacts) -> None:
    """Want a task's first attempt."""
    policy = ledger.snapshot.policy
    to, mode = task.to or f"@{policy.pool}", task.mode or policy.mode
    _begin(ledger, task, Begin(task.task_no, "dispatch", to, mode))


def again(
    ledger: Ledger, task: TaskFacts, event: str, cause: str, since: int, to: str = ""
) -> retry.Spent | None:
    """Want another attempt by itself once its time has come; else return why there is none."""
    policy = ledger.snapshot.policy
    found = retry.decide(ledger.snapshot, task, cause, since)
    if isinstance(found, retry.Spent):
        if not found.of_run:
            return found
        ledger.retries_spent = True
        ledger.stay(task, found.text)
    elif found.due > ledger.snapshot.now:
        ledger.until(task, found.due, f"begun again by itself ({cause})")
    else:
        to, mode = to or task.to or f"@{policy.pool}", task.mode or policy.mode
        step = Begin(task.task_no, event, to, mode, cause, found.start, task.entry_no)
        _begin(ledger, task, step)
    return None


def is_refused(ledger: Ledger, task: TaskFacts) -> bool:
    """Put down a task whose step was refused; say whether that is the end of it for now."""
    refusal = task.refusal
    if refusal is None:
        return False
    policy = ledger.snapshot.policy
    if refusal.kind == "base_conflict":
        ledger.defer(task, f"begun again after the next landing: {refusal.text}")
        return True
    most = policy.retry.setup + 1 if refusal.kind == "setup" else _MOST_REFUSED
    if refusal.count >= most:
        ledger.need(task, "setup" if refusal.kind == "setup" else "refused", refusal.text)
        return True
    now = ledger.snapshot.now
    due = retry.due(now, refusal.at, retry.doubling_ms(policy, refusal.count))
    if due > now:
        ledger.until(task, due, f"tried again: {refusal.text}")
        return True
    return False


def _begin(ledger: Ledger, task: TaskFacts, step: Begin) -> None:
    """Want an attempt, unless something is in its way."""
    if task.lost >= _MOST_LOST:
        ledger.need(task, "lost", f"{_MOST_LOST} dispatches in a row were killed half-way")
    elif task.hindrance:
        if task.hindered_until > ledger.snapshot.now:
            ledger.until(task, task.hindered_until, task.hindrance)
        else:
            ledger.stay(task, task.hindrance)
    elif not (_is_troubled(ledger, task, step) or is_refused(ledger, task)):
        ledger.want(task, step)


def _is_troubled(ledger: Ledger, task: TaskFacts, step: Begin) -> bool:
    """Say whether its repository lets nothing begin; that is one need, not one per task."""
    if step.mode != "code":
        return False
    for one in ledger.snapshot.repositories:
        if one.repo == task.repo:
            ledger.stay(task, f"its repository is {one.trouble}")
            return True
    return False
