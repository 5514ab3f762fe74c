"""Join of several plans: files that are read together, each problem named by its file. Pure."""

from orch.plans import graph
from orch.plans.document import Document, Problem, shown
from orch.plans.parse import PlanReading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from orch.plans.document import Path


class JoinedDocument(Document):
    """The lines of several files: a place begins with its file's name."""

    __slots__ = ()

    def problem(self, path: "Path", message: str, task_id: str | None = None) -> Problem:
        """Return a problem at a place, with its file."""
        found = super().problem(path, message, task_id)
        if path:
            found.file, found.path = str(path[0]), shown(path[1:])
        return found


def join(readings: "Sequence[tuple[str, PlanReading]]") -> PlanReading:
    """Return one plan of all of them, as if they stood in one file; the first of two ids counts.

    Guarantees: every problem of a part is one of the whole; a task that is there twice, and tasks
    that wait for each other across files, are problems too.
    """
    document = JoinedDocument("\0".join(one.text for _, one in readings))
    whole = PlanReading(document)
    for name, one in readings:
        for place, line in one.document.lines.items():
            document.lines[(name, *place)] = line
        for problem in one.problems:
            problem.file = name
            whole.problems.append(problem)
        for task_id, place in one.places.items():
            if task_id in whole.places:
                other = whole.places[task_id][0]
                whole.refuse((name, *place), f"{task_id} is in {other} already", task_id)
                continue
            whole.places[task_id] = (name, *place)
            whole.waits[task_id] = one.waits.get(task_id, [])
            if task_id in one.tickets:
                whole.tickets[task_id] = one.tickets[task_id]
        for request, place in one.requests.items():
            whole.requests.setdefault(request, (name, *place))
    told = {frozenset(cycle) for _, one in readings for cycle in graph.cycles(one.waits)}
    for cycle in graph.cycles(whole.waits):
        if frozenset(cycle) not in told:
            whole.refuse_cycle(cycle)
    return whole
