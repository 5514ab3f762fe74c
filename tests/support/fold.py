"""The event log folded into what the tables must say: written anew, from the protocol alone.

Nothing of the product is imported. `fold()` returns the threads, the lease history and every
rule an event broke (I3, I4, I5, I8, I9).
"""

import json

TERMINAL = ("done", "failed", "cancelled")
WORKED_ON = ("claimed", "in_progress", "blocked")


class Thread:
    """One thread as its events make it."""

    def __init__(self, thread_no: int, addressed_to: str, creator: str) -> None:
        self.thread_no = thread_no
        self.addressed_to = addressed_to
        self.creator = creator
        self.assigned_to = addressed_to
        self.status = "pending"
        self.epoch = 0
        self.holder: str | None = None
        self.lost = 0
        self.last_event = 0
        self.leases: dict[int, list] = {}  # epoch -> [holder, claim event, how it ended]

    def end_lease(self, how: str) -> None:
        if self.holder is not None:
            self.leases[self.epoch][2] = how
            self.holder = None


class Fold:
    """The state after all events; `epoch_at` says which epoch was current at a holder's event."""

    def __init__(self) -> None:
        self.threads: dict[int, Thread] = {}
        self.broken: list[str] = []
        self.epoch_at: dict[int, int] = {}
        self.last = 0

    def take(self, row: tuple) -> None:
        """Apply one event: (id, type, actor, thread_no, status, assigned_to, payload)."""
        event_id, kind, actor, thread_no, status, assigned_to, payload = row
        if event_id != self.last + 1:
            self.broken.append(f"I8 event {event_id} follows {self.last}")
        self.last = event_id
        if thread_no is None:
            return
        facts = json.loads(payload)
        thread = self.threads.get(thread_no)
        if kind == "thread_send" and facts.get("opened"):
            if thread is not None:
                self.broken.append(f"I9 event {event_id} opens thread {thread_no} again")
            thread = self.threads[thread_no] = Thread(thread_no, facts["addressed_to"], actor)
        elif thread is None:
            self.broken.append(f"I9 event {event_id} {kind} on thread {thread_no}, never opened")
            return
        else:
            for wrong in _APPLY.get(kind, _unknown)(thread, event_id, actor, status, facts):
                self.broken.append(f"{wrong} (event {event_id} {kind} by {actor})")
        thread.last_event = event_id
        self.epoch_at[event_id] = thread.epoch
        if (status, assigned_to) != (thread.status, thread.assigned_to):
            self.broken.append(
                f"I9 event {event_id} says {status}/{assigned_to}, "
                f"the log makes it {thread.status}/{thread.assigned_to}"
            )


def fold(rows: list[tuple]) -> Fold:
    """Fold events in order."""
    state = Fold()
    for row in rows:
        state.take(row)
    return state


def _open(thread: Thread) -> list[str]:
    return [f"I5 thread is {thread.status}"] if thread.status in TERMINAL else []


def _holds(thread: Thread, actor: str) -> list[str]:
    wrong = _open(thread)
    if thread.holder != actor:
        wrong.append(f"I4 epoch {thread.epoch} is held by {thread.holder}")
    return wrong


def _message(thread: Thread, _event: int, _actor: str, _status: str, _facts: dict) -> list[str]:
    return _open(thread)


def _claim(thread: Thread, event_id: int, actor: str, _status: str, facts: dict) -> list[str]:
    wrong = _open(thread)
    if facts.get("epoch") != thread.epoch + 1 or facts.get("holder") != actor:
        wrong.append(f"I3 claim {facts} after epoch {thread.epoch}")
    if thread.holder is not None:
        thread.lost += 1
        thread.end_lease("claim")
    if facts.get("lost_leases") != thread.lost:
        wrong.append(f"I9 claim counts {facts.get('lost_leases')} lost leases, not {thread.lost}")
    thread.epoch += 1
    thread.holder = thread.assigned_to = actor
    thread.status = "claimed"
    thread.leases[thread.epoch] = [actor, event_id, None]
    return wrong


def _renew(thread: Thread, _event: int, actor: str, _status: str, _facts: dict) -> list[str]:
    return _holds(thread, actor)


def _release(thread: Thread, _event: int, actor: str, _status: str, _facts: dict) -> list[str]:
    wrong = _holds(thread, actor)
    thread.end_lease("release")
    thread.status = "pending"
    thread.assigned_to = thread.addressed_to
    return wrong


def _update(thread: Thread, _event: int, actor: str, status: str, _facts: dict) -> list[str]:
    wrong = _holds(thread, actor)
    if status not in ("in_progress", "blocked"):
        wrong.append(f"I9 update to {status}")
    thread.status = status
    return wrong


def _result(thread: Thread, _event: int, actor: str, status: str, _facts: dict) -> list[str]:
    wrong = _holds(thread, actor)
    if status not in ("done", "failed"):
        wrong.append(f"I9 result makes it {status}")
    thread.end_lease("done" if status == "done" else "fail")
    thread.status = status
    return wrong


def _cancel(thread: Thread, _event: int, _actor: str, _status: str, _facts: dict) -> list[str]:
    wrong = _open(thread)
    thread.end_lease("cancel")
    thread.status = "cancelled"
    return wrong


def _abandoned(thread: Thread, _event: int, _actor: str, _status: str, _facts: dict) -> list[str]:
    wrong = _open(thread)
    if thread.holder is None:
        wrong.append("I9 abandoned without a lease to lose")
    thread.end_lease("abandon")
    thread.status = "failed"
    return wrong


def _late(thread: Thread, _event: int, actor: str, _status: str, _facts: dict) -> list[str]:
    wrong = []
    if thread.status != "cancelled":
        wrong.append(f"I5 late result on a thread that is {thread.status}")
    if not thread.leases or thread.leases[thread.epoch][0] != actor:
        wrong.append("I4 late result of one who was not the last holder")
    return wrong


def _unknown(_thread: Thread, _event: int, _actor: str, _status: str, _facts: dict) -> list[str]:
    return ["I9 an event type that the protocol does not name"]


_APPLY = {
    "thread_send": _message,
    "thread_reply": _message,
    "thread_claim": _claim,
    "thread_renew": _renew,
    "thread_release": _release,
    "thread_update": _update,
    "thread_result": _result,
    "thread_cancel": _cancel,
    "thread_abandoned": _abandoned,
    "thread_late_result": _late,
}
