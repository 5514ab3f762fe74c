"""Layer `machine`: Hypothesis plays the bus against the model, under a clock that it turns.

Every answer, every status, epoch, cursor and event id must be the model's; afterwards the
store must keep all invariants. Unit: examples.
"""

import os
import shutil

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from schema import new_store
from tests.support import invariants, places
from tests.support.bus_model import PRIORITIES, Bus, Thread
from tests.support.clocks import SimulatedClock
from tests.support.session import Answer, Session
from tests.torture import planted
from tests.torture.report import Budget, Report

ALONE = True
_STEPS, _STEPS_LONG = 40, 100
_LONG_FROM = 1_000  # Examples of one part; a run of so many is a long one.
_AT_ONCE = 500
AGENTS = ("ada", "bob", "cy")
_HOLDER_VERBS = ("renew", "release", "update", "done", "fail")


def run(budget: Budget, report: Report) -> None:
    """Run examples until the budget is spent or one fails; Hypothesis shrinks what it finds."""
    is_long = budget.count >= _LONG_FROM and not planted.active()
    steps = _STEPS_LONG if is_long else _STEPS
    phases = [Phase.generate] if planted.active() else [Phase.generate, Phase.shrink]
    with places.folder() as where:
        machine = _machine(where, report)
        for first in budget.rounds(_AT_ONCE):
            how = settings(
                max_examples=min(_AT_ONCE, budget.count - first),
                stateful_step_count=steps,
                database=None,
                deadline=None,
                phases=phases,
                print_blob=False,
                verbosity=Verbosity.quiet,
                suppress_health_check=list(HealthCheck),
            )
            hypothesis.seed(report.random.getrandbits(60))(machine)
            try:
                run_state_machine_as_test(machine, settings=how)
            except Exception as error:
                notes = "\n".join(getattr(error, "__notes__", []))
                report.violate(f"{error}\n{notes}"[:6000])
                return


def _machine(where: str, report: Report) -> type["BusMachine"]:
    """Return the machine whose examples begin with a copy of one empty store in `where`."""
    template = os.path.join(where, "template.db")
    new_store.create(template)
    planted.prepare(template)

    class _Machine(BusMachine):
        store = os.path.join(where, "run", places.STORE)
        empty = template
        totals = report

    return _Machine


