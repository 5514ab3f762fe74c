"""Several machines on one store: a home and an id each, a bare remote between them."""

import os
import shutil
import sys
import time
from pathlib import Path

import pytest

from tests.support import servers
from tests.support.cli import Cli, until
from tests.support.engines import ENGINES
from tests.support.repos import Repo
from tests.support.wire_proxy import Wire

pytestmark = pytest.mark.skipif(servers.programs() is None, reason=servers.NEEDED)
long = pytest.mark.skipif("server" not in ENGINES, reason="seconds: make test-pg")
AGENT = Path(__file__).parents[1] / "support" / "fake_clients" / "agent.py"


class Fleet:
    """A server, a remote with one commit, and machines by name; the first is the leader's."""

    def __init__(self, folder: Path, monkeypatch) -> None:
        monkeypatch.setenv("HOME", str(folder))
        self.folder = folder
        self.name = f"fleet_{folder.name[-20:].replace('-', '_')}"
        self.url = servers.shared().make(self.name)
        self.remote = Repo(folder / "remote.git", bare=True)
        self.shop = Repo(folder / "shop")
        self.shop.commit()
        self.shop.git("remote", "add", "origin", str(self.remote.path))
        self.shop.git("push", "-q", "origin", "main")
        self.wire: Wire | None = None
        self.lead = self.machine("lead", self.shop.path)
        self.inbox = self.machine("lead", self.shop.path, program="inbox")

    def machine(self, name: str, cwd: Path | None = None, *, program: str = "orch") -> Cli:
        home = self.folder / name
        where = cwd or home / "work"
        where.mkdir(parents=True, exist_ok=True)
        return Cli(where, program=program, home=home, env={"ORCH_DB": self.url}).warm

    def run(self, *more: str) -> None:
        self.lead.ok(
            "run", "init", "--run", "r", "--goal", "g", "--repo-path", str(self.shop.path),
            "--remote", "origin", "--target", "main", *more,
        )  # fmt: skip

    def task(self, name: str = "a", to: str = "w") -> dict:
        self.lead.ok("task", "add", "--run", "r", "--task", name, "--default-to", to)
        return self.lead.ok("dispatch", f"r/{name}", "--execution-mode", "code")

    def work(self, machine: Cli, *acts: str, agent: str = "w") -> dict:
        return machine.run(
            "work", "--agent", agent, "--once", "--harness", "command", "--json", "--",
            sys.executable, str(AGENT), *acts,
        ).data  # fmt: skip

    def behind(self, statement: str) -> None:
        servers.shared().execute(statement + " RETURNING 1", self.name)

    def at_remote(self, ref: str = "main") -> str:
        return self.remote.git("rev-parse", "--verify", "-q", ref, ok=False)


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch):
    found = Fleet(tmp_path, monkeypatch)
    yield found
    if found.wire is not None:
        found.wire.close()
    servers.shared().drop(found.name)


def test_work_of_another_machine_lands_on_the_remotes_main(fleet: Fleet) -> None:
    fleet.run()
    sent = fleet.task()["attempt"]
    assert sent["worktree_path"] == "" and sent["machine"] is None
    assert fleet.at_remote("refs/orch/base/r/a/attempt-1") == sent["base_commit"]
    worker = fleet.machine("worker")
    turn = fleet.work(worker, "commit=made.txt", "done=made")["turns"][0]
    assert turn["outcome"] == "done", turn
    done = fleet.lead.ok("task", "show", "r/a")["attempts"][0]
    assert done["status"] == "done" and done["machine"] is not None
    assert done["worktree_path"].startswith(str(fleet.folder / "worker"))
    assert fleet.at_remote("orch/r/a/attempt-1") == done["head_commit"]
    fleet.lead.ok("queue", "add", "r/a")
    fleet.lead.ok("queue", "approve", "r/a", "--as", "ana")
    assert fleet.lead.ok("queue", "run", "--run", "r")["landed"][0]["status"] == "verified"
    assert fleet.remote.git("show", "main:made.txt")
    assert fleet.shop.git("rev-parse", "main") == fleet.at_remote()


