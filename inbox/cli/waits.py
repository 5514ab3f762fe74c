"""watch and wait-reply: block until something happened, and say how to go on."""

from inbox.operations import leases
from inbox.store import messages
from inbox.workflows import wait
from schema import events
from schema.failures import invalid_input
from schema.json_text import array, merge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.kit import Call

DEFAULT_SECONDS = 100.0


def watch(
    call: "Call",
    *,
    agent: str | None,
    status: tuple[str, ...] | None,
    run: str | None,
    after_event: int | None,
    follow: bool,
    timeout: float | None,
) -> None:
    """Wait for one event that fits, or stream them."""
    seconds = timeout if timeout is not None else 0.0 if follow else DEFAULT_SECONDS
    words = "inbox watch"
    words += f" --agent {agent}" if agent else ""
    words += f" --status {','.join(status)}" if status else ""
    words += f" --run {run}" if run else ""
    statuses = array(status) if status else None
    if follow:
        _follow(call, words, agent, statuses, run, after_event, seconds)
        return
    tail = f" --timeout-seconds {seconds:g}"
    if after_event is not None:
        call.resume = f"{words} --after-event {after_event}{tail}"
    found, position = wait.for_event(
        call.db, agent=agent, statuses=statuses, run=run, after=after_event, timeout=seconds
    )
    call.resume = f"{words} --after-event {position}{tail}"
    if found is None:
        raise wait.timed_out("no event fits", seconds, position, call.resume)
    call.say(merge(found, resume=call.resume))


def _follow(
    call: "Call",
    words: str,
    agent: str | None,
    statuses: str | None,
    run: str | None,
    after: int | None,
    seconds: float,
) -> None:
    """Print every event that fits, one JSON line each, until stopped or `seconds` passed."""
    import time

    from schema.json_text import Json

    call.streaming = True
    deadline = time.monotonic() + seconds if seconds else None
    position = after
    while deadline is None or time.monotonic() < deadline:
        left = 0.0 if deadline is None else max(0.001, deadline - time.monotonic())
        found, position = wait.for_event(
            call.db,
            agent=agent,
            statuses=Json(statuses) if statuses else None,
            run=run,
            after=position,
            timeout=left,
        )
        call.resume = f"{words} --follow --after-event {position}"
        if found is not None:
            with call.db.read() as tx:
                line = events.document(tx, position)
            call.stream(line)


def wait_reply(
    call: "Call",
    *,
    thread: str,
    agent: str | None,
    after_message: int | None,
    after_event: int | None,
    kinds: tuple[str, ...],
    lease: str | None,
    timeout: float,
) -> None:
    """Wait for an answer in a thread; a holder's lease lives as long as it waits."""
    if after_message is not None and after_event is not None:
        raise invalid_input("--after-message and --after-event exclude each other", reason="flag")
    with call.db.read() as tx:
        found = leases.require_thread(tx, thread)
        after = after_message if after_message is not None else after_event
        if after is None and agent is not None:
            after = messages.last_from(tx, found.thread_no, agent)
        elif after is None:
            after = events.last_id(tx)
    words = f"inbox wait-reply --thread {thread}"
    words += f" --agent {agent}" if agent else ""
    words += f" --kinds {','.join(kinds)}" if kinds != ("answer", "control", "result") else ""
    tail = f" --timeout-seconds {timeout:g}"
    call.resume = f"{words} --after-event {after}{tail}"
    reply = wait.Reply(call.db, found, agent, kinds, after, lease)
    answer = reply.wait(timeout)
    call.resume = f"{words} --after-event {reply.position}{tail}"
    if answer is None:
        raise wait.timed_out(f"no answer in {thread}", timeout, reply.position, call.resume)
    call.say(answer)
