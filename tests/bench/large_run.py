"""A run of ten thousand tasks: what a person and a plan wait for."""

import json
import shutil
import statistics
import tempfile
from pathlib import Path

from tests.bench import control
from tests.bench.installed import ORCH, environment
from tests.bench.measure import run, table, verdict

TASKS, MORE, ROUNDS = 10_000, 2_000, 5
_GOALS = {"status": 300, "plan apply": 2000, "report": 2000}  # ms of CPU


def main() -> None:
    """`status`, 2,000 more tasks by a plan (chains of five; one chain), the HTML report."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        run([ORCH, "init", "--db", f"{folder}/kept/coord.db"], environment())
        control.fill(folder / "kept" / "coord.db", TASKS)
        plans = {5: folder / "fives.json", MORE: folder / "chain.json"}
        for length, path in plans.items():
            path.write_text(json.dumps({"tasks": _chains(length)}))
        words = {
            "status": ("status", "--run", "large"),
            "JSON of status": ("--json", "status", "--run", "large"),
            "plan apply, chains of 5": ("plan", "apply", str(plans[5]), "--run", "large"),
            f"plan apply, a chain of {MORE}": ("plan", "apply", str(plans[MORE]), "--run", "large"),
            "report, HTML": ("report", "--run", "large", "--format", "html", "--out",
                             f"{folder}/report.html"),
        }  # fmt: skip
        rows = []
        for label, argv in words.items():
            ms = statistics.median(_measured(folder, argv) for _ in range(ROUNDS))
            goal = next((g for verb, g in _GOALS.items() if label.startswith(verb)), None)
            rows.append((label, f"{ms:.0f}", *verdict(ms, goal)))
    table(f"A run of {TASKS} tasks, whole process, ms of CPU", ("command", "ms", "goal", ""), rows)


def _measured(folder: Path, argv: tuple[str, ...]) -> float:
    """Return the CPU ms of a command on a fresh copy of the store."""
    shutil.rmtree(folder / "used", ignore_errors=True)
    shutil.copytree(folder / "kept", folder / "used")
    return run([ORCH, *argv, "--db", f"{folder}/used/coord.db"], environment())[1]


def _chains(length: int) -> list[dict[str, object]]:
    return [
        {"id": f"n{i}", "title": f"new {i}", "depends_on": [f"n{i - 1}"] if i % length else []}
        for i in range(MORE)
    ]
