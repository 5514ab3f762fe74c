"""A plan against a run: looked at, then applied whole, in the transaction of the caller."""

from difflib import get_close_matches

from orch.model import Run
from orch.operations import tasks
from orch.plans import diff, graph
from orch.plans.diff import TaskChange
from orch.plans.parse import PlanReading, Ticket
from orch.store import dependencies, plans, requests
from orch.store import tasks as task_rows
from schema import events
from schema.json_text import array, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orch.plans.diff import Standing
    from schema.transaction import ReadTx, Tx


def compare(
    tx: "ReadTx", run: Run, reading: PlanReading, profiles: "Mapping[str, Sequence[str]]"
) -> tuple[list[TaskChange], "dict[str, Standing]"]:
    """Return (what the plan changes, the run's tasks as they stand).

    What is wrong with the plan in this run is added to the problems of the reading.
    """
    standing = plans.standing(tx, run.run_id)
    refuse_unknown(reading, standing, f"in this plan or in run {run.run_id}")
    for request_id, place in reading.requests.items():
        if requests.find(tx, request_id) is None:
            near = requests.near(tx, request_id)
            hint = f"; did you mean {near[0]}?" if near else ""
            reading.refuse(place, f"there is no request {request_id}{hint}")
    if not graph.cycles(reading.waits, 1):
        for cycle in graph.cycles(diff.whole_graph(reading, standing)):
            reading.refuse_cycle(cycle)
    reading.sort()
    return diff.compare(reading.tickets, standing, profiles), standing


def refuse_unknown(reading: PlanReading, known: "Mapping[str, object]", where: str) -> None:
    """Note each dependency on a task that is nowhere."""
    for task_id, others in reading.waits.items():
        for i, other in enumerate(others):
            if other and other not in reading.places and other not in known:
                near = get_close_matches(other, [*reading.places, *known], 1)
                hint = f"; did you mean {near[0]}?" if near else ""
                place = (*reading.dependencies_of(task_id), i)
                reading.refuse(place, f"there is no task {other} {where}{hint}", task_id)


def apply(tx: "Tx", run: Run, wanted: list[TaskChange]) -> int:
    """Write what `compare` found in this same transaction; return the last event's id, or 0.

    Guarantees: edges that go are gone before any comes, so no cycle exists in between; tasks
    are moved once, when everything is written; so are the chains recomputed.
    """
    updated = [change for change in wanted if change.kind == "updated"]
    added = {c.ticket.task_id: c.ticket for c in wanted if c.kind == "added"}
    last = tx.last_event_id
    gone = [pair for change in updated for pair in _edges(change, coming=False)]
    longer: set[int] = set()
    for change, other in gone:
        longer.add(_drop_edge(tx, run, change, other))
    for task_id in graph.order({name: ticket.depends_on for name, ticket in added.items()}):
        _add(tx, run, added[task_id], longer)
    for change in updated:
        _update(tx, run, change)
    come = [pair for change in updated for pair in _edges(change, coming=True)]
    for change, other in come:
        longer.add(_take_edge(tx, run, change, other))
    if longer:
        dependencies.lengthen_all(tx, longer)
    for number in dict.fromkeys(_number(change) for change, _ in [*gone, *come]):
        _recount(tx, run, number)
    return tx.last_event_id if tx.last_event_id != last else 0


def record_allowed(
    tx: "Tx", run: Run, rules: "tuple[str, ...]", reason: str, request_id: str
) -> int:
    """Record that somebody takes plans which break these rules, and why; return the event's id.

    `request_id` "": the plan that is applied now, else those made of a request.
    """
    payload = obj(rules=list(rules), reason=reason, request_id=request_id or None)
    return events.record(
        tx, "plan_allowed", run.leader, run_id=run.run_id, summary=reason, payload=payload
    )


def allowed(tx: "ReadTx", run_id: str, request_id: str) -> list[str]:
    """Return the rules that plans of a request may break."""
    return plans.allowed(tx, run_id, request_id)


