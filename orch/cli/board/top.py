"""top: the leader's board, once or live; what needs a person stands first with its command."""

import time

from inbox.workflows import wait
from orch import board
from orch.cli.board import screen
from orch.pace import Pace
from orch.reconcile import reconcile
from orch.reports.figures import stamp
from schema import events
from schema.json_text import array, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from orch.board import Board
    from schema.json_text import Json

_STILL_SECONDS = 10.0  # After that the ages on the screen are old, and it is drawn anew.
_LEAST_SECONDS = 0.2  # Between two drawings, however much happens.


def top(
    call: "Call", *, run: str | None, once: bool, for_seconds: float | None, limit: int
) -> None:
    """Show the board once; on a terminal, keep it there until stopped."""
    reader = board.BoardReader(call.db, run, limit)
    if once or call.as_json or not screen.is_terminal():
        call.say(document(reader.read(), limit))
        return
    call.resume = call.again("top" + (f" --run {run}" if run else ""))
    _live(call, reader, run, for_seconds or 0.0, limit)


def _live(
    call: "Call", reader: "board.BoardReader", run: str | None, seconds: float, limit: int
) -> None:
    """Draw the board whenever something happened, until stopped or the time is over."""
    from orch.cli.board import views

    seen: tuple[object, ...] = ()
    drawn_at = 0.0
    pace = Pace(waits=True)

    def _look() -> "Json | None":
        nonlocal seen, drawn_at
        since = time.monotonic() - drawn_at
        if since < _LEAST_SECONDS:
            return None
        for name in reader.names():
            reconcile(call.db, name, pace=pace)
        with call.db.read() as tx:
            now = (events.last_id(tx), screen.size())
        if now == seen and since < _STILL_SECONDS:
            return None
        found = reader.read()
        seen, drawn_at = (found.high_event_id, now[1]), time.monotonic()
        return document(found, limit)

    def _nap() -> float:
        too_soon = _LEAST_SECONDS - (time.monotonic() - drawn_at)
        return too_soon + 0.01 if too_soon > 0 else _STILL_SECONDS

    end = time.monotonic() + seconds if seconds else None
    topics = ["run=" + run] if run is not None else ["any"]
    with screen.Screen() as place:
        while end is None or time.monotonic() < end:
            left = 0.0 if end is None else max(0.001, end - time.monotonic())
            answer = wait.until(call.db, topics, _look, left, _nap)
            if answer is not None:
                place.draw(views.lines(answer), f"{call.resume} --once")


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
                at=stamp(d.at), result=d.result)
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
