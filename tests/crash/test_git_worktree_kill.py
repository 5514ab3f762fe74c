"""kill -9 in the middle of making a worktree: recovery leaves a whole one or nothing."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

from orch.git import changes, names, refs, repository, worktrees
from tests.support.cli import until
from tests.support.repos import Repo, hermetic, spread

ADD = """
import sys
from orch.git import repository, worktrees
top, place, branch, start, root = sys.argv[1:]
repo = repository.open_repository(top)
print("go", flush=True)
worktrees.add_worktree(repo, place, branch, start, root=root)
"""


@pytest.fixture
def repo(tmp_path, monkeypatch):
    hermetic(monkeypatch, tmp_path / "home")
    made = Repo(tmp_path / "r")
    spread(made, 400)
    return repository.open_repository(str(made.path))


def children(pid):
    """Return every descendant of `pid`, itself included."""
    rows = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True).stdout
    parent = dict(map(int, row.split()) for row in rows.splitlines())
    found = [pid]
    for one in found:
        found += [child for child, above in parent.items() if above == one]
    return found


def add_and_kill(repo, place, branch, start, root, delay, whole):
    """Start adding in another process and kill it after `delay`: alone, or with its gits."""
    argv = [sys.executable, "-c", ADD, repo.top, place, branch, start, root]
    run = subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=os.getcwd())
    run.stdout.readline()
    time.sleep(delay)
    if whole:
        os.kill(run.pid, signal.SIGSTOP)
        doomed = children(run.pid)
    else:
        doomed = [run.pid]
    for pid in reversed(doomed):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    run.wait()
    run.stdout.close()


@pytest.mark.parametrize("whole", [False, True], ids=["parent", "group"])
@pytest.mark.parametrize("finish", [False, True], ids=["undo", "finish"])
def test_kill_at_any_moment(repo, tmp_path, whole, finish):
    start = refs.resolve(repo, "HEAD")
    root = str(tmp_path / "trees")
    chance = random.Random(7)
    begin = time.monotonic()
    worktrees.add_worktree(repo, f"{root}/whole", "whole", start, root=root)
    span = 1.5 * (time.monotonic() - begin)  # As fast as the machine is just now.
    told, outcomes = {"undone", "complete" if finish else "absent"}, set()
    for number in range(60):
        place = f"{root}/run/t{number}/attempt-1"
        branch = names.attempt_branch("run", f"t{number}", 1)
        delay = span * (number % 15 + chance.random()) / 15 * (1 + number // 15)
        add_and_kill(repo, place, branch, start, root, delay, whole)
        outcome = worktrees.recover_worktree(repo, place, branch, start, root=root, finish=finish)
        outcomes.add(outcome)
        ref = refs.read_ref(repo, f"refs/heads/{branch}")
        if outcome == "complete":
            work = repository.linked_worktree(repo, place)
            assert changes.status(work, ignored=True, hidden=True).is_clean
            assert refs.head(work) == refs.Head(start, branch)
            assert not worktrees.find_worktree(repo, place).locked
        else:
            assert ref == "", outcome
            assert not os.path.lexists(f"{root}/run/t{number}")
            assert worktrees.find_worktree(repo, place) is None
            again = worktrees.add_worktree(repo, place, branch, start, root=root)
            assert changes.status(again).is_clean
        if number >= 14 and told & outcomes:
            break
    assert told & outcomes, outcomes
    listed = worktrees.list_worktrees(repo)
    assert len(listed) == len({w.path for w in listed}) == number + 3  # The main one and `whole`.


def test_recovery_waits_for_a_git_that_lives_on(repo, tmp_path):
    """The parent dies in the checkout, its git goes on: recovery starts after it."""
    start = refs.resolve(repo, "HEAD")
    place, root = str(tmp_path / "w" / "x"), str(tmp_path)
    work = worktrees.add_worktree(repo, place, "b", start, root=root)
    mark = os.path.join(work.git_dir, "locked")
    with open(mark, "w") as file:
        file.write(f"orch is making {place}")
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import fcntl, os, sys, time\n"
            "fd = os.open(sys.argv[1], os.O_RDONLY)\n"
            "fcntl.flock(fd, fcntl.LOCK_EX)\n"
            "print('held', flush=True)\n"
            "time.sleep(0.5)\n"
            "os.unlink(sys.argv[1] + '/locked')\n",
            work.git_dir,
        ],
        stdout=subprocess.PIPE,
    )
    holder.stdout.readline()
    assert (
        worktrees.recover_worktree(repo, place, "b", start, root=root, finish=False) == "complete"
    )
    holder.wait()
    holder.stdout.close()
    assert changes.status(work).is_clean


def test_recovery_waits_for_the_branch_that_a_killed_maker_was_making(repo, tmp_path):
    start = refs.resolve(repo, "HEAD")
    place, root = str(tmp_path / "trees" / "x"), str(tmp_path / "trees")
    begun, slow = tmp_path / "begun", tmp_path / "slow" / "git"
    slow.parent.mkdir()
    slow.write_text(
        f'#!/bin/sh\ncase " $* " in *" update-ref "*) touch {begun}; sleep 0.4;; esac\n'
        f'exec {shutil.which("git")} "$@"\n'
    )
    slow.chmod(0o755)
    env = os.environ | {"PATH": f"{slow.parent}:{os.environ['PATH']}"}
    run = subprocess.Popen([sys.executable, "-c", ADD, repo.top, place, "b", start, root], env=env)
    until(begun.exists, "the git that makes the branch")
    run.kill()
    run.wait()
    told = worktrees.recover_worktree(repo, place, "b", start, root=root, finish=False)
    assert (told, refs.read_ref(repo, "refs/heads/b")) == ("undone", "")
    worktrees.add_worktree(repo, place, "b", start, root=root)


def test_kill_in_the_middle_of_an_undo(repo, tmp_path):
    """An undo that is killed is undone again by the next."""
    start = refs.resolve(repo, "HEAD")
    root = str(tmp_path / "trees")
    undo = ADD.replace("worktrees.add_worktree(", "worktrees.recover_worktree(").replace(
        "root=root)", "root=root, finish=False)"
    )
    for number in range(12):
        place = f"{root}/t{number}"
        work = worktrees.add_worktree(repo, place, f"b{number}", start, root=root)
        with open(os.path.join(work.git_dir, "locked"), "w") as file:
            file.write(f"orch is making {place}")
        argv = [sys.executable, "-c", undo, repo.top, place, f"b{number}", start, root]
        run = subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=os.getcwd())
        run.stdout.readline()
        time.sleep(0.004 + number * 0.002)
        run.kill()
        run.wait()
        run.stdout.close()
        worktrees.recover_worktree(repo, place, f"b{number}", start, root=root, finish=False)
        assert refs.read_ref(repo, f"refs/heads/b{number}") == ""
        assert not os.path.lexists(place)
    assert len(worktrees.list_worktrees(repo)) == 1
