"""Replay a history through the merge queue: `python -m tests.bench.replay [REPOSITORY]`.

The newest merges of the repository's first-parent line become finished tasks, all queued at once,
and land; a topic needs those that were on the line when it left it. What conflicts goes back to
its owner, who merges and takes the files in conflict as they were in the history when the newest of
what has landed was merged. Then the target's tree must be the history's, every
landed tree a tested one, every pass decided again alike, and doctor content. Without a repository
the history is made of real releases (history.py). The original is cloned and never touched.
"""

import argparse
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

import apsw

from tests.bench import history, installed
from tests.bench.history import Topic, git
from tests.bench.measure import table
from tests.support.runs import MACHINE

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
_MOST_ROUNDS = 40
_BUG = 50  # The exit status of a pass decided otherwise than recorded.
_LIMIT = 1200.0  # Seconds for all commands of a replay together.
_LANDED = ("verified", "landed_externally")
_CHECKS = "SELECT source, count(*) FROM trial_check GROUP BY source"
_TRIALS = "SELECT status, count(*) FROM trial GROUP BY status"


class Replay:
    """A run whose tasks are the topics of a history."""

    def __init__(self, repo: Path, topics: list[Topic], scripts: Path) -> None:
        self.repo = repo
        self.scripts = scripts
        self.topics = {topic.name: topic for topic in topics}
        self.needs = history.needs(repo, topics)
        self.at = ("--db", f"{repo}/.orch/coord.db")
        self.calls, self.git_seconds, self.seconds, self.approvals = 0, 0.0, 0.0, 0
        self.by_hand: set[str] = set()
        self.end = time.monotonic() + _LIMIT
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
        left = max(1.0, self.end - time.monotonic())
        return subprocess.run(
            argv, env=history.ENV, capture_output=True, text=True, check=False, timeout=left
        )

    def orch(self, *words: str) -> dict:
        """Run an orch command and return its data."""
        return self.run("orch", *words)["data"]

    def work(self, topic: Topic) -> None:
        """Bring a topic to done, as its worker would."""
        name = topic.name
        needs = [word for need in self.needs[name] for word in ("--depends-on", need)]
        self.orch("task", "add", "--run", "r", "--task", name, "--default-to", "w", "--risk", "low",
                  "--max-attempts", str(_MOST_ROUNDS), *needs)  # fmt: skip
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
        """Run the queue until nothing can land; what the policy asks a person for is approved."""
        self._run_queue()
        waiting = [e["entry_id"] for e in self.entries() if e["status"] == "awaiting_approval"]
        for entry in waiting:
            self.orch("queue", "approve", entry, "--as", "ana")
        if waiting:
            self.approvals += len(waiting)
            self._run_queue()

    def _run_queue(self) -> None:
        """Run the queue once to its end, with its git timed."""
        words = ("queue", "run", *self.at, "--run", "r", "--json")
        start = time.perf_counter()
        done = self._spawn("python", "-I", _COUNTED, *words)
        self.seconds += time.perf_counter() - start
        if done.returncode not in (0, 10, 30):
            raise SystemExit(f"queue run: {done.stdout}{done.stderr}")
        told = json.loads(done.stderr.splitlines()[-1])
        self.calls += told["calls"]
        self.git_seconds += told["seconds"]

    def entries(self) -> list[dict]:
        """Return the newest entry of each task."""
        entries = self.orch("queue", "list", "--run", "r")["entries"]
        newest = sorted(entries, key=lambda e: int(e["entry_id"][4:]))
        return [*{entry["task_id"]: entry for entry in newest}.values()]

    def statuses(self) -> dict[str, str]:
        """Return the status of the newest entry of each task."""
        return {entry["task_id"]: entry["status"] for entry in self.entries()}

    def stored(self, sql: str) -> dict[str, int]:
        """Return what the store has of each kind, by a query of kinds and their counts."""
        connection = apsw.Connection(f"{self.repo}/.orch/coord.db", flags=apsw.SQLITE_OPEN_READONLY)
        try:
            return dict(connection.execute(sql).fetchall())
        finally:
            connection.close()

    def decided_again(self) -> dict[str, list[int] | int]:
        """Return how many recorded passes are decided again alike, and which are not."""
        done = self.run("orch", "queue", "replay", ok=(0, _BUG))
        if "data" not in done or "same" not in done["data"]:
            raise SystemExit(f"queue replay: {done}")
        return done["data"]

    def untested(self) -> list[str]:
        """Return what landed with a tree of which no trial passed."""
        found = []
        for entry in self.entries():
            if entry["status"] == "verified":
                trials = self.orch("queue", "show", entry["entry_id"])["trials"]
                if entry["tested_tree"] not in {
                    t["tree"] for t in trials if t["status"] == "passed"
                }:
                    found.append(entry["task_id"])
        return found

    def doctor(self) -> list[str]:
        """Return what a deep look finds wrong with the store and the landings."""
        checks = self.run("orch", "doctor", "--deep")["data"]["checks"]
        return [
            f"{c['name']}: {c['detail']}"
            for c in checks
            if c["status"] != "ok" and c["name"] not in MACHINE
        ]

    def resolve(self, name: str) -> None:
        """Do a conflict's rework: merge, and take the files in conflict from the history."""
        shown = self.orch("task", "show", "--run", "r", "--task", name)
        attempt = shown["attempts"][-1]
        tree = Path(attempt["worktree_path"])
        git(tree, "merge", "-q", "--no-commit", self.topics[name].head, ok=(0, 1))
        landed = {n for n, status in self.statuses().items() if status in _LANDED}
        last = [topic.merge for topic in self.topics.values() if topic.name in {*landed, name}][-1]
        files = git(tree, "diff", "--name-only", "-z", "--diff-filter=U").split("\0")
        self.by_hand |= set(filter(None, files))
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
    for topic in topics:
        run.orch("queue", "add", f"r/{topic.name}", "--strategy", "merge")
    conflicts: set[str] = set()
    for _ in range(_MOST_ROUNDS):
        run.land()
        back = [n for n, status in run.statuses().items() if status in ("conflict", "quarantined")]
        if not back:
            break
        conflicts |= set(back)
        for name in back:
            run.resolve(name)
    return _facts(run, conflicts) | {"seconds to set up": round(prepared, 1)}


