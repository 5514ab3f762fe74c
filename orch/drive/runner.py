"""The driver: look, decide, record, do, sleep; killed anywhere, the next one goes on.

A look settles what was left, reads one snapshot of each run, plans, records the pass and does its
steps; slow ones in lanes. Nothing that matters is kept in memory between two looks.
"""

import time

from inbox.workflows import wait
from orch import children
from orch.config.drive_policy import DrivePolicy
from orch.drive import driver_lease, effects, notices, snapshot
from orch.drive.driver_lease import DriverLease
from orch.drive.hands import Hands
from orch.drive.lanes import Lanes
from orch.drive.options import DriveOptions, DriveOutcome
from orch.drive.planner import codec, planner
from orch.drive.planner.model import (
    PLANNER,
    DrivePlan,
    DriveSnapshot,
    SlotFacts,
    TicketFacts,
)
from orch.drive.staffing import Staff
from orch.drive.tickets import TicketWatch
from orch.drive.watch import Watch
from orch.operations import driving
from orch.pace import Pace
from orch.reconcile import reconcile
from orch.steps import run as run_steps
from orch.store import drive_facts as facts
from orch.store import drives as drive_rows
from schema import crash_points, events
from schema.failures import Failure
from schema.json_text import obj
from schema.signals import Interrupted
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from schema.transaction import Database, ReadTx

    Line = Callable[[str, str, str, str], None]  # Run, task or "", kind of line, the line.

_MOST_PASSES = 1000  # In one look: each must do something.
_RENEW_SECONDS = 20.0
_OTHERS_SECONDS = 1.0  # How often what happens in other runs is looked at.
_TARGET_MS = 60_000
_MENDED_MS = 2_000  # How often a checkout that is in the way is looked at.
# A git that is locked, a store that is busy, an orch.toml that somebody is just mending.
_PASSES_BY, _MOST_STUMBLES = ("store_busy", "git_error", "invalid_input"), 5
FINISH, END = 1, 2


class _Driven:
    """One run under this driver."""

    def __init__(self, lease: DriverLease, watch: Watch, hands: Hands) -> None:
        self.lease = lease
        self.watch = watch
        self.hands = hands
        self.plan: DrivePlan | None = None
        self.seen: DriveSnapshot | None = None
        self.event = self.own = -1
        self.passed = 0.0
        self.due = 0
        self.before = ""
        self.notice_at = self.stumbles = 0
        self.problem = ""
        self.nap: float | None = None
        self.tickets: TicketWatch | None = None
        self.policy: DrivePolicy | None = None  # Of the newest recorded pass.


