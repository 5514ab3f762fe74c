"""One plain view for each command of `orch`: first what happened, last what to do next."""

from inbox.cli import plain
from inbox.cli.views import VIEWS as BUS
from orch.cli.requests.views import VIEWS as REQUESTS
from orch.cli.requests.views import budget_line
from schema.json_text import dumps
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Answer = dict[str, Any]
    View = Callable[[Answer], str]
_MOST_ODD = 50  # Lines about what is out of the ordinary.
_COUNTS = ("planned", "ready", "dispatched", "running", "blocked", "verifying", "done", "failed",
           "cancelled")  # fmt: skip


def _replayed(answer: "Answer") -> str:
    return " (replayed: it had been done before)" if answer.get("replayed") else ""


def _init(answer: "Answer") -> str:
    wrote = [f"wrote {plain.line(path, 4096)}" for path in answer.get("written") or ()]
    return "\n".join([BUS["init"](answer), *wrote])


def _run_line(answer: "Answer") -> str:
    return f"run {answer['run']['run_id']} status {answer['run']['status']}"


def _counts(answer: "Answer") -> str:
    counts = answer["run"]["counts"]
    return ", ".join(f"{counts[name]} {name}" for name in _COUNTS if counts[name]) or "no tasks"


def _run(answer: "Answer") -> str:
    run = answer["run"]
    lines = (
        f"{_run_line(answer)}{_replayed(answer)}", plain.line(run["goal"]), _counts(answer),
        budget_line(answer).rstrip("\n"), _driven_line(run),
    )  # fmt: skip
    return "\n".join(filter(None, lines))


def _run_list(answer: "Answer") -> str:
    body = plain.columns(answer.get("runs"), "run_id status counts.done counts.total goal")
    return plain.listing(
        many(len(body), "run"),
        ("RUN", "STATUS", "DONE", "OF", "GOAL"),
        body,
        "the same with --json",
    )


def _task(answer: "Answer") -> str:
    run, task, status, title = plain.values(
        answer, "task.run_id task.task_id task.status task.title"
    )
    text = f"task {run}/{task} status {status}{_replayed(answer)}: {plain.line(title)}"
    if status == "planned":
        waits = ", ".join(map(str, (plain.at(answer, "task.depends_on") or [])))
        return f"{text}\nwaits for {waits}"
    return text


def _task_list(answer: "Answer") -> str:
    body = plain.columns(answer.get("tasks"), "task_id status priority default_to title")
    run = answer.get("run_id")
    return plain.listing(
        f"{many(len(body), 'task')} of run {run}",
        ("TASK", "STATUS", "PRIORITY", "TO", "TITLE"),
        body,
        "the same with --status, or --json",
    )


def _dependencies(answer: "Answer") -> str:
    run, task = plain.values(answer, "run_id task_id")
    lines = [f"task {run}/{task}"]
    for head, path in (("waits for", "depends_on"), ("is waited for by", "dependents")):
        names = [f"{n} ({s})" for n, s in plain.columns(answer[path], "task_id status")]
        lines.append(f"{head}: {', '.join(names) or 'nothing'}")
    return "\n".join(lines)


def _ready(answer: "Answer") -> str:
    run = answer.get("run_id")
    body = plain.columns(answer.get("tasks"), "task_id priority waiting_chain default_to title")
    text = plain.listing(
        f"{many(len(body), 'ready task')} of run {run}",
        ("TASK", "PRIORITY", "WAITING", "TO", "TITLE"),
        body,
        "the same with --limit N",
    )
    explained = plain.columns(answer.get("not_ready"), "task_id why")
    for task, why in plain.columns(answer.get("waiting"), "task_id why"):
        if not explained:  # Else it is among these.
            text += f"\nwaits: {task}: {plain.line(why, 200)}"
    for task, why in explained:
        text += f"\nnot ready: {task}: {plain.line(why, 200)}"
    return text


