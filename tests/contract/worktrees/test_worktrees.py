"""Worktrees that are not as they were handed over: HEAD elsewhere, moved, removed, read-only."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import runs
from tests.support.cli import SCRIPTS
from tests.support.runs import Lead, worktree

ALL = ("cleanup", "--all-completed")
BRANCH = "orch/r/a/attempt-1"


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


def obey(lead: Lead, hint: str) -> None:
    """Give the git commands of a hint, as they stand."""
    for part in hint.replace(", then ", "\n").replace(": git ", "\ngit ").split("\n"):
        words = part.strip().split(" ")
        if words[0] == "git":
            lead.repo.git(*words[1:])


@pytest.mark.parametrize("way", ["detached", "deleted", "switched", "renamed", "unborn"])
def test_work_made_beside_the_branch_is_followed(lead: Lead, way: str) -> None:
    lead.task("a")
    lead.task("b", "--depends-on", "a")
    sent = lead.dispatch("a")
    lead.claim(sent)
    git, place = lead.repo.git, worktree(sent)
    if way in ("detached", "deleted"):
        git("checkout", "-q", "--detach", cwd=place)
    if way == "deleted":
        git("branch", "-q", "-D", BRANCH, cwd=place)
    if way == "switched":
        git("checkout", "-q", "-b", "mine", cwd=place)
    if way == "renamed":
        git("branch", "-q", "-m", "mine", cwd=place)
    head = lead.commit(sent)
    if way == "unborn":
        git("update-ref", "-d", f"refs/heads/{BRANCH}")
    lead.done(sent)
    lead.do("reconcile")
    attempt, = lead.attempts("a")  # fmt: skip
    assert (attempt["head_commit"], attempt["dirty_files"]) == (head, 0)
    assert lead.branches()[f"refs/heads/{BRANCH}"] == head
    assert (worktree(lead.dispatch("b")) / "a.txt").exists(), "its dependent has the work"
    lead.do(*ALL)
    assert lead.doctor() == []


@pytest.mark.parametrize("way", ["others", "behind", "rebase"])
def test_what_cannot_be_followed_is_told_with_what_mends_it(lead: Lead, way: str) -> None:
    lead.task("a")
    lead.task("b", "--depends-on", "a")
    lead.repo.git("branch", "develop")
    sent = lead.dispatch("a")
    lead.claim(sent)
    git, place = lead.repo.git, worktree(sent)
    if way == "others":
        lead.repo.git("checkout", "-q", "develop")
        lead.repo.commit("theirs.txt")
        lead.repo.git("checkout", "-q", "main")
        git("checkout", "-q", "develop", cwd=place)
        words = "HEAD is on branch develop"
    else:
        lead.commit(sent)
        git("checkout", "-q", "--detach", "HEAD~1", cwd=place)
        words = "HEAD is detached"
    head = lead.commit(sent, "more.txt")
    if way == "rebase":
        (Path(git("rev-parse", "--absolute-git-dir", cwd=place)) / "rebase-merge").mkdir()
        words += ", in a rebase"
    lead.done(sent)
    lead.do("reconcile")
    attempt, = lead.attempts("a")  # fmt: skip
    assert attempt["dirty_files"] == 1
    assert lead.branches()[f"refs/heads/{BRANCH}"] != head
    for command in (("queue", "add", "r/a"), ("dispatch", "r/b", "--execution-mode", "code")):
        error = lead.orch.refuse("refused", "work_at_risk", *command)
        assert words in error["message"], error
    assert lead.orch.quick("--json", *ALL, "--run", "r").status == 90
    assert place.is_dir()
    if way == "rebase":
        os.rmdir(Path(git("rev-parse", "--absolute-git-dir", cwd=place)) / "rebase-merge")
    obey(lead, error["hint"])
    lead.do("reconcile")
    assert lead.attempts("a")[0]["dirty_files"] == 0
    lead.repo.git("merge-base", "--is-ancestor", head, BRANCH)
    lead.dispatch("b")


def test_a_worktree_that_was_moved_is_kept_until_it_is_back(lead: Lead) -> None:
    lead.task("a")
    lead.task("b")
    place = worktree(lead.finish("a"))
    lead.finish("b")
    lead.repo.write("left.txt", "precious\n", cwd=place)
    lead.repo.git("worktree", "move", str(place), str(lead.home / "elsewhere"))
    done = lead.do(*ALL)
    assert [c["task_id"] for c in done["cleaned"]] == ["b"], "the others are looked at"
    reason = done["kept"][0]["reason"]
    assert f"it was moved to {lead.home}/elsewhere" in reason
    assert any("worktrees" in text for text in lead.doctor())
    lead.repo.git(*reason.partition(" git ")[2].split(" "))
    kept = lead.orch.quick("--json", *ALL, "--run", "r").json["data"]["kept"]
    assert "left.txt" in kept[0]["reason"]


@pytest.mark.parametrize("way", ["moved", "deleted"])
def test_a_worktree_that_is_not_there_is_not_called_cleaned(lead: Lead, way: str) -> None:
    lead.task("a")
    sent = lead.dispatch("a")
    place = worktree(sent)
    lead.claim(sent)
    lead.commit(sent)
    os.rename(place, lead.home / "elsewhere")
    lead.done(sent)
    lead.do("reconcile")
    assert lead.attempts("a")[0]["dirty_files"] == 1, "nobody knows what it holds"
    error = lead.orch.refuse("refused", "work_at_risk", *ALL, "--run", "r")
    assert "is not there: moved or deleted by hand" in error["message"]
    assert lead.attempts("a")[0]["workspace_status"] == "created"
    if way == "moved":
        lead.repo.git("worktree", "repair", str(lead.home / "elsewhere"))
        error = lead.orch.refuse("refused", "work_at_risk", *ALL, "--run", "r")
        assert "it was moved to" in error["message"]
        return
    assert lead.do(*ALL, "--force")["cleaned"][0]["proof"] == "branch_kept"
    assert lead.registered() == []


def test_a_repository_in_an_ignored_place_is_kept(lead: Lead) -> None:
    lead.repo.commit(".gitignore", "cache/\n")
    lead.task("a")
    place = worktree(lead.finish("a"))
    (place / "cache" / "inner").mkdir(parents=True)
    lead.repo.git("init", "-q", cwd=place / "cache" / "inner")
    for flags in ((), ("--force",)):
        error = lead.orch.refuse("refused", "work_at_risk", *ALL, "--run", "r", *flags)
        assert "cache/inner" in error["message"]
    shutil.rmtree(place / "cache")
    assert len(lead.do(*ALL)["cleaned"]) == 1


def test_read_only_folders_of_ours_are_no_obstacle(lead: Lead) -> None:
    lead.repo.commit(".gitignore", "cache/\n")
    lead.task("a")
    place = worktree(lead.finish("a"))
    lead.repo.write("cache/mod/x/f", "r\n", cwd=place)
    for folder in ("cache/mod/x", "cache/mod", "cache"):
        (place / folder).chmod(0o555)
    drop = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    words = [str(SCRIPTS / "orch"), "--json", *ALL, "--run", "r"]
    done = subprocess.run(
        [*(drop if os.geteuid() == 0 else ()), *words],
        cwd=lead.top, env=lead.orch.env, capture_output=True, timeout=60,
    )  # fmt: skip
    assert [c["task_id"] for c in json.loads(done.stdout)["data"]["cleaned"]] == ["a"]
    assert not place.exists()


def test_a_folder_that_counts_as_cleaned_up_and_is_there_is_named(lead: Lead) -> None:
    lead.task("a")
    place = worktree(lead.finish("a"))
    lead.do(*ALL)
    place.mkdir(parents=True)
    assert any(f"{place} counts as cleaned up" in text for text in lead.doctor())
