"""What a worker can do to the repository must not act on the leader: hostile and odd ones."""

from pathlib import Path

import pytest

from tests.support import runs
from tests.support.repos import Canaries, Repo, plant
from tests.support.runs import Lead, worktree

CODE = ("dispatch", "--execution-mode", "code", "--task")


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    found = runs.lead(tmp_path, empty_store, monkeypatch)
    for name in ("a", "b", "c"):
        found.task(name)
    return found


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("hook", "hook:post-checkout"),
        ("config", "config:core.fsmonitor"),
        ("alias", "config:alias.x"),
        ("attributes", "file:info/attributes"),
        ("redirect", "config:core.worktree"),
    ],
)
def test_a_change_since_the_run_began_is_refused_until_a_person_accepts(
    lead: Lead, change: str, named: str
) -> None:
    sent = lead.finish("a")
    git_dir = lead.top / ".git"
    if change == "hook":
        hook = git_dir / "hooks" / "post-checkout"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\nexit 0\n")
        hook.chmod(0o755)
    elif change == "attributes":
        (git_dir / "info").mkdir(exist_ok=True)
        (git_dir / "info" / "attributes").write_text("*.zip binary\n")
    else:
        key, value = {"config": ("core.fsmonitor", "/bin/true"), "alias": ("alias.x", "!true"),
                      "redirect": ("core.worktree", str(lead.top))}[change]  # fmt: skip
        lead.repo.git("config", key, value, cwd=worktree(sent))
    for words in ((*CODE, "b"), ("cleanup", "--task", "a")):
        error = lead.refuse("refused", "repo_tampered", *words)
        assert any(text.startswith(f"{named}: absent -> ") for text in error["details"]["changes"])
        assert error["hint"].endswith("orch repo accept --run r")
    assert worktree(sent).is_dir()
    lead.do("status")
    accepted = lead.do("repo", "accept")
    assert accepted["repo_path"] == str(lead.top)
    assert [text for text in accepted["changes"] if text.startswith(named)]
    lead.dispatch("b")
    assert lead.do("repo", "accept")["changes"] == []


def test_another_run_sees_the_repository_as_it_found_it(lead: Lead) -> None:
    lead.dispatch("a")
    lead.repo.git("config", "alias.x", "!true")
    lead.run(run="x")
    lead.task("a", run="x")
    lead.dispatch("a", run="x")
    lead.refuse("refused", "repo_tampered", *CODE, "b")


def test_a_new_checkout_of_a_changed_repository_is_compared_with_the_old_one(lead: Lead) -> None:
    lead.dispatch("a")
    side = lead.home / "side"
    lead.repo.git("worktree", "add", "-q", "--detach", str(side))
    lead.orch.ok("dispatch", "r/b", "--execution-mode", "code", cwd=side)
    other = lead.home / "other"
    lead.repo.git("worktree", "add", "-q", "--detach", str(other))
    lead.repo.git("config", "alias.x", "!true")
    words = ("dispatch", "r/c", "--execution-mode", "code")
    lead.orch.refuse("refused", "repo_tampered", *words, cwd=other)
    lead.orch.refuse("refused", "repo_tampered", *words, cwd=side)


def test_nothing_that_a_worker_planted_is_run_by_a_whole_life(lead: Lead) -> None:
    """Hooks, fsmonitor, filters, drivers, in the repository and in the worktree."""
    birds = Canaries(lead.home / "birds")
    plant(lead.repo, birds)
    lead.task("d", "--depends-on", "a", "--depends-on", "b")
    birds.silence()
    error = lead.refuse("invalid_state", "unsupported", *CODE, "a", "--base-ref", "HEAD")
    assert "filter" in error["message"]
    (lead.top / ".git" / "info" / "attributes").unlink()
    lead.do("repo", "accept")
    sent = {name: lead.dispatch(name, "--base-ref", "HEAD") for name in ("a", "b")}
    assert birds.fired == []
    for name, work in sent.items():
        lead.claim(work)
        lead.repo.write(f"{name}.txt", cwd=worktree(work))
        lead.repo.git("add", "-A", cwd=worktree(work))
        quiet = ("-c", "commit.gpgSign=false", "-c", "core.hooksPath=/dev/null")
        lead.repo.git(*quiet, "commit", "-q", "-m", "by the worker", cwd=worktree(work))
        birds.silence()
        lead.done(work)
    lead.do("reconcile")
    lead.dispatch("d", "--base-ref", "orch/r/a/attempt-1")
    lead.orch.run("cleanup", "--run", "r", "--all-completed", "--force")
    lead.do("trace", "--task", "a")
    lead.orch.run("doctor", "--deep")
    assert birds.fired == []


def test_a_swapped_git_file_sends_nobody_elsewhere(lead: Lead) -> None:
    sent = lead.dispatch("a")
    lead.claim(sent)
    lead.commit(sent)
    trap = Repo(lead.home / "trap")
    trap.commit("x.txt")
    (worktree(sent) / ".git").write_text(f"gitdir: {trap.path}/.git\n")
    lead.done(sent)
    lead.do("reconcile")
    head = lead.repo.git("rev-parse", "orch/r/a/attempt-1")
    assert lead.attempts("a")[0]["head_commit"] == head
    assert trap.git("status", "--porcelain") == ""


def test_a_link_below_the_root_is_refused(lead: Lead) -> None:
    (lead.top / ".orch" / "worktrees").mkdir()
    (lead.top / ".orch" / "worktrees" / "r").symlink_to(lead.home)
    lead.refuse("refused", "repo_tampered", *CODE, "a")
    assert lead.branches() == {}
    assert not (lead.home / "a").exists()


def test_submodules_work_as_far_as_git_does_it_by_itself(lead: Lead) -> None:
    inner = Repo(lead.home / "inner")
    inner.commit("i.txt")
    allowed = ("-c", "protocol.file.allow=always")
    lead.repo.git(*allowed, "submodule", "--quiet", "add", str(inner.path), "sub")
    lead.repo.git("commit", "-q", "-m", "sub")
    answer = lead.orch.run("--json", *CODE, "a", "--run", "r")
    if answer.status:
        assert answer.error["reason"] == "unsupported"
        assert "submodule" in answer.error["message"]
        assert lead.leftovers() == []
    else:
        lead.claim(answer.data)
        lead.done(answer.data)
        lead.do("cleanup", "--all-completed")


def test_a_filter_that_must_run_is_refused_with_the_reason(lead: Lead) -> None:
    """As LFS does it: git would have to run a program to write the files."""
    lead.repo.commit(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
    lead.repo.commit("x.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
    lead.repo.git("config", "filter.lfs.process", "git-lfs filter-process")
    lead.repo.git("config", "filter.lfs.required", "true")
    error = lead.refuse("invalid_state", "unsupported", *CODE, "a", "--base-ref", "HEAD")
    assert "lfs" in error["message"].lower()
    assert lead.leftovers() == []
