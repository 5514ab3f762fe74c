"""Replay a history through the merge queue: `python -m tests.bench.replay [REPOSITORY]`.

The newest merges of the repository's first-parent line become finished tasks, all queued at once,
and land; what conflicts goes back to its owner, who resolves it as the history did. Then the
target's tree must be the history's, and every landed tree a tested one. Without a repository the
history is made of real releases (history.py). The original is cloned and never touched.
"""

import argparse
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from tests.bench import history, installed
from tests.bench.history import Topic, git
from tests.bench.measure import table

_COUNTED = str(Path(__file__).parent / "workers" / "counted_git.py")
_SETTINGS = """\
[queue]
checks = ["sound"]
target = "landed"
failures = 1
[check.sound]
command = ["sh", "-c", "! git grep -qE '^(<<<<<<<|>>>>>>>) ' HEAD"]
[policy]
low = []
medium = []
high = []
"""
_MOST_ROUNDS = 10


class Replay:
    """A run whose tasks are the topics of a history."""

    def __init__(self, repo: Path, topics: list[Topic], scripts: Path) -> None:
        self.repo = repo
        self.scripts = scripts
        self.topics = {topic.name: topic for topic in topics}
        self.at = ("--db", f"{repo}/.orch/coord.db")
        self.calls, self.git_seconds, self.seconds, self.trials = 0, 0.0, 0.0, 0
        git(repo, "branch", "landed", topics[0].onto)
        with (repo / ".git" / "info" / "exclude").open("a") as file:
            file.write("/orch.toml\n")
        (repo / "orch.toml").write_text(_SETTINGS)
        self.run("orch", "init")
        self.orch("run", "init", "--run", "r", "--goal", "g", "--repo-path", str(repo))

    def run(self, program: str, *words: str, ok: tuple[int, ...] = (0,)) -> dict:
        """Run a command of ours and return its whole answer."""
        done = self._spawn(program, *words, *self.at, "--json")
        if done.returncode not in ok:
            raise SystemExit(f"{program} {' '.join(words)}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout) if done.stdout else {}

    def _spawn(self, program: str, *words: str) -> "subprocess.CompletedProcess[str]":
        argv = [str(self.scripts / program), *words]
        return subprocess.run(
            argv, env=history.ENV, capture_output=True, text=True, check=False, timeout=1800
        )

    def orch(self, *words: str) -> dict:
        """Run an orch command and return its data."""
        return self.run("orch", *words)["data"]

    def work(self, topic: Topic) -> None:
        """Bring a topic to done, as its worker would."""
        name = topic.name
        self.orch("task", "add", "--run", "r", "--task", name, "--default-to", "w", "--risk", "low")
        sent = self.orch("dispatch", "--run", "r", "--task", name, "--execution-mode", "code",
                         "--base-ref", topic.base)  # fmt: skip
        tree = Path(sent["attempt"]["worktree_path"])
        git(tree, "reset", "-q", "--hard", topic.head)
        self.report(sent["thread"]["thread_id"])

    def report(self, thread: str) -> None:
        """Claim a thread and report it done."""
        self.run("inbox", "claim", "--agent", "w", "--thread", thread)
        self.run("inbox", "done", "--agent", "w", "--thread", thread, "--summary", "s")

    def land(self) -> None:
        """Run the queue until nothing can land, with its git timed."""
        words = ("queue", "run", *self.at, "--run", "r", "--json")
        start = time.perf_counter()
        done = self._spawn("python", "-I", _COUNTED, *words)
        self.seconds += time.perf_counter() - start
        if done.returncode not in (0, 10, 30):
            raise SystemExit(f"queue run: {done.stdout}{done.stderr}")
        told = json.loads(done.stderr.splitlines()[-1])
        self.calls += told["calls"]
        self.git_seconds += told["seconds"]
        self.trials += json.loads(done.stdout).get("data", {}).get("trials", 0)

    def statuses(self) -> dict[str, str]:
        """Return the status of the newest entry of each task."""
        entries = self.orch("queue", "list", "--run", "r")["entries"]
        newest = sorted(entries, key=lambda e: int(e["entry_id"][4:]))
        return {entry["task_id"]: entry["status"] for entry in newest}

    def resolve(self, name: str) -> None:
        """Do a conflict's rework as the history did: merge, and take the final files."""
        shown = self.orch("task", "show", "--run", "r", "--task", name)
        attempt = shown["attempts"][-1]
        tree = Path(attempt["worktree_path"])
        git(tree, "merge", "-q", "--no-commit", self.topics[name].head, ok=(0, 1))
        last = [*self.topics.values()][-1].merge
        files = git(tree, "diff", "--name-only", "-z", "--diff-filter=U").split("\0")
        for path in filter(None, files):
            if git(tree, "ls-tree", last, "--", path):
                git(tree, "checkout", "-q", last, "--", path)
            else:
                git(tree, "rm", "-q", "-f", "--", path)
        git(tree, "commit", "-q", "--allow-empty", "-m", f"resolve {name}")
        self.report(attempt["thread_id"])


def replay(repo: Path, topics: list[Topic], scripts: Path) -> dict[str, object]:
    """Land the topics with the programs of a folder; return what came of it."""
    begun = time.perf_counter()
    run = Replay(repo, topics, scripts)
    for topic in topics:
        run.work(topic)
    run.orch("reconcile", "--run", "r")
    prepared = time.perf_counter() - begun
    for topic in topics:  # A row of direct commits takes what lies below it for granted.
        how = "squash" if topic.head == topic.merge else "merge"
        run.orch("queue", "add", f"r/{topic.name}", "--strategy", how)
    conflicts: set[str] = set()
    for _ in range(_MOST_ROUNDS):
        run.land()
        back = [n for n, status in run.statuses().items() if status in ("conflict", "quarantined")]
        if not back:
            break
        conflicts |= set(back)
        for name in back:
            run.resolve(name)
    found = run.statuses()
    landed = sum(status in ("verified", "landed_externally") for status in found.values())
    ends = [git(repo, "rev-parse", f"{name}^{{tree}}") for name in ("landed", topics[-1].merge)]
    by_hand = {t.name for t in topics if not _is_mechanical(repo, t)}
    replayed = run.orch("queue", "replay")
    return {
        "topics": len(topics),
        "landed": landed,
        "conflicts": len(conflicts),
        "resolved by hand in the history": len(by_hand),
        "final tree is the history's": ends[0] == ends[1],
        "not landed": {
            n: s for n, s in found.items() if s not in ("verified", "landed_externally")
        },
        "passes decided again alike": replayed["same"],
        "check runs": run.trials,
        "git calls": run.calls,
        "seconds": round(run.seconds, 1),
        "of them in git": round(run.git_seconds, 1),
        "seconds to set up": round(prepared, 1),
    }


def _is_mechanical(repo: Path, topic: Topic) -> bool:
    """Say whether the history's merge is what git makes of its two sides."""
    if topic.head == topic.merge:
        return True
    asked = ("merge-tree", "--write-tree", topic.onto, topic.head)
    made = git(repo, *asked, ok=(0, 1)).split("\n")[0]
    return made == git(repo, "rev-parse", f"{topic.merge}^{{tree}}")


def main() -> None:
    """Replay what the command line names and print one table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.replay", description=__doc__)
    parser.add_argument("repository", nargs="?", type=Path)
    parser.add_argument("--count", type=int, default=50, help="how many merges (default: 50)")
    chosen = parser.parse_args()
    installed.prepare()
    with tempfile.TemporaryDirectory(prefix="replay-") as name:
        folder = Path(name)
        made = chosen.repository is None
        source = history.make(folder) if made else chosen.repository.resolve()
        repo = folder / "clone"
        git(folder, "clone", "-q", "--no-hardlinks", str(source), str(repo))
        topics = history.read(repo, chosen.count)
        files = len(git(repo, "ls-files").split("\n"))
        found = replay(repo, topics, installed.VENV / "bin")
        what = f"{history.PROJECT} releases" if made else str(source)
        table(f"{len(topics)} merges of {what}, {files} files, load {os.getloadavg()[0]:.1f}",
              ("what", ""), list(found.items()))  # fmt: skip
        shutil.rmtree(repo)


if __name__ == "__main__":
    main()