def test_nothing_is_done_before_the_remote_has_it(fleet: Fleet) -> None:
    fleet.run()
    fleet.task()
    hook = fleet.remote.path / "hooks" / "pre-receive"
    hook.write_text(
        "#!/bin/sh\ngrep -q refs/heads/orch/ && { echo no room >&2; exit 1; } || exit 0\n"
    )
    hook.chmod(0o755)
    worker = fleet.machine("worker")
    turn = fleet.work(worker, "commit=made.txt", "done=made")["turns"][0]
    assert turn["outcome"] == "interrupted" and "remote does not have" in turn["reason"], turn
    shown = fleet.lead.ok("task", "show", "r/a")["attempts"][0]
    thread = shown["thread_id"]
    assert shown["status"] == "dispatched" and fleet.at_remote("orch/r/a/attempt-1") == ""
    # By hand: refused, with the command that helps, which works when pasted.
    hand, own = fleet.machine("worker", program="inbox"), ("--agent", "w", "--thread", thread)
    fleet.behind("UPDATE orch.thread SET not_before_at = 0")
    hand.ok("claim", *own)
    fleet.inbox.refuse("invalid_state", "not_ready", "done", *own)  # Not from here.
    refused = hand.quick("--json", "done", *own)
    assert refused.error["reason"] == "not_ready" and "no room" in refused.error["message"]
    assert refused.json["next"][0]["command"] == "orch push r/a"
    hook.unlink()
    pushed = worker.ok("push", "r/a")
    assert pushed["head_commit"] == fleet.at_remote("orch/r/a/attempt-1")
    hand.ok("done", *own)
    assert fleet.lead.ok("task", "show", "r/a")["attempts"][0]["status"] == "done"


def _copied(fleet: Fleet, name: str) -> Cli:
    """Return a machine that has another one's state, as a cloned disk has."""
    state = fleet.folder / name / ".local/state/orch"
    state.parent.mkdir(parents=True)
    shutil.copytree(fleet.folder / "worker/.local/state/orch", state)
    return fleet.machine(name)


@long
def test_a_lost_machines_work_goes_on_elsewhere_from_what_it_pushed(fleet: Fleet) -> None:
    fleet.run()
    fleet.task()
    worker = fleet.machine("worker")
    sign = fleet.folder / "pushed"
    first = worker.start(
        "work", "--agent", "w", "--once", "--harness", "command", "--json", "--",
        sys.executable, str(AGENT), "commit=first.txt", "push", "write=loose.txt",
        f"touch={sign}", "hang",
    )  # fmt: skip
    with first:
        until(sign.exists, "the first worker to push")
        copy = _copied(fleet, "copy")
        copied = copy.refuse("invalid_input", "value", "machine", "list")
        assert "copy of its id" in copied["message"]
        listed = {m["name"]: m for m in fleet.lead.ok("machine", "list")["machines"]}
        (there,) = [m for m in listed.values() if not m["is_here"]]
        assert there["at_work"] == ["r/a"] and there["silent_seconds"] == 0
        assert there["name"] in fleet.lead.quick("status", "--run", "r").out  # Where people look.
        assert f"w on {there['name']}" in fleet.lead.quick("top", "--once").out
        unknown = fleet.lead.refuse("not_found", "machine", "machine", "lost", "nobody")
        assert unknown["details"]["near"], "the machines that there are"
        # It is alive; a person who says that it is not is believed, and its work goes on elsewhere.
        lost = fleet.lead.ok("machine", "lost", there["name"], "--reason", "burnt")
        assert lost["given_back"] == ["r/a"] and lost["machine"]["status"] == "lost"
        other = fleet.machine("other")
        turn = fleet.work(other, "commit=second.txt", "done=made")["turns"][0]
        assert turn["outcome"] == "done", turn
        first.wait()  # It was told that the thread is another's, and pushed nothing over it.
    attempt = fleet.lead.ok("task", "show", "r/a")["attempts"][0]
    assert fleet.at_remote("orch/r/a/attempt-1") == attempt["head_commit"]
    files = fleet.remote.git("ls-tree", "--name-only", attempt["head_commit"]).split("\n")
    assert {"first.txt", "second.txt"} <= set(files) and "loose.txt" not in files
    assert fleet.at_remote("refs/orch/salvage/r/a/1/1")  # What lay uncommitted is there too.
    assert fleet.lead.ok("task", "show", "r/a")["task"]["status"] == "done"


