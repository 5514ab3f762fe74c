"""Notices: what needs people goes out by the channels of `[notify]`, once per need and channel.

The row is there before anything is sent, and noted after. A driver only plans: a process of its own
sends (`orch notify --once`), so that a driver's death takes no half-sent notice with it. A sender
that died in between is followed by another, whose notice says `again`. Guarantees: what is resolved
before `after` is never sent; no URL, token or secret is in any text that is kept or printed.
"""

import os
import time

from inbox.workflows.wait import until
from orch import config_in_force, process, process_identity, wait_for_news
from orch.drive import channels, process_log, watching
from orch.operations import runs
from orch.pace import Pace
from orch.reconcile import reconcile
from orch.steps.model import say
from orch.store import notices as store
from schema import crash_points
from schema.failures import Failure
from schema.moments import stamp
from schema.steps import command
from schema.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from orch.config.model import Config, Notify
    from orch.operations.telling import ToTell
    from orch.store.notices import WaitingNotice
    from schema.transaction import Database

MOST_TRIES = 8
_FIRST_MS, _FACTOR, _MOST_MS = 10_000, 3, 3_600_000
_SOON_MS = 1_000
_DONE = "finished"  # The kind of need that is no need: all is over.
_sender: "process.Started | None" = None


class SentNotice(Value):
    """What came of sending one notice; `problem` is "" where it went out."""

    channel: str
    notice: channels.Notice
    problem: str


def tell(db: "Database", run_id: str, config: "Config") -> int | None:
    """Plan the notices of a run's needs, and have sent what is due, by a process of its own.

    Returns the moment (wall ms) of the next one, None when there is nothing to send. Never waits
    for a channel; what cannot be sent is doctor's to name.
    """
    due = plan(db, run_id, config.notify)
    if due is None:
        return None
    now = db.clock.now().wall_ms
    if due > now:
        return due
    quiet = _quiet_ms(db, config.notify)
    if quiet:
        return now + quiet
    with db.read() as tx:
        waiting = store.waiting(tx, run_id, config.notify.channels)
    if any(one.due_at <= now and not _is_in_work(one) for one in waiting):
        _start_sender(db, run_id)
    return now + _SOON_MS


def plan(db: "Database", run_id: str, notify: "Notify") -> int | None:
    """Give each need that holds its notices; return when the first is due, None without any."""
    ways = notify.channels
    if not ways:
        return None
    with db.read() as tx:
        missing = store.missing(tx, run_id, ways)
        is_moot = store.has_moot(tx, run_id)
        waiting = store.waiting(tx, run_id, ways)
    if missing or is_moot:
        with db.write() as tx:
            store.drop_moot(tx, run_id)
            for one in missing:
                wanted = ("done" if one.kind == _DONE else "need") in notify.on
                due = one.at + round(notify.after * 1000) if wanted else None
                store.insert(tx, one.need_no, one.channel, due)
            waiting = store.waiting(tx, run_id, ways)
    return waiting[0].due_at if waiting else None


def send_due(
    db: "Database", run_id: str, notify: "Notify", tell_one: "Callable[[SentNotice], None]"
) -> int:
    """Send what is due of a run, one after another; return how many were tried."""
    count = 0
    while not _quiet_ms(db, notify):
        with db.read() as tx:
            now = tx.now.wall_ms
            due = [one for one in store.waiting(tx, run_id, notify.channels) if one.due_at <= now]
        claimed = next((c for c in (_claim(db, one) for one in due) if c is not None), None)
        if claimed is None:
            break
        crash_points.reach("notice.claimed")
        sent = _send(db, notify, claimed)
        tell_one(sent)
        count += 1
    return count


def _claim(db: "Database", seen: "WaitingNotice") -> "WaitingNotice | None":
    """Take a notice to send it, unless another process does; return it as it stood."""
    with db.write() as tx:
        one = store.one(tx, seen.need_no, seen.channel)
        if one is None or one.due_at > tx.now.wall_ms or _is_in_work(one):
            return None
        store.claim(tx, one, process_identity.mine(tx.machine))
        return one


def _is_in_work(one: "WaitingNotice") -> bool:
    if one.pid is None:
        return False
    started, boot = one.pid_started or 0, one.pid_boot or ""
    return not process_identity.is_gone(one.pid, started, boot)


