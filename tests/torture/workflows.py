"""Layer `workflows`: a task's life through the real `orch`, in real worktrees, with hostile words.

Its first attempt leaves commits and litter and fails; the second must stand in a worktree and on a
branch of its own, with nothing of the first. A check's words are full of what a shell would run.
Past a lapsed thread its pool is given the next; a command that a signal stops tells what it did.
Unit: lives.
"""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

from tests.support import places
from tests.support.cli import clean_environment
from tests.torture import planted
from tests.torture.report import Budget, Report

ROOT = Path(__file__).parents[2]
CODE = "from tests.torture import planted; planted.apply(); from {0}.cli.main import main; main()"
_STOPPED = """
import os
from tests.torture import planted
planted.apply()
from schema import transaction
commit = transaction.Database.commit
def late(self, tx):
    commit(self, tx)
    os.kill(os.getpid(), 15)
transaction.Database.commit = late
from inbox.cli.main import main
main()
"""
_FAILED_CHECK = 90  # The exit of `verify run` when the gate failed.
_DEADLINE = 60.0


def run(budget: Budget, report: Report) -> None:
    """Live until the budget is spent."""
    for _ in budget.rounds():
        with places.folder() as where, contextlib.suppress(Refused):
            Life(Path(where), report).live()
        report.add("lives")


class Refused(Exception):
    """A command that must succeed did not: told as a violation."""