def _number(change: TaskChange) -> int:
    assert change.standing is not None
    return change.standing.task_no


def _edges(change: TaskChange, *, coming: bool) -> "list[tuple[TaskChange, str]]":
    """Return the dependencies that a change brings, or takes away."""
    assert change.standing is not None
    old, new = change.standing.depends_on, change.ticket.depends_on
    here, there = (new, old) if coming else (old, new)
    return [(change, other) for other in here if other not in there]


def _add(tx: "Tx", run: Run, ticket: Ticket, longer: set[int]) -> None:
    values = _values(ticket, 0) | _spec(ticket) | {"task_id": ticket.task_id}
    needed = tuple(ticket.depends_on)
    number, _ = tasks.add(tx, run, values, tuple(ticket.locks), needed, alone=False)
    longer.update(row[0] for row in dependencies.prerequisites(tx, number))
    if ticket.columns["request_id"] is not None:
        requests.link(tx, number, ticket.columns["request_id"])


def _update(tx: "Tx", run: Run, change: TaskChange) -> None:
    """Write the fields that changed; edges have events of their own."""
    number, now = _number(change), change.standing
    assert now is not None
    names = sorted(name for name in change.fields if name != "dependencies")
    if not names:
        return
    same_class = now.columns["priority"] == change.ticket.columns["priority"]
    values = _values(change.ticket, now.columns["rank"] if same_class else 0)
    plans.write(tx, number, values)
    if "spec" in change.fields:
        plans.write_spec(tx, number, _spec(change.ticket))
    if "locks" in change.fields:
        plans.write_locks(tx, number, change.ticket.locks)
    _tell(tx, "task_edited", run, change, array(names), **tasks.told(values))


def _values(ticket: Ticket, rank: int) -> dict[str, object]:
    """Return the columns as the store keeps them; `rank` is for a priority given as a word."""
    columns = ticket.columns
    lists = {name: array(value) for name, value in columns.items() if isinstance(value, list)}
    kept = columns["rank"] if columns["rank"] is not None else rank
    return columns | lists | {"rank": kept}


def _spec(ticket: Ticket) -> dict[str, object]:
    given = ticket.spec_text is not None
    return {
        "spec_path": (ticket.spec_file or "") if given else None,
        "spec_text": ticket.spec_text,
        "spec_sha256": ticket.spec_sha256,
    }


def _tell(
    tx: "Tx", event_type: str, run: Run, change: TaskChange, what: object, **more: object
) -> None:
    name = "changed" if event_type == "task_edited" else "depends_on"
    events.record(
        tx,
        event_type,
        run.leader,
        run_id=run.run_id,
        task_id=change.ticket.task_id,
        payload=obj(**{name: what}, **more),
    )


def _drop_edge(tx: "Tx", run: Run, change: TaskChange, other: str) -> int:
    required = tasks.require(tx, run.run_id, other)
    dependencies.remove(tx, _number(change), required.task_no)
    _tell(tx, "task_dependency_removed", run, change, other)
    return required.task_no


def _take_edge(tx: "Tx", run: Run, change: TaskChange, other: str) -> int:
    required = tasks.require(tx, run.run_id, other)
    dependencies.insert(tx, _number(change), required.task_no)
    _tell(tx, "task_dependency_added", run, change, other)
    return required.task_no


def _recount(tx: "Tx", run: Run, number: int) -> None:
    """Let a task's status follow its edges: a ready one may wait now, a planned one may not."""
    task = task_rows.by_no(tx, number)
    needed = dependencies.prerequisites(tx, number)
    waits = any(status != "done" for _, _, status in needed)
    if waits and task.status == "ready":
        tasks.move(tx, task, "depend", run.leader)
    dependencies.recount(tx, number)
    if not waits and task.status == "planned":
        tasks.move(tx, task, "satisfy", run.leader)
