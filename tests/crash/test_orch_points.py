"""Every workflow of orch killed at every crash point: the next command settles what is left.

All points in `make layers` and CI, one in three of them in `make test`.

The points are found by searching the source, so a new one without a story here fails.
"""

import os
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from tests.support import crash_points, engines, runs
from tests.support.runs import Lead, worktree
from tests.torture import runner

CODE = ("dispatch", "--task", "a", "--execution-mode", "code")
GROUPS = ("dispatch", "reconcile", "cleanup", "verify", "place", "moved")
POINTS = crash_points.reached("orch", *GROUPS, least=12)


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    found = runs.lead(tmp_path, empty_store, monkeypatch)
    found.task("a", "--lock", "one")
    found.task("b", "--lock", "one")
    return found


def with_copies(lead: Lead) -> None:
    """Let each new worktree get a copy of an untracked file."""
    lead.repo.commit(".gitignore", "/.env\n")
    lead.repo.write(".env", "KEY=1\n")
    lead.config('[worktree]\ncopy = [".env"]\n')


def settled(lead: Lead) -> None:
    """Let reconcile tidy up; then nothing is half made, and nobody names a problem."""
    lead.do("reconcile")
    again = lead.do("reconcile")
    assert (again["updated_tasks"], again["repaired"], again["problems"]) == ([], [], [])
    assert lead.doctor() == []
    attempts = [a for task in ("a", "b") for a in lead.attempts(task)]
    recorded = {a["worktree_path"] for a in attempts if a["workspace_status"] == "created"}
    places = {a["place_path"] for a in attempts if Path(a["place_path"] or "/none").is_dir()}
    assert set(lead.registered()) == recorded | places, "git and the store know the same worktrees"
    on_disk = {str(lead.top / ".orch" / "worktrees" / name) for name in lead.trees()}
    assert on_disk == recorded
    assert lead.repo.git("status", "--porcelain") == ""


def kept(lead: Lead, before: dict[str, str]) -> None:
    """No branch that was there is gone or has moved back."""
    now = lead.branches()
    for name, commit in before.items():
        lead.repo.git("merge-base", "--is-ancestor", commit, now[name])


def numbers(lead: Lead) -> list[int]:
    return [a["attempt_no"] for a in lead.attempts("a")]


def at_dispatch(lead: Lead, point: str) -> None:
    with_copies(lead)
    lead.crash(point, *CODE, "--run", "r", "--key", "k")
    made = point in ("dispatch.confirmed", "commit.after:2")
    report = lead.do("reconcile")
    assert bool(report["repaired"]) is (not made and not point.startswith("commit.before:1"))
    settled(lead)
    if not made:
        assert (lead.status_of("a"), numbers(lead), lead.trees()) == ("ready", [], [])
        assert lead.branches() == {}
        other = lead.dispatch("b", mode="analysis")
        lead.do("cancel", "--task", other["task"]["task_id"])
    again = lead.do(*CODE, "--key", "k")
    assert again.get("replayed", False) is made
    assert numbers(lead) == [1 if made or point == "commit.before:1" else 2]
    settled(lead)


def at_retry(lead: Lead, point: str) -> None:
    sent = lead.dispatch("a")
    lead.claim(sent)
    lead.commit(sent)
    lead.fail(sent)
    lead.do("reconcile")
    before = lead.branches()
    lead.crash(point, "retry", "r/a")
    settled(lead)
    kept(lead, before)
    assert worktree(sent).is_dir()
    made = point == "dispatch.confirmed"
    assert lead.status_of("a") == ("dispatched" if made else "failed")
    if not made:
        assert lead.do("retry", "--task", "a")["attempt"]["attempt_no"] == 3
    assert len(set(numbers(lead))) == len(numbers(lead)) == 2
    kept(lead, before)
    settled(lead)


def at_reconcile(lead: Lead, point: str) -> None:
    if point == "reconcile.undone":
        lead.crash("dispatch.made", *CODE, "--run", "r")
    else:
        sent = lead.dispatch("a")
        lead.claim(sent)
        lead.commit(sent)
        lead.done(sent)
    before = {} if point == "reconcile.undone" else lead.branches()
    lead.crash(point, "reconcile", "--run", "r")
    settled(lead)
    kept(lead, before)
    if point != "reconcile.undone":
        attempt, = lead.attempts("a")  # fmt: skip
        assert attempt["head_commit"] == lead.branches()["refs/heads/orch/r/a/attempt-1"]
        assert lead.status_of("a") == "done"
        assert len(lead.events("task_done")) == 1


