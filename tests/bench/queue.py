"""The merge queue: a run beside the git commands in it, batches beside one by one."""

import json
import os
import shlex
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.bench.installed import INBOX, ORCH, PYTHON, environment
from tests.bench.measure import run, table, verdict

ENTRIES, ROUNDS = 50, 3
BATCHED, BAD, CHECK_SECONDS = 24, (7, 18), 0.5
PASS_GOAL = 2.0
_COUNTED = str(Path(__file__).parent / "workers" / "counted_git.py")
_ENV = environment() | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
_POLICY = "[policy]\nlow = []\nmedium = []\nhigh = []\n"


class Work:
    """A repository of 300 files, and a run of finished tasks in it, each one file changed."""

    def __init__(self, folder: Path, settings: str, tasks: int, bad: tuple[int, ...] = ()) -> None:
        self.repo = folder / "repo"
        for number in range(300):
            path = self.repo / f"d{number % 12}" / f"f{number}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"file {number}\n" * 20)
        (self.repo / "orch.toml").write_text(settings + _POLICY)
        git(self.repo, "init", "-q", "-b", "main")
        git(self.repo, "config", "user.name", "bench")
        git(self.repo, "config", "user.email", "bench@localhost")
        git(self.repo, "add", "-A")
        git(self.repo, "commit", "-q", "-m", "the tree")
        self.at = ("--db", f"{self.repo}/.orch/coord.db")
        self.names = [f"t{number}" for number in range(tasks)]
        run([ORCH, "init", *self.at], _ENV)
        run([ORCH, "run", "init", *self.at, "--run", "r", "--goal", "g",
             "--repo-path", str(self.repo)], _ENV)  # fmt: skip
        for name in self.names:
            run([ORCH, "task", "add", *self.at, "--run", "r", "--task", name,
                 "--risk", "low", "--default-to", "w"], _ENV)  # fmt: skip
        self.say("dispatch", "--run", "r", "--ready", "--execution-mode", "code")
        for number, name in enumerate(self.names):
            self._finish(name, "BAD\n" if number in bad else f"changed by {name}\n", number)
        self.say("reconcile", "--run", "r")

    def _finish(self, name: str, text: str, number: int) -> None:
        """Do a task as its worker would: claim, commit, report."""
        sent = self.say("task", "show", "--run", "r", "--task", name)["attempts"][-1]
        tree = Path(sent["worktree_path"])
        (tree / f"d{number % 12}" / f"f{number}.txt").write_text(text)
        git(tree, "commit", "-qam", name)
        thread = sent["thread_id"]
        run([INBOX, "claim", *self.at, "--agent", "w", "--thread", thread], _ENV)
        run([INBOX, "done", *self.at, "--agent", "w", "--thread", thread, "--summary", "s"], _ENV)

    def queue(self, target: str) -> None:
        """Queue all tasks for a new branch, one commit above main: no tree was met before."""
        blob = git(self.repo, "hash-object", "-w", "--stdin", stdin=target)
        listed = git(self.repo, "ls-tree", "main") + f"\n100644 blob {blob}\ttarget"
        tree = git(self.repo, "mktree", stdin=listed)
        commit = git(self.repo, "commit-tree", tree, "-p", "main", "-m", target)
        git(self.repo, "branch", target, commit)
        for name in self.names:
            run([ORCH, "queue", "add", *self.at, f"r/{name}", "--target", target], _ENV)

    def say(self, *words: str) -> dict:
        """Run an orch command; return its data."""
        done = subprocess.run(
            [ORCH, *words, *self.at, "--json"], env=_ENV, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        if done.returncode:
            raise SystemExit(f"orch {shlex.join(words)}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)["data"]


def git(repo: Path, *words: str, stdin: str = "") -> str:
    """Run git and return what it says."""
    done = subprocess.run(
        ["git", *words], cwd=repo, env=_ENV, input=stdin, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def passes() -> None:
    """One `queue run` over so many entries: the whole process beside the git commands in it."""
    rows, xs = [], []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        work = Work(Path(folder), '[queue]\nchecks = "none"\n', ENTRIES)
        for number in range(ROUNDS):
            target = f"pass-{number}"
            work.queue(target)
            words = ["queue", "run", *work.at, "--target", target, "--json"]
            start = time.perf_counter()
            done = subprocess.run(
                [PYTHON, "-I", _COUNTED, *words], env=_ENV, capture_output=True, text=True,
                check=False,
            )  # fmt: skip
            wall = time.perf_counter() - start
            if done.returncode:
                raise SystemExit(f"{done.stdout}{done.stderr}")
            landed = len(json.loads(done.stdout)["data"]["landed"])
            if landed != ENTRIES:
                raise SystemExit(f"{landed} of {ENTRIES} landed")
            seen = json.loads(done.stderr.splitlines()[-1])
            xs.append(wall / seen["seconds"])
            rows.append((target, f"{wall:.1f}", f"{seen['seconds']:.1f}", seen["calls"],
                         f"{xs[-1]:.2f}", "", ""))  # fmt: skip
            if os.environ.get("BENCH_VERBOSE"):
                print(json.dumps(seen["by"], indent=0))
    x = statistics.median(xs)
    rows.append(("median", "", "", "", f"{x:.2f}", *verdict(x, PASS_GOAL)))
    table(
        f"`orch queue run`, {ENTRIES} entries in a repository of 300 files",
        ("run", "s", "s in git", "git calls", "x", "goal", ""),
        rows,
    )


@dataclass(frozen=True)
class Way:
    """One way to run the same queue."""

    name: str
    flags: tuple[str, ...]


_WAYS = (
    Way("one by one", ("--batch", "1")),
    Way("batches of 4", ("--batch", "4")),
    Way("batches of 8", ("--batch", "8")),
    Way("batches of 4, 2 tests at once", ("--batch", "4", "--jobs", "2")),
)


def throughput() -> None:
    """The same entries landed one by one and in batches, without and with bad ones among them."""
    for bad in ((), BAD):
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            check = json.dumps(["/bin/sh", "-c", f"sleep {CHECK_SECONDS}; ! grep -rqx BAD d*"])
            settings = f'[queue]\nchecks = ["c"]\n[check.c]\ncommand = {check}\n'
            work = Work(Path(folder), settings, BATCHED, bad)
            rows, alone = [], 0.0
            for number, way in enumerate(_WAYS):
                target = f"way-{number}"
                work.queue(target)
                start = time.perf_counter()
                said = work.say("queue", "run", "--target", target, *way.flags)
                wall = time.perf_counter() - start
                landed = len(said["landed"])
                if landed != BATCHED - len(bad):
                    raise SystemExit(f"{way.name}: {landed} landed, {len(bad)} are bad")
                alone = alone or landed / wall
                rows.append((way.name, landed, said["trials"], f"{wall:.1f}",
                             f"{landed / wall / alone:.2f}"))  # fmt: skip
        table(
            f"{BATCHED} entries, {len(bad)} of them bad, a check of {CHECK_SECONDS} s",
            ("way", "landed", "check runs", "s", "x landed a second"),
            rows,
        )
