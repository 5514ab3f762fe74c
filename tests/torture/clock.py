"""Layer `clock`: the lease rule (C1) over random clock histories.

A lease is taken; then time passes, the machine sleeps, the wall clock is set, the machine
reboots, the reader sits in another time namespace. Judged: exact while the boot is the same,
never more left than ttl + slack, never held for longer than that once the clocks are quiet,
rarely for more than twice its length; and the SQL of `claim --next` agrees with the code.
Unit: scenarios.
"""

import os
import random

import apsw

from inbox.store import threads
from schema.clock import Instant
from tests.support import places
from tests.support.clocks import SimulatedClock
from tests.support.session import Session
from tests.torture import kill
from tests.torture.report import Budget, Report

ALONE = True
_SLACK_MS = 5_000
_LONG_BLOCK_SHARE = 0.003  # Of all scenarios, blocked for more than twice the ttl; 0.0015 measured.
_SQL_SHARE = 10  # Every tenth scenario is put to the SQL as well.
_JUMPS = (2, 60, 3_600, 86_400, 31_536_000)


class _History:
    """One lease and what happened to the clocks since."""

    def __init__(self, rng: random.Random) -> None:
        self.clock = clock = SimulatedClock()
        clock.advance(rng.randint(0, 10**8))
        self.ttl = rng.choice((1_000, 60_000, 900_000, 86_400_000))
        self.taken = clock.now()
        self.deadlines = (self.taken.boot_ms + self.ttl, self.taken.wall_ms + self.ttl)
        self.taken_at = clock.real_ms
        for _ in range(rng.choice((0, 1, 1, 2, 3))):
            clock.advance(int(self.ttl * rng.random()))
            self._disturb(rng)
        clock.advance(int(self.ttl * rng.choice((0.0, 0.3, 0.7, 1.1, 1.9, 2.5)) * rng.random()))

    def _disturb(self, rng: random.Random) -> None:
        what = rng.choice(("jump", "jump", "suspend", "reboot", "namespace"))
        if what == "jump":
            self.clock.jump(1_000 * rng.choice(_JUMPS) * rng.choice((-1, 1)))
        elif what == "suspend":
            self.clock.advance(int(self.ttl * rng.random()))
        elif what == "reboot":
            self.clock.reboot(rng.randint(1_000, 120_000))
        else:
            self.clock.enter_namespace(1 - self.clock.namespace)

    def left(self, now: Instant) -> int:
        return now.remaining_ms(self.taken.domain, *self.deadlines, self.ttl)


def run(budget: Budget, report: Report) -> None:
    """Judge scenarios until the budget is spent."""
    blocked_long = done = 0
    with places.folder() as where:
        path = os.path.join(where, places.STORE)
        kill.create(path)
        sql = _Sql(path)
        for number in budget.rounds():
            history = _History(report.random)
            done += 1
            if number % _SQL_SHARE == 0:
                sql.compare(history, report)
            blocked_long += _judge(history, report)
        sql.session.close()
    report.add("scenarios", done)
    report.add("blocked longer than 2 ttl", blocked_long)
    if blocked_long > max(3, _LONG_BLOCK_SHARE * done):
        report.violate(f"C1 {blocked_long} of {done} leases blocked for more than twice their ttl")


def _judge(history: _History, report: Report) -> bool:
    """Return whether the lease blocks for more than twice its length."""
    clock = history.clock
    now = clock.now()
    left = history.left(now)
    start = history.taken
    story = (
        f"ttl {history.ttl} boot {start.domain}->{now.domain} wall {now.wall_ms - start.wall_ms}"
    )
    if now.domain == start.domain:
        report.add("on the same clock")
        truth = history.ttl - (now.boot_ms - start.boot_ms)
        if left != truth:
            report.violate(f"C1 {story}: {left} ms left, truly {truth}")
    if left > history.ttl + _SLACK_MS:
        report.violate(f"C1 {story}: {left} ms left of {history.ttl}")
    if left < 0 and clock.real_ms - history.taken_at < history.ttl:
        report.add("over too early")  # Harmless: the epoch fences, the clock only offers.
    clock.advance(max(0, 2 * history.ttl + 1 - (clock.real_ms - history.taken_at)))
    blocks = history.left(clock.now()) > 0
    clock.advance(history.ttl + _SLACK_MS)
    if blocks and history.left(clock.now()) > 0:
        report.violate(f"C1 {story}: still held when all was quiet for {history.ttl} ms and more")
    return blocks


class _Sql:
    """The same question put to `claim --next`: a store with one claimed thread."""

    def __init__(self, path: str) -> None:
        self.session = Session(path)
        for argv in (
            ["send", "--from", "a", "--to", "w", "--subject", "s", "--body", "b"],
            ["claim", "--agent", "w", "--next"],
        ):
            assert self.session.run(*argv).ok

    def compare(self, history: _History, report: Report) -> None:
        """The SQL offers the thread exactly when the code says that the lease is over."""
        now = history.clock.now()
        connection: apsw.Connection = self.session.db.connection
        connection.execute(
            "UPDATE lease SET ttl_ms = ?, clock_domain = ?, boot_deadline = ?, wall_deadline = ?",
            (history.ttl, history.taken.domain, *history.deadlines),
        )
        self.session.db.clock = history.clock
        with self.session.db.read() as tx:
            offered = threads.offered(tx, "w", '["w"]') is not None
        over = history.left(now) <= 0
        if offered != over:
            report.violate(
                f"C1 code says over: {over}, SQL offers it: {offered} (ttl {history.ttl})"
            )
        report.add("compared with SQL")
