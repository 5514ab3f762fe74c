"""A leader with a repository, and its workers: runs through the real programs.

`Lead` stands in a real repository with a store. `task()`, `dispatch()` and the worker's verbs
`claim ask done fail` each run one command; `commit()` is the worker's own git. Answers come from
the warm programs (warm.py); what is started or reads its stdin is a console script.
"""

import contextlib
import json
import os
import shutil
import signal
from pathlib import Path

import apsw

from tests.support import engines
from tests.support.cli import Answer, Cli, until
from tests.support.repos import Repo, begun, hermetic

RUN = "r"


class Lead:
    """A leader at work in `repo`, the run `r` open unless asked otherwise."""

    def __init__(self, home: Path, store: Path, *, folder: str = "work") -> None:
        self.home = home
        self.repo = Repo(home / folder, like=begun(store.parent / "begun"))
        self.top = self.repo.path
        (self.top / ".orch").mkdir(mode=0o700)
        (self.top / ".orch" / ".gitignore").write_text("*\n")
        self.orch = Cli(self.top, program="orch", home=home).warm
        self.inbox = Cli(self.top, home=home).warm
        if engines.ENGINES == ["server"]:
            engines.served(self.inbox, home)
            self.orch.store, self.orch.url = self.inbox.store, self.inbox.url
        else:
            shutil.copy(store, self.inbox.store)
            self.inbox.store.chmod(0o600)
        self.store = self.inbox.store

    def run(self, *flags: str, run: str = RUN) -> dict:
        """Open a run."""
        return self.orch.ok("run", "init", "--run", run, "--goal", "g", *flags)["run"]

    def task(self, task: str, *flags: str, run: str = RUN) -> dict:
        """Add a task whose default worker is w1."""
        words = ("task", "add", "--run", run, "--task", task, "--default-to", "w1")
        return self.orch.ok(*words, *flags)["task"]

    def dispatch(self, task: str, *flags: str, mode: str = "code", run: str = RUN) -> dict:
        """Dispatch a task."""
        words = ("dispatch", "--run", run, "--task", task, "--execution-mode", mode)
        return self.orch.ok(*words, *flags)

    def do(self, *words: str, run: str = RUN, **how: object) -> dict:
        """Run an orch command on the run; return its data."""
        return self.orch.ok(*words, "--run", run, **how)

    def verify(self, task: str, *flags: str) -> dict:
        """Run a task's checks; return the data, whatever the gate came to."""
        answer = self.orch.quick("--json", "verify", "run", "--run", RUN, "--task", task, *flags)
        data: dict = answer.json["data"]
        gate = (data["gate"] or {"status": "passed"})["status"]
        assert answer.status == (90 if gate in ("failed", "error") else 0), answer
        if answer.status:
            assert (
                answer.error["reason"] == {"failed": "check_failed", "error": "check_error"}[gate]
            )
        return data

    def refuse(self, code: str, reason: str, *words: str, run: str = RUN, **how: object) -> dict:
        """Run an orch command on the run that must be refused so; return the error."""
        return self.orch.refuse(code, reason, *words, "--run", run, **how)

    def claim(self, sent: dict, agent: str = "w1", *flags: str) -> dict:
        """Claim the thread of a dispatch."""
        return self.inbox.ok("claim", "--agent", agent, "--thread", thread(sent), *flags)

    def ask(self, sent: dict, text: str = "which?", agent: str = "w1") -> dict:
        """Block the thread with a question."""
        words = ("update", "--agent", agent, "--thread", thread(sent), "--status", "blocked")
        return self.inbox.ok(*words, "--body", text)

    def go_on(self, sent: dict, agent: str = "w1") -> dict:
        """Say that work goes on."""
        words = ("update", "--agent", agent, "--thread", thread(sent), "--status", "in_progress")
        return self.inbox.ok(*words, "--summary", "on it")

    def done(self, sent: dict, agent: str = "w1", *flags: str) -> dict:
        """Report the work done."""
        words = ("done", "--agent", agent, "--thread", thread(sent), "--summary", "did it")
        return self.inbox.ok(*words, *flags)

    def fail(self, sent: dict, agent: str = "w1", why: str = "no luck") -> dict:
        """Report that it cannot be done."""
        return self.inbox.ok("fail", "--agent", agent, "--thread", thread(sent), "--summary", why)

    def commit(self, sent: dict, name: str = "a.txt", text: str = "a\n") -> str:
        """Commit one file in the attempt's worktree; return the commit."""
        return self.repo.commit(name, text, cwd=worktree(sent))

    def finish(self, task: str, name: str | None = None, *flags: str) -> dict:
        """Take a ready task to done: dispatched in code mode, one file committed, reported."""
        sent = self.dispatch(task, *flags)
        self.claim(sent)
        self.commit(sent, name or f"{task}.txt", f"{task}\n")
        self.done(sent)
        self.do("reconcile")
        return sent

    def config(self, text: str) -> None:
        """Write orch.toml and commit it."""
        self.repo.commit("orch.toml", text)

    def rename(self) -> Path:
        """Give the repository another name under everybody's feet; return its new place."""
        new = self.top.with_name("renamed")
        self.top.rename(new)
        self.top = self.repo.path = self.orch.cwd = self.inbox.cwd = new
        self.store = self.orch.store = self.inbox.store = new / ".orch" / "coord.db"
        return new

    def status_of(self, task: str, run: str = RUN) -> str:
        """Return a task's status as recorded, without a reconcile."""
        tasks = self.orch.ok("task", "list", "--run", run)["tasks"]
        return next(one["status"] for one in tasks if one["task_id"] == task)

    def now(self, task: str, run: str = RUN) -> str:
        """Return a task's status after a reconcile."""
        tasks = self.do("status", run=run)["tasks"]
        return next(one["status"] for one in tasks if one["task_id"] == task)

    def attempts(self, task: str, run: str = RUN) -> list[dict]:
        """Return a task's attempts."""
        return self.orch.ok("task", "show", "--run", run, "--task", task)["attempts"]

    def events(self, *kinds: str, run: str = RUN) -> list[dict]:
        """Return the run's events, or those of some kinds."""
        words = ("events", "--run", run, "--limit", "5000")
        return self.orch.ok(*words, *(("--type", ",".join(kinds)) if kinds else ()))["events"]

    def doctor(self) -> list[str]:
        """Return every problem and warning about runs and the store, deep; [] when all is well."""
        answer = self.orch.quick("--json", "doctor", "--deep")
        if answer.status:
            return [str(answer)]
        return [
            f"{c['status']} {c['name']}: {c['detail']}"
            for c in answer.data["checks"]
            if c["status"] != "ok" and c["name"] not in MACHINE
        ]

    def crash(self, point: str, *words: str, **how: object) -> Answer:
        """Run orch and let it be killed at a crash point; fails if it never got there."""
        answer = self.orch.quick(*words, env={"ORCH_CRASH_AT": point}, **how)
        assert answer.status == -signal.SIGKILL, answer
        return answer

    def trees(self) -> list[str]:
        """Return the worktrees of the default root that are on disk, as run/task/attempt-n."""
        root = self.top / ".orch" / "worktrees"
        return sorted(str(path.relative_to(root)) for path in root.glob("*/*/*"))

    def branches(self) -> dict[str, str]:
        """Return orch's branches and where they are."""
        return {k: v for k, v in self.repo.refs().items() if k.startswith("refs/heads/orch/")}

    def registered(self) -> list[str]:
        """Return the linked worktrees that git knows."""
        lines = self.repo.git("worktree", "list", "--porcelain").split("\n")
        return sorted([x[9:] for x in lines if x.startswith("worktree ")][1:])

    def leftovers(self) -> list[str]:
        """Return what a refused or undone dispatch must not leave: branches, worktrees, folders."""
        root = self.top / ".orch" / "worktrees"
        folders = [str(p) for p in root.rglob("*")] if root.exists() else []
        return [*self.branches(), *self.registered(), *folders]


