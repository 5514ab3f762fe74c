"""Layer `kill`: 8 clients on one store, stopped and killed at random; lost answers repeated.

Two clients share each agent name, so that only the token tells them apart; leases last 50 ms,
so that every pause makes a zombie. A round ends when all 8 are dead; the next begins where
their journals end. Unit: rounds of 8 kills.
"""

import os
import random
import signal
import time

from schema import new_store
from tests.support import invariants, journal, places
from tests.support.journal import Journal
from tests.support.session import Session
from tests.torture import planted
from tests.torture.client import UNEXPECTED_EXITS, Client
from tests.torture.report import Budget, Report

WORKERS = 8
_ROUNDS_PER_STORE = 25
_LONGEST_LIFE = 0.08  # Seconds.
_AWAY = ("store_error/io", "store_error/outcome_unknown")
_STEPS = 2_000  # More than anyone lives to do.


def run(budget: Budget, report: Report) -> None:
    """Kill until the budget is spent; every store is checked when its rounds are over."""
    warm_up()
    for first in budget.rounds(_ROUNDS_PER_STORE):
        with places.folder() as where:
            path = os.path.join(where, places.STORE)
            places.in_child(lambda path=path: create(path))
            for _ in range(min(_ROUNDS_PER_STORE, budget.count - first)):
                _round(path, report)
            check(path, report)


def create(path: str) -> None:
    """Make an empty store, for the plant if there is one."""
    new_store.create(path)
    planted.prepare(path)


def warm_up() -> None:
    """Load every module and query before forking, so that clients live on the store at once."""
    with places.folder() as where:
        path = os.path.join(where, places.STORE)
        create(path)
        session = Session(path)
        client = Client(session.run, Journal(), "w0", "s0", random.Random(1), settle=session.settle)
        for _ in range(100):
            client.step()
        session.settle()
        session.close()


def _round(path: str, report: Report) -> None:
    alive: dict[int, int] = {}
    for slot in range(WORKERS):
        seed = report.random.getrandbits(64)
        alive[places.fork(lambda slot=slot, seed=seed: work(path, slot, seed, _STEPS))] = slot
    plan = _plan(list(alive), report.random)
    begin = time.monotonic()
    for due, number, pid in plan:
        left = begin + due - time.monotonic()
        if left > 0:
            time.sleep(left)
        os.kill(pid, number)
        if number == signal.SIGSTOP:
            report.add("stops")
    for pid, slot in alive.items():
        status = places.reap(pid)
        if status != -signal.SIGKILL:
            report.violate(f"client {slot} ended with {status} before it was killed")
    report.add("rounds")
    report.add("kills", len(alive))


def _plan(pids: list[int], rng: random.Random) -> list[tuple[float, int, int]]:
    """Return (when, signal, whom): every client killed, some stopped and continued before."""
    plan = []
    for pid in pids:
        life = rng.uniform(0.01, _LONGEST_LIFE)
        plan.append((life, signal.SIGKILL, pid))
        if rng.random() < 0.25:
            stop = rng.uniform(0, life)
            plan.append((stop, signal.SIGSTOP, pid))
            plan.append((rng.uniform(stop, life), signal.SIGCONT, pid))
    return sorted(plan)


def work(path: str, slot: int, seed: int, steps: int) -> None:
    """Be one client: what the journal says was lost comes first."""
    own = Journal(f"{path}.journal-{slot}")
    session = Session(path)
    client = Client(
        session.run,
        own,
        f"w{slot // 2}",
        f"s{slot}",
        random.Random(seed),
        settle=session.settle,
    )
    for _ in range(steps):
        client.step()


def journals(path: str) -> list[list[journal.Entry]]:
    """Return the journals beside a store."""
    where, name = os.path.split(path)
    files = sorted(f for f in os.listdir(where) if f.startswith(name + ".journal-"))
    return [journal.read(os.path.join(where, f)) for f in files]


def check(path: str, report: Report) -> None:
    """Repeat what is still unanswered, then hold the store against its journals."""
    for name in sorted(os.listdir(os.path.dirname(path))):
        _, dot, slot = name.partition(".journal-")
        if dot:
            places.in_child(lambda slot=int(slot): work(path, slot, 0, 1))
    stories = journals(path)
    report.violate(*places.in_child(lambda: invariants.violations(path, stories)))
    report.violate(*places.in_child(lambda: invariants.doctor(path)))
    count(stories, report)


def count(stories: list[list[journal.Entry]], report: Report, may_be_away: bool = False) -> None:
    """Add what the clients did to the totals; an exit that nobody should see is a violation.

    A server `may_be_away`: then nobody is told that something was done, or not, which is not so.
    """
    for story in stories:
        lost = None
        for entry in story:
            if "do" in entry:
                lost = entry
                continue
            if "killed" in entry:
                continue
            if "wrong" in entry:
                report.violate(entry["wrong"])
                continue
            report.add("answers")
            if entry["exit"] == 0:
                report.add("acknowledged")
            if entry.get("replayed") and lost is not None:
                report.add("committed but unanswered")
            if may_be_away and entry["code"] in _AWAY:
                report.add("refused without a server")
            elif entry["exit"] in UNEXPECTED_EXITS:
                report.violate(f"unexpected {entry['exit']} {entry['code']} from {entry['got']}")
