"""One plain view for each command of `orch`: first what happened, last what to do next."""

from inbox.cli import plain
from inbox.cli.views import VIEWS as BUS
from orch.cli.requests.views import VIEWS as REQUESTS
from orch.cli.requests.views import budget_line
from schema.json_text import Json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    View = Callable[[Json], str]

_COUNTS = ("planned", "ready", "dispatched", "running", "blocked", "verifying", "done", "failed",
           "cancelled")  # fmt: skip


def _replayed(answer: Json) -> str:
    return " (replayed: it had been done before)" if plain.fields(answer, "$.replayed")[0] else ""


def _run_line(answer: Json, path: str = "$.run") -> str:
    run, status = plain.fields(answer, f"{path}.run_id", f"{path}.status")
    return f"run {run} status {status}"


def _counts(answer: Json, path: str = "$.run") -> str:
    found = plain.fields(answer, *(f"{path}.counts.{name}" for name in _COUNTS))
    return (
        ", ".join(f"{n} {name}" for n, name in zip(found, _COUNTS, strict=True) if n) or "no tasks"
    )


def _run(answer: Json) -> str:
    goal, run = plain.fields(answer, "$.run.goal", "$.run.run_id")
    return (
        f"{_run_line(answer)}{_replayed(answer)}\n{plain.line(goal)}\n{_counts(answer)}\n"
        f"{budget_line(answer)}"
        f"next: orch task add --run {run} --task ID --title TEXT, or orch status --run {run}"
    )


def _run_list(answer: Json) -> str:
    body = plain.rows(
        answer, "$.runs", "$.run_id", "$.status", "$.counts.done", "$.counts.total", "$.goal"
    )
    return plain.listing(
        f"{len(body)} runs", ("RUN", "STATUS", "DONE", "OF", "GOAL"), body, "orch run list --json"
    )


def _task(answer: Json) -> str:
    run, task, status, title = plain.fields(
        answer, "$.task.run_id", "$.task.task_id", "$.task.status", "$.task.title"
    )
    text = f"task {run}/{task} status {status}{_replayed(answer)}: {plain.line(title)}"
    if status == "planned":
        waits = ", ".join(map(str, plain.texts(answer, "$.task.depends_on")))
        return f"{text}\nwaits for {waits}\nnext: orch ready --run {run} --explain"
    return f"{text}\nnext: orch ready --run {run}"


def _task_list(answer: Json) -> str:
    body = plain.rows(
        answer, "$.tasks", "$.task_id", "$.status", "$.priority", "$.default_to", "$.title"
    )
    run, = plain.fields(answer, "$.run_id")  # fmt: skip
    return plain.listing(
        f"{len(body)} tasks of run {run}",
        ("TASK", "STATUS", "PRIORITY", "TO", "TITLE"),
        body,
        f"orch task list --run {run} --status …",
    )


def _dependencies(answer: Json) -> str:
    run, task = plain.fields(answer, "$.run_id", "$.task_id")
    lines = [f"task {run}/{task}"]
    for head, path in (("waits for", "$.depends_on"), ("is waited for by", "$.dependents")):
        names = [f"{n} ({s})" for n, s in plain.rows(answer, path, "$.task_id", "$.status")]
        lines.append(f"{head}: {', '.join(names) or 'nothing'}")
    return "\n".join(lines)


def _ready(answer: Json) -> str:
    run, = plain.fields(answer, "$.run_id")  # fmt: skip
    body = plain.rows(
        answer, "$.tasks", "$.task_id", "$.priority", "$.waiting_chain", "$.default_to", "$.title"
    )
    text = plain.listing(
        f"{len(body)} ready tasks of run {run}",
        ("TASK", "PRIORITY", "WAITING", "TO", "TITLE"),
        body,
        f"orch ready --run {run} --limit N",
    )
    for task, why in plain.rows(answer, "$.waiting", "$.task_id", "$.why"):
        text += f"\nwaits: {task}: {plain.line(why, 200)}"
    for task, why in plain.rows(answer, "$.not_ready", "$.task_id", "$.why"):
        text += f"\nnot ready: {task}: {plain.line(why, 200)}"
    if body:
        mode, to = plain.fields(answer, "$.tasks[0].execution_mode", "$.tasks[0].default_to")
        lacks = ("" if mode else " --execution-mode code") + ("" if to else " --to AGENT")
        return f"{text}\nnext: orch dispatch --run {run} --task {body[0][0]}{lacks}"
    return f"{text}\nnext: orch wait --run {run}"