class Life:
    """One repository, one run, one task of two attempts."""

    def __init__(self, where: Path, report: Report) -> None:
        self.where = where
        self.repo = where / "repo"
        self.canary, self.said = where / "canary", where / "said"
        self.report = report
        self.words = [f"$(touch {self.canary})", f"`touch {self.canary}`", f";touch {self.canary}"]

    def live(self) -> None:
        """Play it and judge it."""
        script = "import sys; open(sys.argv[1], 'w').write('|'.join(sys.argv[2:]))"
        command = json.dumps([sys.executable, "-c", script, str(self.said), *self.words])
        self.begin(f"[check.c]\ncommand = {command}\n")
        self.say("orch", "task", "add", "--run", "r", "--task", "a", "--default-to", "w",
                 "--required-check", "c")  # fmt: skip
        first = self.say("orch", "dispatch", "--run", "r", "--task", "a",
                         "--execution-mode", "code")  # fmt: skip
        old = Path(first["attempt"]["worktree_path"])
        self.commit(old, "first")
        (old / "litter").write_text("x")
        self.end(first, "fail")
        self.say("orch", "reconcile", "--run", "r")
        second = self.say("orch", "retry", "--run", "r", "--task", "a")
        self.report.add("attempts", 2)
        self.judge_attempts(first, second)
        new = Path(second["attempt"]["worktree_path"])
        if new != old:
            self.judge_salvage(first, old)
        self.git(new, "checkout", "-q", "--detach")
        self.commit(new, "second")
        self.end(second, "done")
        self.say("orch", "reconcile", "--run", "r")
        self.judge_head(second, new)
        self.say("orch", "verify", "run", "r/a", also=_FAILED_CHECK)  # Judged by what it was given.
        self.report.add("checks")
        if self.canary.exists():
            self.report.violate("a shell read the words of a check")
        if not self.said.exists() or self.said.read_text() != "|".join(self.words):
            self.report.violate("a check was not given its own words")

        self.pool()
        self.signalled()

    def begin(self, toml: str) -> None:
        """Make the repository with its orch.toml, the store and the run."""
        self.repo.mkdir()
        self.git(self.repo, "init", "-q", "-b", "main")
        (self.repo / "orch.toml").write_text(toml)
        self.git(self.repo, "add", "-A")
        self.git(self.repo, "commit", "-q", "-m", "base")
        self.say("orch", "init")
        self.say("orch", "run", "init", "--run", "r", "--goal", "g")

    def pool(self) -> None:
        """Let a lease of a pool's task lapse; another worker of the pool goes on with the next."""
        for task in ("b", "c"):
            self.say("orch", "task", "add", "--run", "r", "--task", task, "--default-to", "@p")
        sent = [
            self.say("orch", "dispatch", f"r/{task}", "--execution-mode", "analysis")
            for task in ("b", "c")
        ]
        first, second = (each["thread"]["thread_id"] for each in sent)
        self.say("inbox", "claim", "--agent", "w1", "--pool", "p", "--thread", first,
                 "--lease-seconds", "0.001")  # fmt: skip
        argv = ("claim", "--agent", "w2", "--pool", "p", "--next", "--json")
        done = self.start(CODE.format("inbox"), argv)
        if done.returncode or json.loads(done.stdout)["data"]["thread"]["thread_id"] != second:
            self.report.violate(f"a worker was not given the free thread of its pool: {done}")

    def signalled(self) -> None:
        """Stop a command between its COMMIT and its answer."""
        argv = ("send", "--from", "a", "--to", "b", "--subject", "s", "--json")
        done = self.start(_STOPPED, argv)
        if done.returncode != 128 + 15 or '"ok":true' not in done.stdout:
            self.report.violate(f"what a stopped command committed was not told: {done}")

    def judge_attempts(self, first: dict, second: dict) -> None:
        """Hold the second attempt's place against the first's."""
        for what in ("worktree_path", "branch_name", "thread_id"):
            if first["attempt"].get(what) == second["attempt"].get(what):
                self.report.violate(f"a second attempt has the first one's {what}")
        new = second["attempt"]["worktree_path"]
        stands_on = self.git(Path(new), "rev-parse", "HEAD")
        if stands_on != second["attempt"]["base_commit"] or os.path.exists(f"{new}/litter"):
            self.report.violate("a second attempt begins with what the first one left")

    def judge_salvage(self, first: dict, old: Path) -> None:
        """Remove a worktree by force in which something is staged that lies nowhere else."""
        (old / "both").write_text("staged")
        self.git(old, "add", "both")
        (old / "both").write_text("on disk")
        self.say("orch", "cleanup", "r/a", "--attempt", "1", "--force")
        ref = f"refs/orch/salvage/r/a/{first['attempt']['attempt_no']}"
        try:
            saved = [self.git(self.repo, "show", f"{ref}{above}:both") for above in ("", "^2")]
        except subprocess.CalledProcessError:
            saved = []
        if saved != ["on disk", "staged"]:
            self.report.violate("a forced cleanup lost what was staged")

    def judge_head(self, second: dict, new: Path) -> None:
        """Work that was committed beside its branch counts."""
        stands_on = self.git(new, "rev-parse", "HEAD")
        if self.git(self.repo, "rev-parse", second["attempt"]["branch_name"]) != stands_on:
            self.report.violate("work beside the branch was passed over")

    def commit(self, tree: Path, name: str) -> None:
        """Leave a commit in a worktree."""
        (tree / name).write_text(name)
        self.git(tree, "add", name)
        self.git(tree, "commit", "-q", "-m", name)

    def end(self, sent: dict, verb: str) -> None:
        """Claim a thread and end it."""
        through = ("--agent", "w", "--thread", sent["thread"]["thread_id"])
        self.say("inbox", "claim", *through)
        self.say("inbox", verb, *through, "--summary", "s")

    def say(self, program: str, *words: str, also: int = 0) -> dict:
        """Run a command with this run's plant in it; return its data. `also` is no refusal."""
        done = self.start(CODE.format(program), ("--json", *words))
        if done.returncode not in (0, also) or '"data":' not in done.stdout:
            self.report.violate(f"{program} {' '.join(words[:2])}: {done.stdout}{done.stderr}")
            raise Refused
        return json.loads(done.stdout)["data"]

    def start(self, code: str, words: tuple[str, ...]) -> "subprocess.CompletedProcess[str]":
        """Run a command with this run's plant in it."""
        more = {"PYTHONPATH": str(ROOT), planted.ENV: planted.active()}
        return subprocess.run(
            [sys.executable, "-c", code, *words],
            cwd=self.repo, env=clean_environment(self.where, **more), capture_output=True,
            text=True, timeout=_DEADLINE, check=False,
        )  # fmt: skip

    def git(self, tree: Path, *words: str) -> str:
        """Run plain git."""
        done = subprocess.run(
            ["git", *words], cwd=tree, env=clean_environment(self.where), capture_output=True,
            text=True, check=True, timeout=_DEADLINE,
        )  # fmt: skip
        return done.stdout.strip()
