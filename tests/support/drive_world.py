"""A driven run in memory: fake agents, people and clock; drivers that die; zombies; judges.

It knows what the planner does not: how turns end, which checks cannot run, who answers. It applies
the planner's steps as the real effects do (guarded by fence and state, asked again under the lock)
and judges each one. Judged: I19 to I22, I24 to I26, and that it ends.
"""

import random
from collections import Counter
from dataclasses import dataclass, field, replace

from orch.config.drive_policy import COUNTED_ELSEWHERE, DrivePolicy, RetryPolicy
from orch.drive.planner import codec
from orch.drive.planner.model import (  # fmt: skip
    PEOPLE,
    Begin,
    Cleanup,
    Close,
    DriveNeed,
    DrivePlan,
    DriveSnapshot,
    EndFacts,
    Enqueue,
    HarnessFacts,
    Integrate,
    QueueFacts,
    Refusal,
    RepositoryFacts,
    Review,
    RunQueue,
    SlotFacts,
    TaskFacts,
    Tell,
    TicketFacts,
    Verify,
)
from orch.drive.planner.planner import plan
from orch.machines import TASK
from tests.support.steps import bound

LEGAL = {(rule.source, rule.event) for rule in TASK.rules}
HOLDS_LOCK = ("dispatched", "running", "blocked", "verifying")
OVER_ENTRY = ("verified",)
_REST = 60_000  # ms that a limited client rests.
MOST_PASSES = 4_000
_MOST_TASKS = 60  # Where urgent work never ends, it ends here.
_MOST_STRANGERS = 5  # Each keeps a task for an hour.
_REPLAYED = 5  # Every fifth pass is decided again from its JSON.
_REPO = "/r"
_HOUR = 3_600_000


class Killed(Exception):
    """The driver died between two effects."""


class Fenced(Exception):
    """The driver's lease was taken by another."""


@dataclass
class Habits:
    """How often what happens, as chances; all zero: a quiet world."""

    fail: float = 0.0
    kill: float = 0.0
    zombie: float = 0.0
    hands: float = 0.0
    ask: float = 0.0
    broken: float = 0.0
    flake: float = 0.0
    external: float = 0.0
    review: float = 0.0
    approval: float = 0.0
    red: float = 0.0
    conflict: float = 0.0
    trial: float = 0.0
    limited: float = 0.0
    login: float = 0.0
    setup: float = 0.0
    dirty: float = 0.0
    alike: float = 0.0
    urgent: float = 0.0
    ticket: float = 0.0
    pause: float = 0.0
    budget: float = 0.0
    stranger: float = 0.0
    need: float = 0.0
    lock: float = 0.0
    unserved: float = 0.0
    base: float = 0.0
    worker: float = 0.0
    jump: float = 0.0


@dataclass
class Tally:
    """What was done, for the totals."""

    passes: int = 0
    tasks: int = 0
    landed: int = 0
    begun: int = 0
    retries: int = 0
    kills: int = 0
    fenced: int = 0
    hands: int = 0
    overtaken: int = 0
    end: str = ""
    needs: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


