"""SIGTERM, SIGINT and SIGHUP end a command within two seconds, whatever it waits for.

What it began is left with its intent; the next command undoes it or goes on, and says so. The
programs here ignore SIGTERM, so that only a command that makes them end leaves none behind.
"""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.support import queues, runs
from tests.support.cli import Answer, Running, until
from tests.support.runs import Lead, toml_list

SIGNALS = [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)]
SOON = 10.0  # Seconds: two as promised, and what a busy machine adds.


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


def stubborn(lead: Lead) -> str:
    """Return a command for orch.toml that notes its process, and stays until it is killed.

    With a file `calm` beside the repository it ends at once.
    """
    note = (
        f"[ -e {lead.home}/calm ] && exit 0; echo $$ > {lead.home}/begun.$$; trap '' TERM HUP INT; "
    )
    return toml_list("/bin/sh", "-c", note + "while :; do sleep 0.05; done")


def begun(lead: Lead, count: int = 1) -> list[int]:
    """Return the processes that have noted themselves, once there are so many."""

    def _noted() -> list[int]:
        found = [int(path.suffix[1:]) for path in lead.home.glob("begun.*") if path.stat().st_size]
        return found if len(found) >= count else []

    return until(_noted, f"{count} programs to begin")  # type: ignore[return-value]


def stop(running: Running, number: int, programs: list[int]) -> Answer:
    """Signal a command; require that it ends soon and that its programs end with it."""
    began = time.monotonic()
    running.signal(number)
    answer = running.wait()
    assert time.monotonic() - began < SOON, answer
    for pid in programs:
        until(lambda pid=pid: not Path(f"/proc/{pid}").exists(), f"{pid} to be gone")
    return answer


@pytest.mark.parametrize(("number", "status"), SIGNALS)
def test_a_dispatch_is_stopped_in_its_setup(lead: Lead, number: int, status: int) -> None:
    lead.config(f"[worktree.setup]\ncommand = {stubborn(lead)}\n")
    lead.task("a")
    words = ("dispatch", "--run", "r", "--task", "a", "--execution-mode", "code")
    with lead.orch.start(*words) as running:
        answer = stop(running, number, begun(lead))
    assert (answer.status, answer.out) == (status, "")
    assert answer.err.endswith("go on with: orch reconcile --run r\n")
    (lead.home / "calm").touch()
    told = lead.orch.run("status", "--run", "r")
    assert "undid the dispatch of r/a (attempt 1) that was killed half-way" in told.out
    assert lead.leftovers() == []
    lead.dispatch("a")
    assert lead.doctor() == []


def test_the_next_dispatch_undoes_a_stopped_one_and_says_so(lead: Lead) -> None:
    lead.config(f"[worktree.setup]\ncommand = {stubborn(lead)}\n")
    lead.task("a")
    words = ("dispatch", "--run", "r", "--task", "a", "--execution-mode", "code")
    with lead.orch.start(*words) as running:
        stop(running, signal.SIGTERM, begun(lead))
    (lead.home / "calm").touch()
    again = lead.orch.run(*words)
    assert again.status == 0
    assert again.err.startswith(
        "note: undid the dispatch of r/a (attempt 1) that was killed half-way\nnext: "
    )


def test_dispatches_side_by_side_are_stopped_together(lead: Lead) -> None:
    lead.config(f"[worktree.setup]\ncommand = {stubborn(lead)}\n")
    for task in "abc":
        lead.task(task, "--execution-mode", "code")
    with lead.orch.start("dispatch", "--run", "r", "--ready", "--jobs", "3") as running:
        answer = stop(running, signal.SIGTERM, begun(lead, 3))
    assert answer.status == 143
    (lead.home / "calm").touch()
    assert len(lead.do("reconcile")["repaired"]) == 3
    assert lead.leftovers() == []
    assert len(lead.do("dispatch", "--ready")["dispatched"]) == 3


@pytest.mark.parametrize("exclusive", ["true", "false"])
def test_checks_are_stopped_and_run_again(lead: Lead, exclusive: str) -> None:
    both = "".join(
        f"[check.{name}]\ncommand = {stubborn(lead)}\nexclusive = {exclusive}\n"
        for name in ("one", "two")
    )
    lead.config(f'{both}[profile]\nboth = ["one", "two"]\n')
    lead.task("a", "--check-profile", "both")
    lead.finish("a")
    with lead.orch.start("verify", "run", "--run", "r", "--task", "a", "--jobs", "2") as running:
        answer = stop(running, signal.SIGTERM, begun(lead, 1 if exclusive == "true" else 2))
    assert answer.status == 143
    assert answer.err.endswith("go on with: orch verify run --run r --task a\n")
    assert lead.status_of("a") == "verifying"
    (lead.home / "calm").touch()
    lead.do("verify", "run", "--task", "a")
    assert lead.status_of("a") == "done"
    assert lead.doctor() == []


def test_a_trial_is_stopped_and_the_next_runner_lands(lead: Lead) -> None:
    lead.config(
        f'[check.ci]\ncommand = {stubborn(lead)}\n[queue]\nchecks = ["ci"]\n[policy]\nlow = []\n'
    )
    land = queues.Landing(lead)
    land.work("a")
    land.queue("a")
    with lead.orch.start("queue", "run", "--run", "r") as running:
        answer = stop(running, signal.SIGTERM, begun(lead))
    assert answer.status == 143
    (lead.home / "calm").touch()
    assert len(lead.do("queue", "run")["landed"]) == 1
    assert lead.doctor() == []


def test_a_git_that_does_not_end_is_stopped(lead: Lead) -> None:
    real = lead.orch.env["PATH"]
    folder = lead.home / "bin"
    folder.mkdir()
    script = (
        "#!/bin/sh\n"
        f'PATH={real}; case " $* " in *" reset "*) echo > {lead.home}/begun.$$;\n'
        f'echo $$ > {lead.home}/begun.$$; trap "" TERM; while :; do sleep 0.05; done;; esac\n'
        'exec git "$@"\n'
    )
    (folder / "git").write_text(script)
    (folder / "git").chmod(0o755)
    lead.task("a")
    words = ("dispatch", "--run", "r", "--task", "a", "--execution-mode", "code")
    with lead.orch.start(*words, env={"PATH": f"{folder}{os.pathsep}{real}"}) as running:
        answer = stop(running, signal.SIGTERM, begun(lead))
    assert answer.status == 143
    assert lead.orch.run("status", "--run", "r").out.count("undid the dispatch of r/a") == 1
    assert lead.leftovers() == []
