"""orch doctor: each kind of damage is named, and nothing is ever repaired."""

import json
import os
import shlex
import shutil
import signal
from pathlib import Path

import apsw
import pytest

from tests.support import runs
from tests.support.cli import until
from tests.support.runs import Lead, worktree


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    found = runs.lead(tmp_path, empty_store, monkeypatch)
    found.task("a", "--lock", "l")
    found.task("b", "--depends-on", "a")
    found.task("c", "--depends-on", "b")
    return found


# What somebody with a shell could do to the file, and the check that tells of it.
DAMAGE = [
    ("counters", "UPDATE task SET unmet = 2 WHERE task_id = 'b'"),
    ("counters", "UPDATE task SET unmet = 0 WHERE task_id = 'b'"),
    ("counters", "UPDATE task SET chain = 9 WHERE task_id = 'b'"),
    ("counters", "DELETE FROM dependency WHERE task_no = 2"),
    ("tallies", "UPDATE run_tally SET done = done + 1"),
    ("held locks", "DELETE FROM held_lock"),
    ("held locks", "INSERT INTO held_lock VALUES ('x', 2)"),
    ("attempts", "UPDATE task SET next_attempt_no = 1"),
    ("attempts", "UPDATE task SET latest_attempt_no = 2 WHERE task_id = 'a'"),
    ("attempts", "UPDATE attempt SET status = 'running'"),
    ("attempts", "UPDATE attempt SET status = 'done'"),
    ("circles", "INSERT INTO dependency VALUES (1, 3)"),
    ("task moves", "DELETE FROM transition WHERE machine = 'task' AND source = 'planned'"),
]


@pytest.mark.on_file("it is copied")
def test_deep_finds_what_does_not_agree(lead: Lead) -> None:
    lead.dispatch("a", mode="analysis")
    assert lead.doctor() == []
    whole = lead.home / "whole.db"
    lead.inbox.ok("backup", str(whole))
    for number, (name, sql) in enumerate(DAMAGE):
        copy = lead.store.parent / f"damaged-{number}.db"
        shutil.copy(whole, copy)
        copy.chmod(0o600)
        connection = apsw.Connection(str(copy))
        connection.execute(sql)
        connection.close()
        lead.orch.env["ORCH_DB"] = str(copy)
        found = lead.doctor()
        assert any(text.startswith(f"problem {name}: ") for text in found), (sql, found)
    assert lead.doctor() == found, "nothing was repaired"


def test_a_killed_dispatch_is_named_with_the_command_that_settles_it(lead: Lead) -> None:
    lead.crash("dispatch.made", "dispatch", "--run", "r", "--task", "a", "--execution-mode", "code")
    answer = lead.orch.quick("--json", "doctor")
    checks = {c["name"]: c for c in answer.data["checks"]}
    assert checks["dispatches"]["status"] == "warning"
    assert checks["dispatches"]["hint"] == "orch reconcile --run r"
    lead.do("reconcile")
    assert lead.doctor() == []


def test_missing_and_stray_worktrees_are_named(lead: Lead) -> None:
    sent = lead.dispatch("a")
    place = worktree(sent)
    stray = place.parent / "attempt-7"
    stray.mkdir()
    assert any(str(stray) in text for text in lead.doctor())
    stray.rmdir()
    os.rename(place, place.parent / "moved")
    assert any(f"{place} is gone" in text for text in lead.doctor())


@pytest.mark.on_file("it is deleted")
def test_a_store_whose_runs_are_gone_is_told_by_what_stands_around_it(
    lead: Lead, empty_store: Path
) -> None:
    """Its -wal deleted, or an older copy put in its place: the file itself is sound."""
    place = worktree(lead.finish("a"))
    assert lead.doctor() == []
    for tail in ("-wal", "-shm"):
        Path(f"{lead.store}{tail}").unlink(missing_ok=True)
    shutil.copy(empty_store, lead.store)
    told = {c["name"]: c for c in lead.orch.ok("doctor", "--deep")["checks"]}
    assert str(place) in told["strays"]["detail"]
    assert told["branches"]["detail"].startswith("orch/r/a/attempt-1")
    for name in ("strays", "branches"):
        assert told[name]["status"] == "warning"
        assert "run r, which this store does not know" in told[name]["detail"]
        command = told[name]["hint"].rpartition(": ")[2]
        assert lead.repo.git(*shlex.split(command)[1:]).startswith("commit ")


def test_a_branch_that_no_attempt_names_is_told(lead: Lead) -> None:
    lead.repo.git("branch", "orch/r/a/attempt-7")
    assert lead.doctor() == ["warning branches: orch/r/a/attempt-7"]


def test_a_commit_that_no_ref_holds_is_named(lead: Lead) -> None:
    """I11: every recorded commit is reachable from a ref."""
    lead.finish("a")
    assert lead.doctor() == []
    lead.do("cleanup", "--all-completed")
    head = lead.attempts("a")[0]["head_commit"]
    lead.repo.git("update-ref", "-d", "refs/heads/orch/r/a/attempt-1")
    assert lead.doctor() == [], "it did not land yet: a ref of ours holds it"
    lead.repo.git("update-ref", "-d", "refs/orch/heads/r/a/1")
    found = lead.doctor()
    assert found == [f"problem commits: on no branch: r/a attempt 1: {head[:12]}"]
    lead.repo.git("tag", "kept", head)
    assert lead.doctor() == [], "any ref will do"


@pytest.mark.on_file("it moves")
def test_a_repository_that_moved_is_named(lead: Lead) -> None:
    lead.finish("a")
    lead.orch.env["ORCH_DB"] = str(lead.home / "store" / "coord.db")
    (lead.home / "store").mkdir(mode=0o700)
    for tail in ("", "-wal"):
        if os.path.exists(f"{lead.store}{tail}"):
            os.rename(f"{lead.store}{tail}", lead.home / "store" / f"coord.db{tail}")
    os.rename(lead.top, lead.home / "elsewhere")
    answer = lead.orch.quick("--json", "doctor", "--deep", cwd=lead.home)
    told = {c["name"]: c for c in answer.data["checks"]}
    assert told["commits"]["status"] == told["worktrees"]["status"] == "warning"
    assert "no repository" in told["commits"]["detail"]


def test_plain_mode_says_that_all_is_well(lead: Lead) -> None:
    text = lead.orch.say("doctor", "--deep")
    assert text.startswith("doctor: ")
    assert "ok       counters: " in text


def test_a_check_whose_orch_was_killed_is_named_until_it_has_ended(lead: Lead) -> None:
    script = 'echo $$ > "$0"; exec sleep 600'
    here = lead.home / "pid"
    lead.config(f"[check.slow]\ncommand = {json.dumps(['/bin/sh', '-c', script, str(here)])}\n")
    lead.task("slow", "--required-check", "slow")
    lead.finish("slow")
    runner = lead.orch.start("verify", "run", "r/slow")
    pid = int(until(lambda: here.exists() and here.read_text().strip(), "the check"))
    assert not any("programs" in text for text in lead.doctor()), "its orch waits for it"
    runner.kill()
    (told,) = [text for text in lead.doctor() if "programs" in text]
    assert f"pid {pid}" in told
    (check,) = [c for c in lead.orch.ok("doctor")["checks"] if c["name"] == "programs"]
    assert check["hint"] == f"end it: kill -- -{pid}"
    os.killpg(pid, signal.SIGKILL)
    until(lambda: not any("programs" in text for text in lead.doctor()), "its end")
