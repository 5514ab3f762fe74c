"""Scenes 2 to 4: a plan on a real repository, done by `orch work` in worktrees of its own.

One worker asks and is answered; one is killed with -9, runner and agent, and its task retried;
one fails its check and succeeds on the retry.
"""

import os
import shutil
import signal
import sys

from tests.demo.stage import HERE, STAGE, Leader, expect, kill, say, title, until

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
    """Scene 2: a repository, a plan, a run."""
    title("2. A plan: six tasks with dependencies and a lock, on a real git repository")
    leader = Leader(STAGE / "repo")
    leader.run("git init -q -b main .")
    for name, value in (("user.name", "leader"), ("user.email", "leader@demo.example")):
        leader.run(f"git config {name} {value}", show=False)
    (leader.where / "orch.toml").write_text(CONFIG)
    (leader.where / ".gitignore").write_text("__pycache__/\n")
    shutil.copy(HERE / "project" / "plan.yaml", leader.where)
    leader.run("git add .", show=False)
    leader.run("git commit -qm", "the plan and its check")
    leader.run(f"orch run init --run {RUN} --repo-path . --ownership enforce --goal",
               "A small calculator with a manual")  # fmt: skip
    leader.run(f"orch plan check plan.yaml --run {RUN}")
    leader.run(f"orch plan apply plan.yaml --run {RUN}")
    leader.run(f"orch plan apply plan.yaml --run {RUN}")
    leader.run(f"orch ready --run {RUN} --explain")
    return leader


def work(leader: Leader) -> None:
    """Scene 3: workers at work, a question, a crash."""
    title("3. Work: one asks and is answered, one is killed with -9 and its task retried")
    leader.run(f"orch dispatch --run {RUN} --ready")
    _lose_a_worker(leader)
    leader.start("orch", "work", "--agent", "c", "--count", "3", "--pool", "coders",
                 "--harness", "command", "--", *CODER, show=True)  # fmt: skip
    leader.run(f"orch wait --run {RUN} --for task_blocked --timeout-seconds 50")
    leader.run("orch top")
    leader.run(f"orch answer --run {RUN} --task lexer --body", "Yes, decimals too.")
    leader.run(f"orch retry --run {RUN} --task manual --to @coders --force --body",
               "The machine of c0 went down; begin again.")  # fmt: skip
    leader.run("orch work --agent c0 --harness command --until-idle --", *CODER)
    turns = leader.data(f"orch usage --run {RUN}")["turns"]
    (turn,) = [turn for turn in turns if turn["agent"] == "c0"]
    expect(turn["outcome"] == "interrupted", "c0 came back and found that its turn is over")


def _lose_a_worker(leader: Leader) -> None:
    """Let c0 begin the manual, then kill its agent and its runner as a power cut would."""
    runner = leader.start("orch", "work", "--agent", "c0", "--harness", "command", "--once", "--",
                          *CODER, show=True)  # fmt: skip

    def _begun() -> int | None:
        # In .orch of the repository, or in this machine's folder of a store on a server.
        logs = [path for place in (leader.where / ".orch", STAGE / "state")
                for path in place.glob(f"**/logs/{RUN}/manual/attempt-1.log")]  # fmt: skip
        if not logs or "will never end" not in logs[0].read_text():
            return None
        return leader.data(f"orch task show {RUN}/manual")["attempts"][-1]["pid"]

    agent = until(_begun, "c0 at work on the manual")
    assert isinstance(agent, int)
    kill(runner)
    os.kill(agent, signal.SIGKILL)
    say(f"c0 is killed with -9: its runner {runner.pid} and its agent {agent}")
    leader.run(f"orch wait --run {RUN} --for task_stale --timeout-seconds 20")


def finish(leader: Leader) -> None:
    """Scene 4: check what is done, retry what failed, dispatch what became ready."""
    title("4. Checks: one fails and succeeds on the retry; what waited becomes ready")
    seen = 0
    while True:
        status = leader.data(f"orch status --run {RUN}")
        counts = status["run"]["counts"]
        if counts["done"] == counts["total"]:
            break
        moved = False
        for task in status["tasks"]:
            if task["status"] == "verifying":
                line = f"orch verify run --run {RUN} --task {task['task_id']}"
                leader.run(line, ok=(0, 90))  # 90: a check failed, and says so.
                moved = True
            elif task["status"] == "failed":
                leader.run(f"orch retry --run {RUN} --task {task['task_id']}")
                moved = True
        if counts["ready"]:
            moved = leader.data(f"orch dispatch --run {RUN} --ready", ok=(0, 10)) != {} or moved
        if not moved:
            seen = max(seen, status["high_event_id"])
            what = "task_done,task_failed,task_verifying,run_done"
            leader.data(f"orch wait --run {RUN} --for {what} --after-event {seen}",
                        "--timeout-seconds", "10", ok=(0, 10))  # fmt: skip
    leader.dismiss(signal.SIGINT)
    leader.run(f"orch status --run {RUN}")
    leader.run(f"orch trace {RUN}/parser")
    _as_told(leader)


def _as_told(leader: Leader) -> None:
    """The story is in the store: compare it with what was told."""
    report = leader.data(f"orch report --run {RUN}")
    tasks = {task["task_id"]: task for task in report["tasks"]}
    tried = {name: [a["status"] for a in task["attempts"]] for name, task in tasks.items()}
    expect(tried["parser"] == ["failed", "done"], "the parser failed its check, then passed it")
    expect(tried["manual"] == ["cancelled", "done"], "the manual was begun twice")
    (asked,) = tasks["lexer"]["attempts"][0]["questions"]
    expect(asked["answer"] == "Yes, decimals too.", "the lexer's question was answered")
    expect(all(a[-1] == "done" for a in tried.values()), "every task is done")
    expect(not report["totals"]["paths_not_owned"], "all in scope")