def at_cleanup(lead: Lead, point: str) -> None:
    sent = lead.finish("a")
    (worktree(sent) / "left").write_text("precious\n")
    lead.do("reconcile")
    before = lead.branches()
    words = ("cleanup", "--all-completed", "--force")
    lead.crash(point, *words, "--run", "r")
    kept(lead, before)
    lead.do(*words)
    settled(lead)
    kept(lead, before)
    saved, = lead.do("salvage", "list")["salvages"]  # fmt: skip
    assert lead.repo.git("show", f"{saved['commit']}:left") == "precious"
    assert lead.attempts("a")[0]["workspace_status"] == "cleaned"
    assert len(lead.events("task_cleaned")) == 1


def at_verify(lead: Lead, point: str) -> None:
    lead.config('[check.unit]\ncommand = ["true"]\n')
    lead.do("task", "edit", "--task", "a", "--required-check", "unit")
    lead.finish("a")
    before = lead.branches()
    lead.crash(point, "verify", "run", "r/a", "--key", "k")
    settled(lead)
    kept(lead, before)
    if lead.status_of("a") == "verifying":
        lead.do("verify", "run", "--task", "a", "--key", "k")
    assert lead.status_of("a") == "done"
    assert len(lead.events("task_verification_recorded")) == 1
    settled(lead)


def at_place(lead: Lead, point: str) -> None:
    if point != "place.removed":
        lead.crash(point, "dispatch", "--task", "a", "--execution-mode", "analysis", "--run", "r")
        assert lead.status_of("a") == "dispatched"
    else:
        sent = lead.dispatch("a", mode="analysis")
        (Path(sent["attempt"]["place_path"]) / "left").write_text("not kept\n")
        lead.do("cancel", "--task", "a")
        lead.crash(point, "cleanup", "--run", "r", "--all-completed")
        lead.do("cleanup", "--all-completed")
    settled(lead)
    attempt, = lead.attempts("a")  # fmt: skip
    there = [Path(attempt[name]).is_dir() for name in ("place_path", "out_path")]
    assert there == [point != "place.removed"] * 2
    assert (Path(attempt["place_path"]) / "README").is_file() is (point != "place.removed")


def at_moved(lead: Lead, point: str) -> None:
    lead.finish("a")
    lead.rename()
    lead.crash(point, "repo", "moved", "--run", "r")
    assert lead.do("reconcile")["problems"] == [], "nothing is unread"
    lead.do("repo", "moved")
    settled(lead)
    lead.refuse("invalid_state", "transition", "repo", "moved")


STORIES: dict[str, Callable[[Lead, str], None]] = {
    "dispatch": at_dispatch,
    "reconcile": at_reconcile,
    "cleanup": at_cleanup,
    "verify": at_verify,
    "place": at_place,
    "moved": at_moved,
}


@pytest.mark.layers
@pytest.mark.parametrize("point", runner.some(POINTS))
def test_killed_at_a_point(lead: Lead, point: str) -> None:
    STORIES[point.partition(".")[0]](lead, point)


@pytest.mark.layers
@pytest.mark.parametrize("point", runner.some(p for p in POINTS if p.startswith("dispatch.")))
def test_a_retry_killed_at_a_point(lead: Lead, point: str) -> None:
    at_retry(lead, point)


@pytest.mark.layers
@pytest.mark.parametrize(
    ("side", "nth"), runner.some(product(("before", "after"), (1, 2, 3)), one_in=2)
)
def test_a_dispatch_killed_at_each_of_its_commits(lead: Lead, side: str, nth: int) -> None:
    lead.crash(f"commit.{side}:{nth}", *CODE, "--run", "r", "--key", "k")
    settled(lead)
    made = (side, nth) == ("after", 3)
    again = lead.do(*CODE, "--key", "k")
    assert again.get("replayed", False) is made
    intended = nth == 3 or (side, nth) == ("after", 2)
    assert numbers(lead) == [2 if intended and not made else 1]
    settled(lead)


