"""status --watch: the run on the screen, drawn again whenever it changes."""

from inbox.workflows import wait
from orch import reads, run_end
from orch.cli.board import screen
from orch.cli.landing import standing
from orch.operations import runs, scheduling
from orch.pace import Pace
from orch.reconcile import reconcile
from orch.steps.run import of_run
from orch.store import runs as run_rows
from schema import events
from schema.json_text import array, loads, merge, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from orch.cli.board.screen import Words
    from schema.json_text import Json
    from schema.steps import Step


def watch(call: "Call", run_id: str) -> None:
    """Show the run's state until stopped; without a terminal, one block per change."""
    call.streaming = True
    call.resume = call.again(f"status --run {run_id} --watch")
    more = call.again(f"status --run {run_id}")
    is_drawn = screen.is_terminal() and not call.as_json
    seen: tuple[object, ...] = ()
    landing: Step | None = None
    pace = Pace(waits=True)

    def _look() -> "Json | None":
        nonlocal landing, seen
        report = reconcile(call.db, run_id, pace=pace)
        with call.db.read() as tx:
            waiting = scheduling.waiting(tx, runs.require(tx, run_id))
            size = screen.size() if is_drawn else None
            newest = (events.last_id(tx), size, tuple(report.problems))
            if newest == seen:
                return None
            seen = newest
            document = run_rows.budgeted(tx, run_id)
            landing = standing.of_run(tx, run_id)
            found = obj(
                tasks=array(reads.status(tx, run_id, waiting)),
                repaired=report.repaired,
                problems=report.problems,
            )
        return merge(found, run=run_end.told(call.db, run_id, document))

    def _next() -> "Json":
        answer = wait.until(call.db, ["run=" + run_id], _look, 0)
        assert answer is not None  # Without an end, a wait ends with an answer.
        return answer

    if is_drawn:
        with screen.Screen() as place:
            while True:
                place.draw([_words(line) for line in _told(_next(), landing).split("\n")], more)
    while True:
        answer = _next()
        call.stream(answer if call.as_json else _told(answer, landing))


def _told(answer: "Json", landing: "Step | None") -> str:
    """Return a run's state, and what to do next: on a screen there is one place for both."""
    from orch.cli.views import status_text

    known = loads(answer)
    step = of_run(known["run"], known["tasks"], landing)
    return f"{status_text(known)}\nnext: {step.line}"


def _words(line: str) -> "Words":
    """Return a line of the table with the status in it coloured."""
    if line.startswith(("run ", "TASK ")):
        return [("bold", line)]
    task, space, rest = line.partition(" ")
    status = (rest.split() or [""])[0]
    if status not in screen.OF_STATUS:
        return [("dim" if task == "next:" else "", line)]
    head, _, tail = rest.partition(status)
    return [("", task + space + head), (screen.OF_STATUS[status], status), ("", tail)]