class BusMachine(RuleBasedStateMachine):
    """Rules are verbs; the bundle holds what was ever claimed: (thread id, epoch, token)."""

    store: str
    empty: str
    totals: Report
    claims = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        folder = os.path.dirname(self.store)
        shutil.rmtree(folder, ignore_errors=True)
        os.mkdir(folder, 0o700)
        shutil.copy(self.empty, self.store)
        self.clock = SimulatedClock()
        self.session = Session(self.store, self.clock)
        self.bus = Bus()
        self.commands: list[tuple[list[str], Answer]] = []
        self.n = 0

    def teardown(self) -> None:
        self.session.close()
        self.totals.add("examples")
        broken = invariants.violations(self.store)
        assert not broken, "\n".join(broken)

    @invariant()
    def count(self) -> None:
        self.totals.add("steps")

    def run(self, wanted: str, sign: str, *argv: str, keyed: bool = True) -> Answer:
        """Run a command; its answer must be the model's, and its event the next one."""
        self.n += 1
        self.totals.add("commands")
        words = [*argv, "--key", f"k{self.n}"] if keyed else list(argv)
        answer = self.session.run(*words)
        self.session.settle()
        assert answer.code == wanted, (
            f"{sign} {argv}: {answer.code or 'success'}, not {wanted or 'success'}: {answer}"
        )
        if answer.ok and keyed:
            self.commands.append((words, answer))
        return answer

    def posted(self, thread: Thread, answer: Answer) -> None:
        """A change shows the thread as the model has it, and is the newest event."""
        if not answer.ok:
            return
        assert answer.event_id == self.bus.last_event, f"I8 {answer.event_id}: {answer}"
        shown = answer.data["thread"]
        for name in ("status", "assigned_to", "epoch", "addressed_to"):
            assert shown[name] == getattr(thread, name), f"I9 {name}: {answer}"
        assert shown["lost_leases"] == thread.lost, f"I9 lost_leases: {answer}"

    def pick(self, data: st.DataObject) -> Thread:
        return data.draw(st.sampled_from(sorted(self.bus.threads.values(), key=lambda t: t.number)))

    @rule(
        sender=st.sampled_from(AGENTS),
        to=st.sampled_from([*AGENTS, "@pool"]),
        priority=st.sampled_from(PRIORITIES),
        max_claims=st.sampled_from([0, 1, 2, 5]),
        wait=st.sampled_from([0, 0, 0, 60]),
    )
    def send(self, sender: str, to: str, priority: str, max_claims: int, wait: int) -> None:
        thread = Thread(len(self.bus.threads) + 1, "", sender, to)
        thread.priority = PRIORITIES.index(priority)
        thread.max_claims = max_claims
        thread.not_before = self.clock.now().wall_ms + 1000 * wait if wait else 0
        argv = ["send", "--from", sender, "--to", to, "--subject", "s", "--priority", priority]
        argv += ["--max-claims", str(max_claims), "--not-before", str(wait)]
        answer = self.run("", "I2", *argv, "--body", f"b{self.n}")
        thread.thread_id = answer.data["thread"]["thread_id"]
        self.bus.send(thread)
        self.posted(thread, answer)

    @precondition(lambda self: self.bus.threads)
    @rule(
        target=claims,
        data=st.data(),
        agent=st.sampled_from(AGENTS),
        seconds=st.sampled_from([10, 900]),
    )
    def claim(self, data: st.DataObject, agent: str, seconds: int):
        thread = self.pick(data)
        wanted = self.bus.claim(thread, agent, 1000 * seconds, self.clock.now())
        argv = ["claim", "--agent", agent, "--thread", thread.thread_id]
        answer = self.run(wanted, "I3", *argv, "--lease-seconds", str(seconds))
        self.posted(thread, answer)
        return self.claimed(thread, answer)

    @rule(
        target=claims,
        agent=st.sampled_from(AGENTS),
        pool=st.booleans(),
        seconds=st.sampled_from([10, 900]),
    )
    def claim_next(self, agent: str, pool: bool, seconds: int):
        addressees = {agent, "@pool"} if pool else {agent}
        thread = self.bus.claim_next(addressees, agent, 1000 * seconds, self.clock.now())
        argv = ["claim", "--agent", agent, "--next", "--lease-seconds", str(seconds)]
        argv += ["--pool", "pool"] if pool else []
        answer = self.run("" if thread else "no_matching_work/empty", "I3", *argv)
        if thread is None:
            return multiple()
        self.posted(thread, answer)
        return self.claimed(thread, answer)

    def claimed(self, thread: Thread, answer: Answer):
        """Return the claim for the bundle, if it was one."""
        if not answer.ok:
            return multiple()
        lease = answer.data["lease"]
        assert answer.data["thread"]["thread_id"] == thread.thread_id, f"I3 the wrong one: {answer}"
        assert lease["epoch"] == thread.epoch, f"I3 {answer}"
        return (thread.thread_id, thread.epoch, lease["token"])

    @precondition(lambda self: self.bus.threads)
    @rule(data=st.data(), held=claims, verb=st.sampled_from(_HOLDER_VERBS))
    def hold(self, data: st.DataObject, held: tuple[str, int, str], verb: str) -> None:
        """A holder verb: by the right one or not, with the right token, an old one, or none."""
        mine = self.bus.threads[held[0]]
        thread = mine if data.draw(st.integers(0, 5)) else self.pick(data)
        right = mine.holders[held[1]]
        agent = data.draw(st.sampled_from([right, right, right, *AGENTS]))
        use = data.draw(st.booleans())
        status = data.draw(st.sampled_from(["in_progress", "blocked"]))
        token = (held[0], held[1]) if use else None
        now = self.clock.now()
        late = thread.lease is not None and thread.lease.over(now)
        wanted = self.bus.hold(verb, thread, agent, token, now, status)
        argv = [verb, "--agent", agent, "--thread", thread.thread_id]
        argv += ["--lease", held[2]] if use else []
        argv += ["--status", status] if verb == "update" else []
        argv += ["--body", f"b{self.n}"] if verb in ("update", "done", "fail") else []
        answer = self.run(wanted, "I4", *argv)
        self.posted(thread, answer)
        assert not answer.ok or answer.data.get("late", False) == late, f"I4 late: {answer}"

    @precondition(lambda self: self.bus.threads)
    @rule(data=st.data(), sender=st.sampled_from(AGENTS), verb=st.sampled_from(["reply", "send"]))
    def say(self, data: st.DataObject, sender: str, verb: str) -> None:
        thread = self.pick(data)
        wanted = self.bus.say(thread, sender, self.clock.now())
        argv = [verb, "--from", sender, "--to", "ada", "--thread", thread.thread_id]
        self.posted(thread, self.run(wanted, "I2", *argv, "--body", f"b{self.n}"))

    @precondition(lambda self: self.bus.threads)
    @rule(data=st.data(), agent=st.sampled_from(AGENTS))
    def cancel(self, data: st.DataObject, agent: str) -> None:
        thread = self.pick(data)
        argv = ["cancel", "--agent", agent, "--thread", thread.thread_id]
        self.posted(thread, self.run(self.bus.cancel(thread), "I5", *argv))

    @precondition(lambda self: self.bus.threads)
    @rule(data=st.data(), agent=st.sampled_from(AGENTS))
    def ack(self, data: st.DataObject, agent: str) -> None:
        thread = self.pick(data)
        through = data.draw(st.sampled_from(thread.messages))
        argv = ["ack", "--agent", agent, "--thread", thread.thread_id]
        answer = self.run("", "I7", *argv, "--through", f"msg_{through}")
        stands = self.bus.read(thread, agent, through)
        assert answer.data["last_read"] == f"msg_{stands}", f"I7 not msg_{stands}: {answer}"

    @precondition(lambda self: self.bus.threads)
    @rule(data=st.data(), agent=st.sampled_from(AGENTS))
    def mark_read(self, data: st.DataObject, agent: str) -> None:
        thread = self.pick(data)
        argv = ["show", "--agent", agent, "--thread", thread.thread_id, "--mark-read"]
        answer = self.run("", "I7", *argv, keyed=False)
        shown = [m["event_id"] for m in answer.data["messages"]]
        assert shown == thread.messages, f"I2 {shown}, not {thread.messages}"
        self.bus.read(thread, agent, thread.messages[-1])

    @precondition(lambda self: self.bus.cursors)
    @rule(data=st.data())
    def look(self, data: st.DataObject) -> None:
        """Reading moves nothing, and shows where the cursor is."""
        agent, thread_id = data.draw(st.sampled_from(sorted(self.bus.cursors)))
        answer = self.run("", "I7", "show", "--agent", agent, "--thread", thread_id, keyed=False)
        stands = self.bus.cursors[agent, thread_id]
        assert answer.data["last_read"] == f"msg_{stands}", f"I7 not msg_{stands}: {answer}"

    @precondition(lambda self: self.commands)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        """A command whose answer was lost, run again: the stored answer, and nothing new."""
        words, first = data.draw(st.sampled_from(self.commands[-12:]))
        again = self.session.run(*words)
        self.session.settle()
        if words[0] == "claim":
            thread = self.bus.threads[first.data["thread"]["thread_id"]]
            if thread.epoch != first.data["lease"]["epoch"]:
                assert again.code == "lease_conflict/superseded", f"I3 {words}: {again}"
                return
        assert again.replayed, f"I6 {words}: {again}"
        del again.data["replayed"]
        assert again.data == first.data, f"I6 {words}: {again}, at first {first}"

    @precondition(lambda self: self.commands)
    @rule(data=st.data())
    def reuse(self, data: st.DataObject) -> None:
        """A key with other arguments is refused."""
        words, _ = data.draw(st.sampled_from(self.commands[-12:]))
        if words[0] in ("reply", "update", "done", "fail", "send"):
            changed = [*words, "--summary", "another"]
            answer = self.session.run(*changed)
            assert answer.code == "key_conflict/other_arguments", f"I6 {changed}: {answer}"

    @rule(seconds=st.sampled_from([1, 9, 10, 11, 59, 901]))
    def wait(self, seconds: int) -> None:
        self.clock.advance(1000 * seconds)

    @rule(seconds=st.sampled_from([-86_400, -900, 900, 86_400]))
    def set_wall_clock(self, seconds: int) -> None:
        self.clock.jump(1000 * seconds)

    @rule()
    def reboot(self) -> None:
        self.clock.reboot(5_000)

    @rule(number=st.integers(0, 1))
    def change_namespace(self, number: int) -> None:
        self.clock.enter_namespace(number)
