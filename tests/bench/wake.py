"""From the writer's COMMIT to a `wait-reply` process that has printed and was reaped."""

import os
import random
import select
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass

from inbox import model
from inbox.operations import leases, threads
from schema import events, wakeup
from schema.transaction import Database, Tx
from tests.bench import stores
from tests.bench.installed import INBOX, PYTHON, environment
from tests.bench.measure import percentile, spawn, table, verdict

_DEADLINE = 20.0


@dataclass
class Waiter:
    """A `wait-reply` process on one thread, with the pipe that it prints into."""

    thread: str
    pid: int
    out: int


def _start(db: Database, thread: str, me: tuple[str, ...] = ()) -> Waiter:
    """Start a waiter that a reply in `thread` wakes; one with a name moves its cursor as well."""
    read_end, write_end = os.pipe()
    with db.read() as tx:
        newest = str(events.last_id(tx))
    argv = [INBOX, "wait-reply", "--json", "--db", db.path, "--thread", thread]
    argv += [*me, "--after-event", newest, "--timeout-seconds", "0"]
    pid = spawn(argv, environment(), write_end)
    os.close(write_end)
    return Waiter(thread, pid, read_end)


def _armed(db: Database, waiters: list[Waiter]) -> None:
    """Return once every waiter sleeps on its bell."""
    wanted = {f"thread={w.thread}" for w in waiters}
    end = time.monotonic() + _DEADLINE
    while time.monotonic() < end:
        try:
            names = os.listdir(wakeup.folder(db.path))
        except FileNotFoundError:
            names = []
        if wanted <= {name.rpartition(".")[0] for name in names} and all(map(_sleeps, waiters)):
            return
        time.sleep(0.002)
    raise SystemExit("the waiters were not ready in time")


def _sleeps(waiter: Waiter) -> bool:
    """Say whether the process sleeps in poll(), having looked at the store."""
    with open(f"/proc/{waiter.pid}/wchan", encoding="ascii") as file:
        where = file.read()
    with open(f"/proc/{waiter.pid}/stat", encoding="ascii") as file:
        return "poll" in where or (where in ("", "0") and file.read().rsplit(")", 1)[1][1] == "S")


def _wake(db: Database, waiter: Waiter) -> tuple[float, float, float]:
    """Reply and reap; return ms from COMMIT's return to printed, to reaped, and of the COMMIT."""
    poll = select.poll()
    poll.register(waiter.out, select.POLLIN)
    db.begin_write()
    tx = Tx(db.connection, db.clock.now())
    threads.reply(
        tx,
        leases.require_thread(tx, waiter.thread),
        sender=stores.WORKER,
        to=stores.SENDER,
        kind="answer",
        draft=model.MessageDraft("yes", "Use port 8080."),
    )
    called = time.perf_counter()
    db.connection.execute("COMMIT")
    committed = time.perf_counter()
    wakeup.ring(db.path, tx.topics)
    if not poll.poll(_DEADLINE * 1000):
        raise SystemExit("a waiter was not woken")
    printed = time.perf_counter()
    os.wait4(waiter.pid, 0)
    reaped = time.perf_counter()
    answer = os.read(waiter.out, 1 << 16)
    os.close(waiter.out)
    assert b'"woke":true' in answer, answer
    return (printed - committed) * 1e3, (reaped - committed) * 1e3, (committed - called) * 1e3


def _one(db: Database, rings: int, me: tuple[str, ...] = ()) -> list[tuple[float, float, float]]:
    (thread,) = stores.claimed(db, 1)
    found = []
    for _ in range(rings + 3):
        waiter = _start(db, thread, me)
        _armed(db, [waiter])
        found.append(_wake(db, waiter))
    return found[3:]


def _crowd(db: Database, crowd: int, rings: int) -> list[tuple[float, float, float]]:
    waiters = [_start(db, thread) for thread in stores.claimed(db, crowd)]
    found = []
    for _ in range(rings):
        _armed(db, waiters)
        i = random.randrange(crowd)
        found.append(_wake(db, waiters[i]))
        waiters[i] = _start(db, waiters[i].thread)
    _stop(waiters)
    return found


def _stop(waiters: list[Waiter]) -> None:
    for waiter in waiters:
        os.kill(waiter.pid, 15)
        os.wait4(waiter.pid, 0)
        os.close(waiter.out)


_EXITS = 'import os, apsw; os.write(1, b"ready"); os.read(0, 1); os.write(1, b"done"); os._exit(0)'


def _exits(times: int) -> list[float]:
    """Return ms from the last word of a Python process to its end: what the machine takes."""
    found = []
    for _ in range(times):
        with subprocess.Popen(
            [PYTHON, "-I", "-c", _EXITS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        ) as bare:
            assert bare.stdin is not None
            assert bare.stdout is not None
            bare.stdout.read(5)
            bare.stdin.write(b"x")
            bare.stdout.read(4)
            printed = time.perf_counter()
            bare.wait()
            found.append((time.perf_counter() - printed) * 1e3)
    return found


def _idle(db: Database, seconds: float) -> float:
    """Return the CPU ms per minute of one waiter that nothing wakes."""
    waiter = _start(db, *stores.claimed(db, 1))
    _armed(db, [waiter])

    def _ran() -> int:
        with open(f"/proc/{waiter.pid}/schedstat", encoding="ascii") as file:
            return int(file.read().split()[0])

    before = _ran()
    time.sleep(seconds)
    spent = _ran() - before
    _stop([waiter])
    return spent / 1e6 * 60 / seconds


def main(rings: int = 200, crowd: int = 64, idle_seconds: float = 15.0) -> None:
    """Measure a lone waiter, one of a crowd, and what waiting costs."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        db = stores.make(folder)
        body = []
        for name, times, goals in (
            ("one waiter", _one(db, rings), (2.0, 8.0)),
            (
                "one that moves its cursor (a second fsync)",
                _one(db, rings, ("--agent", stores.SENDER)),
                (2.0, 8.0),
            ),
            (f"one addressed of {crowd}", _crowd(db, crowd, rings // 2), (None, 3.0)),
        ):
            for column, what in ((0, "printed"), (1, "printed and reaped")):
                values = [row[column] for row in times]
                for percent, goal in zip((50, 99), goals, strict=True):
                    found = percentile(values, percent)
                    wanted = verdict(found, goal if column else None)
                    body.append([name, what, f"p{percent}", f"{found:.2f}", *wanted])
            commit = statistics.median(row[2] for row in times)
            body.append([name, "(the COMMIT itself)", "p50", f"{commit:.2f}", "", ""])
        exits = _exits(rings // 2)
        for percent in (50, 99):
            found = f"{percentile(exits, percent):.2f}"
            body.append(["a bare Python process", "its exit", f"p{percent}", found, "", ""])
        spent = _idle(db, idle_seconds)
        body.append(["idle waiter", "CPU ms per minute", "", f"{spent:.0f}", *verdict(spent, 60)])
        db.close()
    header = ("waiters", "from COMMIT to", "", "ms", "goal", "")
    table(f"Wake-up of a waiting process ({rings} rings)", header, body)
