"""Layer `passes`: the merge queue's real runner, stopped in the middle of a pass while others act.

An approval comes to be missing, a person holds the queue, another runner takes over, a landing is
killed and somebody commits on top of it, what landed was published before it is taken back. Unit:
lives of a queue.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import apsw

from orch.git import proofs, refs, repository
from tests.support import places
from tests.support.cli import clean_environment
from tests.torture import planted, workflows
from tests.torture.report import Budget, Report

_TOML = """[check.c]
command = ["true"]
[queue]
checks = ["c"]
[policy]
low = []
medium = []
high = []
builtin = false
[[policy.rule]]
name = "flaky"
when = ["flaky"]
approve = ["human"]
"""
_PLANNED = "queue.recorded:3"  # Built, tested, and now it is to land.


def run(budget: Budget, report: Report) -> None:
    """Live until the budget is spent."""
    for _ in budget.rounds():
        with places.folder() as where, contextlib.suppress(workflows.Refused):
            _Queue(Path(where), report).live()
        report.add("lives")


class _Queue(workflows.Life):
    """One repository, one queue on main, one task for each thing that happens."""

    def live(self) -> None:
        """Play it and judge it."""
        self.begin(_TOML)
        for act in (self.lacks, self.held, self.taken_over, self.on_top, self.published):
            self.work(act.__name__)
            act(act.__name__)
            self.report.add("moments")
        self.evil()

    def work(self, task: str) -> None:
        """Take a task to done and queue it for main."""
        self.say("orch", "task", "add", "--run", "r", "--task", task, "--default-to", "w")
        sent = self.say(
            "orch", "dispatch", "--run", "r", "--task", task, "--execution-mode", "code"
        )
        self.commit(Path(sent["attempt"]["worktree_path"]), task)
        self.end(sent, "done")
        self.say("orch", "reconcile", "--run", "r")
        self.say("orch", "queue", "add", f"r/{task}", "--target", "main")

    def lacks(self, task: str) -> None:
        """Between plan and landing its policy comes to ask for a person."""
        with self.stopped(_PLANNED):
            self.write("UPDATE entry SET flakes = 1 WHERE status = 'testing'")
        self.judge(not self.landed(task), "landed though it lacks an approval by then")
        self.say("orch", "approve", f"r/{task}", "--as", "ana")
        self.land(task)

    def held(self, task: str) -> None:
        """Between plan and landing a person holds the queue."""
        with self.stopped(_PLANNED):
            self.say("orch", "queue", "hold", "--target", "main", "--reason", "wait")
        self.judge(not self.landed(task), "landed though the queue is held")
        self.say("orch", "queue", "release", "--target", "main")
        self.land(task)

    def taken_over(self, task: str) -> None:
        """Another runner takes the place of a silent one, which wakes up again."""
        with self.stopped("queue.trial_ran") as runner:
            self.write("UPDATE queue SET runner_until = 1")
            self.say("orch", "queue", "run", "--run", "r", "--steal")
        self.judge(runner.returncode == 20, "a runner that was taken over is not superseded")
        self.judge(self.landed(task), "what the second runner landed is gone")

    def on_top(self, task: str) -> None:
        """A landing is killed before the files follow, and its branch goes on."""
        self.queue_run(ORCH_CRASH_AT="landing.moved").wait()
        top = self.git(self.repo, "commit-tree", "main^{tree}", "-p", "main", "-m", "on top")
        self.git(self.repo, "update-ref", "refs/heads/main", top)
        self.queue_run().wait()
        clean = self.git(self.repo, "status", "--porcelain") == ""
        self.judge(clean and (self.repo / task).exists(), "a checkout is left behind its branch")

    def published(self, task: str) -> None:
        """What others may have by now is taken back by a commit of its own."""
        self.land(task)
        landed = self.git(self.repo, "rev-parse", "main")
        self.git(self.repo, "update-ref", "refs/remotes/origin/main", "main")
        self.say("orch", "queue", "rollback", f"r/{task}")
        self.queue_run().wait()
        held = self.git(self.repo, "rev-list", "main").split()
        self.judge(landed in held, "what was published is rewritten")
        self.judge(not (self.repo / task).exists(), "what was rolled back is still there")

    def evil(self) -> None:
        """What only a merge brought is not on a target that has all other commits."""
        repo, at = (
            repository.open_repository(str(self.repo)),
            ("-c", "user.name=t", "-c", "user.email=t"),
        )
        for name in ("one", "two"):
            self.git(self.repo, "checkout", "-q", "-b", name, "main")
            self.commit(self.repo, f"evil-{name}")
        self.git(self.repo, *at, "merge", "-q", "--no-commit", "one")
        (self.repo / "only-here").write_text("x")
        self.git(self.repo, "add", "-A")
        self.git(self.repo, *at, "commit", "-q", "-m", "merge")
        self.git(self.repo, "checkout", "-q", "main")
        self.commit(self.repo, "later")
        self.git(self.repo, *at, "cherry-pick", "one", "two^1")
        head, target = refs.resolve(repo, "refs/heads/two"), refs.resolve(repo, "refs/heads/main")
        found = proofs.find_integration(repo, head, target).proof
        self.judge(not found, f"what only a merge brings counts as landed: {found}")

    def landed(self, task: str) -> bool:
        """Say whether main holds a task's file."""
        return task in self.git(self.repo, "ls-tree", "--name-only", "main").split()

    def land(self, task: str) -> None:
        """Run the queue; a task must land by it."""
        self.queue_run().wait()
        self.judge(self.landed(task), f"{task} did not land")

    def judge(self, well: bool, otherwise: str) -> None:
        """Tell what went wrong."""
        if not well:
            self.report.violate(otherwise)

    def write(self, statement: str) -> None:
        """Change the store as time, or somebody else's command, would."""
        store = apsw.Connection(str(self.repo / ".orch/coord.db"))
        store.set_busy_timeout(5000)
        store.execute(statement)
        store.close()

    def queue_run(self, **more: str) -> "subprocess.Popen[str]":
        """Start a run of the queue with this run's plant in it."""
        code = workflows.CODE.format("orch")
        variables = {"PYTHONPATH": str(workflows.ROOT), planted.ENV: planted.active(), **more}
        return subprocess.Popen(
            [sys.executable, "-c", code, "queue", "run", "--run", "r"],
            cwd=self.repo, env=clean_environment(self.where, **variables),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip

    @contextlib.contextmanager
    def stopped(self, point: str):
        """Run the queue until it stands still at a point; it goes on when the block ends."""
        runner = self.queue_run(ORCH_STOP_AT=point)
        _, status = os.waitpid(runner.pid, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            self.report.violate(f"a run of the queue never came to {point}: {json.dumps(status)}")
            raise workflows.Refused
        try:
            yield runner
        finally:
            os.kill(runner.pid, signal.SIGCONT)
            runner.wait()
