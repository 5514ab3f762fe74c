"""request plan --harness: the engineer's program, here in the foreground, until it has reported."""

from inbox import model
from orch.agents import worker_pool as workflow
from orch.agents.turn_monitor import Stop
from orch.cli.agents import work as workers
from orch.operations import requests as operations
from orch.reconcile import reconcile
from orch.requests import planning
from schema.json_text import Json, array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from orch.harness.config import Harness


def work(call: "Call", chosen: "Harness", agent: str, request_id: str) -> tuple[Json, list[str]]:
    """Let an engineer's program work until nobody plans the request any more, or it cannot.

    A refused plan goes back to it; while it waits for an answer, so does this.
    Returns (its turns, what kept it from working). Raises: refused/budget before any turn.
    """
    turns: list[Json] = []
    problems: list[str] = []
    call.resume = call.again(f"request plan {request_id} --harness {chosen.name}")
    with call.db.read() as tx:
        run_id = operations.require(tx, request_id).run_id
    assert run_id is not None
    while not planning.is_over(call.db, request_id):
        plan = workflow.WorkerOptions([agent], (), chosen, "once", model.lease_ms(None))
        pool = workflow.WorkerPool(call.db, plan, Stop(), workers.teller(call))
        workers.heed_signals(call, pool)
        pool.run()
        turns += pool.ended
        problems += pool.problems
        reconcile(call.db, run_id, call.note)
        if pool.refusal is not None and not turns:
            raise pool.refusal
        if call.signals.pending or not pool.ended:
            break
    return array(turns), list(dict.fromkeys(problems))
