"""`orch cleanup` of many worktrees whose work has landed, beside the git commands in it."""

import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from tests.bench import queue
from tests.bench.history import ENV
from tests.bench.installed import PYTHON
from tests.bench.measure import table, verdict

WORKTREES, ROUNDS, GOAL = 40, 3, 1.5
_COUNTED = str(Path(__file__).parent / "workers" / "counted_git.py")


def main() -> None:
    """The whole process beside the time in which at least one git of it ran."""
    rows, xs = [], []
    for number in range(ROUNDS):
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            work = queue.Work(Path(folder), '[queue]\nchecks = "none"\n', WORKTREES)
            work.queue("done")
            work.say("queue", "run", "--target", "done")
            argv = [PYTHON, "-I", _COUNTED, "--json", *work.at]
            start = time.perf_counter()
            done = subprocess.run(
                [*argv, "cleanup", "--run", "r", "--all-completed"], env=ENV, check=True,
                capture_output=True, text=True,
            )  # fmt: skip
            wall = time.perf_counter() - start
        cleaned = len(json.loads(done.stdout)["data"]["cleaned"])
        if cleaned != WORKTREES:
            raise SystemExit(f"{cleaned} of {WORKTREES} were removed: {done.stdout}")
        told = json.loads(done.stderr.splitlines()[-1])
        xs.append(wall / told["busy"])
        rows.append((f"run {number}", f"{wall:.1f}", f"{told['busy']:.1f}", told["calls"],
                     f"{told['seconds'] / told['busy']:.1f}", f"{xs[-1]:.2f}", "", ""))  # fmt: skip
    x = statistics.median(xs)
    rows.append(("median", "", "", "", "", f"{x:.2f}", *verdict(x, GOAL)))
    table(
        f"`orch cleanup --all-completed`, {WORKTREES} worktrees of 300 files, load "
        f"{os.getloadavg()[0]:.0f}",
        ("run", "s", "s while git ran", "git calls", "at once", "x", "goal", ""), rows,
    )  # fmt: skip
