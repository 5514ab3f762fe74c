"""A run that `orch drive` takes from plan to landed, with agents that are a line of shell.

`Drive.task()` adds a task; an agent writes a file of its task's name, commits it and ends. What a
task's agent does beside that stands in `does`: a line of shell that comes before.
"""

from pathlib import Path

import pytest

from tests.support import engines, runs
from tests.support.cli import Answer, Running
from tests.support.runs import Lead

# A policy under which nobody is asked: what was tested lands.
FREE = "[policy]\nlow = []\nmedium = []\nhigh = []\nbuiltin = false\n"
_CHECK = '[check.unit]\ncommand = ["sh", "-c", "test ! -e broken"]\n'
_QUEUE = '[queue]\nchecks = ["unit"]\n'
_AGENT = """\
cat > /dev/null
case "$INBOX_AGENT" in reviewer-*)
  . "$DOES/review"
  said='{"reviewer_role":"risk-reviewer","findings":[],"verdict":"'$verdict'"}'
  exec inbox done --summary read --body "$said" ;;
*-reviewer-*)
  echo "$INBOX_AGENT" >> "$DOES/seated"
  said='{"reviewer_role":"'${INBOX_AGENT%%-reviewer-*}'-reviewer","findings":[],'
  exec inbox done --summary read --body "$said"'"verdict":"approve"}' ;;
esac
task=$(basename "$(dirname "$PWD")")
attempt=$(basename "$PWD")
if [ -f "$DOES/$task" ]; then . "$DOES/$task"; fi
echo "$task $attempt" > "$task.txt"
git add -A && git commit -qm "work of $task"
"""


class Drive:
    """One repository, one store, one run called r that lands on main."""

    def __init__(self, lead: Lead, policy: str = FREE) -> None:
        self.lead = lead
        self.orch = lead.orch
        self.top = lead.top
        self.does = lead.home / "does"
        self.does.mkdir(exist_ok=True)
        script = lead.home / "agent.sh"
        script.write_text(f"DOES={self.does}\n{_AGENT}")
        self.program = ("sh", str(script))
        lead.run("--target", "main")
        lead.config(_CHECK + _QUEUE + policy)

    def task(self, name: str, *flags: str, does: str = "") -> None:
        """Add a task; `does` is shell that its agent runs before its work."""
        self.orch.ok(
            "task", "add", "--run", "r", "--task", name, "--required-check", "unit", *flags
        )
        if does:
            (self.does / name).write_text(does + "\n")

    def words(self, *flags: str, workers: int = 2) -> list[str]:
        """Return the words of a drive with workers of its own."""
        crew = ["--workers", str(workers), "--harness", "command"]
        return ["drive", "--run", "r", *crew, *flags, "--", *self.program]

    def run(self, *flags: str, workers: int = 2, **how: object) -> Answer:
        """Drive to an end, as a process of its own."""
        return self.orch.run(*self.words(*flags, workers=workers), **how)

    def start(self, *flags: str, workers: int = 2) -> Running:
        """Begin to drive."""
        return self.orch.start(*self.words(*flags, workers=workers))

    def silent(self) -> None:
        """Let the driver's lease be one that was not renewed for a minute."""
        engines.shell(self.lead.inbox, "UPDATE drive SET runner_until = 1")

    def files(self) -> set[str]:
        """Return the names of files that agents brought to main."""
        names = self.lead.repo.git("ls-tree", "--name-only", "main").split()
        return {name for name in names if name.endswith(".txt")}

    def briefs(self, task: str) -> list[str]:
        """Return what each attempt at a task was told."""
        threads = [one["thread_id"] for one in self.lead.attempts(task)]
        shown = [self.lead.inbox.ok("show", "--thread", thread) for thread in threads]
        return [one["messages"][0]["body"] for one in shown]

    def steps(self) -> list[str]:
        """Return what drivers did, as their events tell it."""
        return [f"{e['task_id']}: {e['summary']}" for e in self.lead.events("drive_step")]

    def settled(self, *tasks: str) -> None:
        """All tasks landed, each once; replays agree, and nobody names a problem."""
        assert self.files() == {f"{name}.txt" for name in tasks}
        landed = [e["task_id"] for e in self.lead.events("entry_verified")]
        assert sorted(landed) == sorted(tasks), "each landed once"
        look = self.orch.ok("drive", "--run", "r", "--replay")["looks"][0]
        assert look["same"] > 0
        assert look["differing"] == []
        found = self.lead.doctor()
        assert found == [], found


def make(tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch, policy: str = FREE) -> Drive:
    """Return a run to be driven."""
    return Drive(runs.Lead(tmp_path, store), policy)
