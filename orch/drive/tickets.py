"""Tickets: files that become tasks of a run as they come, each content at most once (I24).

A file counts when two looks in a row see the same size, time and inode. All that count in a look
are one plan and one transaction. What is refused is a need, once per content; nothing is ever
written beside a ticket, and a file that goes changes nothing.
"""

import hashlib
import os

from orch import config_in_force
from orch.drive import ticket_files
from orch.operations import plans, requests, runs
from orch.plans import files, joined
from orch.steps.model import say
from orch.store import plans as plan_rows
from orch.store import tickets as store
from orch.worktrees import clean
from schema import crash_points, events
from schema.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orch.drive.ticket_files import Look
    from orch.model import Run
    from orch.plans.diff import TaskChange
    from orch.plans.document import Problem
    from orch.plans.parse import PlanReading
    from schema.steps import Step
    from schema.transaction import Database, ReadTx, Tx

_NAP = 0.5  # To the second look at a file that changed.
_PATIENCE_MS = 60_000  # A dependency may come in a file of its own.
_MOST_TOLD = 3


class TicketLook(Value):
    """What a look did: the tasks it added or changed, and when it wants the next one."""

    applied: list[str]
    nap: float | None


class TicketNeed(Value):
    """A ticket that only a person can help: refused, or waiting for a task that is nowhere."""

    path: str
    text: str
    since: int
    step: "Step"


class TicketContent:
    """A file's content as a plan, under the name by which its problems are told."""

    __slots__ = ("digest", "name", "problems", "reading", "unknown")

    def __init__(self, name: str, digest: str, reading: "PlanReading") -> None:
        self.name = name
        self.digest = digest
        self.reading = reading
        self.problems = [_told(problem) for problem in reading.problems]
        self.unknown = ""


class TicketWatch:
    """The ticket files of a run, from look to look; what it remembers, a new one finds out again.

    `top` is the top of the repository; `globs` are relative to it.
    """

    def __init__(self, run_id: str, top: str, globs: "Sequence[str]") -> None:
        ticket_files.require_globs(globs)
        clean.leave_out(globs)
        self.run_id = run_id
        self.top = top
        self.globs = tuple(globs)
        self._seen: dict[str, Look] = {}
        self._over: dict[str, Look] = {}
        self._digests: dict[str, str] = {}
        self._waiting: dict[str, Look] = {}
        self._tried = 0  # The last event when those that wait were tried.

    def look(self, db: "Database") -> TicketLook:
        """Look at the files, and apply what is new and stands still.

        Raises: not_found/run, invalid_input for an orch.toml that cannot be read, git_error.
        """
        now = ticket_files.scan(self.top, self.globs)
        fresh = [path for path, look in now.items() if self._over.get(path) != look]
        stable = [path for path in fresh if self._seen.get(path) == now[path]]
        self._seen = now
        self._waiting = {p: look for p, look in self._waiting.items() if now.get(p) == look}
        wanted = [path for path in stable if path not in self._waiting]
        if self._waiting and (wanted or self._is_news(db)):
            wanted += self._waiting
        applied = self._take(db, wanted, now) if wanted else []
        rest = [path for path in fresh if path not in stable]
        return TicketLook(applied, _NAP if rest else None)

    def needs(self, tx: "ReadTx") -> list[TicketNeed]:
        """Return what of the files that are there was refused, or waits too long."""
        there = {self._digests[path]: path for path in self._seen if path in self._digests}
        found = []
        for one in store.open_ones(tx, self.run_id):
            path = there.get(one.sha256)
            late = one.state == "refused" or tx.now.wall_ms - one.created_at >= _PATIENCE_MS
            if path is not None and late:
                step = say("plan check", self._shown(path), run=self.run_id)
                text = f"{path} is refused: {one.text}" if one.state == "refused" else (
                    f"{path} waits: {one.text}")  # fmt: skip
                found.append(TicketNeed(path, text, one.created_at, step))
        return found

    def _shown(self, path: str) -> str:
        """Return a file's name as it works here."""
        whole = os.path.join(self.top, path)
        return path if os.path.realpath(path) == os.path.realpath(whole) else whole

    def _is_news(self, db: "Database") -> bool:
        with db.read() as tx:
            return events.last_id(tx) != self._tried

    def _take(
        self, db: "Database", wanted: "Iterable[str]", now: "Mapping[str, Look]"
    ) -> list[str]:
        """Read files, and apply what the run does not know; return the tasks that changed."""
        contents = []
        for path in sorted(wanted):
            content = self._read(path, now[path])
            if content is not None:
                contents.append(content)
        crash_points.reach("drive.ticket_read")
        given = give(db, self.run_id, contents)
        crash_points.reach("drive.ticket_applied")
        if given is None:
            return []  # The run is closed.
        self._waiting = {one.name: now[one.name] for one in contents if one.unknown}
        self._tried = given.event_id
        for one in contents:
            if not one.unknown:
                self._over[one.name] = now[one.name]
        return given.changed

    def _read(self, path: str, look: "Look") -> TicketContent | None:
        """Return a file's content, None when it changed meanwhile."""
        whole = os.path.join(self.top, path)
        try:
            data, seen = files.read_bytes(whole)
        except FileNotFoundError:
            return None
        except files.Unreadable as why:
            digest = hashlib.sha256(f"{path} {look} {why}".encode()).hexdigest()
            self._digests[path] = digest
            return content_of(path, digest, b"", str(why))
        if (seen.st_size, seen.st_mtime_ns, seen.st_ino) != look:
            return None
        self._digests[path] = digest = hashlib.sha256(data).hexdigest()
        return content_of(path, digest, data, whole=whole)