class World:
    """One run with everything around it."""

    def __init__(
        self,
        rng: random.Random,
        habits: Habits,
        policy: DrivePolicy,
        until: str,
        *,
        people: bool = False,
    ) -> None:
        self.rng, self.habits, self.policy, self.until = rng, habits, policy, until
        self.people = people
        self.tally = Tally()
        self.now = 1_000_000_000
        self.event = 0
        self.fence = 0
        self.tasks: dict[int, TaskFacts] = {}
        self.deps: dict[int, set[int]] = {}
        self.lock: dict[int, str] = {}
        self.gates: dict[int, int] = {}  # Task: the fence of the driver whose lane runs its checks.
        self.intents: dict[int, tuple[int, int]] = {}  # Task: (the driver's fence, since).
        self.cannot_run: set[int] = set()
        self.wants_review: set[int] = set()
        self.interrupted: Counter[int] = Counter()
        self.limited: Counter[int] = Counter()
        self.ends: list[EndFacts] = []
        self.retries = 0
        self.harness = HarnessFacts()
        self.served = rng.random() >= habits.unserved
        self.slots: tuple[SlotFacts, ...] = ()
        self.queue = QueueFacts(1, "b")
        self.is_dirty = False
        self.is_paused = False
        self.budget = ""
        self.approved: set[int] = set()
        self.strangers = 0
        self.told: dict[str, DriveNeed] = {}
        self.ever_told: set[str] = set()
        self.has_news = False
        self.applied: Counter[str] = Counter()
        self.folder: list[str] = []
        self.integrated = False
        self.cleaned = True
        self.is_closed = False
        self.automatic: dict[int, Counter[str]] = {}
        self.overtaken: Counter[int] = Counter()
        self.hand_in_pass = False
        self.last: DriveSnapshot | None = None

    # What there is.

    def add(self, **facts: object) -> int:
        """Put a task into the run; return its number."""
        number = len(self.tasks) + 1
        deps = facts.pop("deps", set())
        assert isinstance(deps, set)
        self.event += 1
        open_deps = {d for d in deps if self.tasks[d].status != "done"}
        given = {"status": "planned" if open_deps else "ready", "since": self.now, "repo": _REPO,
                 "event": self.event, **facts}  # fmt: skip
        self.tasks[number] = TaskFacts(number, f"t{number}", **given)  # type: ignore[arg-type]
        self.deps[number] = deps
        self.automatic[number] = Counter()
        return number

    def populate(self, count: int) -> None:
        """Put random tasks into the run, with a hidden truth about each."""
        for _ in range(count):
            self._add_random()

    def _add_random(self, priority: int | None = None) -> None:
        rng, habits = self.rng, self.habits
        known = list(self.tasks)
        deps = set(rng.sample(known, 1)) if known and rng.random() < habits.need else set()
        number = self.add(
            deps=deps,
            priority=rng.choice((0, 1, 1, 2)) if priority is None else priority,
            rank=rng.choice((0, 0, 3)),
            mode=rng.choice(("code", "code", "", "analysis")),
            to="ana" if rng.random() < 0.1 and self.served else "",
            max_attempts=rng.choice((1, 3, 3, 5)),
            has_nothing_to_land=False,
        )
        if rng.random() < habits.lock:
            self.lock[number] = rng.choice(("db", "api"))
        if rng.random() < habits.broken:
            self.cannot_run.add(number)
        self.is_closed = False  # Who adds to a closed run has reopened it.
        if rng.random() < habits.review:
            self.wants_review.add(number)

    def _set(self, number: int, **facts: object) -> None:
        self.event += 1
        facts.setdefault("event", self.event)
        if "status" in facts and facts["status"] != self.tasks[number].status:
            facts.setdefault("since", self.now)
        self.tasks[number] = replace(self.tasks[number], **facts)  # type: ignore[arg-type]

    def is_over(self, task: TaskFacts) -> bool:
        """Say whether nothing is left to be done about a task."""
        if task.status == "cancelled":
            return True
        return task.status == "done" and (
            self._is_analysis(task) or task.entry in OVER_ENTRY or not self.policy.queue
        )

    def _is_analysis(self, task: TaskFacts) -> bool:
        return (task.mode or self.policy.mode) == "analysis"

    def _is_ours(self, task: TaskFacts) -> bool:
        return self.policy.workers > 0 and not task.to

    # What a pass is told.

    def snapshot(self) -> DriveSnapshot:
        """Return what a pass is told."""
        held = {self.lock[n]: n for n, t in self.tasks.items()
                if n in self.lock and (t.status in HOLDS_LOCK or n in self.intents)}  # fmt: skip
        told = [self._told(t, held) for t in self.tasks.values() if not self.is_over(t)]
        left = [t for t in self.tasks.values() if t.status == "done" and not self.is_over(t)]
        moving = [t for t in left if t.entry in ("queued", "error")]
        is_open = bool(told)
        landed = [t for t in self.tasks.values() if t.entry in OVER_ENTRY]
        end = "open" if is_open else "finished" if self.integrated or not landed else "integrate"
        dirty = RepositoryFacts(_REPO, "dirty", "2 files are not committed", 1)
        return DriveSnapshot(
            now=self.now, run_id="r", policy=self.policy, until=self.until, tasks=tuple(told),
            queues=(replace(self.queue, moving=len(moving)),) if left else (), slots=self.slots,
            harness=self.harness, repositories=(dirty,) if self.is_dirty else (),
            tickets=tuple(
                TicketFacts(name, "line 1: no id", event=9)
                for name in self.folder
                if "wrong" in name
            ),
            ends=tuple(self.ends), retries=self.retries, budget=self.budget,
            budget_flags="turns=9" if self.budget else "", is_paused=self.is_paused, end=end,
            target="b", is_cleaned=self.cleaned, is_closed=self.is_closed,
            told=tuple(sorted(self.told)), has_news=self.has_news,
        )  # fmt: skip

    def _told(self, task: TaskFacts, held: dict[str, int]) -> TaskFacts:
        number = task.task_no
        hindrance, until = "", 0
        lock = self.lock.get(number, "")
        if number in self.intents:
            fence, since = self.intents[number]
            hindrance = "somebody is dispatching it"
            until = since + _HOUR if fence < 0 else 0
        elif lock and held.get(lock, number) != number:
            hindrance = f"lock: {lock}"
        states = {d: self.tasks[d] for d in self.deps[number]}
        waits, dead = [], []
        if task.status == "planned":
            waits = [d for d, t in states.items() if t.status != "done"]
        elif self.policy.stack == "landed" and task.status == "ready":
            waits = [d for d, t in states.items() if not self.is_over(t)]
        if waits or self.policy.stack == "landed":
            dead = [d for d, t in states.items() if t.status == "cancelled"]
        return replace(
            task,
            hindrance=hindrance,
            hindered_until=until,
            waits_for=tuple(f"t{d}" for d in waits),
            stranded_by=f"t{dead[0]}" if dead and task.status in ("planned", "ready") else "",
            automatic=tuple(sorted(self.automatic[number].items())),
            is_served=self.served or task.to == "ana",
            is_ours=self._is_ours(task),
            approval=("1 human",) if task.entry == "awaiting_approval" else (),
            overtaken=self.overtaken[number],
        )

    # A driver.

    def _point(self) -> None:
        if self.rng.random() < self.habits.kill:
            raise Killed

    def _guard(self, fence: int) -> None:
        if fence != self.fence:
            raise Fenced

    def drive(self) -> DrivePlan | None:
        """Run one driver until it ends or dies; return its last plan, None when it died."""
        self.fence += 1
        fence = self.fence
        self.has_news = False
        self.last = None
        self._staff()
        found: DrivePlan | None = None  # Drivers before it may have used up the passes.
        steps: tuple[object, ...] = ()
        try:
            while self.tally.passes < MOST_PASSES:
                self.tally.passes += 1
                self._reconcile(fence)
                self._read_tickets(fence)
                snapshot = self.snapshot()
                found = plan(snapshot)
                self._judge_plan(snapshot, found)
                if found.end:
                    return found
                steps = found.steps
                self.hand_in_pass = False
                for place, step in enumerate(found.steps):
                    if self.rng.random() < self.habits.zombie:
                        self._taken_over(fence, found, found.steps[place:])
                    self._apply(fence, step, found)
                self._meanwhile(found)
        except Killed:
            self.tally.kills += 1
            self._lifeline()
            self._pass_time(1_000)
            return None
        except Fenced:
            self.tally.fenced += 1
            self._pass_time(1_000)
            return None
        self.violate(f"no end after {MOST_PASSES} passes: {steps}")
        return found

    def _taken_over(self, fence: int, found: DrivePlan, rest: tuple[object, ...]) -> None:
        """It was stopped, another took the lease, and it goes on: nothing may come of it (I19)."""
        self.fence += 1
        before = (dict(self.tasks), dict(self.told), dict(self.intents), self.queue, self.retries)
        for step in rest:
            try:
                self._apply(fence, step, found)
            except (Fenced, Killed):
                continue
        after = (dict(self.tasks), dict(self.told), dict(self.intents), self.queue, self.retries)
        if before != after:
            self.violate("a driver that lost its lease changed something")
        raise Fenced

    def _staff(self) -> None:
        """A driver that begins starts its workers; one may end at once."""
        bad = self.rng.random() < self.habits.worker
        self.slots = tuple(
            SlotFacts(n, not bad, self.now + 5_000 if bad else 0, "exit 3" if bad else "")
            for n in range(1, self.policy.workers + 1)
        )

    def _lifeline(self) -> None:
        """The driver is gone: its workers end their turns and go home."""
        for number, task in list(self.tasks.items()):
            if not self._is_ours(task):
                continue
            if task.status == "running" and task.live != "gone":
                self._interrupt(number)
        self.slots = ()

    def _interrupt(self, number: int) -> None:
        self.interrupted[number] += 1
        if self.interrupted[number] >= 10:
            self._end(number, "lost", "interrupted")
        else:
            self._set(number, status="dispatched", is_claimed=False)

    def _reconcile(self, fence: int) -> None:
        self._guard(fence)
        for number, (owner, since) in list(self.intents.items()):
            if owner < 0 and self.now - since < _HOUR:
                continue  # Nobody can see whether that process lives.
            if owner != fence:
                del self.intents[number]
                self._set(number, lost=self.tasks[number].lost + 1)
        for number, task in list(self.tasks.items()):
            if task.gate == "running" and self.gates.get(number) != fence:
                self._set(number, gate="", gate_at=0)  # It died with its driver.
            if task.status == "planned" and all(
                self.tasks[d].status == "done" for d in self.deps[number]
            ):
                self._set(number, status="ready")

    def _read_tickets(self, fence: int) -> None:
        """Apply what lies in the folder: the row and the tasks are one transaction (I24)."""
        for name in list(self.folder):
            self._guard(fence)
            if "wrong" in name or self.applied[name]:
                continue
            self._point()
            self.applied[name] += 1
            self._add_random()
            self._point()
        if self.applied and max(self.applied.values()) > 1:
            self.violate("a ticket is applied twice")

    # Effects, each guarded by fence and state.

    def _apply(self, fence: int, step: object, found: DrivePlan) -> None:
        self._point()
        self._guard(fence)
        match step:
            case Begin():
                if self.rng.random() < self.habits.hands:
                    self._by_hand(step)
                self._begin(fence, step)
            case Verify():
                self._verify(fence, step)
            case Review(number):
                self._review(number)
            case Enqueue(numbers):
                self._enqueue(numbers)
            case RunQueue():
                self._run_queue()
            case Integrate():
                self._point()
                self.integrated = True
            case Cleanup():
                self.cleaned = True
            case Close():
                self.is_closed = True
            case Tell(needs):
                self._tell(needs, found)
        self._point()

    def _may_begin(self, step: Begin) -> bool:
        """Ask again under the lock: the status, the locks, the class that it answers."""
        task = self.tasks[step.task_no]
        if (task.status, step.event) not in LEGAL or step.task_no in self.intents:
            return False
        if step.event == "retry" and (task.status != "failed" or task.ended != step.cause):
            return False
        if step.event == "reassign" and task.live not in ("gone", "stale"):
            return False
        if step.event == "dispatch" and task.status != "ready":
            return False
        lock = self.lock.get(step.task_no)
        if lock and any(
            self.lock.get(n) == lock and n != step.task_no
            and (t.status in HOLDS_LOCK or n in self.intents)
            for n, t in self.tasks.items()
        ):  # fmt: skip
            return False
        return not (self.budget or self.is_paused)

    def _refused(self, step: Begin) -> str:
        """As `refuse_automatic`: the same rule, with what is so now."""
        task = self.tasks[step.task_no]
        return self.policy.retry.limit(
            step.cause, tried=self.automatic[step.task_no][step.cause], spent=task.spent,
            most=task.max_attempts, of_run=self.retries,
        )  # fmt: skip

    def _begin(self, fence: int, step: Begin) -> None:
        number = step.task_no
        if not self._may_begin(step) or (step.cause and self._refused(step)):
            return
        if step.mode == "code":
            if self.is_dirty:
                return
            if self.rng.random() < self.habits.setup:
                self._refuse(number, "setup")
                return
            if self.rng.random() < self.habits.base:
                self._refuse(number, "base_conflict")
                return
            self.intents[number] = (fence, self.now)
            self._point()  # git makes the worktree.
            if self.fence != fence:
                raise Fenced
            del self.intents[number]
        self._judge_begin(step)
        self._confirm(step, automatic=True)

    def _confirm(self, step: Begin, *, automatic: bool) -> None:
        number = step.task_no
        task = self.tasks[number]
        if step.cause and automatic:
            self.automatic[number][step.cause] += 1
            self.retries += 1
            self.tally.retries += 1
        spent = task.spent + (step.event == "reassign")
        if step.event == "dispatch" and automatic:
            self._count_overtaken(number)
        self._set(
            number, status="dispatched", attempt_no=task.attempt_no + 1, lost=0, refusal=None,
            is_claimed=False, is_answered=False, live="unknown", silent_since=0, gate="",
            gate_runs=0, gate_tries=0, gate_at=0, review="", entry="", entry_no=0, ended="",
            ended_at=0, has_commits=False, reason="", spent=spent, not_before=0,
        )  # fmt: skip
        self.interrupted[number] = 0
        self.tally.begun += 1

    def _refuse(self, number: int, kind: str) -> None:
        before = self.tasks[number].refusal
        count = before.count + 1 if before is not None and before.kind == kind else 1
        self._set(number, refusal=Refusal(kind, f"{kind} went wrong", count, self.now, 0))

    def _by_hand(self, step: Begin) -> None:
        """A person types the same command just before the driver does it."""
        if not self._may_begin(step) or (step.mode == "code" and self.is_dirty):
            return
        self.tally.hands += 1
        self.hand_in_pass = True
        self._confirm(step, automatic=False)

    def _verify(self, fence: int, step: Verify) -> None:
        task = self.tasks[step.task_no]
        if step.again and (task.status, task.ended) == ("failed", "check_failed"):
            self._set(step.task_no, status="verifying", gate="running", gate_at=self.now)
        elif task.status == "verifying" and task.gate != "running":
            self._set(step.task_no, gate="running", gate_at=self.now)
        else:
            return
        self.gates[step.task_no] = fence

    def _review(self, number: int) -> None:
        if (self.tasks[number].status, self.tasks[number].review) == ("done", "needed"):
            self._set(number, review="asked")

    def _enqueue(self, numbers: tuple[int, ...]) -> None:
        for number in numbers:
            task = self.tasks[number]
            if task.status == "done" and task.entry == "":
                self._point()
                self._set(number, entry="queued", entry_no=self.event)
                self.queue = replace(self.queue, is_changed=True)

    def _run_queue(self) -> None:
        if self.queue.hold and not self.queue.may_mend:
            self.violate("a held queue is run")
        self.queue = replace(
            self.queue, is_changed=False, looked_at=self.now, hold="", may_mend=False, wake_at=0
        )
        for number, task in list(self.tasks.items()):
            if task.status == "done" and task.entry in ("queued", "error"):
                self._point()
                self._try_entry(number)
                if self.queue.hold:
                    return

    def _try_entry(self, number: int) -> None:
        rng, habits = self.rng, self.habits
        chance = rng.random()
        if chance < habits.conflict:
            self._set(number, entry="conflict")
        elif chance < habits.conflict + habits.trial:
            self._set(number, entry="failed", entry_text="unit failed")
        elif chance < habits.conflict + habits.trial + habits.red:
            self.event += 1
            self.queue = replace(self.queue, hold="red", hold_text="b fails", event=self.event)
        elif chance < habits.conflict + habits.trial + habits.red + habits.broken:
            self._set(number, entry="error")
            self.queue = replace(self.queue, wake_at=self.now + 30_000)
        elif number not in self.approved and rng.random() < habits.approval:
            self._set(number, entry="awaiting_approval")
        else:
            self._land(number)

    def _land(self, number: int) -> None:
        self._set(number, entry="verified")
        self.cleaned = False
        self.tally.landed += 1
        for other, task in list(self.tasks.items()):
            if task.refusal is not None and task.refusal.kind == "base_conflict":
                self._set(other, refusal=None)

    def _tell(self, needs: tuple[str, ...], found: DrivePlan) -> None:
        known = {need.need_id: need for need in found.needs}
        self.told = {name: known[name] for name in needs}
        fresh = set(needs) - self.ever_told
        self.has_news = self.has_news or bool(fresh)
        self.ever_told |= fresh
        self.tally.needs.update(known[name].kind for name in fresh)

    # Agents, people and the clock.

    def _meanwhile(self, found: DrivePlan) -> None:
        self._arrive()
        rng, habits = self.rng, self.habits
        if self.until == "done" and found.needs and rng.random() < 0.2:
            self.answer(rng.choice(found.needs))
        if rng.random() < habits.pause:
            self.is_paused = True
        if rng.random() < habits.budget:
            self.budget = "2 of 2 turns"
        if rng.random() < habits.dirty:
            self.is_dirty = True
        if rng.random() < habits.hands:
            self._person_ends_something()
        if rng.random() < habits.jump:
            self.now += rng.choice((-1, 1)) * 24 * _HOUR
            # A runner rests by a clock that nobody can put back.
            rests = min(self.harness.rests_until, self.now + _REST)
            self.harness = replace(self.harness, rests_until=rests)
            # An unseen dispatch of tomorrow is waited for till then: safe, but no life has an end.
            self.intents = {n: (by, min(at, self.now)) for n, (by, at) in self.intents.items()}
        waits = found.wake_at and not found.steps
        nap = max(1, min(_HOUR, found.wake_at - self.now)) if waits else rng.randint(500, 20_000)
        if self.until == "done" and not found.is_moving and found.needs:
            self.answer(rng.choice(found.needs))
        if waits and any(self._is_working(t) for t in self.tasks.values()):
            nap = min(nap, 20_000)
        self._pass_time(nap)

    def _arrive(self) -> None:
        """Urgent work that never ends, and tickets: what is ordinary gets its turn all the same."""
        if self.rng.random() < self.habits.urgent and len(self.tasks) < _MOST_TASKS:
            for _ in range(2):
                self._add_random(priority=2)
        if self.rng.random() < self.habits.ticket and len(self.folder) < 12:
            wrong = "wrong-" if self.rng.random() < 0.2 else ""
            self.folder.append(f"{wrong}{len(self.folder)}.yaml")
        if self.rng.random() < self.habits.stranger and self.strangers < _MOST_STRANGERS:
            self.strangers += 1
            ready = [n for n, t in self.tasks.items() if t.status == "ready" and n not in self.lock]
            if ready:
                self.intents.setdefault(self.rng.choice(ready), (-1, self.now))

    def _person_ends_something(self) -> None:
        """A person stops a task that is at work, holds a landing, or calls something off (I21)."""
        rng = self.rng
        number = rng.choice(list(self.tasks))
        task = self.tasks[number]
        if self._is_working(task) and task.live != "gone":
            self._end(number, "stopped", "ana stopped it")
        elif task.entry in ("queued", "error", "awaiting_approval"):
            self._set(number, entry="held", entry_text="rejected by ana")
        elif task.status in ("ready", "failed", "planned") and number not in self.intents:
            self._set(number, status="cancelled")

    def _is_working(self, task: TaskFacts) -> bool:
        return task.status in ("dispatched", "running")

    def _pass_time(self, ms: int) -> None:
        self.now += ms
        self.slots = tuple(
            slot if slot.is_up or slot.not_before > self.now else SlotFacts(slot.slot_no, True)
            for slot in self.slots
        )
        for number in list(self.tasks):
            self._act(number, ms)

    def _act(self, number: int, ms: int) -> None:
        """Let whoever is at a task do what he does in that time."""
        task, rng = self.tasks[number], self.rng
        is_up = not self._is_ours(task) or any(slot.is_up for slot in self.slots)
        if task.status == "dispatched" and not task.is_claimed:
            rests = self._is_ours(task) and self.harness.rests_until > self.now
            can = is_up if self._is_ours(task) else self.served or task.to == "ana"
            if can and not rests and task.not_before <= self.now and rng.random() < 0.7:
                self._set(number, status="running", is_claimed=True, live="live")
        elif task.status == "running" and task.live == "live" and rng.random() < 0.4:
            self._turn(number)
        elif task.status == "blocked" and task.is_answered and (is_up or self.served):
            self._set(number, status="running", is_answered=False, live="live")
        elif task.gate == "running" and rng.random() < 0.6:
            self._checked(number)
        elif task.gate == "external" and rng.random() < 0.2:
            self._finish(number)
        elif task.review == "asked" and rng.random() < 0.4:
            self._reviewed(number)

    def _turn(self, number: int) -> None:
        """A turn ends, well or badly."""
        rng, habits, task = self.rng, self.habits, self.tasks[number]
        chance = rng.random()
        if chance < habits.fail:
            kinds = ("crashed", "timeout", "no_change", "failed", "permanent", "gone", "stale")
            kind = rng.choices(kinds, (4, 1, 2, 2, 1, 2, 1))[0]
            if kind in ("gone", "stale"):
                self._set(number, live=kind, silent_since=self.now)
            else:
                line = "no such model" if rng.random() < habits.alike else f"line {self.event}"
                self._end(number, kind, line)
        elif chance < habits.fail + habits.ask:
            self._set(number, status="blocked", reason="which?", is_answered=False)
        elif chance < habits.fail + habits.ask + habits.limited and self._is_ours(task):
            self._limit(number)
        elif task.mode != "analysis" and rng.random() < 0.8:
            self._set(number, status="verifying", gate="", gate_tries=0, has_commits=True)
        else:
            self._finish(number)

    def _limit(self, number: int) -> None:
        self.limited[number] += 1
        if self.limited[number] >= 12:
            self._end(number, "limited", "rate limit")
            return
        self.event += 1
        if self.rng.random() < self.habits.login:
            self.harness = HarnessFacts(
                is_logged_out=True, login=("claude", "/login"), event=self.event
            )
        else:
            self.harness = replace(self.harness, rests_until=self.now + _REST)
        self._set(number, status="dispatched", is_claimed=False, not_before=self.now + 60_000)

    def _end(self, number: int, kind: str, line: str) -> None:
        task = self.tasks[number]
        self._set(
            number, status="failed", ended=kind, ended_at=self.now, last_line=line, reason=line,
            spent=task.spent + (kind not in ("lost", "limited")), live="unknown",
        )  # fmt: skip
        self.ends.append(EndFacts(number, kind, line, self.now))

    def _checked(self, number: int) -> None:
        rng, habits, task = self.rng, self.habits, self.tasks[number]
        again = task.gate_runs == 1
        if number in self.cannot_run or rng.random() < habits.broken:
            self._set(number, gate="error", gate_tries=task.gate_tries + 1, gate_at=self.now,
                      reason="no database")  # fmt: skip
        elif rng.random() < habits.external and not again:
            self._set(number, gate="external", gate_check="ci", gate_at=self.now)
        elif rng.random() < habits.fail / 2 + (habits.flake if not again else 0):
            runs = task.gate_runs + 1
            line = f"assert {self.event}"
            if again:  # The same attempt ended; it is one end.
                self._set(number, status="failed", gate="failed", gate_runs=runs, ended_at=self.now)
            else:
                self._set(number, gate="failed", gate_runs=runs)
                kind = rng.choice(("check_failed", "check_failed", "paths"))
                self._end(number, kind, line)
        else:
            self._finish(number)

    def _finish(self, number: int) -> None:
        task = self.tasks[number]
        spent = task.spent + (task.status == "running" or task.ended == "")
        review = "needed" if number in self.wants_review and not self._is_analysis(task) else ""
        self._set(number, status="done", gate="", review=review, spent=min(spent, task.attempt_no),
                  ended_at=self.now, has_commits=True, ended="", live="unknown")  # fmt: skip

    def _reviewed(self, number: int) -> None:
        chance = self.rng.random()
        if chance < 0.2:
            self._set(number, review="silent")
        elif chance < 0.4 and number not in self.approved:
            self._set(number, review="revise")
        else:
            self._set(number, review="")

    def answer(self, need: DriveNeed) -> None:
        """A person does what a need asks for, or calls the task off."""
        number = int(need.task_id[1:]) if need.task_id else 0
        act = getattr(self, f"_answer_{need.kind}", None)
        if number and number not in self.tasks:
            return
        if number and self.tasks[number].event != need.event:
            return  # It is another state by now.
        self.queue = replace(self.queue, is_changed=True)
        if act is not None:
            act(number)
        elif number:
            self._retry_or_cancel(number)
        else:
            self.violate(f"nobody knows how to answer a need {need.kind}")

    def _retry_or_cancel(self, number: int) -> None:
        task = self.tasks[number]
        events = {"failed": "retry", "ready": "dispatch", "running": "reassign",
                  "blocked": "reassign", "done": "rework"}  # fmt: skip
        event = events.get(task.status, "")
        self.cannot_run.discard(number)
        step = Begin(number, event, "@auto", task.mode or "code")
        if self.rng.random() < 0.5 and event and self._may_begin(step):
            self._set(number, max_attempts=max(task.max_attempts, task.spent + 1), refusal=None)
            self._confirm(step, automatic=False)
        elif task.status != "done":
            self._set(number, status="cancelled")
        else:
            self._land(number)

    def _answer_question(self, number: int) -> None:
        self._set(number, is_answered=True)

    def _answer_check_error(self, number: int) -> None:
        self.cannot_run.discard(number)
        self._set(number, gate="", gate_tries=0)

    def _answer_unverified(self, number: int) -> None:
        self._finish(number)

    def _answer_external(self, number: int) -> None:
        self._finish(number)

    def _answer_review(self, number: int) -> None:
        self._set(number, review="")

    def _answer_approval(self, number: int) -> None:
        self.approved.add(number)
        self._set(number, entry="queued" if self.rng.random() < 0.8 else "held")

    def _answer_landing(self, number: int) -> None:
        self.approved.add(number)
        self._set(number, entry="queued")

    _answer_conflict = _answer_quarantined = _answer_held = _answer_landing

    def _answer_stranded(self, number: int) -> None:
        self._set(number, status="cancelled")

    def _answer_no_worker(self, number: int) -> None:
        self.served = True

    def _answer_budget(self, number: int) -> None:
        self.budget = ""

    def _answer_paused(self, number: int) -> None:
        self.is_paused = False
        self.ends = []

    def _answer_storm(self, number: int) -> None:
        self.is_paused = False
        self.ends = []

    def _answer_retries(self, number: int) -> None:
        retry = replace(self.policy.retry, run=2 * self.policy.retry.run or 20)
        self.policy = replace(self.policy, retry=retry)

    def _answer_login(self, number: int) -> None:
        self.harness = HarnessFacts()

    def _answer_worker(self, number: int) -> None:
        self.slots = tuple(SlotFacts(slot.slot_no, True) for slot in self.slots)

    def _answer_dirty(self, number: int) -> None:
        self.is_dirty = False

    def _answer_red(self, number: int) -> None:
        self.queue = replace(self.queue, hold="", is_changed=True)

    def _answer_ticket(self, number: int) -> None:
        self.folder = [name for name in self.folder if "wrong" not in name]

    def _answer_integrate(self, number: int) -> None:
        self.integrated = True

    # To the end.

    def run(self) -> None:
        """Driver after driver until one ends for good; people do what needs ask for, or nobody."""
        for _ in range(MOST_PASSES):
            found = self.drive()
            if self.tally.violations:
                break
            if found is None:
                continue
            if found.end == "needs_people" and self.until in ("need", "blocked") and self.people:
                for need in found.needs:
                    self.answer(need)
                continue
            self.tally.end = found.end
            self._judge_end(found)
            break
        self.tally.tasks = len(self.tasks)
        self.tally.overtaken = max(self.overtaken.values(), default=0)

    # Judging.

    def violate(self, text: str) -> None:
        """Record a broken promise."""
        self.tally.violations.append(text)

    def _judge_plan(self, snapshot: DriveSnapshot, found: DrivePlan) -> None:
        if self.tally.passes % _REPLAYED == 0:
            read = codec.snapshot_from_json(codec.snapshot_json(snapshot))
            if read != snapshot or codec.plan_json(plan(read)) != codec.plan_json(found):
                self.violate("replay decides otherwise")
        timeless = replace(snapshot, now=0)
        if found.steps and timeless == self.last:
            self.violate(f"a pass changed nothing and decided again: {found.steps}")
        self.last = timeless if found.steps else None  # Else only time has passed.
        self._judge_needs(snapshot, found)
        of_tasks = [
            number for step in found.steps
            for number in getattr(step, "tasks", (getattr(step, "task_no", 0),)) if number
        ]  # fmt: skip
        if len(of_tasks) != len(set(of_tasks)):
            self.violate("two steps for one task")
        begins = [step for step in found.steps if isinstance(step, Begin)]
        if begins and self._is_storm():
            self.violate("something begins in a storm")
        if begins and (self.is_paused or self.budget):
            self.violate("something begins although the run is paused or its budget spent")

    def _judge_needs(self, snapshot: DriveSnapshot, found: DrivePlan) -> None:
        """Hold needs against I22 (moves, a moment, or a need) and I25 (a command that there is)."""
        why = dict(found.why)
        for task in snapshot.tasks:
            if not why.get(task.task_no):
                self.violate(f"no reason is told for {task.task_id}, which is {task.status}")
        if snapshot.tasks and not (found.steps or found.is_moving or found.needs):
            self.violate("idle without a need")
        if any(need.kind == "stuck" for need in found.needs):
            states = [(t.task_id, t.status, t.entry, t.hindrance) for t in snapshot.tasks]
            self.violate(f"stuck: {states[:5]} {why}")
        if len({need.need_id for need in found.needs}) != len(found.needs):
            self.violate("two needs are known by one name")
        asked = {need.task_id for need in found.needs}
        for task in snapshot.tasks:
            asks = task.status == "blocked" and not task.is_answered and task.live == "live"
            if asks and task.task_id not in asked:
                self.violate(f"{task.task_id} asks, and nobody is told")
            if task.status == "failed" and task.ended in PEOPLE and task.task_id not in asked:
                self.violate(f"{task.task_id} was ended by a person, who is not asked")
            if task.review == "silent" and task.status == "done" and task.task_id not in asked:
                self.violate(f"{task.task_id} is reviewed by nobody, and nobody is told")
        for need in found.needs:
            if need.argv[0] == "orch" and need.kind not in _SEEN:
                _SEEN.add(need.kind)
                try:
                    bound(list(need.argv))
                except AssertionError as wrong:
                    self.violate(f"need {need.kind}: {wrong}")

    def _is_storm(self) -> bool:
        """Count anew: so many tasks with one class and last line within ten minutes."""
        most = self.policy.retry.storm
        for end in self.ends:
            if end.last_line not in _ALIKE:
                continue  # Every other line is one attempt's own.
            alike = {
                other.task_no for other in self.ends
                if (other.end_class, other.last_line) == (end.end_class, end.last_line)
                and 0 <= end.at - other.at <= 600_000
            }  # fmt: skip
            if most and len(alike) >= most:
                return True
        return False

    def _judge_begin(self, step: Begin) -> None:
        task = self.tasks[step.task_no]
        if (task.status, step.event) not in LEGAL:
            self.violate(f"{task.task_id} is begun twice: it is {task.status} already")
        if step.cause and step.event == "retry" and task.ended in (*PEOPLE, "limited", "lost"):
            self.violate(f"{task.task_id} was {task.ended}, and is begun by itself")
        if step.event == "rework" and task.entry in ("held", "quarantined") and not task.review:
            self.violate(f"{task.task_id} is {task.entry}, and is begun by itself")
        if step.cause:
            tried = self.automatic[step.task_no][step.cause] + 1
            most = getattr(self.policy.retry, step.cause, None)
            if step.cause not in COUNTED_ELSEWHERE and (most is None or tried > most):
                self.violate(f"{step.cause} of {task.task_id} is tried again {tried} times")
            if task.spent >= task.max_attempts:
                self.violate(f"{task.task_id} has an attempt beyond its number")
            if self.retries >= self.policy.retry.run:
                self.violate("more automatic retries than the run may have")
        elif task.spent:
            self.violate(f"{task.task_id} is begun again without a cause")
        if step.event == "reassign":
            return
        working = sum(self._is_working(t) for t in self.tasks.values())
        if working >= self.policy.at_once and not self.hand_in_pass:
            self.violate(f"{working + 1} tasks at work, of {self.policy.at_once}")
        ours = sum(self._is_working(t) and self._is_ours(t) for t in self.tasks.values())
        if self._is_ours(task) and ours >= self.policy.workers and not self.hand_in_pass:
            self.violate("a task is begun ahead of a free worker")

    def _count_overtaken(self, begun: int) -> None:
        """I26: tasks that could begin and came earlier stay behind."""
        held = {self.lock[n] for n, t in self.tasks.items()
                if n in self.lock and (t.status in HOLDS_LOCK or n in self.intents)}  # fmt: skip
        for number, task in self.tasks.items():
            if number >= begun or task.status != "ready" or number in self.intents:
                continue
            if task.refusal is not None or self.lock.get(number) in held:
                continue
            if self._is_ours(task) and not self._is_ours(self.tasks[begun]):
                continue  # No worker of ours may be free, or its client rests.
            if self.is_dirty and not self._is_analysis(task):
                continue
            if self.policy.stack == "landed" and not all(
                self.is_over(self.tasks[d]) and self.tasks[d].status != "cancelled"
                for d in self.deps[number]
            ):
                continue
            self.overtaken[number] += 1
            most = self.policy.overtakes + 2 * self.policy.at_once
            if self.overtaken[number] > most:
                self.violate(f"{task.task_id} is overtaken {self.overtaken[number]} times")

    def _judge_end(self, found: DrivePlan) -> None:
        left = [t for t in self.tasks.values() if not self.is_over(t)]
        if found.end == "landed" and left:
            self.violate(f"it ends, and {left[0].task_id} is {left[0].status}")
        if found.end == "needs_people":
            if not found.needs:
                self.violate("it ends for people, and needs nobody")
            missed = {need.need_id for need in found.needs} - set(self.told)
            if missed:
                self.violate(f"needs that nobody was told: {sorted(missed)}")
        if self.until == "idle" or found.end in ("landed", "needs_people"):
            return
        self.violate(f"it ends as {found.end!r}")


_SEEN: set[str] = set()
_ALIKE = ("no such model",)


def policy_of(rng: random.Random) -> DrivePolicy:
    """Return some policy."""
    retry = RetryPolicy(
        crashed=rng.choice((0, 2, 4)), check_failed=rng.choice((0, 2)), run=rng.choice((3, 20, 60)),
        storm=rng.choice((3, 4)),
    )  # fmt: skip
    return DrivePolicy(
        workers=rng.choice((0, 0, 1, 3)), harness="claude", at_once=rng.choice((1, 2, 3, 5)),
        waiting=rng.choice((3, 8)), overtakes=rng.choice((3, 10)),
        stack=rng.choice(("done", "done", "landed")), verify_jobs=rng.choice((1, 2)),
        queue=rng.random() > 0.1, close=rng.random() < 0.3,
        integrate=rng.choice(("", "", "main")), retry=retry,
    )  # fmt: skip