def _dispatch(answer: "Answer") -> str:
    if answer.get("dry_run"):
        lines = ["nothing was changed; would dispatch:"]
        for task, to, branch, error in plain.columns(
            answer.get("planned"), "task_id assigned_to branch_name error.message"
        ):
            what = plain.line(error, 300) if error else f"to {to} {branch or 'analysis'}"
            lines.append(f"{task}: {what}")
        return "\n".join(lines)
    done = plain.columns(
        answer.get("dispatched"),
        "task.run_id task.task_id attempt.attempt_no attempt.assigned_to thread.thread_id",
    )
    if not done:
        done = [
            plain.values(
                answer,
                "task.run_id task.task_id attempt.attempt_no attempt.assigned_to thread.thread_id",
            )
        ]
    lines = [f"dispatched {run}/{task} attempt {n} to {to} in thread {thread}{_replayed(answer)}"
             for run, task, n, to, thread in done]  # fmt: skip
    for task, why in plain.columns(answer.get("skipped"), "task_id error.message"):
        lines.append(f"skipped {task}: {plain.line(why, 300)}")
    noted = plain.columns(answer.get("dispatched"), "notes") or [plain.values(answer, "notes")]
    notes = [text for (found,) in noted if found for text in found]
    lines += [f"note: {plain.line(text, 300)}" for text in dict.fromkeys(notes)]
    branch, path = plain.values(answer, "attempt.branch_name attempt.worktree_path")
    if branch:
        where = f"in {path}" if path else "on whichever machine its worker is"
        lines.append(f"branch {branch} {where}")
    return "\n".join(lines)


def _reconcile(answer: "Answer") -> str:
    body = plain.columns(answer.get("updated_tasks"), "task_id status reason")
    lines = [f"{_run_line(answer)}: {many(len(body), 'task')} changed"]
    lines += [
        f"{task} {status}{f': {plain.line(why)}' if why else ''}" for task, status, why in body
    ]
    lines += [plain.line(text, 300) for text in [*answer["repaired"], *answer["problems"]]]
    return "\n".join(lines)


_END = {
    "land": "not finished: done work is on no target yet",
    "integrate": "not finished: what landed is not in the base branch yet",
    "finished": "finished: all done work is in the base branch",
}


def _wait(answer: "Answer") -> str:
    if answer.get("news") is not None:
        from orch.cli.board import news

        return news.view(answer)
    kind, event, run, task, status = plain.values(
        answer, "event.event_type event.event_id run.run_id task.task_id run.status"
    )
    what = f"task {run}/{task}" if task else f"run {run}"
    return f"{kind or 'run_done'}: {what} (event {event}); run {run} status {status}"


def _blocked(answer: "Answer") -> str:
    run = answer.get("run_id")
    paths = (
        "task.task_id attempt.assigned_to question.message_id question.summary question.body "
        "answered"
    )
    lines = []
    for task, worker, message, summary, body, answered in plain.columns(answer.get("tasks"), paths):
        state = "answered, not continued yet" if answered else "waits for an answer"
        lines.append(f"{task}: {worker} {state}")
        text = str(summary) if not body or body == summary else f"{summary}\n{body}"
        lines.append(plain.quoted(text, str(worker), message))
    return "\n".join(lines) or f"nothing of run {run} is blocked"


def _answered(answer: "Answer") -> str:
    task, thread = plain.values(answer, "task.task_id attempt.thread_id")
    return f"answered task {task} on thread {thread}{_replayed(answer)}"


