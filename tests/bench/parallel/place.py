"""Where an arm of the experiment works, what it is given, and what came of it."""

import hashlib
import json
import os
import resource
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import history
from tests.bench.history import git
from tests.bench.installed import PYTHON
from tests.bench.parallel.coder import Coder
from tests.bench.parallel.topics import Chosen, bound

ANSWER = 60.0  # Seconds of the same clock until a person does what only a person can do.
HERE = Path(__file__).parent
_TOML = """\
[check.sound]
command = {check}
[queue]
checks = ["sound"]
batch = {batch}
backoff = {backoff}
[policy]
low = []
medium = []
high = []
builtin = false
[drive.retry]
first = {first}
most = {most}
"""


@dataclass(frozen=True)
class Setting:
    """What one run of an arm is given."""

    chosen: Chosen
    seed: int
    scale: float
    check: float = 20.0
    batch: int = 4
    rates: dict[str, float] = field(default_factory=dict)

    @property
    def check_seconds(self) -> float:
        """Return how long a check takes here."""
        return self.check / self.scale


@dataclass
class Outcome:
    """What came of one run of an arm. Seconds of thinking are a model's, others are real."""

    wall: float
    cpu: float
    bound: float
    thought: float
    redone: float
    checks: int
    conflicts: int
    landed: int
    by_hand: int
    red: int
    tree: str


class Place:
    """A clone that begins at the chosen commit, with the journal and the facts of a coder."""

    def __init__(self, source: Path, folder: Path, setting: Setting) -> None:
        self.setting = setting
        self.folder = folder
        self.said = ""
        self.repo = folder / "repo"
        git(folder, "clone", "-q", "--shared", "--no-checkout", str(source), str(self.repo))
        git(self.repo, "checkout", "-q", "-B", "main", setting.chosen.start)
        self.journal, self.checked = folder / "journal", folder / "checked"
        check = [PYTHON, "-I", str(HERE / "check.py"), f"{setting.check_seconds:g}"]
        self.check = [*check, str(self.checked)]
        scaled = {"first": 30.0, "most": 900.0, "backoff": 30.0}
        words = {name: f"{seconds / setting.scale:g}" for name, seconds in scaled.items()}
        toml = _TOML.format(check=json.dumps(self.check), batch=setting.batch, **words)
        (self.repo / "orch.toml").write_text(toml)
        git(self.repo, "add", "-A")
        git(self.repo, "commit", "-q", "-m", "how this project is checked")
        self.start = git(self.repo, "rev-parse", "HEAD")
        git(self.repo, "update-ref", "refs/experiment/start", self.start)
        self.facts = {
            "seed": setting.seed, "scale": setting.scale, "rates": setting.rates,
            "journal": str(self.journal), "start": self.start,
            "topics": {
                p.name: {"patch": p.patch, "merge": p.merge, "seconds": p.seconds}
                for p in setting.chosen.pieces
            },
        }  # fmt: skip
        (folder / "facts.json").write_text(json.dumps(self.facts))

    def is_green(self, tree: Path) -> bool:
        """Run the check in a tree."""
        done = subprocess.run(
            self.check, cwd=tree, env=history.ENV, capture_output=True, text=True, check=False
        )
        self.said = done.stderr
        return done.returncode == 0

    def finish(self, coder: Coder, name: str) -> int:
        """Let one agent bring a topic to its end by itself; return how often it asked."""
        asked = 0
        for _ in range(20):
            outcome = coder.turn(name)
            if outcome == "question":
                asked += 1
                time.sleep(ANSWER / self.setting.scale)
            elif outcome in ("done", "conflict", "red") and self.is_green(coder.tree):
                return asked
        raise SystemExit(f"{name} does not end: {self.said}")

    def outcome(self, wall: float, cpu: float, workers: int, by_hand: int) -> Outcome:
        """Return what is to be told of the arm that worked here."""
        rows = [json.loads(line) for line in self.journal.read_text().splitlines()]
        first = sum(p.seconds for p in self.setting.chosen.pieces)
        thought = sum(row["seconds"] for row in rows)
        done = Coder(self.facts, self.repo).landed()
        checks = len(self.checked.read_text().splitlines())
        return Outcome(
            wall, cpu, bound(self.setting.chosen, workers, self.setting.check) / self.setting.scale,
            thought, max(0.0, thought - first), checks,
            sum(row["kind"] == "conflict" for row in rows), len(done), by_hand,
            self._red(), self._files(),
        )  # fmt: skip

    def _files(self) -> str:
        """Return a digest of main's files but orch.toml, which names this place."""
        rows = git(self.repo, "ls-tree", "-r", "main").split("\n")
        kept = "\n".join(row for row in rows if not row.endswith("\torch.toml"))
        return hashlib.sha256(kept.encode()).hexdigest()

    def _red(self) -> int:
        """Return how many states of main, one after the other, fail the check."""
        tree = self.folder / "states"
        git(self.repo, "worktree", "add", "-q", "--detach", str(tree), "main")
        found = 0
        range_ = f"{self.start}..main"
        for commit in git(self.repo, "rev-list", "--first-parent", range_).split():
            git(tree, "checkout", "-q", "--detach", commit)
            check = [*self.check[:3], "0", os.devnull]
            found += subprocess.run(check, cwd=tree, env=history.ENV, capture_output=True,
                                    check=False).returncode != 0  # fmt: skip
        git(self.repo, "worktree", "remove", "--force", str(tree))
        return found


def timed(act: Callable[[], object]) -> tuple[float, float]:
    """Return (wall, CPU seconds of the processes that it waited for)."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    act()
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