def _send(db: "Database", notify: "Notify", one: "WaitingNotice") -> SentNotice:
    """Send a notice that was taken, and note what came of it."""
    reminder = one.reminders + 1 if one.sent_at is not None else 0
    name = f"{one.run_id}/{one.task_id}/{one.kind}/{one.event_id}"
    notice = channels.Notice(
        f"{name}/{reminder}", one.kind, one.run_id, one.task_id, one.who, stamp(one.since),
        one.text, one.command, reminder, one.pid is not None,
    )  # fmt: skip
    problem = channels.send(one.channel, notify, notice)
    crash_points.reach("notice.sent")
    with db.write() as tx:
        if problem:
            tries = one.tries + 1
            wait = min(_FIRST_MS * _FACTOR ** (tries - 1), _MOST_MS)
            due = tx.now.wall_ms + wait if tries < MOST_TRIES else None
            store.failed(tx, one, due, problem)
        else:
            later = [one.known_at + round(s * 1000) for s in notify.remind[reminder:]]
            due = later[0] if later and one.kind != _DONE else None
            store.sent(tx, one, due)
    crash_points.reach("notice.noted")
    return SentNotice(one.channel, notice, problem)


def _quiet_ms(db: "Database", notify: "Notify") -> int:
    """Return for how long nothing is sent since somebody is looking."""
    return round(1000 * watching.seconds_left(db)) if notify.quiet_while_watched else 0


def _start_sender(db: "Database", run_id: str) -> None:
    """Start a process that sends what is due, unless ours still does; it outlives us."""
    global _sender  # noqa: PLW0603 - one child of this process, reaped here
    if _sender is not None and _sender.status() is None:
        return
    argv = [process.own_program(), "--db", db.path, "notify", "--run", run_id, "--once"]
    environment = process.unattended(os.environ) | {"ORCH_JSON": ""}
    log = db.folder.below("logs", "notify.log")
    try:
        process_log.shorten(log)
        _sender = process.start(
            argv, cwd=os.getcwd(), environment=environment, log=log, is_mute=True
        )
    except OSError:
        _sender = None  # Nothing was taken: the next look tries again.


def settle(
    db: "Database", name: str, looked: dict[str, tuple[int, float]],
    needs_of: "Callable[[str], list[ToTell]]", note: "Callable[[str], None]", pace: Pace,
) -> "Notify":  # fmt: skip
    """Bring a run up to date, record what it needs where no driver does; return its channels."""
    reconcile(db, name, note, pace)
    wait_for_news.settle(db, name, looked, needs_of)
    return of_run(db, name).notify


def follow(
    db: "Database",
    names: "Callable[[], list[str]]",
    needs_of: "Callable[[str], list[ToTell]]",
    seconds: float,
    tell_one: "Callable[[SentNotice], None]",
    note: "Callable[[str], None]",
) -> None:
    """Tell people of the needs of runs for `seconds` (0: for ever), with a driver or without one.

    A run whose orch.toml cannot be read is named once, and looked at again later.
    """
    pace = Pace(waits=True)
    looked: dict[str, tuple[int, float]] = {}
    nap = 2.0

    def _look() -> None:
        nonlocal nap
        moments = []
        for name in names():
            try:
                notify = settle(db, name, looked, needs_of, note, pace)
                due = plan(db, name, notify)
            except Failure as failure:
                note(failure.message)
                continue
            if due is not None and due <= db.clock.now().wall_ms:
                send_due(db, name, notify, tell_one)
                due = plan(db, name, notify)
            moments += [due] if due is not None else []
        left = min(moments, default=0) - db.clock.now().wall_ms
        nap = min(2.0, max(0.05, left / 1000)) if moments else 2.0

    until(db, ["any"], _look, seconds, lambda: nap)


def of_run(db: "Database", run_id: str) -> "Config":
    """Return the settings that count for a run. Raises: not_found/run, invalid_input."""
    with db.read() as tx:
        run = runs.require(tx, run_id)
    return config_in_force.at(db, run)


def test(notify: "Notify") -> list[SentNotice]:
    """Send a notice that says it is a test by every channel; return what came of each."""
    at = stamp(round(time.time() * 1000))
    again = command(say("notify", test=True))
    notice = channels.Notice(
        f"test/{os.getpid()}", "test", "test", "", "orch", at, "this is a test", again
    )
    return [SentNotice(way, notice, channels.send(way, notify, notice)) for way in notify.channels]
