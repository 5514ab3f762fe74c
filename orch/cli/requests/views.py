"""Plain views of the commands about requests, change requests and budgets."""

from inbox.cli import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from schema.json_text import Json

_MOST_PROBLEMS = 20


def budget_line(answer: "Json") -> str:
    """Return what of a run's budget is spent, as a whole line; "" for a run without one."""
    names = ("cost_usd", "tokens", "turns", "attempts", "seconds")
    most = plain.fields(answer, *(f"$.run.budget.limits.{name}" for name in names))
    spent = plain.fields(answer, *(f"$.run.budget.spent.{name}" for name in names))
    words = [f"{n} of {m} {x}" for n, m, x in zip(spent, most, names, strict=True) if m is not None]
    return f"budget: {', '.join(words)} spent\n" if words else ""


def _head(answer: "Json") -> str:
    name, status, priority, title, requester = plain.fields(
        answer, "$.request.request_id", "$.request.status", "$.request.priority",
        "$.request.title", "$.request.requester",
    )  # fmt: skip
    again = " (replayed: it had been done before)" if plain.fields(answer, "$.replayed")[0] else ""
    return (
        f"request {name} status {status}{again}: {plain.line(title)} ({priority}, from {requester})"
    )


def _list(answer: "Json") -> str:
    body = plain.rows(
        answer, "$.requests", "$.request_id", "$.status", "$.priority", "$.requester", "$.run_id",
        "$.tasks", "$.title",
    )  # fmt: skip
    shown = [["-" if cell is None else cell for cell in row] for row in body]
    return plain.listing(
        f"{len(body)} requests",
        ("REQUEST", "STATUS", "PRIORITY", "FROM", "RUN", "TASKS", "TITLE"),
        shown,
        "the same with --json",
    )


def _show(answer: "Json") -> str:
    name, body, reason, run, task, who, number, status, thread = plain.fields(
        answer, "$.request.request_id", "$.request.body", "$.request.reason", "$.request.run_id",
        "$.task.task_id", "$.attempt.assigned_to", "$.attempt.attempt_no", "$.task.status",
        "$.attempt.thread_id",
    )  # fmt: skip
    lines = [_head(answer)]
    lines.append(plain.quoted(_cut(str(body)), "requester", name))
    if reason:
        lines.append(f"reason: {plain.line(reason, 300)}")
    if task:
        lines.append(
            f"planned in {run}/{task} by {who}, attempt {number}, {status}, thread {thread}"
        )
    text, message = plain.fields(answer, "$.question.body", "$.question.message_id")
    if message:
        lines.append(plain.quoted(str(text), str(who), message))
    lines += _plan(answer)
    for its, state, title in plain.rows(answer, "$.tasks", "$.task_id", "$.status", "$.title"):
        lines.append(f"task {its} {state}: {plain.line(title, 80)}")
    lines += [f"problem: {plain.line(text, 300)}" for text in plain.texts(answer, "$.problems")]
    return "\n".join(lines)


def _plan(answer: "Json") -> list[str]:
    """Return the newest answer of the engineer, or what is wrong with it."""
    text, number, who, task = plain.fields(
        answer, "$.plan.text", "$.plan.attempt_no", "$.plan.agent", "$.plan.task_id"
    )
    if text is None:
        return []
    found = plain.rows(answer, "$.plan.problems", "$.line", "$.path", "$.message")
    if not found:
        return [
            f"the plan of {task} attempt {number}:",
            plain.quoted(_cut(str(text)), str(who), number),
        ]
    lines = [f"the answer of {task} attempt {number} is not a sound plan, {len(found)} problems:"]
    for line, place, message in found[:_MOST_PROBLEMS]:
        lines.append(plain.line(f"line {line or 1}: {place}: {message}", 300))
    return lines


def _cut(text: str) -> str:
    return text if len(text) <= 3000 else text[:3000] + "\n… (whole with --json)"


def _submit(answer: "Json") -> str:
    schema, dry, count = plain.fields(answer, "$.text", "$.dry_run", "$.changes")
    if schema is not None:
        return str(schema)
    files = "1 file" if count == 1 else f"{count} files"
    if dry:
        run, task, agent, base, branch = plain.fields(
            answer, "$.run_id", "$.task_id", "$.agent", "$.base_commit", "$.branch_name"
        )
        return (
            f"nothing was changed; {files} for {run}/{task} by {agent} apply to "
            f"{str(base)[:12]}, as branch {branch}"
        )
    run, task, status, number, branch, commit = plain.fields(
        answer, "$.task.run_id", "$.task.task_id", "$.task.status", "$.attempt.attempt_no",
        "$.attempt.branch_name", "$.commit",
    )  # fmt: skip
    again = " (replayed: it had been done before)" if plain.fields(answer, "$.replayed")[0] else ""
    return (
        f"submitted {files} for {run}/{task}{again}: attempt {number}, "
        f"commit {str(commit)[:12]} on {branch}; the task is {status}"
    )


def _budget(answer: "Json") -> str:
    run, = plain.fields(answer, "$.run.run_id")  # fmt: skip
    known = budget_line(answer) or "no budget: it may spend what it wants\n"
    return f"run {run}: {known}"


VIEWS: "dict[str, Callable[[Json], str]]" = {
    "request new": _head,
    "request import": _head,
    "request list": _list,
    "request show": _show,
    "request plan": _show,
    "submit": _submit,
    "run budget": _budget,
}
