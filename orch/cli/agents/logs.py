"""logs: what a task's agent printed, without secrets; also while it prints."""

import os

from inbox.cli import plain
from inbox.workflows import wait
from orch.cli import task_names
from orch.harness import log as harness_log
from orch.operations import attempts
from orch.steps.model import say
from orch.store import turns as store
from schema.failures import not_found
from schema.json_text import obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call

_MOST_SHOWN = 256_000
_LOOK_SECONDS = 0.2


def logs(
    call: "Call",
    *,
    run: str | None,
    task: str | None,
    task_name: str | None,
    attempt: int | None,
    follow: bool,
    lines: int,
) -> None:
    """Show the log of a task's attempt, or follow it."""
    with call.db.read() as tx:
        found, subject = task_names.require_task(tx, run, task, task_name)
        chosen = (
            attempts.latest(tx, subject)
            if attempt is None
            else attempts.require(tx, subject, attempt)
        )
        turn = store.latest(tx, chosen.thread_no) if chosen is not None else None
    if chosen is None or turn is None:
        raise not_found(
            "file",
            f"the log of {subject.name}",
            hint="no orch work has worked on it; what its worker said",
            next=[say("trace", f"{found.run_id}/{subject.task_id}")],
        )
    data, size = harness_log.read_from(turn.log_path, max(0, _size(turn.log_path) - _MOST_SHOWN))
    text = _tail(data.decode("utf-8", "replace"), lines)
    if follow:
        words = f"logs {found.run_id}/{subject.task_id} --follow"
        call.resume = call.again(words)
        _follow(call, turn.log_path, chosen.thread_no, text, size)
        return
    call.say(
        obj(
            run_id=found.run_id,
            task_id=subject.task_id,
            attempt_no=chosen.attempt_no,
            path=turn.log_path,
            size=size,
            running=turn.outcome is None,
            text=text,
        )
    )


def _size(path: str) -> int:
    total = 0
    for part in (path, *harness_log.segments(path)):
        try:
            total += os.path.getsize(part)
        except OSError:
            continue
    return total


def _tail(text: str, lines: int) -> str:
    return "\n".join(text.removesuffix("\n").split("\n")[-lines:])


def _follow(call: "Call", path: str, thread_no: int, text: str, offset: int) -> None:
    """Stream whole lines until the agent has ended and nothing is left to show."""
    call.streaming = True
    position = offset
    held = b""
    _print(call, text.encode())

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
            _print(call, whole)
    if held:
        _print(call, held)


def _print(call: "Call", data: bytes) -> None:
    for line in data.decode("utf-8", "replace").split("\n"):
        call.stream(obj(line=line) if call.as_json else plain.visible(line))
