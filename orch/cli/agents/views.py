"""Plain views of the commands about workers."""

from inbox.cli import plain
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Answer = dict[str, Any]


def _work(answer: "Answer") -> str:
    harness, version, program = plain.values(answer, "harness version program")
    if program is not None:
        lines = [f"harness {harness} can start: {program} {version or ''}".rstrip()]
        command = " ".join(str(word) for word in (answer.get("command") or []))
        lines.append(f"command: {plain.line(command, 300)}")
        lines += [f"warning: {plain.line(text, 300)}" for text in (answer.get("warnings") or [])]
        return "\n".join(lines)
    outcomes = plain.columns(answer.get("outcomes"), "turns outcome")
    told = ", ".join(f"{n} {outcome}" for n, outcome in outcomes)
    lines = [f"worked with {harness}: {told or 'nothing was waiting'}"]
    lines += [f"problem: {plain.line(text, 300)}" for text in answer.get("problems") or ()]
    body = _turns(answer.get("turns"))
    text = "\n".join(lines)
    return plain.listing(text, _HEADER, body, "the same with --json") if body else text


_HEADER = ("TASK", "TRY", "TURN", "WHO", "OUTCOME", "SECONDS", "WHY")


def _turns(found: "list[Answer] | None") -> "list[list[object]]":
    paths = "task_id thread_id attempt_no turn_no agent outcome seconds reason"
    return [
        [task or thread, attempt or "-", turn, who, outcome or "running",
         "-" if seconds is None else f"{float(str(seconds)):.1f}", why or ""]
        for task, thread, attempt, turn, who, outcome, seconds, why
        in plain.columns(found, paths)
    ]  # fmt: skip


def _logs(answer: "Answer") -> str:
    run, task, number, path, size, running, text = plain.values(
        answer, "run_id task_id attempt_no path size running text"
    )
    check, status = plain.values(answer, "check check_status")
    if check:
        head = f"check {check} of {run}/{task} attempt {number}: {status}"
        return f"{head}\n{plain.quoted(str(text), f'check {check}', number)}"
    state = "still running" if running else "ended"
    head = f"log of {run}/{task} attempt {number} ({state}, {size} bytes in {path})"
    return f"{head}\n{plain.quoted(str(text), 'worker', number)}\n{_took(answer)}".rstrip("\n")


def _took(answer: "Answer") -> str:
    """Return what the newest turn took, "" while nothing is known."""
    seconds, into, out, cost = plain.values(
        answer, "turn.seconds turn.input_tokens turn.output_tokens turn.cost_usd"
    )
    told = [f"{float(str(seconds)):.1f} s"] if seconds is not None else []
    told += [f"{into or 0} tokens in, {out or 0} out"] if into or out else []
    told += [f"{float(str(cost)):.4f} USD"] if cost is not None else []
    return f"its turn took {', '.join(told)}" if told else ""


def _stop(answer: "Answer") -> str:
    run, task, status, outcome, why, ref = plain.values(
        answer, "task.run_id task.task_id task.status turn.outcome turn.reason turn.salvage_ref"
    )
    lines = [f"stopped {run}/{task}: turn {outcome} ({plain.line(why, 200)}); task is {status}"]
    if ref:
        lines.append(f"uncommitted work is kept under {ref}")
    return "\n".join(lines)


def _continue(answer: "Answer") -> str:
    run, task, number, to, before = plain.values(
        answer,
        "task.run_id task.task_id attempt.attempt_no attempt.assigned_to "
        "previous_attempt.attempt_no",
    )
    how = f"as attempt {number}, on top of attempt {before}" if before else f"in attempt {number}"
    return f"{to} continues with {run}/{task} {how}, as soon as its orch work is free"


def _usage(answer: "Answer") -> str:
    run, task, turns, seconds, into, out, cost = plain.values(
        answer,
        "run_id task_id usage.turns usage.seconds usage.input_tokens "
        "usage.output_tokens usage.cost_usd",
    )
    what = f"{run}/{task}" if task else f"run {run}"
    tokens = f", {into or 0} tokens in, {out or 0} out" if into or out else ""
    money = f", {float(str(cost)):.4f} USD" if cost is not None else ""
    head = f"{what}: {many(turns, 'turn')}, {float(str(seconds)):.1f} s{tokens}{money}"
    parts = [head, *_shares(answer.get("tasks"), "TASK"), *_shares(answer.get("agents"), "WHO")]
    body = _turns(answer.get("turns"))
    text = "\n".join(parts)
    return plain.listing(text, _HEADER, body, "the same with --json") if body else text


def _shares(shares: "list[Answer] | None", who: str) -> list[str]:
    """Return a table of what each took; none where there is but one."""
    found = plain.columns(shares, "name turns seconds input_tokens output_tokens cost_usd")
    if len(found) < 2:
        return []
    body: list[list[object]] = [
        [name, turns, f"{float(str(seconds)):.1f}", "-" if into is None else into,
         "-" if out is None else out, "-" if cost is None else f"{float(str(cost)):.4f}"]
        for name, turns, seconds, into, out, cost in found
    ]  # fmt: skip
    header = (who, "TURNS", "SECONDS", "TOKENS IN", "OUT", "USD")
    return [plain.table(header, body)]


VIEWS: "dict[str, Callable[[Answer], str]]" = {
    "work": _work,
    "logs": _logs,
    "stop": _stop,
    "continue": _continue,
    "usage": _usage,
}
