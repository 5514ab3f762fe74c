"""The main job, played with real processes: first the bus, then a run on a git repository.

Act one: a leader has the project's own documents summarised by three workers that race for the
work; one asks, one is killed with -9 and its thread is taken over. Act two: six tasks on a real
repository, with dependencies, a lock and overlapping scopes; one worker asks, one fails its
check and succeeds on a retry, one is killed and its task reassigned; then everything is
cleaned up with nothing lost. All is left in .demo/ to look at.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STAGE = ROOT / ".demo"
PATIENCE = 60.0


class Leader:
    """Runs `orch` and `inbox` in one directory and says what it does."""

    def __init__(self, where: Path) -> None:
        self.where = where
        where.mkdir(parents=True)
        bin_folder = Path(sys.executable).parent
        keep = {
            k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "INBOX_", "ORCH_"))
        }
        path = f"{bin_folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        self.environment = keep | {"PATH": path, "DEMO_WORK": str(where), "PYTHONPATH": str(ROOT)}
        self.workers: list[subprocess.Popen[str]] = []

    def run(self, line: str, *more: str, ok: tuple[int, ...] = (0,), show: bool = True) -> str:
        """Run a command line, show it with its answer, and return what it printed."""
        words = [*line.split(" "), *more]
        done = subprocess.run(
            words, cwd=self.where, env=self.environment, capture_output=True, text=True,
            timeout=PATIENCE, check=False,
        )  # fmt: skip
        if done.returncode not in ok:
            sys.exit(f"$ {' '.join(words)} -> {done.returncode}\n{done.stdout}{done.stderr}")
        if show:
            shown = " ".join(f"'{w}'" if " " in w else w for w in words)
            print(f"$ {shown}\n{(done.stdout + done.stderr).rstrip()}", flush=True)
        return done.stdout

    def data(self, line: str, *more: str, ok: tuple[int, ...] = (0,)) -> dict:
        """Run a command quietly and return the `data` of its JSON answer."""
        return json.loads(self.run(line, *more, "--json", ok=ok, show=False)).get("data", {})

    def hire(self, name: str, pool: str, lease: str = "60") -> "subprocess.Popen[str]":
        """Start a worker process."""
        worker = subprocess.Popen(
            [sys.executable, "-m", "tests.demo.worker", name, pool, lease],
            cwd=self.where, env=self.environment, stdin=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.workers.append(worker)
        return worker

    def dismiss(self) -> None:
        """Wait for the workers to go home."""
        for worker in self.workers:
            worker.wait(timeout=PATIENCE)
        self.workers.clear()


def title(text: str) -> None:
    """Announce an act."""
    print(f"\n=== {text}\n", flush=True)


def until(condition, what: str) -> object:
    """Wait for something another process does."""
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        if time.monotonic() > end:
            sys.exit(f"never happened: {what}")
        time.sleep(0.05)
    return found


def kill(worker: "subprocess.Popen[str]", name: str) -> None:
    """Kill a worker as a crash would."""
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    print(f"  [{name}] killed with -9", flush=True)


def the_bus() -> None:
    """Act one: documents summarised by three racing workers."""
    title("Act one: the bus. Three workers race for the project's documents")
    leader = Leader(STAGE / "bus")
    leader.run("git init -q .", show=False)  # So that the store is found here, not above.
    documents = sorted((ROOT / "docs").rglob("*.md"))[:6]
    leader.run("orch run init --run summaries --goal", "One guide out of many documents")
    for number, path in enumerate(documents):
        ask = "\nask Which spelling, British or American?" if number == 0 else ""
        leader.run(
            f"orch task add --run summaries --task doc-{number} --default-to @writers --title",
            f"Summarise {path.name}", "--summary", f"summarise {path}{ask}", show=number == 0,
        )  # fmt: skip
    leader.run("orch dispatch --run summaries --ready --execution-mode analysis")
    orphan = leader.data(
        "inbox send --from leader --to @proofreaders --subject", "Proofread the index",
        "--body", "hang",
    )["thread"]["thread_id"]  # fmt: skip
    dying = leader.hire("w0", "proofreaders", lease="1")
    until(
        lambda: leader.data(f"inbox show --thread {orphan}")["thread"]["status"] == "claimed", "w0"
    )
    for name in ("w1", "w2", "w3"):
        leader.hire(name, "writers")
    kill(dying, "w0")
    leader.run("orch wait --run summaries --for task_blocked")
    question = leader.data("orch blocked --run summaries")["tasks"][0]["task"]["task_id"]
    leader.run("orch blocked --run summaries")
    leader.run(f"orch answer --run summaries --task {question} --body", "British, please.")
    leader.run("inbox claim --agent w4 --next --pool proofreaders --timeout-seconds 20")
    leader.run(f"inbox done --agent w4 --thread {orphan} --summary", "index proofread by w4")
    leader.run("orch wait --run summaries --for run_done --timeout-seconds 50")
    leader.dismiss()
    leader.run("orch status --run summaries")
    collect(leader, "summaries")
    leader.run(
        "orch events --run summaries --type task_dispatched,task_blocked,task_answered,task_done"
    )
    leader.run(f"inbox show --thread {orphan}")


def collect(leader: Leader, run: str) -> None:
    """Make one document of all artifacts the workers delivered."""
    out = leader.where / "SUMMARY.md"
    parts = []
    for task in leader.data(f"orch status --run {run}")["tasks"]:
        thread = task["latest_attempt"]["thread_id"]
        for artifact in leader.data(f"inbox artifact list --thread {thread}")["artifacts"]:
            kept = leader.where / f"{artifact['artifact_id']}.md"
            leader.run(f"inbox artifact get {artifact['artifact_id']} --out {kept}", show=False)
            parts.append(kept.read_text())
    out.write_text("# Summaries\n\n" + "\n".join(parts))
    print(f"collected {len(parts)} summaries into {out}", flush=True)


PLAN = (
    ("parser", "write src/parser.py def_parse", [], {}),
    ("lexer", "write src/lexer.py def_lex\nask Tabs or spaces?", [], {}),
    ("glue", "write src/glue.py import_both", ["parser", "lexer"], {"--lock": "release"}),
    ("manual", "write docs/manual.md how_to_use_it", [], {"--lock": "release"}),
    ("checks", "broken check.txt", [], {"--required-check": "sound"}),
    ("index", "write docs/manual.md index", [], {}),
)
SCOPES = {"parser": "src/**", "lexer": "src/lexer.py", "manual": "docs/**", "index": "docs/*.md"}
CONFIG = """\
[check.sound]
command = ["sh", "-c", "test \\"$(cat check.txt)\\" = fixed && echo 1 passed"]
timeout = 20
"""


def the_run() -> None:
    """Act two: six tasks on a git repository."""
    title("Act two: a run on a git repository. Six tasks, a lock, overlapping scopes")
    leader = Leader(STAGE / "repo")
    git = "git -c user.name=demo -c user.email=demo@demo.example"
    leader.run("git init -q -b main .")
    (leader.where / "orch.toml").write_text(CONFIG)
    (leader.where / "README.md").write_text("# A small project\n")
    leader.run("git add .", show=False)
    leader.run(f"{git} commit -qm start", show=False)
    leader.run(
        "orch run init --run build --ownership enforce --repo-path . --goal", "A small parser"
    )
    for task, summary, needs, flags in PLAN:
        words = [w for pair in flags.items() for w in pair]
        words += [w for need in needs for w in ("--depends-on", need)]
        words += ["--allowed-path", SCOPES[task]] if task in SCOPES else []
        line = f"orch task add --run build --task {task} --default-to @coders --execution-mode code"
        leader.run(line, "--summary", summary, *words, show=False)
    leader.run("orch ready --run build --explain")
    dying = None
    answered = False
    for _ in range(40):
        leader.run("orch dispatch --run build --ready", ok=(0, 10, 30), show=False)
        if dying is None:
            dying = lose_a_worker(leader)
            for name in ("c1", "c2", "c3"):
                leader.hire(name, "coders")
        if not answered and leader.data("orch blocked --run build")["tasks"]:
            leader.run("orch blocked --run build")
            leader.run("orch answer --run build --task lexer --body", "Spaces.")
            answered = True
        run = judge(leader)
        if run["counts"]["done"] == len(PLAN):
            break
        seen = str(leader.data("orch status --run build")["high_event_id"])
        leader.data("orch wait --run build --timeout-seconds 3", "--after-event", seen, ok=(0, 10))
        if all(worker.poll() is not None for worker in leader.workers):
            for name in ("c1", "c2", "c3"):
                leader.hire(name, "coders")
    leader.dismiss()
    leader.run("orch status --run build")
    leader.run("orch trace build/checks")
    leader.run("orch cleanup --run build --all-completed --dry-run")
    leader.run("orch cleanup --run build --all-completed", ok=(0, 90))
    leader.run("git branch --list", "orch/*")
    leader.run("orch run close --run build")
    leader.run("inbox doctor --deep")


def lose_a_worker(leader: Leader) -> bool:
    """A worker claims a task with a short lease and is killed; the task is given to another."""
    claim = leader.data("inbox claim --agent c0 --next --pool coders --lease-seconds 1")
    task = claim["thread"]["task_id"]
    print(f"  [c0] claimed {task} and is killed with -9", flush=True)
    leader.run("orch wait --run build --for task_stale --timeout-seconds 20")
    leader.run(f"orch reassign --run build --task {task} --to @coders --reason", "c0 is gone")
    return True


def judge(leader: Leader) -> dict:
    """Run the checks of what is done, retry what failed; return the run."""
    status = leader.data("orch status --run build")
    for task in status["tasks"]:
        if task["status"] == "verifying":
            leader.run(f"orch verify run --run build --task {task['task_id']}")
    for task in leader.data("orch status --run build")["tasks"]:
        if task["status"] == "failed":
            leader.run(f"orch retry --run build --task {task['task_id']}")
    return leader.data("orch status --run build")["run"]


def main() -> None:
    """Play both acts on a fresh stage."""
    shutil.rmtree(STAGE, ignore_errors=True)
    STAGE.mkdir()
    started = time.monotonic()
    the_bus()
    the_run()
    title(f"Done in {time.monotonic() - started:.0f} s; nothing was lost. Look at it:")
    for line in (
        f"the collected document:   {STAGE}/bus/SUMMARY.md",
        f"the bus and its log:      cd {STAGE}/bus, then: inbox list",
        f"the repository:           cd {STAGE}/repo, then: git log --oneline --graph --all",
        f"the run, task by task:    cd {STAGE}/repo, then: orch status --run build",
        f"the programs:             {Path(sys.executable).parent}/inbox and orch",
    ):
        print(line)


if __name__ == "__main__":
    main()