def _dispatch(answer: Json) -> str:
    if plain.fields(answer, "$.dry_run")[0]:
        lines = ["nothing was changed; would dispatch:"]
        for task, to, branch, error in plain.rows(
            answer, "$.planned", "$.task_id", "$.assigned_to", "$.branch_name", "$.error.message"
        ):
            what = plain.line(error, 300) if error else f"to {to} {branch or 'analysis'}"
            lines.append(f"{task}: {what}")
        return "\n".join(lines)
    done = plain.rows(
        answer, "$.dispatched", "$.task.run_id", "$.task.task_id", "$.attempt.attempt_no",
        "$.attempt.assigned_to", "$.thread.thread_id",
    )  # fmt: skip
    if not done:
        done = [plain.fields(
            answer, "$.task.run_id", "$.task.task_id", "$.attempt.attempt_no",
            "$.attempt.assigned_to", "$.thread.thread_id",
        )]  # fmt: skip
    lines = [f"dispatched {run}/{task} attempt {n} to {to} in thread {thread}{_replayed(answer)}"
             for run, task, n, to, thread in done]  # fmt: skip
    for task, why in plain.rows(answer, "$.skipped", "$.task_id", "$.error.message"):
        lines.append(f"skipped {task}: {plain.line(why, 300)}")
    noted = plain.rows(answer, "$.dispatched", "$.notes") or [plain.fields(answer, "$.notes")]
    notes = [text for (found,) in noted if found for text in plain.texts(str(found), "$")]
    lines += [f"note: {plain.line(text, 300)}" for text in dict.fromkeys(notes)]
    branch, path = plain.fields(answer, "$.attempt.branch_name", "$.attempt.worktree_path")
    if branch:
        lines.append(f"branch {branch} in {path}")
    return "\n".join([*lines, f"next: orch wait --run {done[0][0]}"])


def _reconcile(answer: Json) -> str:
    run, = plain.fields(answer, "$.run.run_id")  # fmt: skip
    body = plain.rows(answer, "$.updated_tasks", "$.task_id", "$.status", "$.reason")
    lines = [f"{_run_line(answer)}: {len(body)} tasks changed"]
    lines += [
        f"{task} {status}{f': {plain.line(why)}' if why else ''}" for task, status, why in body
    ]
    for path in ("$.repaired", "$.problems"):
        lines += [plain.line(text, 300) for text in plain.texts(answer, path)]
    return "\n".join([*lines, _next(answer, str(run))])


_LANDING = ("$.latest_attempt.branch_name", "$.integration.status")
_UNDER_WAY = ("queued", "building", "testing", "passed")


def _next(answer: Json, run: str) -> str:
    """Return what a leader does next in a run."""
    counts = dict(
        zip(_COUNTS, plain.fields(answer, *(f"$.run.counts.{n}" for n in _COUNTS)), strict=True)
    )
    if counts["blocked"]:
        return f"next: orch blocked --run {run}"
    waits = [row for row in plain.rows(answer, "$.tasks", "$.waits_for") if row[0]]
    if int(str(counts["ready"] or 0)) > len(waits):
        return f"next: orch dispatch --run {run} --ready"
    tasks = plain.rows(answer, "$.tasks", "$.task_id", "$.status", *_LANDING)
    for status, command in (("verifying", "verify run"), ("failed", "retry")):
        if counts[status]:
            named = next((f"{run}/{row[0]}" for row in tasks if row[1] == status), "")
            return f"next: orch {command} {named}" if named else f"next: orch status --run {run}"
    if counts["dispatched"] or counts["running"] or counts["ready"]:
        return f"next: orch wait --run {run}"
    end, = plain.fields(answer, "$.run.end")  # fmt: skip
    if end == "land" and any(row[1] == "done" and row[2] and not row[3] for row in tasks):
        return f"next: orch queue add --run {run} --all"
    if any(row[3] in _UNDER_WAY for row in tasks):
        return f"next: orch queue run --run {run}"
    if end == "land":
        return f"next: orch queue list --run {run}"  # It names what each waits for.
    if end == "integrate":
        return f"next: orch integrate --run {run}"
    return f"next: orch run close --run {run}"