@pytest.mark.parametrize("point", ["dispatch.worktree_added", "dispatch.made"])
def test_a_whole_batch_killed_half_way(lead: Lead, point: str) -> None:
    """Every dispatch of the window had its intent written: each is undone. (b waits for a.)"""
    for name in ("c", "d", "e"):
        lead.task(name, "--execution-mode", "code")
    words = ("dispatch", "--ready", "--run", "r", "--jobs", "4", "--execution-mode", "code")
    lead.crash(f"{point}:3", *words)
    report = lead.do("reconcile")
    assert len(report["repaired"]) == 3
    settled(lead)
    assert lead.branches() == {}
    done = lead.do("dispatch", "--ready", "--execution-mode", "code")
    found = {d["task"]["task_id"]: d["attempt"]["attempt_no"] for d in done["dispatched"]}
    assert found == {"a": 2, "c": 2, "d": 2, "e": 1}
    assert lead.doctor() == []


def test_files_of_a_killed_setup_are_kept_and_the_copies_are_not(lead: Lead) -> None:
    with_copies(lead)
    script = "echo precious > made.txt; kill -9 $PPID"
    lead.config(
        '[worktree]\ncopy = [".env"]\n[worktree.setup]\n'
        f"command = {runs.toml_list('/bin/sh', '-c', script)}\n"
    )
    assert lead.orch.run(*CODE, "--run", "r").status == -9
    report = lead.do("reconcile")
    assert len(report["repaired"]) == 1
    saved, = lead.do("salvage", "list")["salvages"]  # fmt: skip
    assert lead.repo.git("show", f"{saved['commit']}:made.txt") == "precious"
    files = lead.repo.git("ls-tree", "-r", "--name-only", saved["commit"]).split()
    assert ".env" not in files, "a secret that we copied is no work"
    assert lead.branches() == {}
    settled(lead)


def test_what_cannot_be_undone_is_reported_and_hides_nothing_else(lead: Lead) -> None:
    lead.crash("dispatch.intended", *CODE, "--run", "r")
    place = lead.top / ".orch" / "worktrees" / "r" / "a" / "attempt-1"
    place.mkdir(parents=True)
    (place / "mine").write_text("x")
    report = lead.do("reconcile")
    assert len(report["problems"]) == 1
    assert "not made by git: kept" in report["problems"][0]
    assert (place / "mine").read_text() == "x"
    lead.do("status")
    lead.refuse("invalid_state", "not_ready", *CODE)
    (place / "mine").unlink()
    settled(lead)
    assert lead.do(*CODE)["attempt"]["attempt_no"] == 2


def test_a_closed_run_is_tidied_up_as_well(lead: Lead) -> None:
    lead.crash("dispatch.made", *CODE, "--run", "r")
    lead.do("run", "close", "--force")
    assert len(lead.do("reconcile")["repaired"]) == 1
    assert lead.leftovers() == []
    assert lead.doctor() == []


def test_no_point_is_without_a_story() -> None:
    assert len(POINTS) == len(set(POINTS)) >= 10
    assert {point.partition(".")[0] for point in POINTS} == set(STORIES)


def change_intent(lead: Lead, sql: str) -> None:
    """Let the killed dispatch be somebody else's."""
    engines.shell(lead.inbox, "UPDATE dispatch_intent SET " + sql)


def test_a_reused_pid_does_not_look_alive(lead: Lead) -> None:
    lead.crash("dispatch.made", *CODE, "--run", "r")
    change_intent(lead, f"pid = {os.getpid()}")
    assert len(lead.do("reconcile")["repaired"]) == 1
    settled(lead)


def test_a_process_that_cannot_be_seen_from_here_is_left_alone_for_an_hour(lead: Lead) -> None:
    """A dispatch in another pid namespace (a sandbox) may well be alive."""
    lead.crash("dispatch.made", *CODE, "--run", "r")
    change_intent(lead, "pid_boot = pid_boot || 'x'")
    assert lead.do("reconcile")["repaired"] == []
    lead.refuse("invalid_state", "not_ready", *CODE)
    change_intent(lead, "created_at = created_at - 3600001")
    assert len(lead.do("reconcile")["repaired"]) == 1
    settled(lead)


def test_another_boot_has_ended_every_dispatch(lead: Lead) -> None:
    lead.crash("dispatch.made", *CODE, "--run", "r")
    boot = "'0000000000000' || substr(pid_boot, 14)"  # What follows names the machine.
    change_intent(lead, f"pid = {os.getpid()}, pid_boot = {boot}")
    assert len(lead.do("reconcile")["repaired"]) == 1
    settled(lead)
