"""council wait: block until all three reviewers have ended, and voted. Loads no pydantic."""

from council.workflows import cross, watch
from inbox.workflows.wait import timed_out
from orch.steps.model import say
from schema.json_text import array, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from schema.failures import Failure
    from schema.transaction import Database


def wait(call: "Call", *, run: str, timeout: float) -> None:
    """Wait for the reviewers; the end of time carries the same data."""
    words = call.again(f"council wait --run {run} --timeout-seconds ")
    call.resume = f"{words}{timeout:g}"
    found = watch.for_all(call.db, run, timeout)
    # Some clients end a session that repeats one command to the letter.
    again = timeout - 1 if timeout > 2 else timeout + 0.5 if timeout else 0
    resume = f"{words}{again:g}"
    answer = obj(
        woke=found.all_complete,
        all_complete=found.all_complete,
        run_id=run,
        reviewers=array([one.document for one in found.reviewers]),
        voters=array([one.document for one in found.voters]),
        next_event_id=found.position,
    )
    if not found.all_complete:
        raise _ended(run, found, timeout, answer, resume)
    call.say(answer)


def begin_round_two(db: "Database", run_id: str) -> None:
    """Let the council's second round begin if it may: `orch reconcile` and `orch status` ask."""
    cross.advance(db, run_id)


def _ended(run: str, found: watch.Waited, timeout: float, answer: str, resume: str) -> "Failure":
    """Return the end of a wait: who is missing, what helps."""
    missing = found.missing()
    who = ", ".join(f"{one.role} is {one.status}" for one in missing)
    done = "vote" if not any(not one.has_ended for one in found.reviewers) else "end"
    failure = timed_out(f"{len(missing)} of 3 reviewers did not {done} ({who})", timeout, 0, resume)
    failure.data = answer
    if found.expired:
        failure.message = f"the council's deadline has passed: {who}"
        failure.hint = "count who is there"
        failure.next = (say("council tally", run=run, partial=True),)
    elif any(one.status == "blocked" for one in missing):
        failure.hint = "a reviewer asks; then wait on"
        failure.next = (say("blocked", run=run), *failure.next)
    return failure
