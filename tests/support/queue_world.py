"""A merge queue in memory: a target, entries, checks that lie, people, runners that die.

It knows the truth that the planner does not: what each tree holds, which trees are bad, what
clashes with what. It applies the planner's steps as the real effects do, and judges each one. A
tree is the set of patches in it; a commit is a tree with the way it was made.
"""

import random
from dataclasses import dataclass, field, replace

from orch.landing.planner import codec
from orch.landing.planner.model import (  # fmt: skip
    FINAL,
    MOVING,
    STOPPED,
    Build,
    Hold,
    Land,
    Limits,
    Link,
    Move,
    OpenEntry,
    Plan,
    Snapshot,
    Test,
    Trials,
    Unhold,
    Window,
)
from orch.landing.planner.planner import plan
from orch.machines import ENTRY

NEXT = {(rule.source, rule.event): rule.target for rule in ENTRY.rules}
_MOST_PASSES = 3_000
_ON_THE_WAY = ("build", "test")


class Killed(Exception):
    """The runner died between two effects."""


@dataclass
class Habits:
    """How often what happens, as chances; all zero: a quiet world."""

    conflict: float = 0.0
    bad: float = 0.0
    pair: float = 0.0
    flake: float = 0.0
    error: float = 0.0
    red: float = 0.0
    kill: float = 0.0
    outside: float = 0.0
    unapproved: float = 0.0
    reject: float = 0.0
    newer_head: float = 0.0
    solo: float = 0.0
    need: float = 0.0
    person: float = 0.0


@dataclass
class Tally:
    """What was done, for the totals."""

    passes: int = 0
    runs: int = 0
    landings: int = 0
    landed: int = 0
    kills: int = 0
    fenced: int = 0
    violations: list[str] = field(default_factory=list)


