"""A driver: what it costs while idle, how soon it gives out work and takes tickets, its planner."""

import json
import os
import signal
import statistics
import subprocess
import tempfile
import time

from schema import file
from tests.bench import drive
from tests.bench.installed import INBOX, ORCH, environment
from tests.bench.measure import percentile, spawn, table, verdict

TASKS, TICKETS, IDLE_SECONDS = 20, 8, 60.0
IDLE_GOAL, NEXT_GOAL, TICKET_GOAL = 0.2, 500.0, 3000.0  # Per cent of a CPU; ms.
_DEADLINE = 30.0
_ME = ("-c", "user.name=bench", "-c", "user.email=bench@localhost")
_ENV = environment() | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
_TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """An idle driver's CPU; from `done` to the next attempt; from a ticket to its task; a pass."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        os.chdir(folder)
        _git("init", "-q", "-b", "main")
        _git("commit", "-q", "--allow-empty", "-m", "first")
        _orch("init")
        _orch("run", "init", "--run", "r", "--goal", "g", "--target", "main")
        driver = spawn([ORCH, "drive", "--run", "r", "--until", "forever", "--at-once", "1",
                        "--tickets", "tickets/*.yaml"], _ENV)  # fmt: skip
        try:
            idle = _idle(driver)
            gaps = _gaps()
            taken = _taken()
        finally:
            os.kill(driver, signal.SIGINT)
            os.waitpid(driver, 0)
    middle, worst = statistics.median(gaps), percentile(gaps, 95)
    table(
        f"a driver: {IDLE_SECONDS:g} s with nothing to do, {TASKS} tasks one after the other, "
        f"{TICKETS} tickets, load {os.getloadavg()[0]:.0f}",
        ("what", "is", "goal", ""),
        [
            ("idle, % of a CPU", f"{idle:.2f}", *verdict(idle, IDLE_GOAL)),
            ("done to next attempt, ms, half", f"{middle:.0f}", *verdict(middle, NEXT_GOAL)),
            ("19 of 20", f"{worst:.0f}", *verdict(worst, NEXT_GOAL)),
            ("ticket to task, ms, half", f"{statistics.median(taken):.0f}", "", ""),
            ("the slowest", f"{max(taken):.0f}", *verdict(max(taken), TICKET_GOAL)),
        ],
    )
    drive.passes()


def _idle(pid: int) -> float:
    """Return how much of a CPU a driver takes that waits."""
    time.sleep(3)
    before = _cpu(pid)
    time.sleep(IDLE_SECONDS)
    return 100 * (_cpu(pid) - before) / IDLE_SECONDS


def _cpu(pid: int) -> float:
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _gaps() -> list[float]:
    """Let tasks be done at once by hand; return ms from each report to the next attempt."""
    for number in range(TASKS):
        _orch("task", "add", "--run", "r", "--task", f"t{number}", "--title", "t")
    for _ in range(TASKS):
        _claim_and_finish()
    db = file.open_store(os.path.join(os.getcwd(), ".orch", "coord.db"))
    rows = db.connection.execute(
        "SELECT event_type, created_at FROM event "
        "WHERE event_type IN ('thread_result', 'task_dispatched') ORDER BY event_id"
    ).fetchall()
    db.close()
    done = [at for kind, at in rows if kind == "thread_result"]
    begun = [at for kind, at in rows if kind == "task_dispatched"]
    return [float(b - a) for a, b in zip(done, begun[1:], strict=False)]


def _taken() -> list[float]:
    """Put tickets where they are watched for, one by one; return ms until each is a task."""
    os.mkdir("tickets")
    found = []
    for number in range(TICKETS):
        with open(f"tickets/k{number}.yaml", "w", encoding="utf-8") as ticket:
            ticket.write(f"id: k{number}\ntitle: a ticket\n")
        begun = time.time()
        subprocess.run([ORCH, "wait", "--run", "r", "--for", "task_added", "--after-event",
                        str(_last_event())], env=_ENV, check=True, capture_output=True)  # fmt: skip
        found.append(1000 * (time.time() - begun))
    return found


def _last_event() -> int:
    said = subprocess.run([ORCH, "--json", "status", "--run", "r"], env=_ENV, check=True,
                          capture_output=True).stdout  # fmt: skip
    last: int = json.loads(said)["data"]["high_event_id"]
    return last


def _claim_and_finish() -> None:
    end = time.monotonic() + _DEADLINE
    me = ("--agent", "w1")
    while subprocess.run([INBOX, "claim", "--next", "--pool", "auto", *me], env=_ENV, check=False,
                         capture_output=True).returncode:  # fmt: skip
        if time.monotonic() > end:
            raise SystemExit("no task was given out in time")
        time.sleep(0.01)
    told = subprocess.run([INBOX, "list", "--json", *me], env=_ENV, check=True, capture_output=True)
    mine = [t for t in json.loads(told.stdout)["data"]["threads"] if t["status"] == "claimed"]
    name = mine[-1]["thread_id"]
    subprocess.run([INBOX, "done", *me, "--thread", name, "--summary", "s"], env=_ENV, check=True,
                   capture_output=True)  # fmt: skip


def _git(*words: str) -> None:
    subprocess.run(["git", *_ME, *words], env=_ENV, check=True)


def _orch(*words: str) -> None:
    subprocess.run([ORCH, *words], env=_ENV, check=True, capture_output=True)