@long
def test_a_dispatch_asks_for_a_machine_or_for_what_it_is_called(fleet: Fleet) -> None:
    fleet.run()
    lead, one, two = fleet.lead, fleet.machine("one"), fleet.machine("two")
    names = {m: m.ok("machine", "list")["machines"] for m in (one, two)}
    name_of_two = next(m["name"] for m in names[two] if m["is_here"])
    for name in ("a", "b"):
        lead.ok("task", "add", "--run", "r", "--task", name, "--default-to", "@coders")
    code = ("--execution-mode", "code")
    lead.refuse("invalid_input", "flag", "dispatch", "r/a", *code, "--machine", "x", "--label", "y")
    lead.refuse("not_found", "machine", "dispatch", "r/a", *code, "--label", "gpu")
    lead.refuse("not_found", "machine", "dispatch", "r/a", *code, "--machine", "nobody")
    sent = lead.ok("dispatch", "r/a", *code, "--machine", name_of_two)["attempt"]
    assert sent["assigned_to"] == f"@coders+{name_of_two}"
    work = ("work", "--agent", "w", "--pool", "coders", "--once", "--json")
    acts = ("--harness", "command", "--", sys.executable, str(AGENT), "commit=x.txt", "done=made")
    assert one.run(*work, *acts).status == 10
    assert two.run(*work, *acts).data["turns"][0]["outcome"] == "done"
    # A label is said where it holds, and found from then on; also by whom a task is for.
    assert one.run(*work, "--label", "gpu", *acts).status == 10
    lead.ok("task", "edit", "--run", "r", "--task", "b", "--default-to", "@coders+gpu")
    lead.ok("dispatch", "r/b", *code)
    assert two.run(*work, *acts).status == 10
    assert one.run(*work, *acts).data["turns"][0]["outcome"] == "done"
    assert ["gpu"] in [m["labels"] for m in lead.ok("machine", "list")["machines"]]


@long
def test_what_a_long_turn_committed_is_pushed_while_it_works(fleet: Fleet) -> None:
    fleet.shop.commit("orch.toml", "[worktree]\npush_every = 0.2\n")
    fleet.shop.git("push", "-q", "origin", "main")
    fleet.run()
    fleet.task()
    sign, branch = fleet.folder / "go-on", "orch/r/a/attempt-1"
    worker = fleet.machine("worker").start(
        "work", "--agent", "w", "--once", "--harness", "command", "--", sys.executable, str(AGENT),
        "commit=first.txt", f"until={sign}", "commit=second.txt", "done=made",
    )  # fmt: skip
    with worker:
        until(lambda: fleet.at_remote(branch), "the commit to be on the remote")
        assert fleet.remote.git("show", f"{branch}:first.txt")
        assert fleet.lead.ok("task", "show", "r/a")["task"]["status"] == "running"
        # Somebody adds to it there: nothing is pushed over that, and how to go on works as said.
        other = Repo(fleet.folder / "clone", like=fleet.shop.path)
        other.git("fetch", "-q", "origin", branch)
        other.git("switch", "-qc", "theirs", "FETCH_HEAD")
        other.commit("theirs.txt")
        other.git("push", "-q", "origin", f"HEAD:{branch}")
        sign.touch()
        worker.wait()
    attempt = fleet.lead.ok("task", "show", "r/a")["attempts"][0]
    assert attempt["status"] == "dispatched" and fleet.remote.git("show", f"{branch}:theirs.txt")
    refused = fleet.machine("worker").quick("--json", "push", "r/a")
    assert refused.error["reason"] == "not_ready", refused
    merge, push = (step["command"] for step in refused.json["next"])
    other.git(*merge.split()[1:])  # It names its place.
    assert push == "orch push r/a"
    head = fleet.machine("worker").ok("push", "r/a")["head_commit"]
    assert head == fleet.at_remote(branch)
    assert fleet.remote.git("show", f"{branch}:second.txt")