class Driver:
    """Drives runs in one process. `stop` may be called from a signal handler."""

    def __init__(self, db: "Database", options: DriveOptions, line: "Line") -> None:
        self._db = db
        self._options = options
        self._line = line
        self._lanes = Lanes(db)
        self._driven: list[_Driven] = []
        self._staff: Staff | None = None
        self._pace = Pace(waits=True)
        self._level = 0
        self._heard = 0
        self._renewed = time.monotonic()
        self.outcome = DriveOutcome([])

    def _is_stopped(self) -> bool:
        return self._level > 0

    def stop(self, level: int) -> None:
        """Begin nothing more and let what runs end (1); a second time, or with 2, end it."""
        self._level = max(self._level + 1, level)

    def drive(self, run_ids: list[str]) -> DriveOutcome:
        """Drive runs until they are at an end of the kind that was asked for.

        Raises: lease_conflict (held, superseded), not_found/run, invalid_state/closed, store_error.
        """
        self.outcome = DriveOutcome(run_ids)
        try:
            for run_id in run_ids:
                self._take(run_id)
            deadline = self._options.seconds
            end = wait.until(self._db, self._topics(), self._look, deadline or 0, self._nap)
            self.outcome.end = end or "timeout"
            self._finish()
        finally:
            self._go()
        return self.outcome

    def _topics(self) -> list[str]:
        return [self._lanes.topic, *(f"run={one.watch.run_id}" for one in self._driven)]

    def _take(self, run_id: str) -> None:
        options = self._options
        lease = self._lease(run_id)
        watch = Watch(run_id, options.until, options.flags)
        watch.can_ask = options.ask_review is not None

        def _say(task_id: str, kind: str, text: str) -> None:
            self._line(run_id, task_id, kind, text)

        hands = Hands(
            self._db, lease, watch, self._lanes, _say, options.ask_review, options.program
        )
        self._driven.append(_Driven(lease, watch, hands))
        if self._staff is None:
            self._staff = Staff(self._db, lease, options.cwd, options.program, _say)

    def _lease(self, run_id: str) -> DriverLease:
        """Return the lease of a run, waiting for it where this driver stands by."""
        options, told = self._options, False

        def _try() -> DriverLease | None:
            nonlocal told
            if self._is_stopped():
                raise Interrupted(2)
            try:
                return driver_lease.take(self._db, run_id, steal=options.steal, until=options.until)
            except Failure as failure:
                if not options.stands_by or failure.reason != "held":
                    raise
                if not told:
                    self._line(run_id, "", "standby", f"stands by: {failure.message}")
                told = True
            return None

        found = wait.until(self._db, [f"run={run_id}"], _try, options.seconds or 0)
        if found is None:
            text = f"run {run_id} is still driven by another: the time to stand by is over"
            raise Failure("no_matching_work", "timeout", text, next=[run_steps.driven(run_id)])
        return found

    # A look.

    def _look(self) -> str | None:
        """Bring every run on as far as it goes now; return how the driver ends, None for not."""
        if self._is_stopped():
            return "stopped"
        ended = self._lanes.collect()
        for one in self._driven:
            with one.lease.over(self._db):
                one.watch.slots = self._slots(one)
                self._renew(one)
                self._take_tickets(one)
                is_due = ended or self._is_due(one)
                if is_due:
                    self._try(one)
                if is_due or 0 < one.notice_at <= self._db.clock.now().wall_ms:
                    one.notice_at = (
                        notices.tell(self._db, one.watch.run_id, one.watch.settings) or 0
                    )
            if self._is_stopped():
                return "stopped"
        return self._end()

    def _slots(self, one: _Driven) -> list[SlotFacts]:
        """Return the workers, kept up as the first run wants it: they serve all runs."""
        if one is not self._driven[0]:
            return self._driven[0].watch.slots
        return self._staff_now().keep_up(one.watch.policy)

    def _take_tickets(self, one: _Driven) -> None:
        """Apply the ticket files that came."""
        globs = one.watch.policy.tickets
        if not globs:
            one.tickets = None
            return
        top = one.watch.top
        if one.tickets is None or (one.tickets.top, one.tickets.globs) != (top, globs):
            one.tickets = TicketWatch(one.watch.run_id, top, globs)
        found = one.tickets.look(self._db)
        one.nap = found.nap
        if found.applied:
            names = ", ".join(found.applied[:5])
            self._line(
                one.watch.run_id, "", "ticket", f"{many(len(found.applied), 'task')} came: {names}"
            )
        with self._db.read() as tx:
            one.watch.tickets = [
                TicketFacts(need.path, need.text.removeprefix(f"{need.path} "), need.since)
                for need in one.tickets.needs(tx)
            ]

    def _renew(self, one: _Driven) -> None:
        if time.monotonic() - self._renewed > _RENEW_SECONDS:
            one.lease.renew()
            if one is self._driven[-1]:
                self._renewed = time.monotonic()

    def _is_due(self, one: _Driven) -> bool:
        """Say whether anything happened in the store, or a moment has come."""
        with self._db.read() as tx:
            (newest, own), now = self._newest(tx), tx.now.wall_ms
        slots = one.seen.slots if one.seen is not None else ()
        if one.seen is not None and tuple(one.watch.tickets) != one.seen.tickets:
            return True
        if own != one.own or 0 < one.due <= now or tuple(one.watch.slots) != slots:
            return True
        # What others do may free a lock or a queue, and need not wake this run each time.
        return newest != one.event and time.monotonic() - one.passed >= _OTHERS_SECONDS

    def _newest(self, tx: "ReadTx") -> tuple[int, int]:
        """Return the newest event of all, and that of the runs that are driven here."""
        return events.last_id(tx), max(facts.last(tx, o.watch.run_id) for o in self._driven)

    def _try(self, one: _Driven) -> None:
        """Bring a run on; what may pass by itself is told, and tried again a few times."""
        try:
            self._bring_on(one)
        except Failure as failure:
            one.stumbles += 1
            if failure.code not in _PASSES_BY or one.stumbles > _MOST_STUMBLES:
                raise
            if failure.message != one.problem:
                self._line(one.watch.run_id, "", "problem", failure.message)
            one.problem = failure.message
            one.due = self._db.clock.now().wall_ms + (1000 << one.stumbles)
        else:
            one.stumbles, one.problem = 0, ""

    def _bring_on(self, one: _Driven) -> None:
        """Pass after pass until nothing is left that can be done at once."""
        for _ in range(_MOST_PASSES):
            if not self._pass(one) or self._options.once or self._is_stopped():
                return
        raise Failure(
            "internal_error", "bug", f"the driver of run {one.watch.run_id} goes in circles"
        )

    def _pass(self, one: _Driven) -> bool:
        """Look at a run, decide, record and do; say whether there was something to do."""
        report = reconcile(self._db, one.watch.run_id, pace=self._pace)
        for text in (*report.repaired, *report.problems):
            self._line(one.watch.run_id, "", "problem", text)
        crash_points.reach("drive.settled")
        with self._db.read() as tx:
            one.event, one.own = self._newest(tx)
        one.passed = time.monotonic()
        seen = snapshot.take(self._db, one.watch)
        plan = planner.plan(seen)
        one.seen, one.plan, one.due = seen, plan, plan.wake_at
        if seen.queues:  # No event tells that somebody pushed to a target.
            one.due = min(filter(None, (one.due, seen.now + _TARGET_MS)))
        if seen.repositories or one.watch.in_the_way:  # Nor that a checkout was cleaned.
            one.due = min(filter(None, (one.due, seen.now + _MENDED_MS)))
        self.outcome.passes += 1
        if not plan.steps:
            one.before = ""
            if seen.policy != one.policy:  # Others read here by what settings it is driven.
                self._record(one, seen, plan, codec.snapshot_json(seen))
            return False
        told = codec.snapshot_json(seen)
        same = _without_time(told)
        if same == one.before:
            raise Failure(
                "internal_error", "bug",
                f"a pass over run {one.watch.run_id} changed nothing and decided again: "
                + "; ".join(codec.step_text(step, _names(seen)) for step in plan.steps),
            )  # fmt: skip
        one.before = same
        self._record(one, seen, plan, told)
        crash_points.reach("drive.recorded")
        effects.do(one.hands, seen, plan)
        crash_points.reach("drive.stepped")
        return True

    def _record(self, one: _Driven, seen: DriveSnapshot, plan: DrivePlan, told: str) -> None:
        with self._db.write() as tx:
            drive_rows.record_pass(
                tx, one.watch.run_id, one.lease.fence, PLANNER, told, codec.plan_json(plan)
            )
        one.policy = seen.policy

    def _nap(self) -> float | None:
        """Return the seconds until the first moment of any run, None where there is none."""
        now = self._db.clock.now().wall_ms
        dues = [due for one in self._driven for due in (one.due, one.notice_at) if due]
        naps = [max(0.05, (due - now) / 1000) for due in dues]
        naps += [one.nap for one in self._driven if one.nap is not None]
        return min(naps, default=None)

    def _end(self) -> str | None:
        """Return how the driver ends once every run is at an end, None while it goes on."""
        if self._options.once:
            return "once"
        ends = [one.plan.end if one.plan is not None else "" for one in self._driven]
        if self._options.until == "need" and "needs_people" in ends:
            return "needs_people"
        if not all(ends):
            return None
        return next((e for e in ("needs_people", "idle", "landed") if e in ends), None)

    # The end.

    def _finish(self) -> None:
        """Let lanes and workers come to their end; a second stop ends them."""
        assert self._staff is not None
        self._staff.stop(FINISH)

        def _is_over() -> bool | None:
            if self._level > 1:
                self._staff_now().stop(END)
                children.end_all()
            for one in self._driven:
                with one.lease.over(self._db):
                    self._lanes.collect()
                    self._staff_now().poll()
                    self._renew(one)
            return True if self._lanes.is_idle and self._staff_now().is_over else None

        wait.until(self._db, self._topics(), _is_over, 0, lambda: 0.1)
        children.open_again()
        for one in self._driven:
            with one.lease.over(self._db):
                reconcile(self._db, one.watch.run_id, pace=self._pace)
                one.seen = snapshot.take(self._db, one.watch)
                one.plan = planner.plan(one.seen)
                self._tell_end(one)
        self._sum_up()

    def _tell_end(self, one: _Driven) -> None:
        """Let it be told that all is over, where it is; what is sent outlives this driver."""
        assert one.plan is not None
        if self.outcome.end == "landed" and one.seen is not None and one.seen.end != "land":
            effects.tell_end(one.hands, one.plan)
        notices.tell(self._db, one.watch.run_id, one.watch.settings)

    def _staff_now(self) -> Staff:
        assert self._staff is not None
        return self._staff

    def _sum_up(self) -> None:
        found = self.outcome
        for one in self._driven:
            found.did += one.hands.did
            found.landed += one.hands.landed
            if one.plan is not None and one.seen is not None:
                found.needs += one.plan.needs
                found.ends.append(
                    (one.watch.run_id, one.seen.end, one.seen.target, one.seen.is_closed)
                )
                names = _names(one.seen)
                found.why += [(one.watch.run_id, names[n], why) for n, why in one.plan.why]
        if self._options.until == "idle" and found.end in ("idle", "landed") and not found.did:
            found.end = "empty"

    def _go(self) -> None:
        """Leave the leases; what cannot be left dies with this process."""
        if self._staff is not None:
            self._staff.close(5.0)
        for one in self._driven:
            try:
                with one.lease.over(self._db), self._db.write() as tx:
                    summary = self.outcome.end or "ended"
                    payload = obj(end=summary, did=one.hands.did)
                    driving.tell(tx, one.watch.run_id, "drive_ended", summary, payload)
                    one.lease.forget(tx)
                    self.outcome.high_event_id = tx.last_event_id
                crash_points.reach("drive.left")
            except Failure as failure:
                if failure.code not in ("lease_conflict", "store_busy", "store_error"):
                    raise


def _names(seen: DriveSnapshot) -> dict[int, str]:
    return {task.task_no: task.task_id for task in seen.tasks}


def _without_time(told: str) -> str:
    """Return a snapshot without the moment it was taken at."""
    head, _, rest = told.partition('"now":')
    return head + rest.lstrip("0123456789")
