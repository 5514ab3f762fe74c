"""Telling people: what needs them in a run is recorded once, and each leader is told it once.

A need is known by (run, task, kind, cause). It becomes news by its own `drive_need` event, so
that a cursor in the log is all that a leader's place is; what came to an end, or landed, is news
by the event that says so. Guarantees I23: a place moves only over what was offered, offering is
committed before anything is printed, and delivery after.
"""

from orch import process_identity
from orch.steps.urgency import rank
from orch.store import entries, tasks
from orch.store import needs as store
from orch.store import told as places
from schema import events
from schema.json_text import loads, obj
from schema.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from orch.model import Run
    from orch.store.needs import NeedRow
    from schema.transaction import ReadTx, Tx

# What is worth telling although nobody is needed: the event's type, and the word for it.
ENDS = {
    "task_done": "done", "task_cancelled": "cancelled", "entry_verified": "landed",
    "entry_landed_externally": "landed", "run_done": "run_done",
}  # fmt: skip
# What the original protocol wakes for, by the need that it is now.
_CAUSES = {
    "question": "task_blocked", "failed": "task_failed", "unverified": "task_verifying",
    "check_error": "task_verifying", "stale": "task_stale", "gone": "task_stale",
    "landing": "run_done", "integrate": "run_done", "stranded": "run_done", "finished": "run_done",
}  # fmt: skip
_OF_AN_END = ("landing", "integrate", "stranded", "finished")
_DRIVER = "drive"
_GIVEN_BY_PEOPLE = ("question", "approval")
_APPROVED = ("passed", "landing", "landed", "verified")
_OWN = "own:"  # Begins the cause of a need that has none but itself.


class ToTell:
    """A need that holds now. `cause` is what it came of (an event's id), "" for nothing known:
    then it is the same one for as long as it holds. `command` is a line for a shell."""

    __slots__ = ("cause", "command", "kind", "since", "task_id", "text", "who")

    def __init__(
        self, task_id: str, kind: str, cause: "str | int", who: str, since: int, text: str,
        command: str,
    ) -> None:  # fmt: skip
        self.task_id = task_id
        self.kind = kind
        self.cause = str(cause) if cause else ""
        self.who = who
        self.since = since
        self.text = text
        self.command = command

    @property
    def key(self) -> tuple[str, str, str]:
        """By what it is known within its run."""
        return self.task_id, self.kind, self.cause


class News(Value):
    """One thing that a leader is told; `is_need` when somebody has to act."""

    run_id: str
    task_id: str
    kind: str
    event_id: int
    since: int
    who: str
    text: str
    command: str = ""
    is_need: bool = False
    again: bool = False


def is_driven(tx: "ReadTx", run_id: str) -> bool:
    """Say whether a living driver looks after the run: then its word about needs counts."""
    runner = store.runner(tx, run_id)
    return runner is not None and not process_identity.is_gone(*runner)


def is_settled(tx: "ReadTx", run: "Run", needs: "Iterable[ToTell]") -> bool:
    """Say whether these needs, and no others, are recorded as they are."""
    standing = _standing(tx, run)
    for one in needs:
        row = standing.pop(one.key, None)
        if row is None or (row.text, row.command) != (one.text, one.command):
            return False
    return not standing


def settle(tx: "Tx", run: "Run", needs: "Iterable[ToTell]", actor: str) -> list[int]:
    """Record what holds now, and that the rest is over; return the events of what is new.

    The same need is recorded once, however often it is found.
    """
    standing, new = _standing(tx, run), []
    for one in needs:
        row = standing.pop(one.key, None)
        number = row.need_no if row is not None else None
        if number is None and one.cause:
            number = store.number(tx, run.run_id, *one.key)
        if number is None:
            new.append(_record(tx, run, one, actor))
        elif row is None or (row.text, row.command) != (one.text, one.command):
            store.renew(tx, number, one.who, one.text, one.command)
    for row in standing.values():
        store.end(tx, row.need_no)
    return new


def _standing(tx: "ReadTx", run: "Run") -> "dict[tuple[str, str, str], NeedRow]":
    found = {}
    for row in store.open_of(tx, run.run_id):
        cause = "" if row.cause.startswith(_OWN) else row.cause
        found[row.task_id, row.kind, cause] = row
    return found


