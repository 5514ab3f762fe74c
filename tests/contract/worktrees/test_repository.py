"""Which repository a run works in: moved, owned by another, configured for one checkout alone."""

import json
import os
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.support import runs
from tests.support.engines import shell
from tests.support.repos import Repo
from tests.support.runs import Lead, worktree


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


def test_a_repository_that_was_renamed_is_recognised_and_recorded_anew(lead: Lead) -> None:
    lead.task("a")
    lead.task("b", "--depends-on", "a")
    sent = lead.dispatch("a")
    lead.claim(sent)
    head = lead.commit(sent)
    old = lead.top
    new = lead.rename()
    lead.done(sent)
    problems = lead.do("reconcile")["problems"]
    assert f"the repository is no longer at {old}" in problems[0]
    for words in (("queue", "add", "r/a"), ("cleanup", "r/a"), ("dispatch", "r/b")):
        more = ("--execution-mode", "code", "--repo-path", str(old)) if "dispatch" in words else ()
        error = lead.orch.refuse("not_found", "repository", *words, *more)
        assert "no longer at" in error["message"] and "not code" not in error["message"]
    assert error["hint"] == f"say where it is: orch repo moved --run r --repo-path {new}"
    answer = lead.orch.ok(*shlex.split(error["hint"].partition(": orch ")[2]))
    assert (answer["old_path"], answer["repo_path"]) == (str(old), str(new))
    assert (answer["runs"], answer["worktrees"]) == (["r"], 1)
    assert lead.do("reconcile")["problems"] == []
    ((written,),) = shell(lead.orch, "SELECT fingerprint FROM run")
    known = json.loads(written)
    assert set(known) == {f"{new}/.git", f"orch.toml {new}/.git"}, "what is trusted moved with it"
    attempt, = lead.attempts("a")  # fmt: skip
    assert (attempt["head_commit"], attempt["dirty_files"]) == (head, 0)
    assert attempt["worktree_path"] == str(new / worktree(sent).relative_to(old))
    assert lead.repo.git("status", "--short", cwd=Path(attempt["worktree_path"])) == ""
    lead.dispatch("b")
    assert len(lead.do("cleanup", "--all-completed")["cleaned"]) == 1
    assert [e["event_type"] for e in lead.events("repo_moved")] == ["repo_moved"]
    assert lead.doctor() == []


def test_repo_moved_refuses_what_is_no_move(lead: Lead) -> None:
    lead.refuse("invalid_state", "transition", "repo", "moved")
    lead.task("a")
    lead.dispatch("a")
    lead.refuse("invalid_state", "transition", "repo", "moved")
    other = Repo(lead.home / "other")
    other.commit("README", "another\n")
    lead.rename()
    error = lead.refuse("invalid_input", "value", "repo", "moved", "--repo-path", str(other.path))
    assert "is another repository" in error["message"]
    lead.orch.refuse("not_found", "run", "repo", "moved", "--run", "nobody")
    lead.orch.refuse("not_found", "repository", "repo", "moved", "--repo-path", str(lead.home))
    text = lead.orch.say("repo", "moved", "--run", "r")
    assert text.endswith("connected again: 1 worktree\nnext: orch status --run r\n")


def test_tampering_is_still_seen_after_a_move(lead: Lead) -> None:
    lead.task("a")
    lead.task("b")
    lead.dispatch("a")
    lead.rename()
    lead.repo.git("config", "core.fsmonitor", "/bin/true")
    lead.do("repo", "moved")
    code = ("dispatch", "--task", "b", "--execution-mode", "code")
    error = lead.refuse("refused", "repo_tampered", *code)
    assert "config:core.fsmonitor" in error["message"]


def test_what_is_configured_for_one_checkout_alone_is_no_tampering(lead: Lead) -> None:
    git = lead.repo.git
    git("checkout", "-q", "-b", "away")
    git("config", "extensions.worktreeConfig", "true")
    git("config", "core.repositoryFormatVersion", "1")
    git("worktree", "add", "-q", str(lead.home / "beside"), "main")
    git("config", "--worktree", "core.fsmonitor", "false", cwd=lead.home / "beside")
    lead.repo.write("only.cfg", "[alias]\n\tx = status\n", cwd=lead.home)
    git("config", f"includeIf.gitdir:{lead.home}/beside/.path", str(lead.home / "only.cfg"))
    where = f"includeIf.gitdir:{lead.top}/.git/worktrees/**.path"
    git("config", where, str(lead.home / "only.cfg"))
    for name in ("a", "b", "c"):
        lead.task(name)
    lead.dispatch("a", "--repo-path", str(lead.home / "beside"), "--base-ref", "HEAD")
    lead.dispatch("b", "--base-ref", "HEAD")
    git("config", "--worktree", "core.fsmonitor", "/bin/true", cwd=lead.home / "beside")
    error = lead.refuse(
        "refused", "repo_tampered", "dispatch", "--task", "c", "--execution-mode", "code",
        "--base-ref", "HEAD", "--repo-path", str(lead.home / "beside"),
    )  # fmt: skip
    assert "worktree:config:core.fsmonitor" in error["message"]
    lead.do("repo", "accept", "--repo-path", str(lead.home / "beside"))
    lead.dispatch("c", "--repo-path", str(lead.home / "beside"), "--base-ref", "HEAD")


