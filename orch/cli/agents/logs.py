"""logs: what a task's agent did, without secrets, also while it does it; what a check printed."""

from inbox.cli import plain
from inbox.workflows import wait
from orch import process_identity
from orch.cli import task_names
from orch.harness import log as harness_log
from orch.harness.readable import LogReader, lines_of
from orch.operations import attempts
from orch.steps.model import say
from orch.store import checks, fleet
from orch.store import turns as store
from schema.failures import invalid_input, not_found
from schema.json_text import NULL, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from orch.model import Attempt, Run, Task
    from orch.store.turns import Turn

_MOST_RAW = 256_000
_MOST_READ = 2_000_000  # Some clients print each word again and again.
_LINES = 60
_LOOK_SECONDS = 0.2


def logs(
    call: "Call",
    *,
    run: str | None,
    task: str | None,
    task_name: str | None,
    attempt: int | None,
    follow: bool,
    tail: int | None,
    lines: int | None,
    raw: bool,
    check: str | None,
) -> None:
    """Show the log of a task's attempt, or follow it; or the output of one of its checks."""
    if check is not None and (raw or follow):
        raise invalid_input("--check goes without --raw and --follow", reason="flag")
    with call.db.read() as tx:
        found, subject = task_names.require_task(tx, run, task, task_name)
        chosen = (
            attempts.latest(tx, subject)
            if attempt is None
            else attempts.require(tx, subject, attempt)
        )
        turn = store.latest(tx, chosen.thread_no) if chosen is not None else None
    most = tail or lines or _LINES
    if check is not None:
        _say_check(call, subject, chosen, check, most)
        return
    if chosen is None or turn is None:
        raise not_found(
            "file",
            f"the log of {subject.name}",
            hint="no orch work has worked on it; what its worker said",
            next=[say("trace", f"{found.run_id}/{subject.task_id}")],
        )
    _say_log(call, found, subject, chosen, turn, most, raw=raw, follow=follow)


def _say_log(
    call: "Call", run: "Run", task: "Task", attempt: "Attempt", turn: "Turn", most: int,
    *, raw: bool, follow: bool,
) -> None:  # fmt: skip
    if not process_identity.is_of_here(turn.runner[2]):
        _say_elsewhere(call, task, attempt, turn, most, raw=raw)
        return
    size = harness_log.size(turn.log_path)
    first = max(0, size - (_MOST_RAW if raw else _MOST_READ))
    data, end = harness_log.read_from(turn.log_path, first)
    text = data.decode("utf-8", "replace").removesuffix("\n")
    if not raw:
        whole = text.partition("\n")[2] if first else text  # The first line is cut.
        text = "\n".join(lines_of(whole))
    text = "\n".join(text.split("\n")[-most:])
    if follow:
        call.resume = call.again(f"logs {run.run_id}/{task.task_id} --follow" + " --raw" * raw)
        _follow(call, turn.log_path, attempt.thread_no, text, end, raw=raw)
        return
    with call.db.read() as tx:
        document = store.document(tx, turn.turn_key)
    call.say(
        obj(
            run_id=run.run_id,
            task_id=task.task_id,
            attempt_no=attempt.attempt_no,
            path=turn.log_path,
            size=end,
            running=turn.outcome is None,
            raw=raw,
            check=None,
            turn=document,
            text=text,
        )
    )


def _say_elsewhere(
    call: "Call", task: "Task", attempt: "Attempt", turn: "Turn", most: int, *, raw: bool
) -> None:
    """Say the ends of a log that is on another machine. Raises: not_found/file where it runs."""
    with call.db.read() as tx:
        kept = store.kept_log(tx, turn.turn_key)
        document = store.document(tx, turn.turn_key)
        machine = fleet.find(tx, process_identity.machine_of(turn.runner[2]))
    where = machine.name if machine is not None else "another machine"
    if kept is None:
        raise not_found(
            "file",
            f"the log of {task.name}",
            hint=f"it is being written on {where}; its ends are here once the turn is over",
            next=[say("trace", f"{task.run_id}/{task.task_id}")],
        )
    size, head, tail = kept
    cut = "\n" if len(head) + len(tail) >= size else f"\n… (the rest is on {where})\n"
    parts = [part if raw else "\n".join(lines_of(part)) for part in (head, tail) if part]
    call.say(
        obj(
            run_id=task.run_id,
            task_id=task.task_id,
            attempt_no=attempt.attempt_no,
            path=turn.log_path,
            size=size,
            running=False,
            raw=raw,
            check=None,
            turn=document,
            text="\n".join(cut.join(parts).split("\n")[-most:]),
        )
    )


def _say_check(
    call: "Call", task: "Task", attempt: "Attempt | None", check: str, most: int
) -> None:
    """Say what a check printed. Raises: not_found/file naming the checks that ran."""
    with call.db.read() as tx:
        found = checks.output(tx, attempt.attempt_key, check) if attempt is not None else None
        known = checks.names(tx, attempt.attempt_key) if attempt is not None else []
    if attempt is None or found is None:
        raise not_found(
            "file",
            f"output of a check {check} of {task.name}",
            near=known,
            next=[] if known else [say("verify status", task.name)],
        )
    parts = [part for part in (found.output_head, found.output_tail) if part]
    text = "\n…\n".join(part.removesuffix("\n") for part in parts)
    call.say(
        obj(
            run_id=task.run_id,
            task_id=task.task_id,
            attempt_no=attempt.attempt_no,
            path=None,
            size=len(text.encode()),
            running=False,
            raw=False,
            check=check,
            check_status=found.status,
            turn=NULL,
            text="\n".join(text.split("\n")[-most:]) or found.summary,
        )
    )


def _follow(call: "Call", path: str, thread_no: int, text: str, offset: int, *, raw: bool) -> None:
    """Stream whole lines until the agent has ended and nothing is left to show."""
    call.streaming = True
    position = offset
    held = b""
    reader = None if raw else LogReader()
    _print(call, text.split("\n"))

    def _look() -> bytes | None:
        nonlocal position
        with call.db.read() as tx:
            turn = store.latest(tx, thread_no)
        data, position = harness_log.read_from(path, position)
        if data:
            return data
        return b"" if turn is None or turn.outcome is not None else None

    while True:
        data = wait.until(call.db, ["any"], _look, 0, lambda: _LOOK_SECONDS)
        if not data:
            break
        whole, feed, rest = (held + data).rpartition(b"\n")
        held = rest
        if feed:
            _print(call, _read(reader, whole))
    if held:
        _print(call, _read(reader, held))
    if reader is not None:
        _print(call, reader.end())


def _read(reader: LogReader | None, data: bytes) -> list[str]:
    lines = data.decode("utf-8", "replace").split("\n")
    return lines if reader is None else [told for line in lines for told in reader.read(line)]


def _print(call: "Call", lines: list[str]) -> None:
    for line in lines:
        call.stream(obj(line=line) if call.as_json else plain.visible(line))
