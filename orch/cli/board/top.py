"""top, printed once: the leader's board; what needs a person stands first with its command."""

from orch import board
from schema.json_text import array, obj
from schema.moments import stamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from orch.board import Board
    from schema.json_text import Json


def top(call: "Call", *, run: str | None, limit: int) -> None:
    """Show the board once: where there is no terminal to stay on, or nobody wants that."""
    reader = board.BoardReader(call.db, run, limit)
    call.say(document(reader.read(), limit))


def document(found: "Board", limit: int) -> "Json":
    """Return the board as published: every list bounded, `more` says by how much."""
    parts: dict[str, list[Json]] = {
        "needs": [
            obj(run_id=n.run_id, task_id=n.task_id, kind=n.kind, who=n.who,
                since=stamp(n.since), text=n.text, command=n.command)
            for n in found.needs
        ],
        "at_work": [_at_work(one) for one in found.at_work],
        "ready": [
            obj(run_id=r.run_id, task_id=r.task_id, title=r.title, default_to=r.default_to,
                command=r.command)
            for r in found.ready
        ],
        "done": [
            obj(run_id=run_id, task_id=d.task_id, title=d.title, status=d.status, who=d.worker,
                at=stamp(d.at), result=d.result, **_landing(found, run_id, d.task_no))
            for run_id, d in found.done
        ],
    }  # fmt: skip
    return obj(
        at=stamp(found.now),
        runs=array(found.runs),
        **{name: array(items[:limit]) for name, items in parts.items()},
        more={
            name: max(0, found.totals.get(name, len(items)) - min(limit, len(items)))
            for name, items in parts.items()
        },
        high_event_id=found.high_event_id,
    )


def _landing(found: "Board", run_id: str, task_no: int) -> "dict[str, object]":
    """Return how far a task's work is on its way to the target, and since when."""
    known = found.landing[run_id].get(task_no)
    if known is None:
        return {"landing": None, "landing_since": None, "landed_commit": None}
    return {
        "landing": known.state,
        "landing_since": stamp(known.since) if known.since else None,
        "landed_commit": known.commit or None,
    }


def _at_work(one: "board.AtWork") -> "Json":
    task = one.task
    return obj(
        run_id=one.run_id,
        task_id=task.task_id,
        title=task.title,
        status=task.status,
        attempt_no=task.attempt_no,
        who=task.worker,
        claimed=bool(task.is_claimed),
        since=stamp(task.since),
        liveness=task.liveness,
        harness=task.harness,
        turn_no=task.turn_no,
        answered=bool(task.is_answered),
        last_message=task.last_summary,
        last_message_from=task.last_from,
        last_message_at=stamp(task.last_at),
    )
