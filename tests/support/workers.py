"""A repository with a run whose tasks are worked on by fake agent clients.

`Shop.task()` adds and dispatches a task; `work()` runs `orch work --once` with what the fake
agent is to do; nothing of it may be left running: `close()` checks by the marks.
"""

import os
import sys
from pathlib import Path

from tests.support import engines
from tests.support.cli import Cli, Running, until
from tests.support.repos import Repo

AGENT = Path(__file__).parent / "fake_clients" / "agent.py"
FAKE = [sys.executable, str(AGENT)]

# What every fake client has of the preset it is like: all but program, version and patience.
TOML = """\
[harness.{name}]
like = "{like}"
command = []
resume = ["{python}", "{agent}", "--format", "{like}", "echo=INBOX_THREAD", "brief", \
"say=RESUMED-{{session}}", "commit=resumed.txt", "ok=resumed"]
extra = []
grace = 0.5
report_grace = 0.7
limited_wait = 0.4
first_output = {first_output}
idle = {idle}
total = {total}
log_bytes = {log_bytes}
version = {{ command = ["{python}", "{agent}", "--version"], minimum = "{minimum}", below = "9" }}
root_env = "HOME"
{more}
"""


class Shop:
    """One repository, one store, one run called r."""

    def __init__(self, folder: Path, monkeypatch) -> None:
        monkeypatch.setenv("HOME", str(folder))
        self.repo = Repo(folder / "shop")
        self.repo.commit()
        self.path = self.repo.path
        self.orch = Cli(self.path, program="orch", home=folder).warm
        self.inbox = Cli(self.path, home=folder).warm
        if engines.ENGINES == ["server"]:
            (self.path / ".orch").mkdir(mode=0o700)
            (self.path / ".orch" / ".gitignore").write_text("*\n")
            engines.served(self.inbox, folder)
            self.orch.store, self.orch.url = self.inbox.store, self.inbox.url
        self.orch.ok("run", "init", "--run", "r", "--goal", "g", "--repo-path", str(self.path))
        self.store = self.orch.store

    def harness(
        self, like: str = "claude", *, name: str = "fake", first_output: float = 20,
        idle: float = 20, total: float = 25, log_bytes: int = 1 << 20, minimum: str = "2.0",
        more: str = "",
    ) -> None:  # fmt: skip
        """Write orch.toml with one fake client that behaves like a preset."""
        text = TOML.format(
            name=name, like=like, python=sys.executable, agent=AGENT, first_output=first_output,
            idle=idle, total=total, log_bytes=log_bytes, minimum=minimum, more=more,
        )  # fmt: skip
        (self.path / "orch.toml").write_text(text)
        self.repo.git("add", "orch.toml")
        self.repo.git("commit", "-qm", "settings")

    def task(self, name: str = "t", *, mode: str = "code", to: str = "w1", body: str = "") -> dict:
        """Add a task, dispatch it, return its attempt."""
        summary = body or f"do {name}"
        self.orch.ok("task", "add", "--run", "r", "--task", name, "--default-to", to,
                     "--execution-mode", mode, "--summary", summary)  # fmt: skip
        return self.orch.ok("dispatch", f"r/{name}")["attempt"]

    def argv(self, *actions: str, harness: str = "fake", flags: tuple[str, ...] = ("--once",),
             agent: str = "w1", like: str = "claude") -> list[str]:  # fmt: skip
        """Return the command line of an orch work."""
        program = [*FAKE, "--format", like, *actions]
        return ["work", "--agent", agent, "--harness", harness, *flags, "--", *program]

    def work(self, *actions: str, **how) -> dict:
        """Run one turn to its end and return it."""
        env = how.pop("env", None)
        answer = self.orch.quick("--json", *self.argv(*actions, **how), env=env)
        (turn,) = answer.data["turns"]
        return turn

    def work_soon(self, *actions: str, **how) -> dict:
        """Run one turn as soon as there is something to do, and return it."""
        found: list[dict] = []

        def _try() -> bool:
            answer = self.orch.quick("--json", *self.argv(*actions, **how))
            if answer.status == 10:
                return False
            found.extend(answer.data["turns"])
            return bool(found)

        until(_try, "something to do")
        return found[-1]

    def start(self, *actions: str, **how) -> Running:
        """Start an orch work that goes on."""
        env = how.pop("env", None)
        return self.orch.start("--json", *self.argv(*actions, **how), env=env)

    def show(self, name: str = "t") -> dict:
        """Return a task after a reconcile."""
        self.orch.quick("reconcile", "--run", "r")
        return self.orch.ok("task", "show", f"r/{name}")

    def status(self, name: str = "t") -> str:
        """Return a task's status after a reconcile."""
        tasks = self.orch.ok("status", "--run", "r")["tasks"]
        (status,) = (t["status"] for t in tasks if t["task_id"] == name)
        return status

    def log(self, name: str = "t", attempt: int = 1) -> str:
        """Return the log as it lies on disk."""
        path = self.store.parent / "logs" / "r" / name / f"attempt-{attempt}.log"
        return path.read_text(errors="replace")

    def thread(self, attempt: dict) -> dict:
        """Return the attempt's thread with its messages."""
        return self.inbox.ok("show", "--thread", attempt["thread_id"])

    def worktree(self, attempt: dict) -> Path:
        """Return where the attempt works."""
        return Path(attempt["worktree_path"])

    def close(self) -> None:
        """Fail if a process of any turn is left."""
        until(lambda: not marked(self.orch.where), "every process of a turn to end", 5)


def marked(store: Path | str) -> list[int]:
    """Return the live processes that carry the mark of a turn of this store."""
    found = []
    for name in os.listdir("/proc"):
        try:
            raw = Path(f"/proc/{name}/environ").read_bytes() if name.isdigit() else b""
        except OSError:
            continue
        words = raw.split(b"\0")
        if any(w.startswith(b"ORCH_TURN=") for w in words) and f"ORCH_DB={store}".encode() in words:
            found.append(int(name))
    return found


def alive(pid: str | int) -> bool:
    """Say whether a process runs; one that only waits to be reaped does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in ("Z", "X")