def _record(tx: "Tx", run: "Run", one: ToTell, actor: str) -> int:
    event_id = events.record(
        tx,
        "drive_need",
        actor,
        run_id=run.run_id,
        task_id=one.task_id or None,
        summary=one.text,
        payload=obj(kind=one.kind, cause=one.cause, who=one.who, command=one.command),
    )
    cause = one.cause or f"{_OWN}{event_id}"
    store.insert(
        tx, run_id=run.run_id, task_id=one.task_id, kind=one.kind, cause=cause, who=one.who,
        text=one.text, command=one.command, since=one.since, event_id=event_id,
    )  # fmt: skip
    return event_id


def news(tx: "ReadTx", run: "Run", leader: str) -> list[News]:
    """Return what a leader was not surely told of a run, the most urgent first, then the oldest.

    One that was offered before, by a wait that was killed or is about to print it, is `again`.
    """
    place = places.of(tx, leader, run.run_id)
    delivered, offered = (place.delivered, place.offered) if place is not None else (0, 0)
    found = [one for one in holding(tx, run) if one.event_id > delivered and not _given(tx, one)]
    ends: dict[str, News] = {}
    for event in places.news(tx, run.run_id, delivered, ENDS):
        ends[event.task_id] = News(
            run.run_id, event.task_id, ENDS[event.event_type], event.event_id, event.since,
            event.who, event.text,
        )  # fmt: skip
    found += ends.values()
    for one in found:
        one.again = one.event_id <= offered
    return by_urgency(found)


def _given(tx: "ReadTx", one: News) -> bool:
    """Say whether a person gave what is asked, and the driver has not looked since."""
    task = tasks.find(tx, one.run_id, one.task_id) if one.kind in _GIVEN_BY_PEOPLE else None
    if task is None:
        return False
    if one.kind == "question":
        return task.status != "blocked"
    newest = next(iter(entries.of_task(tx, task.task_no)), None)
    if newest is None or newest.status != "awaiting_approval":
        return newest is not None and newest.status in _APPROVED
    return not loads(entries.document(tx, newest.entry_no))["approvals"]["missing"]


def by_urgency(found: "Iterable[News]") -> list[News]:
    """Return news in the order in which it is told: needs by kind and age, then what ended by age,
    then what is to be done with a run that is over."""
    return sorted(found, key=_place)


def _place(one: News) -> tuple[int, int, int, int]:
    if not one.is_need:
        return 1, 0, 0, one.event_id
    is_last = not one.task_id and one.kind in _OF_AN_END
    return 2 if is_last else 0, rank(one.kind), one.since, one.event_id


def holding(tx: "ReadTx", run: "Run") -> list[News]:
    """Return all needs that hold, told or not, the most urgent first, then the oldest."""
    return by_urgency(
        News(row.run_id, row.task_id, row.kind, row.event_id, row.since, row.who, row.text,
             row.command, True, True)
        for row in store.open_of(tx, run.run_id)
    )  # fmt: skip


def asked_by_driver(tx: "ReadTx", run: "Run") -> "News | None":
    """Return the most urgent need with a command; None once something happened that its driver
    has not looked at yet: what it asked for may have been given."""
    if store.newest_actor(tx, run.run_id) != _DRIVER:
        return None
    return next((one for one in holding(tx, run) if one.command and not _given(tx, one)), None)


def newest_event(tx: "ReadTx", run: "Run") -> int:
    """Return the newest event of a run's log."""
    return places.last_of_run(tx, run.run_id)


def cause_event(tx: "ReadTx", one: News) -> int:
    """Return the event that says what a piece of news is about, as the original protocol wakes."""
    told = _CAUSES.get(one.kind)
    found = places.newest(tx, one.run_id, one.task_id, told) if told and one.is_need else 0
    return found or one.event_id


def offer(tx: "Tx", leader: str, run: "Run", through: int, event_id: int) -> None:
    """Note that all news up to `through` is about to be printed."""
    places.offer(tx, leader, run.run_id, through, event_id)


def deliver(tx: "Tx", leader: str, run_id: str, through: int) -> None:
    """Note that all news up to `through` was printed."""
    places.deliver(tx, leader, run_id, through)


def acknowledge(tx: "Tx", leader: str, run: "Run", through: int) -> None:
    """Note that a leader says to have seen all news up to `through`; never back."""
    offer(tx, leader, run, 0, 0)
    deliver(tx, leader, run.run_id, through)
