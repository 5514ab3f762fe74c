"""Dispatching many tasks: decided one after the other, made side by side.

Every decision is a transaction of its own, in dispatch order; only git and its files run in
parallel, on threads that touch no store.
"""

from functools import partial

from orch import process
from orch.dispatch import dispatch
from orch.dispatch.request import DispatchRequest
from schema.failures import Failure
from schema.json_text import Json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from inbox.model import Change
    from schema.keys import Key
    from schema.transaction import Database, Tx

    Answer = Callable[[DispatchRequest, Tx, Change], Json]


def dispatch_all(
    db: "Database",
    requests: "list[DispatchRequest]",
    scopes: "list[Key | None]",
    jobs: int,
    answer: "Answer",
    step: "Callable[[], None]",
) -> tuple[list[Json], list[tuple[str, Failure]]]:
    """Return (answers in order, (task id, failure) of what was refused); `step` after each."""
    done: dict[int, Json] = {}
    skipped: list[tuple[str, Failure]] = []
    for start in range(0, len(requests), jobs):
        window = range(start, min(start + jobs, len(requests)))
        prepared: list[tuple[int, dispatch.PreparedDispatch]] = []
        for i in window:
            try:
                prepared.append((i, dispatch.prepare(db, requests[i], scopes[i])))
            except Failure as failure:
                skipped.append((requests[i].task_id, failure))
                step()
        made = _make_side_by_side([item for _, item in prepared], jobs)
        for (i, item), error in zip(prepared, made, strict=True):
            request = requests[i]
            try:
                done[i] = dispatch.finish(db, item, error, partial(answer, request))
            except Failure as failure:
                skipped.append((request.task_id, failure))
            step()
    return [done[i] for i in sorted(done)], skipped


def _make_side_by_side(
    items: "list[dispatch.PreparedDispatch]", jobs: int
) -> "list[Exception | None]":
    """Let git make the worktrees; return what went wrong with each."""

    def _one(item: "dispatch.PreparedDispatch") -> Exception | None:
        try:
            item.make()
        except Exception as error:
            return error
        return None

    if len(items) < 2 or not any(item.workspace.branch_name for item in items):
        return [_one(item) for item in items]
    with process.side_by_side(jobs) as pool:
        return list(pool.map(_one, items))
