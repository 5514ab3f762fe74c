"""queue run --watch: the runner that stays, and goes on whenever something changed.

What keeps a queue from going on for a while (another runner, an orch.toml that cannot be read,
files in the way) is told once and looked at again; only the first look ends the command with it.
"""

import time

from inbox.workflows import wait
from orch.landing import land, open_queue, pull_requests, runner
from orch.landing.runner import QueueOutcome
from orch.landing.snapshot import Options
from orch.store import entries as store
from orch.store.queues import Queue
from schema import events
from schema.failures import Failure
from schema.json_text import obj
from schema.value import Value, own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call

_NAP = 300.0
_SOON = 5.0  # No event tells that a checkout was cleaned, or that a branch moved.
_PASSES = ("lease_conflict", "invalid_input", "invalid_state", "git_error", "store_busy")


class _Round(Value):
    """One look at the queues: what came of each, and what kept one from going on."""

    outcomes: list[QueueOutcome] = own(factory=list)
    problems: dict[tuple[str, ...], str] = own(factory=dict)

    def run(self, call: "Call", queue: Queue, options: Options, *, first: bool) -> None:
        """Run a queue as far as it goes now. Raises: what does not pass by itself."""
        try:
            outcome = runner.run(call.db, queue, options)
        except Failure as failure:
            if first or failure.code not in _PASSES:
                raise
            self.problems[queue.branch, failure.code, failure.reason] = failure.message
            return
        self.outcomes.append(outcome)
        if outcome.blockers:
            opened = open_queue.open_queue(call.db, queue)
            why = land.dirty(opened, outcome.blockers).message
            self.problems[queue.branch, why] = why
        if outcome.hold_reason:
            why = f"the queue of {queue.branch} is held: {outcome.hold_reason}"
            self.problems[queue.branch, why] = why
        self.problems |= {(queue.branch, text): text for text in outcome.problems}

    def nap(self) -> float:
        """Return how long nothing can change without an event, in seconds."""
        moments = [o.plan.wake_at for o in self.outcomes if o.plan is not None and o.plan.wake_at]
        nap = _SOON if self.problems else _NAP
        if any(outcome.waits_on_forge for outcome in self.outcomes):
            nap = min(nap, pull_requests.LOOK_MS / 1000)
        if moments:
            nap = min(nap, max(0.05, min(moments) / 1000 - time.time()))
        return nap


def watch(
    call: "Call", run: str | None, target: str | None, repo_path: str | None, options: Options
) -> None:
    """Run the queues until stopped; print a line for each landing, change and new problem."""
    call.streaming = True
    options.mode = "until_empty"
    seen, nap = -1, _NAP
    told: dict[tuple[str, ...], str] = {}

    def _look() -> int | None:
        with call.db.read() as tx:
            newest = events.last_id(tx)
        return newest if newest != seen else None

    while True:
        is_first = seen < 0
        wait.until(call.db, ["any"], _look, nap)
        with call.db.read() as tx:
            seen = events.last_id(tx)  # Before the round: what comes during it is looked at again.
        found = _Round()
        for queue in open_queue.queues_of(call.db, run, target, repo_path):
            found.run(call, queue, options, first=is_first)
        _tell(call, found.outcomes)
        for key, text in found.problems.items():
            if key not in told:
                call.stream(str(obj(problem=text)) if call.as_json else f"problem: {text}")
        told, nap = found.problems, found.nap()


def _tell(call: "Call", outcomes: list[QueueOutcome]) -> None:
    """Print the entries that landed or changed, as they are now."""
    with call.db.read() as tx:
        for outcome in outcomes:
            numbers = dict.fromkeys([*(e.entry_no for e in outcome.landed), *outcome.changed])
            for number in numbers:
                if call.as_json:
                    call.stream(str(store.document(tx, number)))
                    continue
                entry = store.get(tx, number)
                why = f": {entry.reason}" if entry.reason else ""
                call.stream(f"{entry.entry_id} {entry.name} {entry.status}{why}")
