"""Salvage keeps everything and touches nothing; committing for a worker."""

import os
from pathlib import Path

import pytest

from orch.git import (
    changes,
    merges,
    names,
    refs,
    removing,
    repository,
    restoring,
    salvage,
    worktrees,
)
from schema.failures import Failure
from tests.support.repos import Repo, hermetic, spread

REF = names.salvage_ref("run_1", "t", 1)


@pytest.fixture
def made(tmp_path, monkeypatch):
    hermetic(monkeypatch, tmp_path / "home")
    made = Repo(tmp_path / "r")
    made.write(".gitignore", "*.o\n")
    spread(made)
    return made


@pytest.fixture
def work(made, tmp_path):
    repo = repository.open_repository(str(made.path))
    return worktrees.add_worktree(repo, str(tmp_path / "w"), "orch/r/t", refs.resolve(repo, "HEAD"))


def everything(place):
    found = {}
    for folder, below, files in os.walk(place):
        below[:] = [name for name in below if name != ".git"]
        for name in files:
            path = os.path.join(folder, name)
            if name == ".git" or name.endswith(".o"):
                continue
            mode = os.lstat(path).st_mode
            bits = os.readlink(path) if os.path.islink(path) else Path(path).read_bytes()
            found[os.path.relpath(path, place)] = (bits, mode)
    return found


def make_a_mess(made, place):
    made.write("README", "edited\r\n", cwd=place)
    os.unlink(place / "d0/f0.txt")
    made.write("staged.txt", "staged\n", cwd=place)
    made.git("add", "staged.txt", cwd=place)
    made.write("staged.txt", "then edited\n", cwd=place)
    made.write("deep/er/new é\nline.txt", "new\n", cwd=place)
    made.write('"quoted".txt', "q\n", cwd=place)
    made.write("x.o", "ignored", cwd=place)
    (place / "empty").write_bytes(b"")
    (place / "raw").write_bytes(bytes(range(256)) * 100)
    (place / "run.sh").write_text("#!/bin/sh\n")
    (place / "run.sh").chmod(0o755)
    os.symlink("nowhere/at all", place / "link")
    with open(os.fsencode(place) + b"/bad\xff", "wb") as file:
        file.write(b"b")
    os.unlink(place / "d1/f1.txt")
    made.write("d1/f1.txt/now/a/folder", "f\n", cwd=place)
    made.git("update-index", "--assume-unchanged", "d2/f2.txt", cwd=place)
    made.write("d2/f2.txt", "hidden edit\n", cwd=place)


def test_salvage_keeps_everything_and_touches_nothing(made, work, tmp_path):
    place = tmp_path / "w"
    make_a_mess(made, place)
    start = refs.head(work)
    before = everything(place)
    index = Path(work.git_dir, "index").read_bytes()
    kept = salvage.save_salvage(work, REF, why="the worker was killed")
    assert everything(place) == before
    assert Path(work.git_dir, "index").read_bytes() == index
    assert refs.head(work) == start
    assert kept.head == start.commit
    body = made.git("log", "-1", "--format=%B", REF)
    assert "the worker was killed" in body
    assert "Orch-Branch: orch/r/t" in body
    assert made.git("show", f"{REF}^2:staged.txt") == "staged"
    back = restoring.restore_salvage(work, REF, str(tmp_path / "back"))
    assert everything(tmp_path / "back") == before
    assert refs.head(back) == refs.Head(start.commit, "")
    assert "README" in changes.status(back).files
    assert salvage.list_salvages(work) == (kept,)
    assert salvage.list_salvages(work, "refs/orch/salvage/run_1/") == (kept,)
    assert salvage.list_salvages(work, "refs/orch/salvage/run_2/") == ()


