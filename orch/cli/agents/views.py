"""Plain views of the commands about workers."""

from inbox.cli import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from schema.json_text import Json


def _work(answer: "Json") -> str:
    harness, version, program = plain.fields(answer, "$.harness", "$.version", "$.program")
    if program is not None:
        lines = [f"harness {harness} can start: {program} {version or ''}".rstrip()]
        command = " ".join(str(word) for word in plain.texts(answer, "$.command"))
        lines.append(f"command: {plain.line(command, 300)}")
        lines += [f"warning: {plain.line(text, 300)}" for text in plain.texts(answer, "$.warnings")]
        return "\n".join(lines)
    outcomes = plain.rows(answer, "$.outcomes", "$.turns", "$.outcome")
    told = ", ".join(f"{n} {outcome}" for n, outcome in outcomes)
    lines = [f"worked with {harness}: {told or 'nothing was waiting'}"]
    lines += [f"problem: {plain.line(text, 300)}" for text in plain.texts(answer, "$.problems")]
    body = _turns(answer, "$.turns")
    text = "\n".join(lines)
    return plain.listing(text, _HEADER, body, "the same with --json") if body else text


_HEADER = ("TASK", "TRY", "TURN", "WHO", "OUTCOME", "SECONDS", "WHY")


def _turns(answer: "Json", path: str) -> "list[list[object]]":
    columns = (
        "$.task_id", "$.thread_id", "$.attempt_no", "$.turn_no", "$.agent", "$.outcome",
        "$.seconds", "$.reason",
    )  # fmt: skip
    return [
        [task or thread, attempt or "-", turn, who, outcome or "running",
         "-" if seconds is None else f"{float(str(seconds)):.1f}", why or ""]
        for task, thread, attempt, turn, who, outcome, seconds, why
        in plain.rows(answer, path, *columns)
    ]  # fmt: skip


def _logs(answer: "Json") -> str:
    run, task, number, path, size, running, text = plain.fields(
        answer, "$.run_id", "$.task_id", "$.attempt_no", "$.path", "$.size", "$.running", "$.text"
    )
    check, status = plain.fields(answer, "$.check", "$.check_status")
    if check:
        head = f"check {check} of {run}/{task} attempt {number}: {status}"
        return f"{head}\n{plain.quoted(str(text), f'check {check}', number)}"
    state = "still running" if running else "ended"
    head = f"log of {run}/{task} attempt {number} ({state}, {size} bytes in {path})"
    return f"{head}\n{plain.quoted(str(text), 'worker', number)}\n{_took(answer)}".rstrip("\n")


def _took(answer: "Json") -> str:
    """Return what the newest turn took, "" while nothing is known."""
    seconds, into, out, cost = plain.fields(
        answer, "$.turn.seconds", "$.turn.input_tokens", "$.turn.output_tokens", "$.turn.cost_usd"
    )
    told = [f"{float(str(seconds)):.1f} s"] if seconds is not None else []
    told += [f"{into or 0} tokens in, {out or 0} out"] if into or out else []
    told += [f"{float(str(cost)):.4f} USD"] if cost is not None else []
    return f"its turn took {', '.join(told)}" if told else ""


def _stop(answer: "Json") -> str:
    run, task, status, outcome, why, ref = plain.fields(
        answer, "$.task.run_id", "$.task.task_id", "$.task.status", "$.turn.outcome",
        "$.turn.reason", "$.turn.salvage_ref",
    )  # fmt: skip
    lines = [f"stopped {run}/{task}: turn {outcome} ({plain.line(why, 200)}); task is {status}"]
    if ref:
        lines.append(f"uncommitted work is kept under {ref}")
    return "\n".join(lines)


def _continue(answer: "Json") -> str:
    run, task, number, to, before = plain.fields(
        answer, "$.task.run_id", "$.task.task_id", "$.attempt.attempt_no",
        "$.attempt.assigned_to", "$.previous_attempt.attempt_no",
    )  # fmt: skip
    how = f"as attempt {number}, on top of attempt {before}" if before else f"in attempt {number}"
    return f"{to} continues with {run}/{task} {how}, as soon as its orch work is free"


def _usage(answer: "Json") -> str:
    run, task, turns, seconds, into, out, cost = plain.fields(
        answer, "$.run_id", "$.task_id", "$.usage.turns", "$.usage.seconds",
        "$.usage.input_tokens", "$.usage.output_tokens", "$.usage.cost_usd",
    )  # fmt: skip
    what = f"{run}/{task}" if task else f"run {run}"
    tokens = f", {into or 0} tokens in, {out or 0} out" if into or out else ""
    money = f", {float(str(cost)):.4f} USD" if cost is not None else ""
    head = f"{what}: {turns} turns, {float(str(seconds)):.1f} s{tokens}{money}"
    parts = [head, *_shares(answer, "$.tasks", "TASK"), *_shares(answer, "$.agents", "WHO")]
    body = _turns(answer, "$.turns")
    text = "\n".join(parts)
    return plain.listing(text, _HEADER, body, "the same with --json") if body else text


def _shares(answer: "Json", path: str, who: str) -> list[str]:
    """Return a table of what each took; none where there is but one."""
    columns = ("$.name", "$.turns", "$.seconds", "$.input_tokens", "$.output_tokens", "$.cost_usd")
    found = plain.rows(answer, path, *columns)
    if len(found) < 2:
        return []
    body: list[list[object]] = [
        [name, turns, f"{float(str(seconds)):.1f}", "-" if into is None else into,
         "-" if out is None else out, "-" if cost is None else f"{float(str(cost)):.4f}"]
        for name, turns, seconds, into, out, cost in found
    ]  # fmt: skip
    header = (who, "TURNS", "SECONDS", "TOKENS IN", "OUT", "USD")
    return [plain.table(header, body)]


VIEWS: "dict[str, Callable[[Json], str]]" = {
    "work": _work,
    "logs": _logs,
    "stop": _stop,
    "continue": _continue,
    "usage": _usage,
}
