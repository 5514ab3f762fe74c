"""Phases of an attempt: what its time was spent on, and the pictures of a whole history."""

from orch.model import TERMINAL
from orch.reports import landing_story
from orch.reports.graph_svg import Graph, TaskNode
from orch.reports.style import PHASES
from orch.reports.timeline_svg import Lane, Span, Timeline
from orch.store.history_model import AttemptHistory, History


def spans(attempt: AttemptHistory, now: int) -> list[Span]:
    """Return the phases of an attempt in order; what goes on ends `now` (ms)."""
    end = attempt.ended_at if attempt.status in TERMINAL and attempt.ended_at else now
    found: list[Span] = []
    at = attempt.created_at
    for lease in attempt.leases:
        over = min(end, lease.ended_at if lease.ended_at is not None else end)
        found.append(Span("queued", at, lease.claimed_at))
        found += _working(attempt, lease.claimed_at, over)
        at = over
    if attempt.status == "dispatched" or not attempt.leases:
        found.append(Span("queued", at, end))
    for begun, over_at in attempt.verifications:
        found.append(Span("verifying", begun, over_at if over_at is not None else now))
    return [span for span in found if span.end > span.start]


def _working(attempt: AttemptHistory, start: int, end: int) -> list[Span]:
    """Return the time of one claim, taken apart by the questions that were open in it."""
    found: list[Span] = []
    at = start
    for question in attempt.questions:
        asked = max(at, question.asked_at)
        answered = min(end, question.answered_at if question.answered_at is not None else end)
        if asked < answered:
            found += [Span("working", at, asked), Span("asking", asked, answered)]
            at = answered
    return [*found, Span("working", at, end)]


def lengths(attempt: AttemptHistory, now: int) -> dict[str, int]:
    """Return the ms that an attempt spent in each phase."""
    found = dict.fromkeys(PHASES, 0)
    for span in spans(attempt, now):
        found[span.phase] += span.end - span.start
    return found


def worked(attempt: AttemptHistory) -> int | None:
    """Return the ms of an attempt's work, None while somebody holds it or nobody ever did."""
    ends = [lease.ended_at for lease in attempt.leases]
    known = [end for end in ends if end is not None]
    if not ends or len(known) < len(ends):
        return None
    return lengths(attempt, max(known))["working"]


def timeline(history: History) -> Timeline:
    """Return the timeline of a run: an attempt after the other, as they were dispatched."""
    going_on = any(attempt.status not in TERMINAL for _, attempt in history.attempts())
    lanes = []
    for task, attempt in history.attempts():
        found = spans(attempt, history.now)
        lanes.append(Lane(task.task_id, attempt.attempt_no, attempt.worker, attempt.status, found))
    moments = [span.start for lane in lanes for span in lane.spans]
    moments += [span.end for lane in lanes for span in lane.spans]
    start = min(moments, default=history.now)
    return Timeline(
        history.run_id, start, history.now if going_on else max(moments, default=start), lanes
    )


def graph(history: History, goal: str) -> Graph:
    """Return the dependency graph of a run with what stands in its boxes."""
    nodes = []
    for task in history.tasks:
        who = task.attempts[-1].worker if task.attempts else task.default_to or ""
        landing = ""
        if task.landing is not None:
            known = task.landing
            undone = known.is_rolled_back
            landing = landing_story.state(known.state, known.branch, is_rolled_back=undone)[1]
        ms = sum(lengths(attempt, history.now)["working"] for attempt in task.attempts)
        tries = len(task.attempts)
        nodes.append(TaskNode(task.task_id, task.title, task.status, who, tries, landing, ms))
    return Graph(history.run_id, goal, nodes, history.edges)