def test_salvage_again(made, work, tmp_path):
    place = tmp_path / "w"
    (place / "one").write_text("1")
    first = salvage.save_salvage(work, REF)
    assert salvage.save_salvage(work, REF) == first
    os.unlink(place / "one")
    (place / "two").write_text("2")
    second = salvage.save_salvage(work, REF)
    assert refs.is_ancestor(work, first.commit, second.commit)
    assert made.git("show", f"{second.commit}:two") == "2"
    assert second.head == first.head


def test_salvage_of_commits_alone_and_of_an_unmerged_index(made, work, tmp_path):
    place = tmp_path / "w"
    head = made.commit("n", "committed\n", cwd=place)
    assert salvage.save_salvage(work, REF).head == head
    made.commit("README", "main side\n")
    made.commit("README", "our side\n", cwd=place)
    made.git("merge", "main", cwd=place, ok=False)
    salvage.save_salvage(work, REF)
    assert "<<<<<<<" in made.git("show", f"{REF}:README")
    assert "Orch-Interrupted: merge" in made.git("log", "-1", "--format=%B", REF)


def test_salvage_before_the_first_commit(tmp_path, made):
    lone = Repo(tmp_path / "lone")
    lone.write("a", "a\n")
    repo = repository.open_repository(str(lone.path))
    kept = salvage.save_salvage(repo, REF)
    assert kept.head == ""
    assert lone.git("show", f"{REF}:a") == "a"


def test_no_filter_touches_the_bytes(made, work, tmp_path):
    place = tmp_path / "w"
    made.git("config", "filter.up.clean", "tr a-z A-Z")
    made.git("config", "filter.up.required", "true")
    made.git("config", "core.autocrlf", "true")
    made.write(".gitattributes", "*.txt filter=up\n* text=auto\n", cwd=place)
    (place / "f.txt").write_bytes(b"lower\r\n")
    salvage.save_salvage(work, REF)
    assert made.git("cat-file", "-s", f"{REF}:f.txt") == "7"
    with pytest.raises(Failure) as failed:
        salvage.commit_all(work, "m")
    assert failed.value.code == "git_error"
    assert refs.head(work).commit == salvage.list_salvages(work)[0].head


@pytest.mark.parametrize("kind", ["nested", "fifo"])
def test_what_cannot_be_kept_refuses_all(made, work, tmp_path, kind):
    place = tmp_path / "w"
    (place / "mine").write_text("x")
    if kind == "nested":
        Repo(place / "inner").commit()
    if kind == "fifo":
        os.unlink(place / "README")
        os.mkfifo(place / "README")
    with pytest.raises(Failure) as failed:
        salvage.save_salvage(work, REF)
    assert (failed.value.code, failed.value.reason) == ("refused", "work_at_risk")
    assert refs.read_ref(work, REF) == ""
    with pytest.raises(Failure):
        salvage.save_salvage(work, "refs/orch/../x")


def test_leave_out_of_a_salvage(made, work, tmp_path):
    (tmp_path / "w/.env").write_text("KEY=1")
    (tmp_path / "w/n").write_text("n")
    salvage.save_salvage(work, REF, leave_out=(".env",))
    assert made.git("ls-tree", "--name-only", REF, "--", ".env", "n") == "n"


def test_restore_refuses_what_exists(work, tmp_path):
    salvage.save_salvage(work, REF)
    with pytest.raises(Failure) as failed:
        restoring.restore_salvage(work, REF, str(tmp_path / "w"))
    assert failed.value.code == "invalid_state"
    with pytest.raises(Failure) as failed:
        restoring.restore_salvage(work, names.salvage_ref("r", "t", 9), str(tmp_path / "x"))
    assert failed.value.reason == "salvage"


def test_commit_all_for_a_worker(made, work, tmp_path):
    place = tmp_path / "w"
    start = refs.head(work).commit
    assert salvage.commit_all(work, "nothing") == ""
    make_a_mess(made, place)
    made.git("update-index", "--no-assume-unchanged", "d2/f2.txt", cwd=place)
    (place / ".env").write_text("KEY=1")
    commit = salvage.commit_all(
        work, "work of t", leave_out=(".env",), author=merges.Identity("w", "w@w")
    )
    assert refs.head(work) == refs.Head(commit, "orch/r/t")
    assert changes.status(work).files == (".env",)
    assert refs.list_commits(work, start, commit)[0].author == "w"
    assert made.git("rev-parse", "main") == start
    assert salvage.commit_all(work, "again", leave_out=(".env",)) == ""


