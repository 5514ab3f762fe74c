"""Layer `real_drives`: `orch drive` with real workers and agents, each of them killed now and then.

Tasks wait for each other, agents print, ask, crash, end without a report; a person answers. kill -9
meets drivers, workers and agents at random moments; the same command is said again and again.
Judged: every task lands once, killed drivers and workers charge nobody, no attempt is beyond its
budget, no process and no finding of doctor is left. Unit: driven runs.
"""

import contextlib
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.support import places
from tests.support.cli import clean_environment
from tests.support.workers import marked
from tests.torture import planted, workflows
from tests.torture.report import Budget, Report

_TOML = """[check.unit]
command = ["sh", "-c", "test ! -e broken"]
[queue]
checks = ["unit"]
[policy]
low = []
medium = []
high = []
builtin = false
[drive.retry]
first = 0.05
jitter = 0
"""
# What an agent does is in its task's name: it must be the same for each turn of it.
_AGENT = """\
cat > /dev/null
task=$(basename "$(dirname "$PWD")")
for i in 1 2 3 4 5 6; do echo "line $i"; sleep 0.0$((RANDOM % 9 + 1)); done
case "$task:$ORCH_BRIEF" in
    ask*:*attempt-1.turn-1.*) inbox update --status blocked --body "which one?"; exit 0 ;;
    crash*:*attempt-1.*) exit 3 ;;
esac
[ -e "$task.txt" ] || echo "$task" > "$task.txt"
git add -A; git diff --cached --quiet || git commit -qm "work of $task"
case "$task" in silent*) ;; *) inbox done --summary "did $task" ;; esac
"""
_KINDS = ("plain", "plain", "silent", "ask", "crash")
_DEADLINE = 180.0
_KILLS = 8
_MOST_AGENTS = 2  # Killed agents of a run: a class has so many attempts.
_OFTEN = ("driver", "worker", "worker", "agent")


def _found_done(name: str, attempts: list[dict]) -> int:
    """Return how many attempts found the commit of a killed one, and had nothing to say."""
    ends = [one["end_class"] for one in attempts]
    pairs = itertools.pairwise(ends)
    return name.startswith("silent") * sum(pair == ("crashed", "no_change") for pair in pairs)


def run(budget: Budget, report: Report) -> None:
    """Drive runs until the budget is spent."""
    for number in budget.rounds():
        rng = random.Random(f"{report.seed}/{number}")
        with places.folder() as where, contextlib.suppress(workflows.Refused):
            _Driven(Path(where), report, rng).live()
        report.add("driven runs")