def content_of(
    name: str, digest: str, data: bytes, fault: str = "", whole: str = ""
) -> TicketContent:
    """Return a content as a plan; `fault` is why it cannot be read, `whole` where it lies."""
    reading = files.reading_of(data, whole or name) if not fault else files.refused(fault)
    return TicketContent(name, digest, reading)


def _told(problem: "Problem") -> str:
    place = f"{problem.path}: " if problem.path else ""
    return f"line {problem.line}: {place}{problem.message}"


class AppliedTickets:
    """What became of contents that a run was given: changed tasks, and the last event."""

    __slots__ = ("changed", "changes", "event_id")

    def __init__(self, changes: "list[TaskChange]", event_id: int) -> None:
        self.changes = changes
        self.changed = [c.ticket.task_id for c in changes if c.kind in ("added", "updated")]
        self.event_id = event_id


def give(db: "Database", run_id: str, contents: "Sequence[TicketContent]") -> AppliedTickets | None:
    """Apply contents to a run in one transaction; each is recorded, as applied or not.

    What the run knows as applied or refused is left out. A task that is nowhere is waited for:
    `unknown` of the content says which. None for a closed run. Raises: not_found/run.
    """
    with db.read() as tx:
        run = runs.require(tx, run_id)
        fresh = _unknown(tx, run_id, contents)
    if run.closed_at is not None:
        return None
    if not fresh:
        return AppliedTickets([], 0)
    settings = config_in_force.at(db, run)
    with db.write() as tx:
        run = runs.require(tx, run_id)
        if run.closed_at is not None:
            return None
        return _give(tx, run, _unknown(tx, run_id, fresh), settings.profiles)


def _unknown(
    tx: "ReadTx", run_id: str, contents: "Sequence[TicketContent]"
) -> "list[TicketContent]":
    """Return the contents that were neither applied nor refused yet, each once."""
    known = store.known(tx, run_id, [one.digest for one in contents])
    each = {one.digest: one for one in reversed(contents)}
    return [one for one in reversed(each.values()) if known.get(one.digest) in (None, "waiting")]


def _give(
    tx: "Tx", run: "Run", fresh: "list[TicketContent]", profiles: "Mapping[str, Sequence[str]]"
) -> AppliedTickets:
    sound = {one.name: one for one in fresh if not one.problems}
    reading, changes = _sound(tx, run, sound, profiles)
    event_id = _apply(tx, run, reading, changes) if reading is not None else 0
    for one in fresh:
        state = "applied" if one.name in sound else "waiting" if one.unknown else "refused"
        text = one.unknown or "; ".join(one.problems[:_MOST_TOLD])
        if len(one.problems) > _MOST_TOLD:
            text += f"; {len(one.problems) - _MOST_TOLD} more"
        store.put(tx, run.run_id, one.digest, one.name, state, text, event_id)
    return AppliedTickets(changes, max(event_id, events.last_id(tx)))


def give_whole(
    tx: "Tx",
    run: "Run",
    contents: "Sequence[TicketContent]",
    profiles: "Mapping[str, Sequence[str]]",
) -> "tuple[PlanReading, AppliedTickets]":
    """Apply contents as one plan, all or nothing; return the plan, and what became of it.

    What was applied before is left out. With problems in the plan nothing was written.
    """  # fmt: skip
    known = store.known(tx, run.run_id, [one.digest for one in contents])
    fresh = {one.digest: one for one in contents if known.get(one.digest) != "applied"}
    reading = joined.join([(one.name, one.reading) for one in fresh.values()])
    changes, _ = plans.compare(tx, run, reading, profiles)
    if reading.problems:
        return reading, AppliedTickets([], 0)
    event_id = _apply(tx, run, reading, changes)
    for one in fresh.values():
        store.put(tx, run.run_id, one.digest, one.name, "applied", event_id=event_id)
    return reading, AppliedTickets(changes, event_id)


def _apply(tx: "Tx", run: "Run", reading: "PlanReading", changes: "list[TaskChange]") -> int:
    event_id = plans.apply(tx, run, changes)
    told = [requests.applied(tx, requests.require(tx, name), run) for name in reading.requests]
    runs.record_run_end(tx, run)
    return max(event_id, *told, 0)


def _sound(
    tx: "Tx", run: "Run", sound: "dict[str, TicketContent]", profiles: "Mapping[str, Sequence[str]]"
) -> "tuple[PlanReading | None, list[TaskChange]]":
    """Return the plan of what can be applied together, and what it changes.

    `sound` shrinks to that; what is taken out knows why.
    """
    standing = plan_rows.standing(tx, run.run_id)
    while sound:
        _leave_waiting(sound, standing.keys())
        if not sound:
            break
        whole = joined.join([(one.name, one.reading) for one in sound.values()])
        changes, _ = plans.compare(tx, run, whole, profiles)
        if not whole.problems:
            return whole, changes
        before = dict(sound)
        for problem in whole.problems:
            before[problem.file].problems.append(_told(problem))
            sound.pop(problem.file, None)
    return None, []


def _leave_waiting(sound: "dict[str, TicketContent]", known: "Iterable[str]") -> None:
    """Take out what waits for a task that is nowhere, and what waits for that."""
    while True:
        there = {*known, *(name for one in sound.values() for name in one.reading.places)}
        lacking = {
            one.name: other
            for one in sound.values()
            for others in one.reading.waits.values()
            for other in others
            if other not in there
        }
        if not lacking:
            return
        for name, other in lacking.items():
            sound.pop(name).unknown = f"there is no task {other} yet"
