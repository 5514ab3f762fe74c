"""Starting git: environment, limits, failures."""

import os
import time
from pathlib import Path

import pytest

from orch.git import changes, process, refs, repository, salvage, worktrees
from orch.git import process as git_process
from orch.git.repository import call
from schema.failures import Failure
from tests.support.repos import Repo, hermetic


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    hermetic(monkeypatch, tmp_path / "home")


def fake_git(tmp_path, monkeypatch, body):
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "git").write_text(f"#!/bin/sh\n{body}\n")
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def run(*args, **options):
    return process.execute(args, process.environment(), "/", **options)


def test_no_git_variable_of_the_caller_gets_in(monkeypatch):
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_EXTERNAL_DIFF", "GIT_CONFIG_PARAMETERS"):
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("LD_PRELOAD", "/nowhere.so")
    monkeypatch.setenv("SECRET_TOKEN", "x")
    env = process.environment()
    assert "/nowhere" not in env.values()
    assert not {"LD_PRELOAD", "SECRET_TOKEN", "GIT_DIR"} & set(env)
    assert env["GIT_ALLOW_PROTOCOL"] == ""
    assert env["GIT_CONFIG_NOSYSTEM"] == "1"


def test_relative_folders_leave_the_path(monkeypatch):
    monkeypatch.setenv("PATH", f".:bin::{os.environ['PATH']}")
    assert all(os.path.isabs(f) for f in process.environment()["PATH"].split(":"))


def test_git_in_the_current_directory_is_not_taken(tmp_path, monkeypatch):
    (tmp_path / "git").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f".:{os.environ['PATH']}")
    assert process.git_path() != str(tmp_path / "git")


def test_missing_git(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Failure) as failed:
        process.git_path()
    assert (failed.value.code, failed.value.reason) == ("git_error", "missing")


def test_version_is_found_and_an_old_one_refused(tmp_path, monkeypatch):
    assert git_process.git_version() >= (2, 39, 0)
    fake_git(tmp_path, monkeypatch, "echo git version 2.30.1.apple")
    with pytest.raises(Failure) as failed:
        git_process.git_version()
    assert failed.value.reason == "missing"


def test_time_limit_ends_the_whole_group(tmp_path, monkeypatch):
    fake_git(tmp_path, monkeypatch, f"(trap '' TERM; sleep 60) & echo $! > {tmp_path}/pid; wait")
    start = time.monotonic()
    with pytest.raises(Failure) as failed:
        run("status", seconds=0.3)
    assert failed.value.reason == "timeout"
    assert time.monotonic() - start < 10
    pid = int((tmp_path / "pid").read_text())
    for _ in range(100):
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
                break
        except (ProcessLookupError, FileNotFoundError):
            break
        time.sleep(0.02)
    else:
        raise AssertionError("a process of the group is still there")


def test_output_limit(tmp_path, monkeypatch):
    fake_git(tmp_path, monkeypatch, "yes")
    with pytest.raises(Failure) as failed:
        run("log", limit=1000)
    assert failed.value.reason == "failed"
    cut = run("log", limit=1000, truncate=True)
    assert cut.truncated
    assert len(cut.out) == 1000


def test_failure_says_what_was_run_without_secrets(tmp_path, monkeypatch):
    fake_git(tmp_path, monkeypatch, "printf 'fatal: no \\033[31m https://u:pw@h/\\n' >&2; exit 7")
    with pytest.raises(Failure) as failed:
        run("fetch", "https://me:secret@host/x")
    assert failed.value.details["argv"] == ["git", "fetch", "https://***@host/x"]
    assert failed.value.details["exit"] == 7
    text = failed.value.message + str(failed.value.details)
    assert "secret" not in text
    assert "pw@" not in text
    assert "\x1b" not in text


def test_large_input_and_output_do_not_block(tmp_path, monkeypatch):
    fake_git(tmp_path, monkeypatch, "cat")
    data = bytes(range(256)) * 8000
    assert run("x", stdin=data).out == data
    fake = tmp_path / "bin" / "git"
    fake.write_text("#!/bin/sh\nexit 0\n")
    assert run("x", stdin=data).out == b""


def test_stdin_is_empty_unless_fed(tmp_path, monkeypatch):
    fake_git(tmp_path, monkeypatch, "wc -c")
    assert run("x").text().strip() == "0"


def test_inherited_variables_do_not_redirect(tmp_path, monkeypatch):
    one, other = Repo(tmp_path / "one"), Repo(tmp_path / "other")
    first = one.commit()
    other.commit("b.txt", "other\n")
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.path))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(other.path / ".git/objects"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "none"))
    repo = repository.open_repository(str(one.path))
    assert repo.top == str(one.path)
    assert refs.resolve(repo, "HEAD") == first
    assert changes.status(repo).is_clean
    made = worktrees.add_worktree(repo, str(tmp_path / "w/x"), "b1", first)
    assert salvage.commit_all(made, "nothing") == ""
    assert not (tmp_path / "index").exists()


def test_a_lock_outlives_a_killed_parent(tmp_path, monkeypatch):
    fake_git(tmp_path, monkeypatch, "sleep 1")
    repo = repository.Repository(str(tmp_path), str(tmp_path), str(tmp_path), "sha1")
    pid = os.fork()
    if pid == 0:
        with repository.locked_directory(str(tmp_path)) as held:
            os.write(os.open(tmp_path / "in", os.O_CREAT | os.O_WRONLY), b"x")
            call(repo, "rev-parse", hold=(held,))
        os._exit(0)
    while not (tmp_path / "in").exists():
        time.sleep(0.005)
    time.sleep(0.2)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    with pytest.raises(Failure) as failed, repository.locked_directory(str(tmp_path), seconds=0.1):
        pass
    assert failed.value.reason == "timeout"
    with repository.locked_directory(str(tmp_path), seconds=10):
        pass


def test_the_lock_file_in_the_way_is_named_with_what_frees_it(tmp_path):
    made = Repo(tmp_path / "r")
    made.commit("a.txt")
    lock = made.write(".git/index.lock", "")
    with pytest.raises(Failure) as failed:
        call(repository.open_repository(str(made.path)), "read-tree", "HEAD")
    assert f"the lock file {lock} is in the way" in failed.value.message
    assert failed.value.hint.endswith(f"rm {lock}")
