"""Many writers on one store: fairness of the queue, and a fleet of agents on few cores."""

import itertools
import os
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

from schema.transaction import ReadTx
from tests.bench import reference, stores
from tests.bench.installed import INBOX, PYTHON, environment
from tests.bench.measure import percentile, spawn, table, verdict

_WRITER = str(Path(__file__).parent / "workers" / "writer.py")

# How begin_write may queue; docs/decisions/0004-writers-queue.md chose by this table.
QUEUES = {
    "as built": "first write at once; losers and later writes queue on flock",
    "flock": "every write queues on flock",
    "barging": "every write tries at once, losers queue on flock",
    "busy": "SQLite's own busy handler",
    "retry": "retry every 0.2 to 1 ms, at random",
}


def writers(count: int = 16, seconds: float = 6.0, rounds: int = 2) -> None:
    """Let `count` processes send, claim and finish as fast as they can, at FULL."""
    body = []
    for _, (queue, words) in itertools.product(range(rounds), QUEUES.items()):
        rate, longest, least, most, p99 = _compete(queue, count, seconds)
        goals = (verdict(longest, 500), verdict(least / most, 0.4, least=True))
        told = [f"{g} {v}" for g, v in goals] if queue == "as built" else ["", ""]
        body.append([words, f"{rate:.0f}", f"{p99:.0f}", f"{longest:.0f}", told[0],
                     f"{least}/{most} = {least / most:.2f}", told[1]])  # fmt: skip
    body.sort(key=lambda row: row[0])
    header = ("queue", "tx/s", "p99 wait ms", "longest", "goal", "least/most served", "goal")
    table(f"{count} saturating writers, synchronous=FULL, {seconds:g} s each", header, body)


def _compete(queue: str, count: int, seconds: float) -> tuple[float, float, int, int, float]:
    """Return (transactions/s, longest wait ms, least and most served, p99 of the waits)."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        db = stores.make(folder)
        start = time.time() + 2.5
        argv = [PYTHON, "-I", _WRITER, db.path, queue, str(start), str(seconds)]
        running = [
            subprocess.Popen(argv, stdout=subprocess.PIPE, env=environment()) for _ in range(count)
        ]
        served, longest, tails = [], [], []
        for process in running:
            words = process.communicate(timeout=seconds + 60)[0].split()
            if process.returncode or len(words) != 3:
                raise SystemExit(f"a writer failed with {process.returncode}")
            served.append(int(words[0]))
            longest.append(float(words[1]))
            tails.append(float(words[2]))
        with db.read() as tx:
            _require_gapless(tx)
        db.close()
    worst = statistics.median(tails)
    return sum(served) / seconds, max(longest), min(served), max(served), worst


def _require_gapless(tx: ReadTx) -> None:
    """Nothing was lost and nothing happened twice, else the figures mean nothing."""
    execute = tx._connection.execute
    newest, rows = execute("SELECT max(event_id), count(*) FROM event").fetchall()[0]
    twice = execute("SELECT count(*) FROM lease GROUP BY thread_no HAVING count(*) > 1").fetchall()
    if newest != rows or twice:
        raise SystemExit(f"lost or doubled: {newest} {rows} {twice}")


def agents(count: int = 16, seconds: float = 8.0) -> None:
    """Let `count` agents run send, claim --next and done, one process per command; R beside it.

    Commands/s follow how fast the machine starts processes; the ratio to R does not.
    """
    rates = {}
    for name, command in (("R", _reference), ("inbox", _command)):
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            db = stores.make(folder)
            rates[name], times, failed = _fleet(count, seconds, partial(command, db.path))
            db.close()
    x = rates["inbox"] / rates["R"]
    body = [
        ["R send, commands/s", f"{rates['R']:.0f}", "", ""],
        ["commands/s", f"{rates['inbox']:.0f}", *verdict(rates["inbox"], 85, least=True)],
        ["of R's", f"{x:.2f}", "", ""],
        ["failed", str(failed), *verdict(failed, 0)],
        ["ms per command, p50", f"{percentile(times, 50):.0f}", "", ""],
        ["ms per command, p99", f"{percentile(times, 99):.0f}", "", ""],
    ]
    title = (
        f"{count} agents, one process per command, {os.cpu_count()} cores, {len(times)} commands"
    )
    table(title, ("", "", "goal", ""), body)


def _fleet(
    count: int, seconds: float, command: Callable[[int, int], list[str]]
) -> tuple[float, list[float], int]:
    """Return (commands/s, ms of each, how many failed) of agents that run one after the other."""
    env = environment()
    turns = dict.fromkeys(range(count), 0)
    pids: dict[int, tuple[int, float]] = {}
    exits: Counter[int] = Counter()
    times: list[float] = []

    def _next(agent: int) -> None:
        pids[spawn(command(agent, turns[agent]), env)] = (agent, time.perf_counter())
        turns[agent] += 1

    begin = time.perf_counter()
    for agent in range(count):
        _next(agent)
    while pids:
        pid, status = os.wait()
        agent, started = pids.pop(pid)
        times.append((time.perf_counter() - started) * 1e3)
        exits[os.waitstatus_to_exitcode(status)] += 1
        if time.perf_counter() - begin < seconds:
            _next(agent)
    return len(times) / (time.perf_counter() - begin), times, sum(exits.values()) - exits[0]


def _reference(path: str, agent: int, turn: int) -> list[str]:
    """Return the command of an agent that sends itself work by R."""
    me = f"agent-{agent}"
    words = ("--from", me, "--to", me, "--subject", f"job {turn}", "--body", stores.BODY)
    return [*reference.argv("send", "--db", path, *words)]


def _command(path: str, agent: int, turn: int) -> list[str]:
    """Return the next command of an agent: it sends itself work, takes it, finishes it."""
    me = f"agent-{agent}"
    thread = f"t{agent}-{turn // 3}"
    at = ["--json", "--db", path]
    if turn % 3 == 0:
        head = [INBOX, "send", *at, "--from", me, "--to", me, "--thread", thread]
        return [*head, "--subject", "job", "--body", stores.BODY]
    verb = "claim" if turn % 3 == 1 else "done"
    return [INBOX, verb, *at, "--agent", me, "--thread", thread]
