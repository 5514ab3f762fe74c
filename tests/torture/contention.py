"""Layer `contention`: many clients at once, many waiters, races for the same threads.

On a real disk at FULL: 32 clients with mixed verbs while 50 wait; nobody may see an exit
that is no answer, the WAL stays below 8 MB, every waiter gets what it waited for. Then 16
processes race for 60 threads: each has one winner. Unit: commands of each client.
"""

import json
import os
import random
import signal
import time

from tests.support import invariants, places
from tests.support.session import Session
from tests.torture import kill
from tests.torture.report import Budget, Report

CLIENTS, CLIENTS_LONG = 32, 64
_LONG_FROM = 500
WAITERS = 50
RACERS, PRIZES = 16, 60
_MOST_WAL = 8 * 1024 * 1024
_AWAKE_SECONDS = 60
_DEADLINE = 900.0


def run(budget: Budget, report: Report) -> None:
    """One crowd with waiters, then one race."""
    kill.warm_up()
    with places.folder(disk=True) as where:
        _crowd(os.path.join(where, places.STORE), budget.count, report)
    with places.folder(disk=True) as where:
        _race(os.path.join(where, places.STORE), report)


def _crowd(path: str, commands: int, report: Report) -> None:
    places.in_child(lambda: kill.create(path))
    threads = places.in_child(lambda: _open_threads(path))
    waiters = [places.fork(lambda i=i: _wait(path, i, threads)) for i in range(WAITERS)]
    _all_asleep(path, report)
    crowd = CLIENTS_LONG if commands >= _LONG_FROM else CLIENTS
    seeds = [report.random.getrandbits(64) for _ in range(crowd)]
    begin = time.monotonic()
    clients = [
        places.fork(lambda i=i, seed=seed: kill.work(path, i, seed, commands))
        for i, seed in enumerate(seeds)
    ]
    clients.append(places.fork(lambda: _answer_all(path, threads)))
    _watch(path, clients, report)
    report.add("commands/s", round((crowd * commands) / (time.monotonic() - begin)))
    for pid in waiters:
        if report.violations:  # Nobody may be left to answer it.
            os.kill(pid, signal.SIGKILL)
        status = places.reap(pid, _AWAKE_SECONDS)
        report.add("waiters answered", status == 0)
        if status:
            report.violate(f"a waiter ended with {status}")
    stories = kill.journals(path)
    report.violate(*places.in_child(lambda: invariants.violations(path, stories)))
    kill.count(stories, report)
    report.add("clients", crowd)


def _open_threads(path: str) -> list[str]:
    session = Session(path)
    send = ["send", "--from", "asker", "--to", "sage", "--subject", "s", "--body", "?"]
    return [session.run(*send).data["thread"]["thread_id"] for _ in range(WAITERS // 2)]


def _wait(path: str, number: int, threads: list[str]) -> None:
    """Wait for an answer in a thread, or for work of one's own."""
    session = Session(path)
    limit = ["--timeout-seconds", str(_AWAKE_SECONDS + 240)]
    if number < len(threads):
        argv = ["wait-reply", "--agent", "asker", "--thread", threads[number], *limit]
        wanted, place = f"answer {number}", ("message", "body")
    else:
        argv = ["claim", "--agent", f"idle-{number}", "--next", *limit]
        wanted, place = f"work {number}", ("messages", 0, "body")
    found = session.run(*argv).data
    for step in place:
        found = found[step]
    assert found == wanted, (found, wanted)


def _all_asleep(path: str, report: Report) -> None:
    """Go on once every waiter has its FIFO: from here on no ring can be missed."""
    end = time.monotonic() + _AWAKE_SECONDS
    while True:
        names = os.listdir(path + ".wake") if os.path.isdir(path + ".wake") else []
        if len([name for name in names if not name.startswith(".")]) >= WAITERS:
            return
        if time.monotonic() > end:
            report.violate(f"only {len(names)} of {WAITERS} waiters fell asleep")
            return
        time.sleep(0.005)


def _answer_all(path: str, threads: list[str]) -> None:
    """Give every waiter what it waits for, in the middle of the crowd."""
    session = Session(path)
    for number in range(WAITERS):
        if number < len(threads):
            argv = ["reply", "--from", "sage", "--to", "asker", "--thread", threads[number]]
            answer = session.run(*argv, "--body", f"answer {number}")
        else:
            argv = ["send", "--from", "lead", "--to", f"idle-{number}", "--subject", "s"]
            answer = session.run(*argv, "--body", f"work {number}")
        assert answer.ok, answer


def _watch(path: str, pids: list[int], report: Report) -> None:
    """Wait for the clients and look at the WAL's size meanwhile (stat: no lock is touched)."""
    left = set(pids)
    end = time.monotonic() + _DEADLINE
    while left:
        for pid in list(left):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                left.remove(pid)
                if status:
                    report.violate(f"a client ended with {os.waitstatus_to_exitcode(status)}")
        size = os.stat(path + "-wal").st_size
        report.most("bytes of WAL at most", size)
        if time.monotonic() > end:
            report.violate(f"{len(left)} clients did not end")
            for pid in left:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            return
        time.sleep(0.005)
    if report.totals["bytes of WAL at most"] >= _MOST_WAL:
        report.violate(f"the WAL grew to {report.totals['bytes of WAL at most']} bytes")


def _race(path: str, report: Report) -> None:
    """All claim all: every thread has exactly one winner, and the others are told who."""
    places.in_child(lambda: kill.create(path))
    threads = places.in_child(lambda: _prizes(path))
    gate = os.pipe()
    seeds = [report.random.getrandbits(64) for _ in range(RACERS)]
    pids = [
        places.fork(lambda i=i, s=seed: _racer(path, i, s, threads, gate))
        for i, seed in enumerate(seeds)
    ]
    os.close(gate[0])
    os.close(gate[1])  # They all wait for the end of this pipe.
    for pid in pids:
        status = places.reap(pid)
        if status:
            report.violate(f"a racer ended with {status}")
    winners: dict[str, list[str]] = {thread: [] for thread in threads}
    for i in range(RACERS):
        with open(_won(path, i), encoding="utf-8") as file:
            told = json.load(file)
        report.violate(*(f"racer {i}: {wrong}" for wrong in told["wrong"]))
        for thread in told["won"]:
            winners[thread].append(f"r{i}")
    for thread, won in winners.items():
        if len(won) != 1:
            report.violate(f"I3 {thread} was won by {won}")
    report.violate(*places.in_child(lambda: invariants.violations(path)))
    report.add("races of 16", len(threads))


def _prizes(path: str) -> list[str]:
    session = Session(path)
    send = ["send", "--from", "lead", "--to", "@pool", "--subject", "s"]
    return [session.run(*send).data["thread"]["thread_id"] for _ in range(PRIZES)]


def _racer(path: str, number: int, seed: int, threads: list[str], gate: tuple[int, int]) -> None:
    session = Session(path)
    order = list(threads)
    random.Random(seed).shuffle(order)
    os.close(gate[1])
    os.read(gate[0], 1)
    won, wrong = [], []
    for thread in order:
        answer = session.run("claim", "--agent", f"r{number}", "--thread", thread)
        if answer.ok:
            won.append(thread)
        elif answer.code != "lease_conflict/held":
            wrong.append(f"unexpected {answer.exit} {answer.code} from claim")
    with open(_won(path, number), "x", encoding="utf-8") as file:
        json.dump({"won": won, "wrong": wrong}, file)


def _won(path: str, number: int) -> str:
    return os.path.join(os.path.dirname(path), f"won-{number}.json")