class World:
    """One queue with everything around it."""

    def __init__(self, rng: random.Random, habits: Habits, limits: Limits) -> None:
        self.rng, self.habits, self.limits = rng, habits, limits
        self.tally = Tally()
        self.now = 1_000_000
        self.entries: dict[int, OpenEntry] = {}
        self.patch: dict[int, str] = {}
        self.reasons: dict[int, str] = {}
        self.clashes: set[frozenset[str]] = set()
        self.bad: dict[frozenset[str], str] = {}  # All these patches in a tree: this check fails.
        self.cures: dict[str, frozenset[str]] = {}  # A revert's patch, and what it takes back.
        self.trees: dict[str, frozenset[str]] = {}
        self.commits: dict[str, str] = {}
        self.links: dict[tuple[str, int], Link] = {}
        self.ends: dict[tuple[str, tuple[str, ...]], list[tuple[str, int]]] = {}
        self.trial_no = 0
        self.forgotten: dict[tuple[str, tuple[str, ...]], int] = {}
        self.passed_once: set[tuple[str, str]] = set()
        self.tip = self._commit(frozenset({"base"}), "base")
        self.window = limits.batch
        self.hold: Hold | None = None
        self.fence = 0
        self.intent: tuple[Land, Snapshot] | None = None
        self.ever_landed: list[str] = []
        self.overtaken: dict[int, int] = {}
        self.arrivals = 0
        self.last = ""

    # What there is.

    def add(self, **values: object) -> int:
        """Put an entry into the queue; return its number."""
        self.arrivals += 1
        number = len(self.entries) + 1
        given: dict[str, object] = {
            "entry_no": number, "name": f"r/t{number}", "kind": "task", "head": f"h{number}",
            "strategy": "merge", "priority": 1, "rank": 0, "order_no": self.arrivals,
            "status": "queued", "checks": ("unit@1",), **values,
        }  # fmt: skip
        self.entries[number] = OpenEntry(**given)  # type: ignore[arg-type]
        self.patch[number] = f"p{number}"
        return number

    def populate(self, count: int) -> None:
        """Put random entries into the queue, with a hidden truth about each."""
        rng, habits = self.rng, self.habits
        if rng.random() < habits.red:
            self.bad[frozenset({"base"})] = "unit@1"
        for _ in range(count):
            self._add_random(0)
            if rng.random() < habits.outside:
                self.push_outside()

    def _add_random(self, bounces: int) -> int:
        rng, habits = self.rng, self.habits
        others = [n for n, e in self.entries.items() if e.status not in FINAL]
        needs = (
            tuple(sorted(rng.sample(others, 1))) if others and rng.random() < habits.need else ()
        )
        number = self.add(
            priority=rng.choice((0, 1, 1, 1, 2)),
            rank=rng.choice((0, 0, 3)),
            checks=rng.choice((("unit@1",), ("lint@1", "unit@1"), ("unit@1",), ())),
            needs=needs,
            approval="needed" if rng.random() < habits.unapproved else "granted",
            approvers=("1 human",),
            solo=rng.random() < habits.solo,
            bounces=bounces,
        )
        mine = self.patch[number]
        earlier = [p for n, p in self.patch.items() if n != number]
        if earlier and rng.random() < habits.conflict:
            self.clashes.add(frozenset({mine, rng.choice(earlier)}))
        if earlier and rng.random() < habits.pair:
            self.bad[frozenset({mine, rng.choice(earlier)})] = "unit@1"
        if rng.random() < habits.bad:
            self.bad[frozenset({mine})] = "unit@1"
        return number

    def push_outside(self) -> None:
        """Somebody else moves the target."""
        self.arrivals += 1
        tree = self.trees[self.commits[self.tip]] | {f"x{self.arrivals}"}
        if self.rng.random() < self.habits.red:
            self.bad[frozenset({f"x{self.arrivals}"})] = "unit@1"
        self.tip = self._commit(tree, f"{self.tip}+x{self.arrivals}")

    def _commit(self, tree: frozenset[str], how: str) -> str:
        name = "tree:" + ",".join(sorted(tree))
        self.trees[name] = tree
        self.commits[how] = name
        return how

    def snapshot(self) -> Snapshot:
        """Return what a pass is told."""
        found = {e.entry_no for e in self.entries.values() if e.status not in FINAL}
        links, ahead = [], [self.tip]
        onto: dict[str, list[Link]] = {}
        for link in self.links.values():
            onto.setdefault(link.onto, []).append(link)
        while ahead:
            for link in onto.get(ahead.pop(), ()):
                links.append(link)
                if link.commit:
                    ahead.append(link.commit)
        known = {self.commits[self.tip], *(link.tree for link in links)}
        trials = []
        for key, ends in sorted(self.ends.items()):
            cut = self.forgotten.get(key, 0)
            told = [e for i, e in enumerate(ends) if i >= cut or e[0] == "passed"]
            if key[0] in known and told:
                trials.append(Trials(*key, *zip(*told, strict=True)))
        return Snapshot(
            now=self.now, target="refs/heads/b", tip=self.tip, tip_tree=self.commits[self.tip],
            window=self.window, entries=tuple(self._told(self.entries[n]) for n in sorted(found)),
            links=tuple(sorted(links, key=lambda link: (link.onto, link.entry_no))),
            trials=tuple(trials), limits=self.limits,
            hold_reason=self.hold.reason if self.hold else "",
            hold_tree=self.hold.tree if self.hold else "",
        )  # fmt: skip

    def _told(self, entry: OpenEntry) -> OpenEntry:
        """A need that is not open any more is either landed, or a reason to wait."""
        gone = [n for n in entry.needs if self.entries[n].status in FINAL]
        lost = [n for n in gone if self.entries[n].status not in ("verified", "landed_externally")]
        return replace(
            entry,
            needs=tuple(n for n in entry.needs if n not in gone),
            waits_for=tuple(f"r/t{n}, which is {self.entries[n].status}" for n in lost),
        )

    # One pass.

    def step(self) -> Plan:
        """Do one pass, perhaps killed in it; return what was planned."""
        self.tally.passes += 1
        self.fence += 1
        fence = self.fence
        self._settle()
        snapshot = self.snapshot()
        found = plan(snapshot)
        self._judge_plan(snapshot, found)
        done = 0
        try:
            for step in found.steps:
                if self.rng.random() < self.habits.kill:
                    raise Killed
                self._apply(snapshot, step, fence)
                done += 1
        except Killed:
            self.tally.kills += 1
            self._zombie(snapshot, found.steps[done:], fence)
            self.last = ""
        return found

    def _zombie(self, snapshot: Snapshot, rest: tuple[object, ...], fence: int) -> None:
        """A stopped runner goes on after another took over: nothing may come of it."""
        self.fence += 1
        before = (self.tip, dict(self.entries), len(self.ends), self.window, self.hold)
        for step in rest:
            self._apply(snapshot, step, fence)
            self.tally.fenced += 1
        if before != (self.tip, dict(self.entries), len(self.ends), self.window, self.hold):
            self.violate("a runner that lost its fence changed something")

    def _apply(self, snapshot: Snapshot, step: object, fence: int) -> None:
        if fence != self.fence:
            return
        match step:
            case Build():
                self._build(step)
            case Test():
                self._test(step)
            case Move():
                self._move(snapshot, step)
            case Window(size):
                self.window = size
            case Hold():
                self.hold = step
            case Unhold():
                self.hold = None
            case Land():
                self._land(snapshot, step)

    def _build(self, step: Build) -> None:
        onto = step.onto
        for number in step.entries:
            tree = self.trees[self.commits[onto]]
            mine = self.patch[number]
            if any(frozenset({mine, other}) in self.clashes for other in tree):
                self.links[onto, number] = Link(onto, number, files=("f",))
                return
            commit = self._commit(tree | {mine}, f"{onto}+{mine}")
            self.links[onto, number] = Link(onto, number, commit, self.commits[commit])
            onto = commit
            if self.rng.random() < self.habits.kill:
                raise Killed

    def is_good(self, tree: str, check: str) -> bool:
        """Say whether a tree truly passes a check."""
        held = self.trees[tree]
        cured = {self.cures[patch] for patch in held if patch in self.cures}
        return not any(
            what <= held and check == name and what not in cured for what, name in self.bad.items()
        )

    def _test(self, step: Test) -> None:
        if self.commits[step.commit] != step.tree:
            self.violate(f"{step.commit} is to be tested as another tree")
        end, ran = "passed", False
        for check in step.checks:
            if (step.tree, check) in self.passed_once and step.purpose != "base":
                continue
            ran = True
            if self.rng.random() < self.habits.error:
                end = "error" if end == "passed" else end
            elif not self.is_good(step.tree, check) or self.rng.random() < self.habits.flake:
                end = "failed"
            else:
                self.passed_once.add((step.tree, check))
        self.tally.runs += ran
        if self.rng.random() < self.habits.kill:
            raise Killed  # Before it was written down: it counts for nothing.
        self.trial_no += 1
        self.ends.setdefault((step.tree, step.checks), []).append((end, self.trial_no))

    def _move(self, snapshot: Snapshot, step: Move) -> None:
        """As the effects do: the states between are walked; what a person did meanwhile stands."""
        entry = self.entries[step.entry_no]
        walked = entry.status
        for event in (step.event, "requeue"):
            if (walked, step.event) in NEXT:
                break
            if event == "requeue" and (walked, "requeue") in NEXT:
                walked = NEXT[walked, "requeue"]
        for event in ("build", "test"):
            if (walked, step.event) not in NEXT and (walked, event) in NEXT:
                walked = NEXT[walked, event]
        if (walked, step.event) not in NEXT:
            if step.event not in _ON_THE_WAY:
                self.violate(f"{step.event} is impossible for an entry that is {entry.status}")
            return
        values: dict[str, object] = {
            "status": NEXT[walked, step.event], "not_before": step.not_before
        }  # fmt: skip
        if step.count:
            values[step.count] = getattr(entry, step.count) + 1
        self.reasons[step.entry_no] = step.reason
        self.entries[step.entry_no] = replace(entry, **values)  # type: ignore[arg-type]

    def _land(self, snapshot: Snapshot, step: Land) -> None:
        self._judge_landing(snapshot, step)
        self.intent = (step, snapshot)
        if self.rng.random() < self.habits.kill:
            raise Killed
        if self.rng.random() < self.habits.outside:
            self.push_outside()
        if self.tip == step.onto:  # Compare and swap.
            self.tip = step.commit
        if self.rng.random() < self.habits.kill:
            raise Killed
        self._settle()

    def _settle(self) -> None:
        """Finish or forget a landing by what the target shows."""
        if self.intent is None:
            return
        step, snapshot = self.intent
        self.intent = None
        if self.tip != step.commit and not self.tip.startswith(step.commit + "+"):
            for number in step.entries:
                self.entries[number] = replace(self.entries[number], status="queued")
            return
        self._count_overtaken(snapshot, step)
        self.tally.landings += 1
        for number in step.entries:
            self.tally.landed += 1
            self.ever_landed.append(self.patch[number])
            self.entries[number] = replace(self.entries[number], status="verified")
        for number in step.overtaken:
            left = self.entries[number]
            self.entries[number] = replace(left, overtaken=left.overtaken + 1)

    # What everybody else does meanwhile.

    def meanwhile(self) -> None:
        """Time passes; people approve, reject, push; heads move; owners bring conflicts back."""
        rng, habits = self.rng, self.habits
        self.now += rng.choice((0, 1_000, 20_000))
        if rng.random() < habits.outside / 4:
            self.push_outside()
        for number, entry in list(self.entries.items()):
            if entry.status in FINAL:
                continue
            if entry.approval == "needed" and rng.random() < 0.2:
                word = "rejected" if rng.random() < habits.reject else "granted"
                self.entries[number] = replace(entry, approval=word)
            elif entry.status == "conflict" and rng.random() < 0.3:
                self.bring_again(number, bounces=entry.bounces + 1)
            elif entry.status in MOVING and rng.random() < habits.newer_head:
                self.bring_again(number, bounces=entry.bounces)
            elif entry.status in STOPPED and rng.random() < habits.person:
                self.let_go_on(number)

    def bring_again(self, number: int, bounces: int) -> int:
        """The task has a newer head: the old entry is superseded, its needs are kept."""
        old = self.entries[number]
        self.entries[number] = replace(old, status="superseded")
        new = self.add(
            priority=old.priority, rank=old.rank, checks=old.checks, needs=old.needs,
            approval=old.approval, approvers=old.approvers, solo=old.solo, bounces=bounces,
        )  # fmt: skip
        for other, entry in self.entries.items():
            if number in entry.needs and entry.status not in FINAL:
                needs = tuple(new if n == number else n for n in entry.needs)
                self.entries[other] = replace(entry, needs=needs)
        return new

    def let_go_on(self, number: int) -> None:
        """A person mends what was wrong and releases an entry; old failures are forgotten."""
        entry = self.entries[number]
        if (entry.status, "release") not in NEXT and (entry.status, "retry") not in NEXT:
            return
        self.bad.pop(frozenset({self.patch[number]}), None)
        self._forget()
        approval = "granted" if entry.approval == "rejected" else entry.approval
        self.entries[number] = replace(
            entry, status="queued", approval=approval, not_before=0, failures=0, conflicts=0,
            errors=0,
        )  # fmt: skip

    def _mend(self) -> None:
        """A person takes back what made the target red, or repairs it and releases the queue."""
        held = self.trees[self.commits[self.tip]]
        red = [what for what in self.bad if what <= held and what not in self.cures.values()]
        tried = any(e.kind == "revert" and e.status not in FINAL for e in self.entries.values())
        if not red or tried or self.rng.random() < 0.4:
            self.release_queue()
            return
        number = self.add(kind="revert", priority=3, solo=True)
        self.cures[self.patch[number]] = red[0]

    def release_queue(self) -> None:
        """A person repairs a red target and lets the queue go on."""
        held = self.trees[self.commits[self.tip]]
        for what in [what for what in self.bad if what <= held]:
            del self.bad[what]
        self._forget()
        self.hold = None

    def _forget(self) -> None:
        for key, ends in self.ends.items():
            self.forgotten[key] = len(ends)

    # To the end.

    def run(self) -> None:
        """Pass after pass until nothing can be done; time goes on where something waits."""
        for _ in range(_MOST_PASSES):
            found = self.step()
            if not found.steps:
                if self.hold is not None and self.hold.tree:
                    self._mend()
                elif found.wake_at:
                    self.now = max(self.now, found.wake_at)
                elif not self._someone_acts():
                    break
                self.last = ""
            elif self.rng.random() < 0.5:
                self.meanwhile()
                self.last = ""
        else:
            self.violate(f"no end after {_MOST_PASSES} passes")
        self._judge_end()

    def _someone_acts(self) -> bool:
        """People who are waited for, or conflicts that owners bring again: one of them acts."""
        if self.rng.random() >= 0.7:
            return False
        for number, entry in self.entries.items():
            if entry.status == "awaiting_approval" and entry.approval == "needed":
                self.entries[number] = replace(entry, approval="granted")
                return True
            if entry.status == "conflict":
                self.bring_again(number, bounces=entry.bounces + 1)
                return True
        return False

    # Judging.

    def violate(self, text: str) -> None:
        """Record a broken promise."""
        self.tally.violations.append(text)

    def _judge_plan(self, snapshot: Snapshot, found: Plan) -> None:
        told = codec.snapshot_json(snapshot)
        again = plan(codec.snapshot_from_json(told))
        if codec.plan_json(again) != codec.plan_json(found):
            self.violate("replay decides otherwise")
        if codec.plan_from_json(codec.plan_json(found)) != found:
            self.violate("a plan is not what its document says")
        timeless = told.replace(f'"now":{snapshot.now},', "")
        if found.steps and timeless == self.last:
            self.violate(f"a pass changed nothing and decided again: {found.steps}")
        self.last = timeless
        why = dict(found.why)
        for entry in snapshot.entries:
            if not why.get(entry.entry_no):
                self.violate(f"no reason is told for {entry.name}, which is {entry.status}")

    def _judge_landing(self, snapshot: Snapshot, step: Land) -> None:
        members = [self.entries[n] for n in step.entries]
        tree = self.trees[step.tree]
        before = self.trees[self.commits[step.onto]]
        if step.onto != snapshot.tip or self.commits[step.commit] != step.tree:
            self.violate("what is to land is not on the tip, or not that tree")
        if tree != before | {self.patch[n] for n in step.entries}:
            self.violate("a landing brings something else than its entries")
        if before & {self.patch[n] for n in step.entries}:
            self.violate("something is landed twice")
        checks = tuple(sorted({c for e in members for c in e.checks}))
        if "passed" not in [end for end, _ in self.ends.get((step.tree, checks), ())]:
            self.violate(f"a tree lands untested by {checks}")
        for check in checks:
            if not self.is_good(step.tree, check) and (step.tree, check) not in self.passed_once:
                self.violate(f"a tree lands that {check} never passed")
        for entry in members:
            if entry.approval != "granted":
                self.violate(f"{entry.name} lands unapproved")
            if entry.status not in (*MOVING, "landing"):
                self.violate(f"{entry.name} lands although it is {entry.status}")
            if entry.solo and len(members) > 1:
                self.violate(f"{entry.name} goes alone, and lands with others")
            later = {n for n in entry.needs if self.entries[n].status in (*MOVING, *STOPPED)}
            if later - set(step.entries):
                self.violate(f"{entry.name} lands before what it needs")
            place = step.entries.index(entry.entry_no)
            if any(n in step.entries[place:] for n in entry.needs):
                self.violate(f"{entry.name} lands below what it needs")

    def _count_overtaken(self, snapshot: Snapshot, step: Land) -> None:
        """Count it anew: an entry that may land stays behind while a younger one lands.

        One that lands because an older one needs it is as old as that one. While the target is
        red, nobody can be overtaken by what mends it.
        """
        if snapshot.hold_reason:
            return
        known = {e.entry_no: e for e in snapshot.entries}
        able = [n for n in plan(snapshot).order if known[n].approval == "granted"]
        ages = {n: known[n].order_no for n in able}
        for _ in able:
            for number in able:
                for other in known[number].needs:
                    if other in ages:
                        ages[other] = min(ages[other], ages[number])
        youngest = max(ages[n] for n in step.entries)
        for number in able:
            if number not in step.entries and known[number].order_no < youngest:
                self.overtaken[number] = count = self.overtaken.get(number, 0) + 1
                if count > self.limits.overtakes:
                    self.violate(f"{known[number].name} is overtaken {count} times")

    def _judge_end(self) -> None:
        snapshot = self.snapshot()
        why = dict(plan(snapshot).why)
        if len(set(self.ever_landed)) != len(self.ever_landed):
            self.violate("something landed twice")
        for number, entry in self.entries.items():
            landed = self.patch[number] in self.trees[self.commits[self.tip]]
            if landed != (entry.status == "verified"):
                self.violate(f"{entry.name} is {entry.status}, and on the target: {landed}")
            if entry.status in FINAL or (entry.status in STOPPED and self.reasons.get(number)):
                continue
            waits = entry.status == "awaiting_approval" and entry.approvers
            if not waits and not why.get(number, "").startswith(("waits for", "held")):
                self.violate(f"{entry.name} is lost: {entry.status}, {why.get(number)}")