def _facts(run: Replay, conflicts: set[str]) -> dict[str, object]:
    """Return what came of a replay, beside the history."""
    topics = [*run.topics.values()]
    by_hand = {t.name for t in topics if not _is_mechanical(run.repo, t)}
    asked = ("diff-tree", "-r", "-z", "--name-only", "--no-renames", "landed", topics[-1].merge)
    differ = set(filter(None, git(run.repo, *asked).split("\0")))
    again = run.decided_again()
    checks, trials = run.stored(_CHECKS), run.stored(_TRIALS)
    return {
        "topics": len(topics),
        "of them direct commits": sum(topic.head == topic.merge for topic in topics),
        **_landings(run),
        "approvals asked for": run.approvals,
        "conflicts, given back and resolved": len(conflicts),
        "resolved by hand in the history": len(by_hand),
        "both": len(by_hand & conflicts),
        "files resolved in the replay": len(run.by_hand),
        "final tree is the history's": not differ,
        "files that differ, not resolved by hand": sorted(differ - run.by_hand),
        "landed without a passed trial": run.untested(),
        "passes recorded": run.orch("queue", "audit")["total"],
        "passes decided again alike": again["same"],
        "passes decided otherwise": again["differing"],
        "doctor --deep": run.doctor(),
        "trials": sum(trials.values()),
        "of them passed": trials.get("passed", 0),
        "check runs": checks.get("run", 0),
        "checks answered by an earlier run": checks.get("cache", 0),
        "git calls": run.calls,
        "seconds": round(run.seconds, 1),
        "of them in git": round(run.git_seconds, 1),
    }


def _landings(run: Replay) -> dict[str, object]:
    """Return how many topics landed, in which way, and which did not."""
    newest = run.entries()
    verified = [entry for entry in newest if entry["status"] == "verified"]
    at_once = sum(entry["attempt_no"] == 1 for entry in verified)
    found = [entry["reason"] for entry in newest if entry["status"] == "landed_externally"]
    reworks = [entry["attempt_no"] - 1 for entry in newest]
    return {
        "landed": len(verified) + len(found),
        "landed at once": at_once,
        "landed after a rework": len(verified) - at_once,
        "reworks, the most of one topic": f"{sum(reworks)}, {max(reworks)}",
        "landed_externally": len(found),
        "how that was seen": dict(Counter(found)),
        "not landed": {e["task_id"]: e["status"] for e in newest if e["status"] not in _LANDED},
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
        merges = sum(topic.head != topic.merge for topic in topics)
        found = replay(repo, topics, installed.VENV / "bin")
        what = f"{history.PROJECT} releases" if made else str(source)
        table(f"{merges} merges of {what}, {files} files, load {os.getloadavg()[0]:.1f}",
              ("what", ""), list(found.items()))  # fmt: skip
        shutil.rmtree(repo)


if __name__ == "__main__":
    main()
