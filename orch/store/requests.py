"""Rows of `request` and `request_plan`, and which request a task comes from."""

from schema import queries
from schema.json_text import Json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from schema.transaction import ReadTx, Tx

_SQL = queries.load(__file__)


class Request(queries.Record):
    """A request as operations see it; `run_id` and `task_no` say where it is planned."""

    request_no: int
    request_id: str
    title: str
    body: str
    requester: str
    priority: int
    run_id: str | None
    task_no: int | None
    status: str

    @property
    def task_number(self) -> int:
        """The task in which it is planned; asked only of one that somebody plans."""
        assert self.task_no is not None, self.request_id
        return self.task_no


class RequestedPlan(queries.Record):
    """An engineer's answer as it was given; `problems` is a JSON array, [] for a sound plan."""

    format: str
    text: str
    problems: str
    sha256: str
    attempt_no: int
    agent: str
    task_id: str
    at: str


def insert(tx: "Tx", values: dict[str, object], event_id: int) -> int:
    """Add a request and return its number."""
    number: int = tx.value(_SQL["request_insert"], event_id=event_id, **values)
    return number


def find(tx: "ReadTx", request_id: str) -> Request | None:
    """Return the request, or None."""
    return Request.maybe(tx, _SQL["request_find"], request_id=request_id)


def near(tx: "ReadTx", request_id: str) -> list[str]:
    """Return a few ids that look like `request_id`."""
    from difflib import get_close_matches

    known = [row[0] for row in tx.many(_SQL["request_ids"])]
    return get_close_matches(request_id, known, 3, 0.5)


def planned(tx: "ReadTx", run_id: str) -> list[tuple[str, int]]:
    """Return (request, since when) of the plans of a run that nobody has applied yet."""
    return [(row[0], row[1]) for row in tx.many(_SQL["request_planned"], run_id=run_id)]


def move(tx: "Tx", request: Request, target: str, reason: str) -> None:
    """Set the status of a request that still has the one it was read with."""
    request.status = tx.value(
        _SQL["request_move"],
        request_no=request.request_no,
        source=request.status,
        target=target,
        reason=reason,
    )


def set_task(tx: "Tx", request: Request, run_id: str, task_no: int) -> None:
    """Record where it is planned."""
    tx.execute(
        _SQL["request_set_task"], request_no=request.request_no, run_id=run_id, task_no=task_no
    )
    request.run_id, request.task_no = run_id, task_no


def set_applied(tx: "Tx", request: Request, run_id: str, event_id: int) -> None:
    """Record when a plan of it was applied."""
    tx.execute(
        _SQL["request_set_applied"],
        request_no=request.request_no,
        run_id=run_id,
        event_id=event_id,
    )


def document(tx: "ReadTx", request_id: str) -> Json:
    """Return the published JSON of one request."""
    return tx.json(_SQL["request_document"], request_id=request_id)


def documents(tx: "ReadTx", run_id: str | None, statuses: Json | None, limit: int) -> list[Json]:
    """Return the published JSON of requests, the newest first."""
    rows = tx.many(_SQL["request_list"], run_id=run_id, statuses=statuses, limit=limit)
    return [Json(row[0]) for row in rows]


def planning_runs(tx: "ReadTx") -> list[str]:
    """Return the runs in which somebody plans a request."""
    return [row[0] for row in tx.many(_SQL["request_runs"])]


def in_planning(tx: "ReadTx", run_id: str) -> list[Request]:
    """Return the requests that somebody plans in a run."""
    return Request.many(tx, _SQL["request_in_planning"], run_id=run_id)


def due(tx: "ReadTx", run_id: str) -> list[Request]:
    """Return the run's requests whose planning has moved on."""
    return Request.many(tx, _SQL["request_due"], run_id=run_id)


def keep_plan(
    tx: "Tx", request: Request, attempt_key: int, kind: str, text: str, problems: Json
) -> None:
    """Add an engineer's answer; an attempt gives one."""
    import hashlib

    tx.execute(
        _SQL["request_plan_insert"],
        request_no=request.request_no,
        attempt_key=attempt_key,
        format=kind,
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        problems=problems,
    )


def newest_plan(tx: "ReadTx", request: Request) -> RequestedPlan | None:
    """Return the newest answer, sound or not."""
    return RequestedPlan.maybe(tx, _SQL["request_plan_newest"], request_no=request.request_no)


def tasks(tx: "ReadTx", request_id: str) -> list[Json]:
    """Return the published JSON of the tasks that come from a request."""
    return [Json(row[0]) for row in tx.many(_SQL["request_tasks"], request_id=request_id)]


def link(tx: "Tx", task_no: int, request_id: str | None) -> None:
    """Record which request a task comes from."""
    tx.execute(_SQL["request_link"], task_no=task_no, request_id=request_id)


def of_task(tx: "ReadTx", task_no: int) -> str | None:
    """Return the request that a task comes from."""
    found: str | None = tx.value(_SQL["request_of_task"], task_no=task_no)
    return found


def result(tx: "ReadTx", thread_no: int) -> tuple[str, str, str]:
    """Return (who, body, payload) of a thread's newest result; empty where there is none."""
    row = tx.maybe(_SQL["request_result"], thread_no=thread_no)
    return (row[0], row[1], row[2]) if row else ("orch", "", "{}")


def trace(tx: "ReadTx", request_id: str) -> "list[dict[str, object]]":
    """Return {at, order, what, detail} of what happened to a request itself."""
    rows = tx.many(_SQL["request_trace"], request_id=request_id)
    return [
        {"at": row[0], "order": row[1], "what": f"{row[2]} by {row[3]}", "detail": row[4]}
        for row in rows
    ]
