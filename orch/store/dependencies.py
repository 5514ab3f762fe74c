"""Rows of `dependency`, the kept counters of unmet prerequisites and of waiting chains."""

from schema import queries
from schema.json_text import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from schema.transaction import ReadTx, Tx

_SQL = queries.load(__file__)


def insert(tx: "Tx", task_no: int, depends_on: int) -> bool:
    """Add an edge; say whether it is new."""
    return tx.execute(_SQL["dependency_insert"], task_no=task_no, depends_on=depends_on) > 0


def remove(tx: "Tx", task_no: int, depends_on: int) -> bool:
    """Remove an edge; say whether it was there."""
    return tx.execute(_SQL["dependency_remove"], task_no=task_no, depends_on=depends_on) > 0


def path(tx: "ReadTx", start: int, goal: int) -> list[int]:
    """Return task numbers along a shortest chain of prerequisites from `start` to `goal`.

    [] when there is none, which is asked first and costs one walk.
    """
    if tx.maybe(_SQL["dependency_reaches"], start=start, goal=goal) is None:
        return []
    came_from = {start: 0}
    frontier = [start]
    while goal not in came_from:
        following = []
        for number in frontier:
            for prerequisite, _, _ in prerequisites(tx, number):
                if prerequisite not in came_from:
                    came_from[prerequisite] = number
                    following.append(prerequisite)
        frontier = following
    trail = [goal]
    while trail[-1] != start:
        trail.append(came_from[trail[-1]])
    return trail[::-1]


def prerequisites(tx: "ReadTx", task_no: int) -> "list[tuple[int, str, str]]":
    """Return (number, task id, status) of what the task waits for."""
    rows = tx.many(_SQL["dependency_prerequisites"], task_no=task_no)
    return [(row[0], row[1], row[2]) for row in rows]


def dependents(tx: "ReadTx", task_no: int) -> "list[tuple[int, str, str]]":
    """Return (number, task id, status) of what waits for the task."""
    rows = tx.many(_SQL["dependency_dependents"], task_no=task_no)
    return [(row[0], row[1], row[2]) for row in rows]


def recount(tx: "Tx", task_no: int) -> int:
    """Set the counter of unmet prerequisites from the edges and return it."""
    found: int = tx.value(_SQL["dependency_recount"], task_no=task_no)
    return found


def satisfied(tx: "Tx", task_no: int) -> list[int]:
    """A task is done: lower its dependents' counters; return those that wait for nothing now."""
    tx.execute(_SQL["dependency_lower"], task_no=task_no)
    return [row[0] for row in tx.many(_SQL["dependency_now_free"], task_no=task_no)]


def lengthen(tx: "Tx", task_no: int) -> None:
    """Recompute the waiting chain of a task and, where it changed, of its prerequisites."""
    pending = [task_no]
    while pending:
        number = pending.pop()
        if tx.maybe(_SQL["dependency_chain"], task_no=number) is not None:
            pending.extend(row[0] for row in prerequisites(tx, number))


def lengthen_all(tx: "Tx", task_nos: "Iterable[int]") -> None:
    """Recompute the waiting chains of tasks and of what they wait for, each once at most.

    Those that others of them wait for come last, so that no change is carried up twice.
    """
    changed = set(task_nos)
    above: dict[int, list[int]] = {number: [] for number in changed}
    below: dict[int, int] = dict.fromkeys(changed, 0)
    for number, prerequisite in tx.many(_SQL["dependency_above"], starts=array(changed)):
        above.setdefault(number, []).append(prerequisite)
        below.setdefault(number, 0)
        below[prerequisite] = below.get(prerequisite, 0) + 1
    free = [number for number, count in below.items() if not count]
    while free:
        number = free.pop()
        if number in changed and tx.maybe(_SQL["dependency_chain"], task_no=number) is not None:
            changed.update(above.get(number, ()))
        for prerequisite in above.get(number, ()):
            below[prerequisite] -= 1
            if not below[prerequisite]:
                free.append(prerequisite)
