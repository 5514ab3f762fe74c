"""Scenes 2 to 4: six tickets on a real repository, from the plan to main by one command.

A driver in the background gives them to three workers and lands them. One worker asks and is
answered; one agent is killed with -9, and its task tried again by itself; one fails its check and
passes it at the second try; what no check judges is approved by a person. The leader only waits.
"""

import os
import shutil
import signal
import sys
import threading

from tests.demo.stage import HERE, STAGE, Leader, expect, say, title, until

RUN = "calc"
CONFIG = f"""\
[check.unit]
command = ["{sys.executable}", "-m", "unittest", "discover", "-p", "check_*.py"]
timeout = 30

[queue]
batch = 4

# Small risks land by themselves; what no check judges waits for a person.
[policy]
low = []
medium = ["human"]
high = ["human"]
"""
CODER = (sys.executable, str(HERE / "coder.py"))


def open_run() -> Leader:
    """Scene 2: a repository, a plan, and the one command."""
    title("2. Six tickets with dependencies and a lock, on a real git repository: orch start")
    leader = Leader(STAGE / "repo")
    leader.run("git init -q -b main .")
    for name, value in (("user.name", "leader"), ("user.email", "leader@demo.example")):
        leader.run(f"git config {name} {value}", show=False)
    (leader.where / "orch.toml").write_text(CONFIG)
    (leader.where / ".gitignore").write_text("__pycache__/\n")
    leader.run("git add .", show=False)
    leader.run("git commit -qm", "the check and the policy")
    shutil.copy(HERE / "project" / "plan.yaml", leader.where)
    leader.run("orch plan check plan.yaml")
    leader.run(f"orch start plan.yaml --run {RUN} --workers 3 --set retry.first=1 --",
               *CODER)  # fmt: skip
    return leader


def lead(leader: Leader) -> None:
    """Scenes 3 and 4: what a leader does until all has landed: wait, and do what it is told."""
    title("3. The leader waits, answers a question, approves what no check judges")
    hand = threading.Thread(target=_kill_an_agent, args=(leader,), daemon=True)
    hand.start()
    told: set[str] = set()
    for _ in range(60):
        found = leader.data(f"orch wait --run {RUN} --timeout-seconds 5", ok=(0, 10))
        for news in found.get("news", ()):
            _obey(leader, news, told)
        if leader.data(f"orch run show --run {RUN}")["run"]["end"] in ("integrate", "finished"):
            break
    hand.join()
    leader.run(f"orch status --run {RUN}")
    leader.run(f"orch trace {RUN}/parser")
    _as_told(leader)


def _obey(leader: Leader, news: dict, told: set[str]) -> None:
    """Show a piece of news, and do what only a person can."""
    name = f"{RUN}/{news['task_id']}" if news["task_id"] else RUN
    text = f"{news['kind']}: {name} {news['text']}"
    if text not in told:
        say(text)
    told.add(text)
    if news["kind"] in ("asks", "question", "answer") and "lexer" in name:
        leader.run(f"orch answer {name} --body", "Yes, decimals too.")
    elif news["kind"] == "approval":
        leader.run(f"orch diff {name} --stat")
        leader.run(f"orch approve {name} --as ana --note", "I read it.")


def _kill_an_agent(leader: Leader) -> None:
    """Kill the manual's agent as a crash would: its worker sees it, its task is tried again."""

    def _begun() -> int | None:
        # In .orch of the repository, or in this machine's folder of a store on a server.
        logs = [path for place in (leader.where / ".orch", STAGE / "state")
                for path in place.glob(f"**/logs/{RUN}/manual/attempt-1.log")]  # fmt: skip
        if not logs or "will never end" not in logs[0].read_text():
            return None
        pid: int | None = leader.data(f"orch task show {RUN}/manual")["attempts"][-1]["pid"]
        return pid

    agent = until(_begun, "an agent at work on the manual")
    assert isinstance(agent, int)
    os.kill(agent, signal.SIGKILL)
    say(f"the agent at work on the manual, {agent}, is killed with -9")


def _as_told(leader: Leader) -> None:
    """The story is in the store: compare it with what was told."""
    report = leader.data(f"orch report --run {RUN}")
    tasks = {task["task_id"]: task for task in report["tasks"]}
    tried = {name: [a["status"] for a in task["attempts"]] for name, task in tasks.items()}
    expect(tried["parser"] == ["failed", "done"], "the parser failed its check, then passed it")
    expect(tried["manual"] == ["failed", "done"], "the manual was begun twice")
    (asked,) = tasks["lexer"]["attempts"][0]["questions"]
    expect(asked["answer"] == "Yes, decimals too.", "the lexer's question was answered")
    expect(all(a[-1] == "done" for a in tried.values()), "every task is done")
    expect(not report["totals"]["paths_not_owned"], "all in scope")
