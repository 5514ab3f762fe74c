"""top, printed once: the leader's board; what needs a person stands first with its command."""

import json

from orch.board.live import Live
from orch.board.reader import BoardReader
from orch.cli.board import reviews
from schema.json_text import array, merge, obj
from schema.moments import stamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from orch.board.model import AtWork, Board
    from schema.json_text import Json
    from schema.transaction import Database


def top(call: "Call", *, run: str | None, limit: int) -> None:
    """Show the board once: where there is no terminal to stay on, or nobody wants that."""
    found = BoardReader(call.db, run, limit, reviews.reviewed).read()
    live = Live()
    live.look(found)
    call.say(document(found, limit, live, again(call.db, found), reviews.read(call.db)))


def again(db: "Database", found: "Board") -> dict[tuple[str, str], int]:
    """Return by (run, task) when a driver begins it again by itself, in ms."""
    runs = dict.fromkeys(one.run_id for one in found.again)
    if not runs:
        return {}
    from orch.drive import again as moments

    with db.read() as tx:
        return {(run, task): due for run in runs for task, due in moments.of_run(tx, run).items()}


def document(
    found: "Board", limit: int, live: Live, dues: dict[tuple[str, str], int],
    known: reviews.Reviews,
) -> "Json":  # fmt: skip
    """Return the board as published: every list bounded, `more` says by how much."""
    runs = [json.loads(run) for run in found.runs]
    parts: dict[str, list[Json]] = {
        "needs": [
            obj(run_id=n.run_id, task_id=n.task_id, kind=n.kind, who=n.who,
                since=stamp(n.since), text=n.text, command=n.command)
            for n in reviews.needs(found, known, runs)
        ],
        "at_work": [_at_work(one, live) for one in found.at_work],
        "again": [_again(one, dues) for one in found.again],
        "ready": [
            obj(run_id=r.run_id, task_id=r.task_id, title=r.title, default_to=r.default_to,
                command=r.command)
            for r in found.ready
        ],
        "done": [
            obj(run_id=run_id, task_id=d.task_id, title=d.title, status=d.status, who=d.worker,
                at=stamp(d.at), result=d.result, **_landing(found, live, run_id, d.task_no))
            for run_id, d in found.done
        ],
    }  # fmt: skip
    return obj(
        at=stamp(found.now),
        runs=array(
            merge(text, review_of=known.of.get(run["run_id"]))
            for text, run in zip(found.runs, runs, strict=True)
        ),
        **{name: array(items[:limit]) for name, items in parts.items()},
        more={
            name: max(0, found.totals.get(name, len(items)) - min(limit, len(items)))
            for name, items in parts.items()
        },
        high_event_id=found.high_event_id,
    )


def _landing(found: "Board", live: Live, run_id: str, task_no: int) -> "dict[str, object]":
    """Return how far a task's work is on its way to the target, and since when."""
    known = found.landing[run_id].get(task_no)
    if known is None:
        return dict.fromkeys(
            ("landing", "landing_since", "landed_commit", "landed_on", "position", "waits_for",
             "added", "removed")
        )  # fmt: skip
    added, removed = live.landed.get(known.commit, (None, None))
    return {
        "landing": known.state,
        "landing_since": stamp(known.since) if known.since else None,
        "landed_commit": known.commit or None,
        "landed_on": known.branch or None,
        "position": known.position or None,
        "waits_for": known.detail or None,
        "added": added,
        "removed": removed,
    }


def _again(one: "AtWork", dues: dict[tuple[str, str], int]) -> "Json":
    task = one.task
    due = dues.get((one.run_id, task.task_id))
    return obj(
        run_id=one.run_id, task_id=task.task_id, title=task.title, attempt_no=task.attempt_no,
        max_attempts=task.max_attempts, reason=task.reason, who=task.worker,
        since=stamp(task.status_at), due=stamp(due) if due else None, cost_usd=_cost(one),
    )  # fmt: skip


def _cost(one: "AtWork") -> float | None:
    cost = one.task.cost_microusd
    return None if cost is None else cost / 1e6


def _at_work(one: "AtWork", live: Live) -> "Json":
    task, key = one.task, (one.run_id, one.task.task_id)
    added, removed = live.lines.get(key, (None, None))
    gate = json.loads(task.gate) if task.gate else None  # "null" where it has no checks.
    checks = gate["checks"] if gate else []
    return obj(
        run_id=one.run_id,
        task_id=task.task_id,
        title=task.title,
        status=task.status,
        attempt_no=task.attempt_no,
        max_attempts=task.max_attempts,
        who=task.worker,
        machine=task.machine or None,
        claimed=bool(task.is_claimed),
        since=stamp(task.since),
        begun_at=stamp(task.begun_at),
        liveness=task.liveness,
        harness=task.harness,
        turn_no=task.turn_no,
        answered=bool(task.is_answered),
        last_message=task.last_summary,
        last_message_from=task.last_from,
        last_message_at=stamp(task.last_at),
        doing=live.doing.get(key) or None,
        added=added,
        removed=removed,
        checks=[{"check": each["check"], "status": each["status"]} for each in checks],
        cost_usd=_cost(one),
    )