def status_text(answer: "Answer") -> str:
    """Return the state of a run as lines; also what --watch shows."""
    tasks = answer.get("tasks") or ()
    rows = [_status_row(task) for task in tasks]
    heads: tuple[str, ...] = (
        "TASK",
        "STATUS",
        "WHO",
        "TRY",
        "LIVE",
        "GATE",
        "LANDING",
        "LAST WORD",
    )
    where = [(task.get("latest_attempt") or {}).get("machine") for task in tasks]
    if any(where):  # Of a store that several machines share.
        heads = (*heads[:3], "MACHINE", *heads[3:])
        rows = [[*row[:3], on or "-", *row[3:]] for row, on in zip(rows, where, strict=True)]
    text = plain.listing(
        f"{_run_line(answer)}\n{_counts(answer)}\n{budget_line(answer)}".rstrip("\n"),
        heads,
        rows,
        "the same with --json",
    )
    odd = [line for task in answer.get("tasks") or () for line in _odd(task)]
    for found in (
        *odd[:_MOST_ODD],
        *(answer.get("repaired") or ()),
        *(answer.get("problems") or ()),
    ):
        text += f"\n{plain.line(found, 300)}"
    if len(odd) > _MOST_ODD:
        text += f"\n{len(odd) - _MOST_ODD} more such lines: the same with --json"
    end = _END.get(str(answer["run"].get("end")))
    return "\n".join(filter(None, (text, end, _driven_line(answer["run"]))))


def _driven_line(run: "dict[str, Any]") -> str:
    """Return who drives a run, and that it is paused; "" for neither."""
    pid, paused = run.get("driver_pid"), run.get("paused")
    words = [f"driven by process {pid}"] if pid else []
    return "; ".join([*words, *(["paused: nothing new begins"] if paused else [])])


def _status_row(task: "dict[str, Any]") -> "list[object]":
    parts = [task.get(name) or {} for name in ("latest_attempt", "gate", "integration")]
    latest, gate, way = parts
    cells = [
        task["task_id"], task["status"], latest.get("assigned_to"), latest.get("attempt_no"),
        latest.get("liveness"), gate.get("status"), way.get("status"),
        (task.get("latest_message") or {}).get("summary"),
    ]  # fmt: skip
    return ["-" if cell is None else cell for cell in cells]


def _odd(task: "dict[str, Any]") -> "Iterator[str]":
    """Yield what is out of the ordinary about a task's place and work."""
    latest = task.get("latest_attempt") or {}
    name = task["task_id"]
    if task.get("waits_for"):
        yield f"waits: {name}: {plain.line(task['waits_for'], 200)}"
    if latest.get("dirty_files"):
        yield f"uncommitted work: {name} left {many(latest['dirty_files'], 'file')}"
    if latest.get("path_violations"):
        outside = plain.line(dumps(latest["path_violations"]), 200)
        yield f"changed paths it does not own: {name}: {outside}"


def _cancelled(answer: "Answer") -> str:
    names = [str(name) for (name,) in plain.columns(answer.get("cancelled"), "task_id")]
    text = f"cancelled {', '.join(names) or 'nothing'}; {_run_line(answer)}{_replayed(answer)}"
    entries = [str(entry) for entry in answer.get("entries") or ()]
    if entries:
        text += f"\nout of their queues: {', '.join(entries)}; their branches stay"
    return text


def _adopted(answer: "Answer") -> str:
    run, task, status, number = plain.values(
        answer, "task.run_id task.task_id task.status attempt.attempt_no"
    )
    return f"adopted attempt {number}: task {run}/{task} is {status}{_replayed(answer)}"


def _gate(answer: "Answer") -> str:
    run, task, status, gate = plain.values(
        answer, "task.run_id task.task_id task.status gate.status"
    )
    lines = [f"task {run}/{task} is {status}, gate {gate or 'requires nothing'}{_replayed(answer)}"]
    return "\n".join([*lines, *check_lines(plain.at(answer, "gate.checks") or [])])


def check_lines(checks: "list[Answer]") -> list[str]:
    """Return a line for each check; under one that did not pass, the last that it printed."""
    lines = []
    for name, result, summary, flaky, tail in plain.columns(
        checks, "check status summary flaky output_tail"
    ):
        told = "flaky: it failed before on the same head" if flaky else summary or ""
        lines.append(f"{result:8} {name} {plain.line(told, 200)}".rstrip())
        if result in ("failed", "error"):
            printed = str(tail or "").rstrip("\n").split("\n")[-_LAST_LINES:]
            lines += [f"    | {plain.line(text, 200)}".rstrip() for text in printed if tail]
    return lines


