"""Steps of a thread: opened, answered, cancelled; each is one atomic step.

Every operation checks, changes, and appends one event with its message, all in the caller's
transaction. They return the event's id; answers are made by inbox/reads.py.
"""

from inbox import model
from inbox.model import Change
from inbox.store import cursors, messages
from inbox.store import threads as store
from schema import events, ids
from schema.failures import invalid_input
from schema.json_text import obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.model import MessageDraft, Thread
    from schema.transaction import Tx


def other_side(thread: "Thread", sender: str) -> str:
    """Return whom a message of `sender` is for when nobody is named.

    Raises: invalid_input for one who is neither creator nor assignee.
    """
    if sender == thread.created_by:
        return str(thread.assigned_to)
    if sender == thread.assigned_to:
        return str(thread.created_by)
    raise invalid_input(
        f"{sender} is neither creator nor assignee of thread {thread.thread_id}: say --to NAME",
        reason="flag",
    )


def send(
    tx: "Tx",
    *,
    sender: str,
    to: str,
    draft: "MessageDraft",
    subject: str,
    kind: str = "task",
    priority: str = "normal",
    thread_id: str | None = None,
    run_id: str | None = None,
    task_id: str | None = None,
    not_before_ms: int = 0,
    max_claims: int = model.DEFAULT_MAX_CLAIMS,
    expects: str | None = None,
    owned_by_run: bool = False,
) -> Change:
    """Open a new pending thread with its first message.

    An id that the caller chose is adopted; it must be free.
    """
    thread_id, thread_no = _free_id(tx, thread_id)
    tx.ring("thread=" + thread_id)
    tx.ring("agent=" + to)
    event_id = events.record(
        tx,
        "thread_send",
        sender,
        thread_no=thread_no,
        run_id=run_id,
        task_id=task_id,
        status="pending",
        assigned_to=to,
        payload=obj(opened=True, addressed_to=to),
    )
    values = {
        "thread_no": thread_no,
        "thread_id": thread_id,
        "run_id": run_id,
        "task_id": task_id,
        "owned_by_run": int(owned_by_run),
        "subject": subject,
        "summary": draft.summary,
        "priority": model.PRIORITIES.index(priority),
        "created_by": sender,
        "addressed_to": to,
        "max_claims": max_claims,
        "not_before_at": tx.now.wall_ms + not_before_ms if not_before_ms > 0 else 0,
        "expects": expects,
    }
    store.insert(tx, event_id, values)
    messages.insert(tx, event_id, thread_no, kind, sender, to, draft)
    return Change(thread_no, thread_id, event_id)


def _free_id(tx: "Tx", wanted: str | None) -> tuple[str, int]:
    """Return (the id of a new thread, its number): the wanted id, else a minted one."""
    thread_id = wanted or ids.mint("thr")
    thread_no, taken = store.next_no(tx, thread_id)
    assert not (taken and wanted), thread_id
    while taken:
        thread_id = ids.mint("thr")
        thread_no, taken = store.next_no(tx, thread_id)
    return thread_id, thread_no


def append(
    tx: "Tx", thread: "Thread", *, sender: str, to: str | None, kind: str, draft: "MessageDraft"
) -> Change:
    """Add a message to a known open thread; its status stays.

    Raises: invalid_state/terminal, invalid_input when nobody is named and none follows.
    """
    from inbox.operations import leases

    leases.require_open(thread)
    to = to or other_side(thread, sender)
    event_id = store.record(tx, thread, "thread_send", sender, thread.status, thread.assigned_to)
    store.touch(tx, thread.thread_no, event_id)
    messages.insert(tx, event_id, thread.thread_no, kind, sender, to, draft)
    if thread.lease is not None and thread.lease.holder == sender:
        leases.refresh(tx, thread, thread.lease)
    return Change(thread.thread_no, thread.thread_id, event_id)


def reply(
    tx: "Tx",
    thread: "Thread",
    *,
    sender: str,
    to: str | None,
    kind: str,
    draft: "MessageDraft",
    token: str | None = None,
    reply_to: int | None = None,
) -> Change:
    """Add an answer; the status stays. A holder's reply renews its lease."""
    from inbox.operations import leases

    leases.require_open(thread)
    if token is not None:
        leases.require_holder(tx, thread, sender, token)
    to = to or other_side(thread, sender)
    if reply_to is not None:
        messages.require_in_thread(tx, thread, reply_to)
    event_id = store.record(tx, thread, "thread_reply", sender, thread.status, thread.assigned_to)
    store.touch(tx, thread.thread_no, event_id)
    messages.insert(tx, event_id, thread.thread_no, kind, sender, to, draft, reply_to)
    if thread.lease is not None and thread.lease.holder == sender:
        leases.refresh(tx, thread, thread.lease)
    return Change(thread.thread_no, thread.thread_id, event_id)


def cancel(
    tx: "Tx",
    thread: "Thread",
    agent: str,
    reason: str,
    artifacts: "tuple[model.Artifact, ...]" = (),
) -> Change:
    """Call the thread off. Raises: invalid_state/terminal."""
    from inbox.machines import THREAD
    from inbox.operations import leases
    from inbox.store import leases as lease_rows

    leases.require_open(thread)
    target = THREAD.next(thread.status, "cancel")
    to = thread.assigned_to if thread.assigned_to != agent else thread.created_by
    event_id = store.record(tx, thread, "thread_cancel", agent, target, thread.assigned_to)
    store.move(tx, thread, target, event_id, reason=reason)
    lease_rows.end(tx, thread.thread_no, "cancel")
    draft = model.MessageDraft(reason, reason, artifacts=artifacts)
    messages.insert(tx, event_id, thread.thread_no, "control", agent, to, draft)
    return Change(thread.thread_no, thread.thread_id, event_id)


def note_names(tx: "Tx", *names: str | None) -> list[str]:
    """Remember the names of a command; return a warning for each that only differs in case."""
    warnings = []
    for name in names:
        if name is None:
            continue
        known = cursors.note_agent(tx, name)
        if known is not None:
            warnings.append(f"{name} differs only in case from {known}; they are two agents")
    return warnings