def test_a_bare_repository_whose_worktrees_are_configured_apart_can_be_queued(lead: Lead) -> None:
    git, bare, main = lead.repo.git, lead.home / "proj.git", lead.home / "main"
    git("clone", "-q", "--bare", str(lead.top), str(bare))
    git("config", "extensions.worktreeConfig", "true", cwd=bare)
    git("config", "core.repositoryFormatVersion", "1", cwd=bare)
    git("worktree", "add", "-q", str(main), "main", cwd=bare)
    git("config", "--worktree", "core.bare", "false", cwd=main)
    lead.run("--repo-path", str(main), "--target", "main", run="n")
    lead.task("a", run="n")
    sent = lead.dispatch("a", run="n")
    lead.claim(sent)
    head = lead.commit(sent)
    lead.done(sent)
    lead.do("queue", "add", "--all", run="n")
    entry, = lead.do("queue", "list", run="n")["entries"]  # fmt: skip
    assert entry["head_commit"] == head
    assert lead.do("repo", "accept", run="n")["changes"] == []


@pytest.mark.on_file("whose it is")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_whose_repository_it_is_and_what_to_do_is_passed_on(lead: Lead) -> None:
    lead.task("a")
    for path in (lead.top, *lead.top.rglob("*")):
        os.chown(path, 12345, 12345, follow_symlinks=False)
    os.chown(lead.store, 0, 0)
    os.chown(lead.store.parent, 0, 0)
    answer = lead.orch.run("dispatch", "--run", "r", "--task", "a", "--execution-mode", "code")
    assert answer.status == 80
    first, *rest = answer.err.split("\n")
    assert "dubious ownership, it belongs to uid 12345 and you are root (uid 0)" in first
    remedy = f"git config --global --add safe.directory {lead.top}"
    assert remedy in "\n".join(rest)
    lead.repo.git(*remedy.split(" ")[1:])
    lead.dispatch("a")


def test_files_from_which_nothing_leads_to_the_repository_are_refused_until_they_do(
    lead: Lead,
) -> None:
    """core.worktree alone: a command in that folder would be in no repository."""
    files, made = lead.home / "files", Repo(lead.home / "apart")
    made.git("config", "core.worktree", str(files))
    files.mkdir()
    made.git("commit", "-q", "--allow-empty", "-m", "first")
    words = ("run", "init", "--run", "n", "--goal", "g", "--repo-path", str(made.path))
    hint = lead.orch.refuse("invalid_state", "unsupported", *words)["hint"]
    subprocess.run(hint.removeprefix("say it there: "), shell=True, check=True)
    lead.orch.ok(*words)
    lead.task("a", run="n")
    sent = lead.dispatch("a", run="n")
    lead.claim(sent)
    lead.commit(sent)
    lead.done(sent)
    lead.do("queue", "add", "--all", run="n")


def test_a_main_checkout_that_cannot_be_told_is_told_to_git(lead: Lead) -> None:
    main, place = lead.home / "co", lead.home / "linked" / "place"
    made = Repo(main)
    made.commit("base.txt")
    made.git("init", "-q", "--separate-git-dir", str(lead.home / "elsewhere"))
    made.git("worktree", "add", "-q", "-b", "side", str(place))
    lead.run("--repo-path", str(place), run="n")
    lead.task("a", run="n")
    sent = lead.dispatch("a", run="n")
    lead.claim(sent)
    lead.commit(sent)
    lead.done(sent)
    hint = lead.refuse("invalid_state", "unsupported", "queue", "add", "--all", run="n")["hint"]
    tell, accept = hint.rpartition("under way: ")[2].split(", then ")
    subprocess.run(shlex.split(tell.replace("DIR", str(main))), check=True)
    assert accept == "orch repo accept --run R"
    lead.do("repo", "accept", run="n")
    lead.do("queue", "add", "--all", run="n")


def test_another_repository_is_not_proposed_for_one_that_is_gone(lead: Lead) -> None:
    """The leader stands in one that is where it was: its worktrees say so."""
    other = Repo(lead.home / "other")
    other.commit("x.txt")
    lead.task("a")
    lead.finish("a")
    lead.task("b")
    sent = lead.dispatch("b", "--repo-path", str(other.path))
    lead.claim(sent)
    lead.commit(sent)
    other.path.rename(lead.home / "gone")
    lead.done(sent)
    hint = lead.orch.refuse("not_found", "repository", "queue", "add", "r/b")["hint"]
    assert hint == "say where it is: orch repo moved --repo-path DIR"
    moved = hint.removeprefix("say where it is: orch ").replace("DIR", f"{lead.home}/gone")
    assert lead.orch.ok(*shlex.split(moved))["worktrees"] == 1
    lead.do("queue", "add", "--all")