@long
def test_work_that_comes_back_to_its_first_machine_goes_on_from_what_was_pushed(
    fleet: Fleet,
) -> None:
    fleet.run()
    fleet.task()
    worker, other = fleet.machine("worker"), fleet.machine("other")
    _burn(fleet, worker, "commit=first.txt", "push", "commit=unpushed.txt", "write=loose.txt")
    _burn(fleet, other, "commit=second.txt", "push", "write=other.txt")
    turn = fleet.work(worker, "commit=third.txt", "done=made")["turns"][-1]
    assert turn["outcome"] == "done", turn
    attempt = fleet.lead.ok("task", "show", "r/a")["attempts"][0]
    files = fleet.remote.git("ls-tree", "--name-only", attempt["head_commit"]).split("\n")
    assert {"first.txt", "second.txt", "third.txt"} <= set(files)
    assert not {"unpushed.txt", "loose.txt"} & set(files)
    # Nothing of what it had left here is gone.
    tree = Path(attempt["worktree_path"])
    mirror = Repo(tree.parent / "look", like=next(tree.parents[4].glob("mirror.git")))
    kept = mirror.git("for-each-ref", "--format=%(refname)", "refs/orch/salvage/r/a").split("\n")
    held = {name for ref in kept for name in
            mirror.git("ls-tree", "--name-only", "-r", ref).split("\n")}  # fmt: skip
    assert {"unpushed.txt", "loose.txt"} <= held, kept
    # What stands on the other one is its own to clean up, once it may go.
    # Queued on one machine, landed on another that has seen nothing of it, built on by a third.
    other.ok("queue", "add", "r/a")
    fleet.lead.ok("task", "add", "--run", "r", "--task", "b", "--default-to", "w",
                  "--depends-on", "a")  # fmt: skip
    third = fleet.machine("third")
    sent = third.ok("dispatch", "r/b", "--execution-mode", "code")["attempt"]
    assert sent["base_commit"] == attempt["head_commit"]
    fleet.lead.ok("queue", "approve", "r/a", "--as", "ana")
    landed = fleet.machine("fourth").ok("queue", "run", "--run", "r")["landed"]
    assert [entry["status"] for entry in landed] == ["verified"], landed
    left = fleet.folder / "other/.cache/orch"
    assert list(left.glob("*/.orch/worktrees/r/a/attempt-1"))
    cleaned = other.ok("cleanup", "--run", "r", "--all-completed", "--force")
    assert [c["attempt_no"] for c in cleaned["cleaned"]] == [1], cleaned
    assert cleaned["remote_branches"] == 1 and fleet.at_remote("orch/r/a/attempt-1") == ""
    assert fleet.at_remote("refs/orch/base/r/a/attempt-1") == ""
    assert not list(left.glob("*/.orch/worktrees/r/a/attempt-1"))
    (there,) = cleaned["kept"]
    assert f"is on {attempt['machine']}" in there["reason"]
    assert tree.is_dir()


def _burn(fleet: Fleet, machine: Cli, *acts: str) -> None:
    """Let a machine work until its acts are done; then it is cut off, and said to be lost."""
    sign = fleet.folder / f"sign-{acts[0]}"
    at_work = machine.start(
        "work", "--agent", "w", "--once", "--harness", "command", "--", sys.executable, str(AGENT),
        *acts, f"touch={sign}", "hang",
    )  # fmt: skip
    with at_work:
        until(sign.exists, "the agent to be at work")
        (name,) = [m["name"] for m in fleet.lead.ok("machine", "list")["machines"] if m["at_work"]]
        away = fleet.remote.path.with_name("away.git")
        fleet.remote.path.rename(away)  # It pushes nothing any more.
        fleet.lead.ok("machine", "lost", name, "--reason", "burnt")
        at_work.wait()
        away.rename(fleet.remote.path)


@long
@pytest.mark.parametrize("how", ["refused", "swallowed"])
def test_who_is_cut_off_stops_before_its_lease_ends_and_brings_nothing_twice(
    fleet: Fleet, how: str
) -> None:
    fleet.run()
    fleet.task()
    wire = fleet.wire = Wire(Path(servers.shared().folder))
    worker = fleet.machine("worker").at(ORCH_DB=wire.url(fleet.url))
    sign = fleet.folder / "at-work"
    lease = 6.0
    first = worker.start(
        "work", "--agent", "w", "--once", "--lease-seconds", str(lease), "--harness", "command",
        "--", sys.executable, str(AGENT), "commit=first.txt", "write=loose.txt", f"touch={sign}",
        "hang",
    )  # fmt: skip
    with first:
        until(sign.exists, "the agent to be at work")
        (agent,) = [pid for pid in os.listdir("/proc") if str(sign) in _words(pid) and "hang" in
                    _words(pid) and "--harness" not in _words(pid)]  # fmt: skip
        cut = time.monotonic()
        wire.cut() if how == "refused" else wire.swallow()
        until(lambda: not _words(agent), "the agent to be stopped", lease)  # It may be unreaped.
        assert time.monotonic() - cut < lease
        until(lambda: _is_stale(fleet), "the lease to end")
        other = fleet.machine("other")
        turn = fleet.work(other, "commit=second.txt", "done=made")["turns"][0]
        assert turn["outcome"] == "done", turn
        assert first.process.poll() is None
        if how == "swallowed":
            wire.cut()  # Its connections are dead, as a network's time-out says in the end.
        wire.mend()
        first.wait()
    attempt = fleet.lead.ok("task", "show", "r/a")["attempts"][0]
    assert fleet.at_remote("orch/r/a/attempt-1") == attempt["head_commit"]
    files = fleet.remote.git("ls-tree", "--name-only", attempt["head_commit"]).split("\n")
    assert "second.txt" in files and "first.txt" not in files
    assert fleet.at_remote("refs/orch/salvage/r/a/1/1")