_LAST_LINES = 20


def _events(answer: "Answer") -> str:
    body = plain.columns(answer.get("events"), "event_id event_type task_id actor summary")
    return plain.listing(
        many(len(body), "event"), ("EVENT", "TYPE", "TASK", "BY", "SUMMARY"),
        [[c if c is not None else "" for c in row] for row in body], "the same with --limit N",
    )  # fmt: skip


def _trace(answer: "Answer") -> str:
    run, task, title = plain.values(answer, "run_id task_id title")
    lines = [f"trace of {run}/{task}: {plain.line(title)}"]
    for at, what, detail in plain.columns(answer.get("steps"), "at what detail"):
        lines.append(f"{at}  {what}  {plain.line(detail, 120)}".rstrip())
    return "\n".join(lines)


def _of(module: str, name: str) -> "View":
    """Return a view that stands in a module which other commands do not load."""

    def _view(answer: "Answer") -> str:
        found: dict[str, View] = __import__(f"orch.cli.{module}", fromlist=["VIEWS"]).VIEWS
        return found[name](answer)

    return _view


def _all_of(module: str, words: str, group: str = "") -> "dict[str, View]":
    return {group + word: _of(module, group + word) for word in words.split()}


VIEWS: "dict[str, View]" = {
    "init": _init,
    "run init": _run,
    "run show": _run,
    "run list": _run_list,
    "run close": _run_line,
    "run reopen": _run_line,
    "task add": _task,
    "task show": _of("tasks.views", "task show"),
    "task list": _task_list,
    "task edit": _task,
    "dep add": _task,
    "dep rm": _task,
    "dep list": _dependencies,
    "plan check": _of("plans.views", "check"),
    "plan lint": _of("plans.views", "lint"),
    "plan apply": _of("plans.views", "apply"),
    "plan export": _of("plans.views", "export"),
    "plan schema": BUS["schema"],
    **REQUESTS,
    **_all_of("setup.views", "setup"),
    **_all_of("drive.views", "drive"),
    **_all_of("start.views", "start"),
    **_all_of("drive.views", "set pause resume", "run "),
    **_all_of("notices.notify", "notify"),
    **_all_of("forge.views", "open update status checks logs merge", "pr "),
    "mcp": BUS["mcp"],
    **_all_of("worktrees.views", "cleanup"),
    **_all_of("worktrees.looking_views", "diff open"),
    "lock list": _of("tasks.locks", "lock list"),
    "store init": BUS["init"],
    "store migrate": _of("stores", "store migrate"),
    "store backup": BUS["backup"],
    "store move": _of("stores", "store move"),
    **_all_of("worktrees.views", "list restore", "salvage "),
    **_all_of("worktrees.views", "accept moved", "repo "),
    **_all_of("machines.views", "push"),
    **_all_of("machines.views", "list lost", "machine "),
    **_all_of("agents.views", "work logs stop continue usage"),
    **_all_of("reports.views", "top web graph report metrics"),
    **_all_of("landing.views", "land integrate approve reject"),
    **_all_of("landing.views", "add list show run approve reject hold release cancel", "queue "),
    **_all_of("landing.views", "retry rollback audit replay", "queue "),
    **_all_of("forge.views", "open update status checks logs merge", "pr "),
    "ready": _ready,
    "dispatch": _dispatch,
    "reconcile": _reconcile,
    "wait": _wait,
    "blocked": _blocked,
    "answer": _answered,
    "status": status_text,
    "retry": _dispatch,
    "reassign": _dispatch,
    "cancel": _cancelled,
    "adopt": _adopted,
    "verify run": _gate,
    "verify record": _gate,
    "verify status": _gate,
    "events": _events,
    "trace": _trace,
    "doctor": BUS["doctor"],
    "schema": BUS["schema"],
    "prime": BUS["prime"],
    "completion": BUS["completion"],
}