def test_commit_all_refuses_where_it_would_be_wrong(made, work, tmp_path):
    place = tmp_path / "w"
    Repo(place / "inner").commit()
    for prepare, reason in ((lambda: None, "work_at_risk"), (detach, "transition")):
        prepare(made, place) if prepare is detach else prepare()
        with pytest.raises(Failure) as failed:
            salvage.commit_all(work, "m")
        assert failed.value.reason == reason


def detach(made, place):
    made.git("checkout", "-q", "--detach", cwd=place)


@pytest.mark.parametrize("way", ["autocrlf", "eol", "encoding", "ident"])
def test_restored_files_are_the_bytes_that_were_there(made, tmp_path, way):
    attributes = {"eol": "*.txt text eol=crlf", "encoding": "*.txt working-tree-encoding=UTF-16LE",
                  "ident": "*.txt ident", "autocrlf": "*.txt text"}[way]  # fmt: skip
    made.commit(".gitattributes", attributes + "\n")
    if way == "autocrlf":
        made.git("config", "core.autocrlf", "true")
    repo = repository.open_repository(str(made.path))
    work = worktrees.add_worktree(repo, str(tmp_path / "w"), "b", refs.resolve(repo, "HEAD"))
    place = tmp_path / "w"
    wanted = {
        "d0/f0.txt": b"lone\nand\r\nboth\r\n$Id: old $\n",
        "new.txt": "é\n$Id$\r\n".encode(),
        "odd.txt": bytes(range(256)),
    }
    for name, content in wanted.items():
        (place / name).write_bytes(content)
    salvage.save_salvage(work, REF)
    restoring.restore_salvage(repo, REF, str(tmp_path / "back"))
    assert {name: (tmp_path / "back" / name).read_bytes() for name in wanted} == wanted


def test_what_is_staged_anew_after_a_salvage_is_not_lost(made, work, tmp_path):
    """The same files on disk, another stage: the salvage does not hold it."""
    place = tmp_path / "w"
    made.write("README", "on disk\n", cwd=place)
    repo = repository.open_repository(str(made.path))
    salvage.save_salvage(work, REF)
    made.write("README", "staged and overwritten\n", cwd=place)
    made.git("add", "README", cwd=place)
    made.write("README", "on disk\n", cwd=place)
    with pytest.raises(Failure) as failed:
        removing.remove_worktree(repo, str(place), salvage=REF)
    assert (failed.value.code, failed.value.reason) == ("refused", "work_at_risk")
    assert place.is_dir()
    salvage.save_salvage(work, REF)
    removing.remove_worktree(repo, str(place), salvage=REF)
    assert made.git("show", f"{REF}^2:README") == "staged and overwritten"


def test_named_ignored_files_are_kept_too(made, work, tmp_path):
    place = tmp_path / "w"
    made.write("out.o", "result\n", cwd=place)
    made.write("other.o", "cache\n", cwd=place)
    assert changes.ignored_files(work) == (("out.o", 7), ("other.o", 6))
    repo = repository.open_repository(str(made.path))
    salvage.save_salvage(work, REF, ignored=("out.o",))
    with pytest.raises(Failure):
        removing.remove_worktree(repo, str(place), salvage=REF)
    removing.remove_worktree(repo, str(place), salvage=REF, ignored=("out.o",))
    restoring.restore_salvage(repo, REF, str(tmp_path / "back"))
    assert (tmp_path / "back" / "out.o").read_text() == "result\n"
    assert not (tmp_path / "back" / "other.o").exists()