_END = {
    "land": "not finished: done work is on no target yet",
    "integrate": "not finished: what landed is not in the base branch yet",
    "finished": "finished: all done work is in the base branch",
}


def _wait(answer: Json) -> str:
    kind, event, run, task, status, resume = plain.fields(
        answer, "$.event.event_type", "$.event.event_id", "$.run.run_id", "$.task.task_id",
        "$.run.status", "$.resume",
    )  # fmt: skip
    what = f"task {run}/{task}" if task else f"run {run}"
    lines = [f"{kind or 'run_done'}: {what} (event {event}); run {run} status {status}"]
    if kind == "task_blocked":
        lines.append(f"read the question: orch blocked --run {run}")
    return "\n".join([*lines, f"next: {resume}"])


def _blocked(answer: Json) -> str:
    run, = plain.fields(answer, "$.run_id")  # fmt: skip
    columns = (
        "$.task.task_id", "$.attempt.assigned_to", "$.question.message_id", "$.question.summary",
        "$.question.body", "$.answered",
    )  # fmt: skip
    lines = []
    for task, worker, message, summary, body, answered in plain.rows(answer, "$.tasks", *columns):
        state = "answered, not continued yet" if answered else "waits for an answer"
        lines.append(f"{task}: {worker} {state}")
        text = str(summary) if not body or body == summary else f"{summary}\n{body}"
        lines.append(plain.quoted(text, str(worker), message))
        if not answered:
            lines.append(f"next: orch answer --run {run} --task {task} --body TEXT")
    return "\n".join(lines) or f"nothing of run {run} is blocked\nnext: orch wait --run {run}"


def _answered(answer: Json) -> str:
    task, thread, run = plain.fields(
        answer, "$.task.task_id", "$.attempt.thread_id", "$.task.run_id"
    )
    return (
        f"answered task {task} on thread {thread}{_replayed(answer)}\nnext: orch wait --run {run}"
    )


def status_text(answer: Json) -> str:
    """Return the state of a run as lines; also what --watch shows."""
    run, = plain.fields(answer, "$.run.run_id")  # fmt: skip
    body = plain.rows(
        answer, "$.tasks", "$.task_id", "$.status", "$.latest_attempt.assigned_to",
        "$.latest_attempt.attempt_no", "$.latest_attempt.liveness", "$.gate.status",
        "$.integration.status", "$.latest_message.summary",
    )  # fmt: skip
    shown = [[cell if cell is not None else "-" for cell in row] for row in body]
    text = plain.listing(
        f"{_run_line(answer)}\n{_counts(answer)}\n{budget_line(answer)}".rstrip("\n"),
        ("TASK", "STATUS", "WHO", "TRY", "LIVE", "GATE", "LANDING", "LAST WORD"),
        shown,
        f"orch task list --run {run}",
    )
    odd = plain.rows(
        answer, "$.tasks", "$.task_id", "$.latest_attempt.dirty_files",
        "$.latest_attempt.path_violations", "$.waits_for",
    )  # fmt: skip
    for task, dirty, outside, waits_for in odd:
        if waits_for:
            text += f"\nwaits: {task}: {plain.line(waits_for, 200)}"
        if dirty and int(str(dirty)):
            text += f"\nuncommitted work: {task} left {dirty} files"
        if outside and outside != "[]":
            text += f"\nchanged paths it does not own: {task}: {plain.line(outside, 200)}"
    for path in ("$.repaired", "$.problems"):
        text += "".join(f"\n{plain.line(found, 300)}" for found in plain.texts(answer, path))
    end = _END.get(str(plain.fields(answer, "$.run.end")[0]))
    return f"{text}\n{f'{end}{chr(10)}' if end else ''}{_next(answer, str(run))}"


