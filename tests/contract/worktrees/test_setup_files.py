"""What orch and the setup command put into a worktree is not the task's work, and never lands."""

import os
import shlex
from pathlib import Path

import pytest

from tests.support import runs
from tests.support.runs import Lead, toml_list, worktree

BRANCH = "orch/r/a/attempt-1"


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    found = runs.lead(tmp_path, empty_store, monkeypatch)
    found.task("a")
    found.task("b", "--depends-on", "a")
    return found


def setup(lead: Lead, script: str) -> None:
    lead.config(f"[worktree.setup]\ncommand = {toml_list('sh', '-c', script)}\n")


def test_a_folder_is_copied_with_all_that_is_in_it(lead: Lead) -> None:
    lead.repo.commit(".gitignore", "cfg/\n")
    lead.config('[worktree]\ncopy = ["cfg", "gone"]\n')
    lead.repo.write("cfg/deep/c.json", "{}\n").chmod(0o640)
    (lead.top / "cfg" / "link").symlink_to("deep")
    (lead.top / "cfg" / "inner" / ".git").mkdir(parents=True)
    lead.repo.write("cfg/inner/.git/config", "")
    os.mkfifo(lead.top / "cfg" / "pipe")
    sent = lead.dispatch("a")
    place = worktree(sent)
    assert (place / "cfg/deep/c.json").read_text() == "{}\n"
    assert (place / "cfg/deep/c.json").stat().st_mode & 0o777 == 0o640
    assert (place / "cfg/link").readlink() == Path("deep")
    assert not (place / "cfg/inner").exists()
    said = "\n".join(sent["notes"])
    assert "cfg/pipe is not a regular file" in said
    assert "gone is not there" in said
    lead.claim(sent)
    lead.commit(sent)
    lead.done(sent)
    assert len(lead.do("cleanup", "--all-completed")["cleaned"]) == 1


def test_what_the_setup_left_is_told_and_is_no_work_of_the_task(lead: Lead) -> None:
    lead.repo.commit("lock.json", "{}\n")
    lead.repo.commit("gone.txt", "x\n")
    setup(lead, "echo v3 >> lock.json; rm gone.txt; mkdir .venv; echo x > .venv/x")
    text = lead.orch.say("dispatch", "r/a", "--execution-mode", "code")
    named = "the setup command left 3 files changed or new: gone.txt, lock.json, .venv/x"
    assert f"note: {named}" in text
    sent = {"thread": lead.attempts("a")[0], "attempt": lead.attempts("a")[0]}
    place = worktree(sent)
    lead.claim(sent)
    lead.repo.write("a.txt", "a\n", cwd=place)
    lead.repo.git("add", "a.txt", cwd=place)
    lead.repo.git("commit", "-q", "-m", "work", cwd=place)
    lead.done(sent)
    lead.do("reconcile")
    assert lead.attempts("a")[0]["dirty_files"] == 0
    lead.do("queue", "add", "--all")
    assert lead.do("cleanup", "--all-completed")["cleaned"][0]["proof"] == "branch_kept"
    assert not place.exists()


def test_what_is_changed_after_the_setup_is_work(lead: Lead) -> None:
    lead.repo.commit("lock.json", "{}\n")
    setup(lead, "echo v3 >> lock.json; echo x > made")
    sent = lead.dispatch("a")
    (worktree(sent) / "lock.json").write_text("v4\n")
    lead.claim(sent)
    lead.done(sent)
    error = lead.refuse("refused", "work_at_risk", "cleanup", "--all-completed")
    assert "1 uncommitted: lock.json" in error["message"]
    assert worktree(sent).is_dir()


@pytest.mark.parametrize("how", ["link", "copy", "setup"])
def test_what_was_placed_never_lands(lead: Lead, how: str) -> None:
    lead.repo.write("modules/x.js", "x\n")
    lead.repo.commit(".gitignore", "modules/\nlocal.cfg\n")
    lead.repo.write("local.cfg", "KEY=1\n")
    if how == "setup":
        setup(lead, "echo made > made.txt")
    else:
        what = {"link": 'link = ["modules"]', "copy": 'copy = ["local.cfg"]'}[how]
        lead.config(f"[worktree]\n{what}\n")
    sent = lead.dispatch("a")
    path = {"link": "modules", "copy": "local.cfg", "setup": "made.txt"}[how]
    if how == "link":
        assert f"no ignore pattern covers {path}" in sent["notes"][0]
        assert f"not to be committed: {path}" in sent["message"]["body"]
    lead.claim(sent)
    lead.repo.git("add", "-f", path, cwd=worktree(sent))
    lead.commit(sent)
    lead.done(sent)
    lead.do("reconcile")
    for words in (("queue", "add", "r/a"), ("dispatch", "r/b", "--execution-mode", "code")):
        error = lead.orch.refuse("refused", "work_at_risk", *words)
        assert "committed what orch put into its worktree" in error["message"]
        assert path in error["message"]
    for part in error["hint"].partition(": ")[2].split(", then ")[:2]:
        lead.repo.git(*part.split(" ")[1:])
    lead.do("reconcile")
    lead.do("queue", "add", "--all")
    assert lead.repo.git("ls-tree", "--name-only", BRANCH, path) == ""
    assert len(lead.do("cleanup", "--all-completed")["cleaned"]) == 1
    assert lead.doctor() == []


def test_a_setup_that_leaves_too_much_is_told(lead: Lead) -> None:
    setup(lead, "mkdir many; cd many; seq 2001 | xargs touch")
    sent = lead.dispatch("a")
    assert "too many to know apart from work" in sent["notes"][0]


def test_the_hint_for_uncommitted_work_leaves_out_what_was_placed(lead: Lead) -> None:
    lead.repo.commit(".gitignore", "libs/\n")
    lead.config('[worktree]\nlink = ["libs"]\n')
    lead.repo.write("libs/x", "x\n")
    sent = lead.dispatch("a")
    place = worktree(sent)
    lead.claim(sent)
    lead.repo.write("left here.txt", "x\n", cwd=place)
    lead.done(sent)
    hint = lead.refuse("refused", "work_at_risk", "queue", "add", "--all")["hint"]
    add, commit, _ = hint.removeprefix("commit them: ").split(", then ")
    for command in (add, commit):
        _, *words = shlex.split(command)
        lead.repo.git(*words, cwd=lead.home)
    assert lead.repo.git("status", "--porcelain", cwd=place) == "?? libs"
    lead.do("reconcile")
    lead.do("queue", "add", "--all")