class _Driven(workflows.Life):
    """One repository, one run of a handful of tasks, one driver after the other."""

    def __init__(self, where: Path, report: Report, rng: random.Random) -> None:
        super().__init__(where, report)
        self.rng = rng
        self.tasks: list[str] = []
        self.agents_killed = 0
        self.driver: subprocess.Popen[bytes] | None = None
        self.store = self.repo / ".orch" / "coord.db"

    def live(self) -> None:
        """Play it and judge it."""
        (self.where / "agent.sh").write_text(_AGENT)
        self.begin(_TOML)
        self.say("orch", "run", "init", "--run", "d", "--goal", "g", "--target", "main")
        for number in range(self.rng.randint(3, 6)):
            name = f"{self.rng.choice(_KINDS)}-{number}"
            after = [t for t in self.tasks if self.rng.random() < 0.3]
            flags = [word for other in after for word in ("--depends-on", other)]
            self.say("orch", "task", "add", "--run", "d", "--task", name,
                     "--required-check", "unit", *flags)  # fmt: skip
            self.tasks.append(name)
        try:
            self.drive()
        finally:
            if self.driver is not None and self.driver.poll() is None:
                self.driver.kill()
                self.driver.wait()
        self.judge()

    def drive(self) -> None:
        """Start driver after driver, kill, answer, until one of them ends."""
        kills, deadline = self.rng.randint(1, _KILLS), time.monotonic() + _DEADLINE
        next_kill = time.monotonic() + self.rng.uniform(0.2, 2)
        while True:
            if self.driver is None or self.driver.poll() not in (None, 0):
                self.start_driver()
            assert self.driver is not None
            if self.driver.poll() == 0:
                return
            if kills and time.monotonic() >= next_kill:
                kills -= self.kill(self.rng.choice(_OFTEN))
                next_kill = time.monotonic() + self.rng.uniform(0.05, 1.5)
            if time.monotonic() > deadline:
                self.report.violate(f"not driven to its end in {_DEADLINE:g} s: {self.tasks}")
                raise workflows.Refused
            self.answer()
            time.sleep(0.05)

    def start_driver(self) -> None:
        """Say the command; the same one each time."""
        self.report.add("drivers")
        code = workflows.CODE.format("orch")
        more = {"PYTHONPATH": str(workflows.ROOT), planted.ENV: planted.active()}
        words = ("drive", "--run", "d", "--until", "done", "--workers", "3", "--harness", "command",
                 "--", "bash", str(self.where / "agent.sh"))  # fmt: skip
        log = (self.where / "drive.log").open("ab")
        with log:
            self.driver = subprocess.Popen(
                [sys.executable, "-c", code, *words], cwd=self.repo,
                env=clean_environment(self.where, **more), stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def kill(self, whom: str) -> int:
        """Kill -9 one process of a kind; return how many there were to kill."""
        assert self.driver is not None
        if whom == "driver":
            found = [self.driver.pid]
        elif whom == "worker":
            found = _children(self.driver.pid)
        elif self.agents_killed < _MOST_AGENTS:
            found = [pid for pid in marked(self.store) if _is_leader(pid)]
        else:
            found = []
        if not found:
            return 0
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.rng.choice(found), signal.SIGKILL)
        self.agents_killed += whom == "agent"
        self.report.add(f"{whom}s killed")
        return 1

    def answer(self) -> None:
        """Answer whatever is asked, as a person who looks now and then."""
        if not any(name.startswith("ask") for name in self.tasks) or self.rng.random() > 0.1:
            return
        for one in self.say("orch", "blocked", "--run", "d")["tasks"]:
            if not one["answered"]:
                words = ("answer", f"d/{one['task']['task_id']}", "--body", "that one")
                self.start(workflows.CODE.format("orch"), ("--json", *words))

    def judge(self) -> None:
        """Every task landed once, nothing is charged for kills of ours, nothing is left."""
        files = set(self.git(self.repo, "ls-tree", "--name-only", "main").split())
        events = self.say("orch", "events", "--run", "d", "--limit", "1000")["events"]
        landed = sorted(e["task_id"] for e in events if e["event_type"] == "entry_verified")
        if landed != sorted(self.tasks) or not {f"{t}.txt" for t in self.tasks} <= files:
            self.report.violate(
                f"of {sorted(self.tasks)} landed {landed}: {sorted(files)}",
                *(self.told_of(name) for name in self.tasks if name not in landed),
                f"needs: {self.say('orch', 'wait', '--run', 'd', '--all', also=10)}",
                "drive.log: " + (self.where / "drive.log").read_text()[-4000:],
            )
        begun, told = 0, []
        for name in self.tasks:
            attempts = self.say("orch", "task", "show", f"d/{name}")["attempts"]
            extra = len(attempts) - 1 - name.startswith("crash") - _found_done(name, attempts)
            begun += max(0, extra)
            if extra > 0:
                turns = self.say("orch", "usage", "--run", "d", "--task", name)["turns"]
                told += [(t["attempt_no"], t["outcome"], t["reason"]) for t in reversed(turns)]
                told += [(name, a["attempt_no"], a["status"], a["end_class"]) for a in attempts]
            if len(attempts) > 3:
                self.report.violate(f"{name} had {len(attempts)} attempts")
        if begun > self.agents_killed:
            killed = f"{self.agents_killed} killed agents"
            self.report.violate(f"{begun} attempts too many for {killed}: {told}")
        for check in self.say("orch", "doctor", "--deep", also=70)["checks"]:
            names = ("workers", "spools", "programs", "strays", "dispatches")
            if check["status"] == "problem" or (check["status"] != "ok" and check["name"] in names):
                self.report.violate(f"doctor: {check['name']}: {check['detail']}")
        end = time.monotonic() + 10
        while marked(self.store) and time.monotonic() < end:
            time.sleep(0.05)
        if marked(self.store):
            self.report.violate("an agent is left at work")

    def told_of(self, name: str) -> str:
        """Return all that can be known of a task that did not come to its end."""
        shown = self.say("orch", "task", "show", f"d/{name}", "--events")
        lines = [f"{name}: {json.dumps(shown)}"]
        for attempt in shown["attempts"]:
            tree = Path(attempt["worktree_path"])
            if tree.is_dir():
                lines += [
                    self.git(tree, "status", "--short"),
                    self.git(tree, "log", "-3", "--stat"),
                ]
                lines.append(str(sorted(path.name for path in tree.iterdir())))
        locks = [str(path) for path in (self.repo / ".git").rglob("*.lock")]
        return "\n".join([*lines, f"locks: {locks}"])


def _children(pid: int) -> list[int]:
    """Return the workers of a driver: of its children those that run `orch work`."""
    try:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [int(child) for child in found if b"--lifeline" in _words(int(child))]


def _words(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _is_leader(pid: int) -> bool:
    """Say whether a process is an agent itself, and no child of one."""
    try:
        return os.getsid(pid) == pid
    except OSError:
        return False