def _cancelled(answer: Json) -> str:
    names = [str(name) for (name,) in plain.rows(answer, "$.cancelled", "$.task_id")]
    text = f"cancelled {', '.join(names) or 'nothing'}; {_run_line(answer)}{_replayed(answer)}"
    entries = [str(entry) for entry in plain.texts(answer, "$.entries")]
    if entries:
        text += f"\nout of their queues: {', '.join(entries)}; their branches stay"
    (run,) = plain.fields(answer, "$.run.run_id")
    return f"{text}\nnext: orch status --run {run}"


def _adopted(answer: Json) -> str:
    run, task, status, number = plain.fields(
        answer, "$.task.run_id", "$.task.task_id", "$.task.status", "$.attempt.attempt_no"
    )
    return f"adopted attempt {number}: task {run}/{task} is {status}{_replayed(answer)}"


def _gate(answer: Json) -> str:
    run, task, status, gate = plain.fields(
        answer, "$.task.run_id", "$.task.task_id", "$.task.status", "$.gate.status"
    )
    lines = [f"task {run}/{task} is {status}, gate {gate or 'requires nothing'}{_replayed(answer)}"]
    lines += check_lines(answer, "$.gate.checks")
    if status == "failed":
        lines.append(f"next: orch retry --run {run} --task {task}")
    elif status == "verifying":
        lines.append(f"next: orch verify run --run {run} --task {task}")
    return "\n".join(lines)


def check_lines(answer: Json, path: str) -> list[str]:
    """Return a line for each check; under one that did not pass, the last that it printed."""
    lines = []
    for name, result, summary, flaky, tail in plain.rows(
        answer, path, "$.check", "$.status", "$.summary", "$.flaky", "$.output_tail"
    ):
        told = "flaky: it failed before on the same head" if flaky else summary or ""
        lines.append(f"{result:8} {name} {plain.line(told, 200)}".rstrip())
        if result in ("failed", "error"):
            printed = str(tail or "").rstrip("\n").split("\n")[-_LAST_LINES:]
            lines += [f"    | {plain.line(text, 200)}".rstrip() for text in printed if tail]
    return lines


_LAST_LINES = 20


def _events(answer: Json) -> str:
    body = plain.rows(
        answer, "$.events", "$.event_id", "$.event_type", "$.task_id", "$.actor", "$.summary"
    )
    text = plain.listing(
        f"{len(body)} events", ("EVENT", "TYPE", "TASK", "BY", "SUMMARY"),
        [[c if c is not None else "" for c in row] for row in body], "orch events --after-event N",
    )  # fmt: skip
    after, run = plain.fields(answer, "$.next_after", "$.run_id")
    return f"{text}\nmore: orch events --run {run} --after-event {after}" if after else text


def _trace(answer: Json) -> str:
    run, task, title = plain.fields(answer, "$.run_id", "$.task_id", "$.title")
    lines = [f"trace of {run}/{task}: {plain.line(title)}"]
    for at, what, detail in plain.rows(answer, "$.steps", "$.at", "$.what", "$.detail"):
        lines.append(f"{at}  {what}  {plain.line(detail, 120)}".rstrip())
    return "\n".join(lines)


def _of(module: str, name: str) -> "View":
    """Return a view that stands in a module which other commands do not load."""

    def _view(answer: Json) -> str:
        found: dict[str, View] = __import__(f"orch.cli.{module}", fromlist=["VIEWS"]).VIEWS
        return found[name](answer)

    return _view


def _all_of(module: str, words: str, group: str = "") -> "dict[str, View]":
    return {group + word: _of(module, group + word) for word in words.split()}


VIEWS: "dict[str, View]" = {
    "init": BUS["init"],
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
    **_all_of("worktrees.views", "cleanup"),
    **_all_of("worktrees.views", "list restore", "salvage "),
    **_all_of("worktrees.views", "accept moved", "repo "),
    **_all_of("agents.views", "work logs stop continue usage"),
    **_all_of("reports.views", "top graph report metrics"),
    **_all_of("landing.views", "integrate approve reject"),
    **_all_of("landing.views", "add list show run approve reject hold release cancel", "queue "),
    **_all_of("landing.views", "retry rollback audit replay", "queue "),
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
