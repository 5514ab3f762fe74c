"""watch and wait-reply: block until something happened, and say how to go on."""

import os

from inbox.operations import leases
from inbox.store import messages
from inbox.workflows import wait_for_work
from inbox.workflows.wait import timed_out
from schema import events
from schema.failures import Failure, invalid_input
from schema.json_text import array, merge, obj
from schema.steps import quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from schema.json_text import Json

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
    words = call.again("watch")
    words += f" --agent {agent}" if agent else ""
    words += f" --status {','.join(status)}" if status else ""
    words += f" --run {run}" if run else ""
    statuses = array(status) if status else None
    if after_event is None:
        with call.db.read() as tx:
            after_event = events.last_id(tx)
    if follow:
        _follow(call, f"{words} --follow", agent, statuses, run, after_event, seconds)
        return
    tail = f" --timeout-seconds {seconds:g}"
    call.resume = f"{words} --after-event {after_event}{tail}"
    found, position = wait_for_work.for_event(
        call.db, agent=agent, statuses=statuses, run=run, after=after_event, timeout=seconds
    )
    resume = f"{words} --after-event {position}{tail}"
    if found is None:
        raise timed_out("no event fits", seconds, position, resume)
    call.found(resume)
    call.say(merge(found, resume=resume))


def _follow(
    call: "Call",
    words: str,
    agent: str | None,
    statuses: "Json | None",
    run: str | None,
    position: int,
    seconds: float,
) -> None:
    """Print every event that fits, one JSON line each, until stopped or `seconds` passed.

    Raises: no_matching_work/timeout when nothing fitted in all that time.
    """
    import time

    call.streaming = True
    call.resume = f"{words} --after-event {position}"
    deadline = time.monotonic() + seconds if seconds else None
    streamed = False
    while deadline is None or time.monotonic() < deadline:
        left = 0.0 if deadline is None else max(0.001, deadline - time.monotonic())
        found, position = wait_for_work.for_event(
            call.db,
            agent=agent,
            statuses=statuses,
            run=run,
            after=position,
            timeout=left,
        )
        if found is not None:
            with call.db.read() as tx:
                line = events.document(tx, position)
            call.stream(line, f"{words} --after-event {position}")
            streamed = True
        call.resume = f"{words} --after-event {position}"
    if not streamed:
        raise timed_out("no event fits", seconds, position, call.resume)


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
        raise invalid_input("--after-message and --after-event cannot be combined", reason="flag")
    with call.db.read() as tx:
        found = leases.require_thread(tx, thread)
        if after_message is not None:
            messages.require_in_thread(tx, found, after_message)
        after = after_message if after_message is not None else after_event
        if after is None and agent is not None:
            after = messages.last_from(tx, found.thread_no, agent)
        elif after is None:
            after = events.last_id(tx)
    words = call.again(f"wait-reply --thread {thread}")
    words += f" --agent {agent}" if agent else ""
    words += f" --kinds {','.join(kinds)}" if kinds != ("answer", "control", "result") else ""
    if lease is not None and lease != os.environ.get("INBOX_LEASE"):
        words += f" --lease {quoted(lease)}"
    tail = f" --timeout-seconds {timeout:g}"
    call.resume = f"{words} --after-event {after}{tail}"
    reply = wait_for_work.Reply(call.db, found, agent, kinds, after, lease)
    try:
        answer = reply.wait(timeout)
    except Failure as failure:  # Ended early: the thread closed, the lease lost.
        failure.data = failure.data or obj(woke=False, next_event_id=reply.position)
        raise
    resume = f"{words} --after-event {reply.position}{tail}"
    if answer is None:
        raise timed_out(f"no answer in {thread}", timeout, reply.position, resume)
    call.found(resume)
    call.say(merge(answer, resume=resume))
