"""A worktree in which git would wait, or takes its time, is named; the rest of the run goes on."""

import os
import time
from pathlib import Path

import pytest

from tests.support import runs
from tests.support.cli import until
from tests.support.runs import Lead, worktree

SOON = 20.0  # Seconds: a start on a busy machine, far below any limit of git's own.


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


def two_done(lead: Lead, name: str) -> dict:
    """Report two tasks done; in the worktree of the first lies a FIFO."""
    sent = {}
    for task in ("bad", "good"):
        lead.task(task)
        sent[task] = lead.dispatch(task)
        lead.claim(sent[task])
        lead.commit(sent[task], f"{task}/{task}.txt", f"{task}\n")
    if name:
        place = worktree(sent["bad"]) / name
        place.parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(place)
    for task in ("bad", "good"):
        lead.done(sent[task])
    return sent["bad"]


@pytest.mark.parametrize(
    "name", [".gitignore", ".gitattributes", ".gitmodules", "bad/.gitignore", "new/deep/.gitignore"]
)
def test_a_pipe_that_git_would_read_holds_nobody(lead: Lead, name: str) -> None:
    sent = two_done(lead, name)
    found = lead.do("reconcile", deadline=SOON)
    (problem,) = found["problems"]
    assert str(worktree(sent) / name) in problem
    assert f"remove it: rm -- {worktree(sent) / name}" in problem
    assert lead.attempts("good")[0]["head_commit"] is not None
    assert lead.attempts("bad")[0]["head_commit"] is None
    for words in (("status",), ("ready",), ("wait", "--for", "run_done", "--timeout-seconds", "1"),
                  ("top", "--once"), ("cleanup", "--all-completed", "--dry-run")):  # fmt: skip
        answer = lead.orch.quick(*words, "--run", "r", deadline=SOON)
        assert str(worktree(sent) / name) in answer.out + answer.err, answer
    assert lead.orch.quick("doctor", deadline=SOON).status in (0, 70)
    (worktree(sent) / name).unlink()
    assert lead.do("reconcile", deadline=SOON)["problems"] == []
    assert lead.attempts("bad")[0]["head_commit"] is not None


@pytest.mark.parametrize("name", [".gitignore", ".git/index"])
def test_a_pipe_in_the_main_checkout_refuses_a_dispatch(lead: Lead, name: str) -> None:
    lead.task("a")
    (lead.top / name).unlink(missing_ok=True)
    os.mkfifo(lead.top / name)
    words = ("dispatch", "--task", "a", "--execution-mode", "code")
    error = lead.refuse("git_error", "failed", *words, deadline=SOON)
    assert str(lead.top / name) in error["message"]
    assert error["hint"] == f"remove it: rm -- {lead.top / name}"


def slow_git(lead: Lead, place: Path) -> dict[str, str]:
    """Return an environment with a git that does not end where `place` is its work tree."""
    folder = lead.home / "bin"
    folder.mkdir()
    real = lead.orch.env["PATH"]
    script = f'#!/bin/sh\nPATH={real}\ncase " $* " in *" --work-tree={place} "*) '
    (folder / "git").write_text(script + 'exec sleep 100;; esac\nexec git "$@"\n')
    (folder / "git").chmod(0o755)
    return {"PATH": f"{folder}{os.pathsep}{real}"}


def test_a_wait_ends_in_its_time_beside_a_place_that_does_not_answer(lead: Lead) -> None:
    sent = two_done(lead, "")
    env = slow_git(lead, worktree(sent))
    began = time.monotonic()
    words = ("wait", "--for", "task_failed", "--timeout-seconds", "2")
    error = lead.refuse("no_matching_work", "timeout", *words, env=env)
    assert time.monotonic() - began < 10
    (problem,) = error["details"]["problems"]
    assert str(worktree(sent)) in problem
    assert "took more than" in problem and problem in error["message"]
    assert lead.attempts("good")[0]["head_commit"] is not None


def test_a_wait_hears_of_others_beside_a_place_that_does_not_answer(lead: Lead) -> None:
    sent = two_done(lead, "")
    lead.task("late", "--execution-mode", "analysis")
    late = lead.dispatch("late", mode="analysis")
    lead.claim(late)
    env = slow_git(lead, worktree(sent))
    words = ("--json", "wait", "--run", "r", "--for", "task_failed", "--timeout-seconds", "60")
    with lead.orch.start(*words, env=env) as waiting:
        until(lambda: lead.attempts("good")[0]["head_commit"], "the other head to be read")
        began = time.monotonic()
        lead.fail(late)
        assert waiting.wait().data["task"]["task_id"] == "late"
        assert time.monotonic() - began < 10
