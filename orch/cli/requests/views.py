"""Plain views of the commands about requests, change requests and budgets."""

from inbox.cli import plain
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Answer = dict[str, Any]
_MOST_PROBLEMS = 20


def budget_line(answer: "Answer") -> str:
    """Return what of a run's budget is spent, as a whole line; "" for a run without one."""
    names = ("cost_usd", "tokens", "turns", "attempts", "seconds")
    budget = answer["run"].get("budget")
    if not budget:
        return ""
    found = [(name, budget["spent"][name], budget["limits"][name]) for name in names]
    words = [f"{spent} of {most} {name}" for name, spent, most in found if most is not None]
    return f"budget: {', '.join(words)} spent\n" if words else ""


def _head(answer: "Answer") -> str:
    name, status, priority, title, requester = plain.values(
        answer, "request.request_id request.status request.priority request.title request.requester"
    )
    again = " (replayed: it had been done before)" if answer.get("replayed") else ""
    return (
        f"request {name} status {status}{again}: {plain.line(title)} ({priority}, from {requester})"
    )


def _list(answer: "Answer") -> str:
    body = plain.columns(
        answer.get("requests"), "request_id status priority requester run_id tasks title"
    )
    shown = [["-" if cell is None else cell for cell in row] for row in body]
    return plain.listing(
        many(len(body), "request"),
        ("REQUEST", "STATUS", "PRIORITY", "FROM", "RUN", "TASKS", "TITLE"),
        shown,
        "the same with --json",
    )


def _show(answer: "Answer") -> str:
    name, body, reason, run, task, who, number, status, thread = plain.values(
        answer,
        "request.request_id request.body request.reason request.run_id task.task_id "
        "attempt.assigned_to attempt.attempt_no task.status attempt.thread_id",
    )
    lines = [_head(answer)]
    lines.append(plain.quoted(_cut(str(body)), "requester", name))
    if reason:
        lines.append(f"reason: {plain.line(reason, 300)}")
    if task:
        lines.append(
            f"planned in {run}/{task} by {who}, attempt {number}, {status}, thread {thread}"
        )
    text, message = plain.values(answer, "question.body question.message_id")
    if message:
        lines.append(plain.quoted(str(text), str(who), message))
    lines += _plan(answer)
    for its, state, title in plain.columns(answer.get("tasks"), "task_id status title"):
        lines.append(f"task {its} {state}: {plain.line(title, 80)}")
    lines += [f"problem: {plain.line(text, 300)}" for text in answer.get("problems") or ()]
    return "\n".join(lines)


def _plan(answer: "Answer") -> list[str]:
    """Return the newest answer of the engineer, or what is wrong with it."""
    text, number, who, task = plain.values(
        answer, "plan.text plan.attempt_no plan.agent plan.task_id"
    )
    if text is None:
        return []
    found = plain.columns(plain.at(answer, "plan.problems"), "line path message")
    if not found:
        return [
            f"the plan of {task} attempt {number}:",
            plain.quoted(_cut(str(text)), str(who), number),
        ]
    lines = [
        f"the answer of {task} attempt {number} is not a sound plan, {many(len(found), 'problem')}:"
    ]
    for line, place, message in found[:_MOST_PROBLEMS]:
        lines.append(plain.line(f"line {line or 1}: {place}: {message}", 300))
    return lines


def _cut(text: str) -> str:
    return text if len(text) <= 3000 else text[:3000] + "\n… (whole with --json)"


def _submit(answer: "Answer") -> str:
    schema, dry, count = plain.values(answer, "text dry_run changes")
    if schema is not None:
        return str(schema)
    files = many(count, "file")
    if dry:
        run, task, agent, base, branch = plain.values(
            answer, "run_id task_id agent base_commit branch_name"
        )
        return (
            f"nothing was changed; {files} for {run}/{task} by {agent} apply to "
            f"{str(base)[:12]}, as branch {branch}"
        )
    run, task, status, number, branch, commit = plain.values(
        answer, "task.run_id task.task_id task.status attempt.attempt_no attempt.branch_name commit"
    )
    again = " (replayed: it had been done before)" if answer.get("replayed") else ""
    return (
        f"submitted {files} for {run}/{task}{again}: attempt {number}, "
        f"commit {str(commit)[:12]} on {branch}; the task is {status}"
    )


def _budget(answer: "Answer") -> str:
    run = plain.at(answer, "run.run_id")
    known = budget_line(answer) or "no budget: it may spend what it wants\n"
    return f"run {run}: {known}"


VIEWS: "dict[str, Callable[[Answer], str]]" = {
    "request new": _head,
    "request import": _head,
    "request list": _list,
    "request show": _show,
    "request plan": _show,
    "submit": _submit,
    "run budget": _budget,
}