# What `doctor` says about the machine it runs on, which tests cannot help.
MACHINE = ("git", "other sqlite", "durability", "packages", "file system", "locks", "parent")


def lead(home: Path, store: Path, monkeypatch: object) -> Lead:
    """Return a leader in a new repository, hermetic, with an open run `r`."""
    hermetic(monkeypatch, home)
    if engines.ENGINES == ["server"]:
        found = Lead(home, store)
        found.run()
        return found
    kept = store.parent / "opened"
    found = Lead(home, _opened(kept, store))
    with contextlib.closing(apsw.Connection(str(found.store))) as here:
        for table, column in _PATHS:
            words = f"UPDATE {table} SET {column} = replace({column}, ?, ?)"
            here.execute(words, (str(kept), str(found.home)))
    return found


# What tells of the place in which a run was opened; that it was a few minutes ago stays.
_PATHS = (("run", "fingerprint"),)


def _opened(kept: Path, store: Path) -> Path:
    """Return the file of a store in which the run `r` was opened, by the real command, once."""
    found = kept / "coord.db"
    if not found.exists():
        made = Lead(kept, store)
        made.run()
        with contextlib.closing(apsw.Connection(str(made.store))) as here:
            here.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            dump = "\n".join(str(row) for name in _tables(here) for row in _rows(here, name))
            assert dump.count(str(kept)) == 1, "another column names the place: _PATHS"
        shutil.copy(made.store, found)
    return found


def _tables(here: apsw.Connection) -> list[str]:
    names = here.execute("SELECT name FROM pragma_table_list WHERE type = 'table'")
    return [name for (name,) in names]


def _rows(here: apsw.Connection, table: str) -> list[tuple]:
    return list(here.execute(f"SELECT * FROM {table}"))


def thread(sent: dict) -> str:
    """Return the thread's id of a dispatch."""
    return sent["thread"]["thread_id"]


def worktree(sent: dict) -> Path:
    """Return the worktree of a dispatch."""
    return Path(sent["attempt"]["worktree_path"])


def payload(sent: dict) -> dict:
    """Return the payload of the dispatch message."""
    return sent["message"]["payload_json"]


def lapse(lead: Lead, sent: dict, agent: str = "w1") -> None:
    """Claim for a moment and let the lease run out; reconcile until that is seen."""
    lead.claim(sent, agent, "--lease-seconds", "0.2")
    task = sent["task"]["task_id"]

    def _seen() -> bool:
        lead.do("reconcile")
        return lead.attempts(task)[-1]["liveness"] == "stale"

    until(_seen, "the lapsed lease to be seen")


def gate_file(folder: Path, name: str = "go") -> Path:
    """Return a FIFO that a check waits on, so that a test decides when it ends."""
    path = folder / name
    os.mkfifo(path)
    return path


def toml_list(*words: str) -> str:
    """Return words as a TOML array."""
    return json.dumps(list(words))
