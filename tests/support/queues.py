"""Work on its way to a target: finished tasks, their queue, what landed."""

import json

from tests.support.cli import Answer
from tests.support.runs import Lead, worktree

INTEGRATION = "orch-integration/r"


def check(name: str, script: str, more: str = "") -> str:
    """Return a check of orch.toml that runs a shell script."""
    return f"[check.{name}]\ncommand = {json.dumps(['/bin/sh', '-c', script])}\n{more}\n"


class Landing:
    """A leader's finished work and its queues."""

    def __init__(self, lead: Lead) -> None:
        self.lead = lead
        self.orch = lead.orch
        self.repo = lead.repo

    def work(self, task: str, files: dict[str, str] | None = None, *flags: str) -> dict:
        """Take a new task to done: files committed in its worktree, reported, checks passed."""
        self.lead.task(task, *flags)
        return self.finish(task, files or {f"{task}.txt": f"{task}\n"})

    def finish(self, task: str, files: dict[str, str], *flags: str) -> dict:
        """Dispatch a ready task and take it to done."""
        sent = self.lead.dispatch(task, *flags)
        self.end(sent, files)
        return sent

    def end(self, sent: dict, files: dict[str, str], agent: str = "w1") -> None:
        """Do the work of a dispatch, report it and verify it."""
        self.lead.claim(sent, agent)
        for name, text in files.items():
            self.repo.commit(name, text, cwd=worktree(sent))
        self.lead.done(sent, agent)
        task = sent["task"]["task_id"]
        status = self.lead.now(task)
        if status == "verifying":
            self.lead.verify(task)
            status = self.lead.status_of(task)
        assert status == "done"

    def add(self, *tasks: str, flags: tuple[str, ...] = ()) -> list[dict]:
        """Queue tasks; return their entries."""
        words = [f"r/{task}" for task in tasks]
        return self.orch.ok("queue", "add", *words, *flags)["entries"]

    def approve(self, *tasks: str, by: str = "ana") -> None:
        """Approve entries or tasks."""
        for task in tasks:
            self.orch.ok("queue", "approve", task, "--as", by)

    def queue(self, *tasks: str) -> list[dict]:
        """Queue tasks and approve them."""
        found = self.add(*tasks)
        self.approve(*(entry["entry_id"] for entry in found))
        return found

    def queue_for(self, target: str, *tasks: str) -> None:
        """Queue tasks for a branch and approve them."""
        for entry in self.add(*tasks, flags=("--target", target)):
            self.approve(entry["entry_id"])

    def run(self, *flags: str) -> dict:
        """Run the queue; something must land or come to an end."""
        return self.orch.ok("queue", "run", "--run", "r", *flags)

    def try_run(self, *flags: str, **how: object) -> Answer:
        """Run the queue, whatever comes."""
        return self.orch.quick("--json", "queue", "run", "--run", "r", *flags, **how)

    def entry(self, name: str) -> dict:
        """Return an entry as it is now."""
        return self.show(name)["entry"]

    def show(self, name: str, *flags: str) -> dict:
        """Return everything about an entry."""
        return self.orch.ok("queue", "show", name, *flags)

    def statuses(self) -> dict[str, str]:
        """Return the status of every entry of the run, by its id."""
        found = self.orch.ok("queue", "list", "--run", "r")["entries"]
        return {entry["entry_id"]: entry["status"] for entry in found}

    def at(self, ref: str = INTEGRATION) -> str:
        """Return the commit of a branch."""
        return self.repo.git("rev-parse", f"refs/heads/{ref}")

    def files(self, ref: str = INTEGRATION) -> dict[str, str]:
        """Return the content of every file of a branch but orch.toml and README."""
        names = self.repo.git("ls-tree", "-r", "--name-only", ref).split("\n")
        return {
            name: self.repo.git("show", f"{ref}:{name}")
            for name in names
            if name not in ("orch.toml", "README")
        }

    def inbox_of(self, thread: str) -> str:
        """Return all that is said in a thread."""
        return json.dumps(self.lead.inbox.ok("show", "--thread", thread), ensure_ascii=False)

    def landed_was_tested(self) -> None:
        """Every entry that landed did so with a tree of which a trial passed (I18)."""
        for entry in self.orch.ok("queue", "list", "--run", "r")["entries"]:
            if entry["status"] not in ("landed", "verified"):
                continue
            trials = self.show(entry["entry_id"])["trials"]
            passed = {t["tree"] for t in trials if t["status"] == "passed"}
            assert entry["tested_tree"] in passed, entry

    def runs_of(self, file: str) -> list[str]:
        """Return what a check wrote to a file of the test's folder, one line per run."""
        path = self.lead.home / file
        return path.read_text().split() if path.exists() else []