def _words(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text() if pid.isdigit() else ""
    except OSError:
        return ""


def _is_stale(fleet: Fleet) -> bool:
    fleet.lead.ok("reconcile", "--run", "r")
    return fleet.lead.ok("task", "show", "r/a")["attempts"][0]["liveness"] == "stale"


@long
def test_what_is_elsewhere_is_looked_at_checked_and_left_to_its_owner(fleet: Fleet) -> None:
    fleet.shop.write(
        "orch.toml",
        '[check.made]\ncommand = ["test", "-f", "made.txt"]\n[cleanup]\nkeep_pushed = 0\n',
    )
    fleet.shop.git("add", "-A")
    fleet.shop.git("commit", "-qm", "checks")
    fleet.shop.git("push", "-q", "origin", "main")
    fleet.run()
    lead, worker = fleet.lead, fleet.machine("worker")
    lead.ok("task", "add", "--run", "r", "--task", "look", "--default-to", "w")
    lead.ok("dispatch", "r/look", "--execution-mode", "analysis")
    turn = fleet.work(worker, "touch=here", "done=looked")["turns"][0]
    assert turn["outcome"] == "done", turn
    assert (fleet.folder / "worker/.local/state/orch/stores").exists()
    lead.ok(
        "task", "add", "--run", "r", "--task", "a", "--default-to", "w", "--required-check", "made"
    )
    lead.ok("dispatch", "r/a", "--execution-mode", "code")
    turn = fleet.work(worker, "say=HELLO-THERE", "commit=made.txt", "done=made")["turns"][0]
    assert turn["outcome"] == "done", turn
    assert "HELLO-THERE" in lead.ok("logs", "r/a")["text"]
    assert lead.ok("verify", "run", "r/a")["gate"]["status"] == "passed"
    tree = lead.ok("task", "show", "r/a")["attempts"][0]["worktree_path"]
    # Only its owner cleans it up.
    kept = lead.ok("cleanup", "--run", "r", "--all-completed")
    assert "it is on " in str(kept["kept"]) and Path(tree).is_dir()
    lead.ok("queue", "add", "r/a")
    lead.ok("queue", "approve", "r/a", "--as", "ana")
    # Others move the target meanwhile: what lands is on top of that.
    other = Repo(fleet.folder / "clone", like=fleet.shop.path)
    other.git("fetch", "-q", str(fleet.remote.path), "main")
    other.git("reset", "-q", "--hard", "FETCH_HEAD")
    other.commit("theirs.txt")
    other.git("push", "-q", str(fleet.remote.path), "main")
    # The queue is run by a machine that has no clone.
    assert worker.ok("queue", "run", "--run", "r")["landed"][0]["status"] == "verified"
    assert fleet.remote.git("show", "main:theirs.txt") and fleet.remote.git("show", "main:made.txt")
    assert fleet.at_remote("orch/r/a/attempt-1") == ""  # The lander's, once it is kept no longer.
    worker.ok("cleanup", "--run", "r", "--all-completed")
    assert not Path(tree).is_dir()
    assert {c["name"]: c["status"] for c in lead.ok("doctor")["checks"]}["machines"] == "ok"


@long
def test_a_run_is_driven_here_and_worked_on_elsewhere(fleet: Fleet) -> None:
    policy = "[policy]\nlow = []\nmedium = []\nhigh = []\nbuiltin = false\n"
    fleet.shop.write("orch.toml", policy)
    fleet.shop.git("add", "-A")
    fleet.shop.git("commit", "-qm", "policy")
    fleet.shop.git("push", "-q", "origin", "main")
    fleet.run()
    for name in ("a", "b"):
        fleet.lead.ok(
            "task", "add", "--run", "r", "--task", name, "--default-to", "@coders",
            "--execution-mode", "code",
        )  # fmt: skip
    workers = [
        fleet.machine(name).start(
            "work",
            "--agent",
            name,
            "--pool",
            "coders",
            "--harness",
            "command",
            "--",
            sys.executable,
            str(AGENT),
            f"commit={name}.txt",
            "done=made",
        )
        for name in ("one", "two")
    ]
    try:
        done = fleet.lead.run(
            "drive", "--run", "r", "--workers", "0", "--until", "done", "--for", "100s", "--json",
            deadline=120,
        ).data  # fmt: skip
    finally:
        for worker in workers:
            worker.kill()
    assert done, done
    status = fleet.lead.ok("status", "--run", "r")
    assert [t["status"] for t in status["tasks"]] == ["done", "done"]
    entries = fleet.lead.ok("queue", "list", "--run", "r")["entries"]
    assert [e["status"] for e in entries] == ["verified", "verified"], entries


@long
@pytest.mark.parametrize("point", ["fetched", "made", "placed", "pushed", "base_pushed"])
def test_killed_at_any_point_the_work_comes_to_its_end_once(fleet: Fleet, point: str) -> None:
    fleet.run()
    armed = {"ORCH_CRASH_AT": f"machines.{point}"}
    lead, worker = fleet.lead, fleet.machine("worker")
    if point == "base_pushed":
        lead.ok("task", "add", "--run", "r", "--task", "a", "--default-to", "w")
        words = ("dispatch", "r/a", "--execution-mode", "code")
        assert lead.run(*words, env=armed).status == -9
        lead.ok("reconcile", "--run", "r")
        lead.ok(*words)
    else:
        fleet.task()
        words = (
            "work", "--agent", "w", "--once", "--harness", "command", "--",
            sys.executable, str(AGENT), "commit=made.txt",
        )  # fmt: skip
        assert worker.run(*words, env=armed).status == -9
    for _ in range(3):  # What was left is judged first; then somebody takes it up again.
        fleet.behind("UPDATE orch.thread SET not_before_at = 0")
        fleet.work(worker, "commit=again.txt", "done=made") if _open(fleet) else None
    attempt = lead.ok("task", "show", "r/a")["attempts"][-1]
    assert attempt["status"] == "done"
    ref = f"orch/r/a/attempt-{attempt['attempt_no']}"
    assert fleet.at_remote(ref) == attempt["head_commit"]


def _open(fleet: Fleet) -> bool:
    return fleet.lead.ok("task", "show", "r/a")["task"]["status"] != "done"


@long
def test_a_stale_base_a_remote_that_is_gone_and_a_landing_killed_after_its_push(
    fleet: Fleet,
) -> None:
    fleet.run()
    base = fleet.task()["attempt"]["base_commit"]
    lead, worker = fleet.lead, fleet.machine("worker")
    ref = "refs/orch/base/r/a/attempt-1"
    tree = fleet.remote.git("rev-parse", f"{base}^{{tree}}")
    other = fleet.remote.git("commit-tree", "-m", "other", tree)
    fleet.remote.git("update-ref", ref, other)
    turn = fleet.work(worker, "commit=made.txt", "done=made")["turns"][0]
    assert turn["outcome"] == "interrupted" and "begins at" in turn["reason"], turn
    fleet.remote.git("update-ref", ref, base)
    fleet.behind("UPDATE orch.thread SET not_before_at = 0")
    assert fleet.work(worker, "commit=made.txt", "done=made")["turns"][-1]["outcome"] == "done"
    lead.ok("queue", "add", "r/a")
    lead.ok("queue", "approve", "r/a", "--as", "ana")
    away = fleet.remote.path.with_name("away.git")
    fleet.remote.path.rename(away)
    lead.refuse("git_error", "failed", "queue", "run", "--run", "r")
    away.rename(fleet.remote.path)
    killed = lead.run("queue", "run", "--run", "r", env={"ORCH_CRASH_AT": "landing.moved"})
    assert killed.status == -9 and fleet.remote.git("show", "main:made.txt")
    tip = fleet.at_remote()
    lead.ok("queue", "run", "--run", "r")
    entries = lead.ok("queue", "list", "--run", "r")["entries"]
    assert [e["status"] for e in entries] == ["verified"] and fleet.at_remote() == tip
