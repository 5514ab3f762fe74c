"""Jobs per second through libraries: one producer, four consumers, one job at a time."""

import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench import stores
from tests.bench.installed import PYTHON, environment
from tests.bench.measure import table, verdict

_WORKER = str(Path(__file__).parent / "workers" / "queues.py")
_CONSUMERS = 4
_DEADLINE = 180

# fmt: off
KINDS = {
    "inbox":            "FULL; leases, events, fencing",
    "inbox-next":       "FULL; done --next: one commit less a job",
    "lean":             "FULL; one table on apsw",
    "litequeue":        "FULL (set by us)",
    "inbox-normal":     "NORMAL, for comparison only",
    "lean-normal":      "NORMAL",
    "litequeue-normal": "NORMAL, as it comes",
    "huey":             "FULL (fsync=True); deletes on dequeue",
    "diskcache":        "FULL; no lease, no acknowledgement",
    "persist-queue":    "its own default; not process-safe",
    "beanstalkd":       "memory only",
    "beanstalkd-fsync": "log, fsync each (-b -f0)",
}
# fmt: on

_GOALS = {"lean": 0.40, "litequeue": 1.5, "lean-normal": 0.40, "litequeue-normal": 1.5}


def main(jobs: int = 1000, rounds: int = 3) -> None:
    """Run every queue in turn, `rounds` times; ratios are medians of per-round ratios."""
    rates: dict[str, list[float]] = {kind: [] for kind in KINDS}
    notes: dict[str, str] = {}
    for _ in range(rounds):
        for kind in KINDS:
            if kind.startswith("beanstalkd") and shutil.which("beanstalkd") is None:
                notes[kind] = "not installed"
            elif kind not in notes:
                try:
                    rate, wrong = _run(kind, jobs)
                except subprocess.TimeoutExpired:
                    notes[kind] = f"not done within {_DEADLINE} s"
                    continue
                rates[kind].append(rate)
                if wrong:
                    rates[kind].pop()
                    notes[kind] = wrong
    body = []
    for kind, words in KINDS.items():
        found = rates[kind]
        cells = [kind, f"{statistics.median(found):.0f}" if found else "-", words]
        goal = ("", "")
        ours = rates["inbox-normal" if kind.endswith("-normal") else "inbox"]
        share = _share(ours, found) if found and ours else None
        if share is not None and kind in _GOALS:
            goal = verdict(share, _GOALS[kind], least=True)
        told = f"{share:.2f}" if share is not None else ""
        body.append([*cells, notes.get(kind, ""), told, *goal])
    header = ("queue", "jobs/s", "durability", "wrong", "inbox / it", "goal", "")
    table(f"1 producer + 4 consumers, {jobs} jobs, {rounds} rounds in turn", header, body)


def _share(ours: list[float], theirs: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=False))


def _run(kind: str, jobs: int) -> tuple[float, str]:
    """Return (jobs/s, what went wrong: lost or delivered twice)."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, _place(kind, folder) as place:
        if kind.startswith("inbox"):
            stores.make(folder).close()
        workers = []
        try:
            for role in ("producer", *["consumer"] * _CONSUMERS):
                workers.append(_start(kind, role, place, jobs))
                assert workers[-1].stdout is not None
                workers[-1].stdout.readline()  # Open, and its table made, before the next one.
            return _measure(workers, jobs)
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()


def _start(kind: str, role: str, place: str, jobs: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [PYTHON, "-I", _WORKER, kind, role, place, str(jobs)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment(),
    )


def _measure(workers: "list[subprocess.Popen[str]]", jobs: int) -> tuple[float, str]:
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("\n")
        worker.stdin.flush()
    begins, ends, had = [], [], Counter()
    limit = time.monotonic() + _DEADLINE
    for worker in workers:
        words = worker.communicate(timeout=max(1.0, limit - time.monotonic()))[0].split()
        if worker.returncode or len(words) < 2:
            return 0.0, "a worker failed"
        begins.append(float(words[0]))
        ends.append(float(words[1]))
        had.update(words[2:])
    twice = sum(count - 1 for count in had.values())
    lost = jobs - len(had)
    wrong = ", ".join(f"{n} {what}" for n, what in ((lost, "lost"), (twice, "twice")) if n)
    return jobs / (max(ends) - min(begins)), wrong


@contextmanager
def _place(kind: str, folder: str) -> Iterator[str]:
    """Yield the folder of a queue, or the port of a beanstalkd that runs meanwhile."""
    if not kind.startswith("beanstalkd"):
        yield folder
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    log = ["-b", folder, "-f", "0"] if kind == "beanstalkd-fsync" else []
    daemon = subprocess.Popen(["beanstalkd", "-l", "127.0.0.1", "-p", port, *log])
    try:
        limit = time.monotonic() + 10
        while time.monotonic() < limit:
            try:
                socket.create_connection(("127.0.0.1", int(port))).close()
                break
            except OSError:
                time.sleep(0.01)
        yield port
    finally:
        daemon.terminate()
        daemon.wait()
