"""Slots: exactly the files of a commit, whatever the last check or a kill left there."""

import os
import shutil
import socket

import pytest

from orch.git import half_made, refs, repository, slots, worktrees
from schema.failures import Failure
from tests.support.repos import Canaries, Repo, hermetic, plant, spread


@pytest.fixture
def made(tmp_path, monkeypatch):
    hermetic(monkeypatch, tmp_path / "home")
    made = Repo(tmp_path / "r")
    made.write(".gitignore", "*.pyc\ncache/\n")
    spread(made)
    made.git("branch", "first")
    made.write("d0/f0.txt", "second\n")
    (made.path / "d1/f1.txt").unlink()
    made.commit("only-second.txt", "2\n")
    return made


@pytest.fixture
def repo(made):
    return repository.open_repository(str(made.path))


@pytest.fixture
def place(tmp_path):
    return tmp_path / "trees/_queue/1/slot-0"


def files_of(made, place, commit):
    """See that the slot holds exactly the files of `commit`, by reading them."""
    names = made.git("ls-tree", "-r", "--name-only", "-z", commit).split("\0")[:-1]
    found = {
        str(p.relative_to(place))
        for p in place.rglob("*")
        if (p.is_file() or p.is_symlink()) and p.name != ".git" and not p.name.endswith(".pyc")
    }
    assert found == set(names)
    for name in names:
        assert (place / name).read_text() == made.git("show", f"{commit}:{name}") + "\n"
    assert made.git("rev-parse", "HEAD", cwd=place) == commit
    assert made.git("status", "--porcelain", cwd=place) == ""


def test_made_reused_and_removed(made, repo, place):
    first, second = refs.resolve(repo, "first"), refs.resolve(repo, "main")
    before = made.refs()
    for commit in (first, second, first, first):
        slot = slots.open_slot(repo, str(place), commit)
        assert slot == repository.linked_worktree(repo, str(place))
        files_of(made, place, commit)
        assert refs.head(slot) == refs.Head(commit, "")
    assert made.refs() == before
    assert not os.path.exists(os.path.join(slot.git_dir, "locked"))
    assert slots.remove_slot(repo, str(place))
    assert not place.exists()
    assert not slots.remove_slot(repo, str(place))
    assert made.git("worktree", "list").count("\n") == 0


def test_caches_stay_unless_hermetic_and_unchanged_files_keep_their_time(made, repo, place):
    first, second = refs.resolve(repo, "first"), refs.resolve(repo, "main")
    slots.open_slot(repo, str(place), first)
    (place / "d0/x.pyc").write_text("cache")
    (place / "untracked").mkdir()
    (place / "untracked/file").write_text("u")
    kept = os.stat(place / "README").st_mtime_ns
    slots.open_slot(repo, str(place), second)
    assert (place / "d0/x.pyc").exists()
    assert not (place / "untracked").exists()
    assert os.stat(place / "README").st_mtime_ns == kept
    slots.open_slot(repo, str(place), second, hermetic=True)
    assert not (place / "d0/x.pyc").exists()


def flags(made, place):
    made.git("update-index", "--assume-unchanged", "README", cwd=place)
    made.git("update-index", "--skip-worktree", "d2/f2.txt", cwd=place)
    (place / "README").write_text("hidden\n")
    (place / "d2/f2.txt").unlink()


def sparse(made, place):
    made.git("config", "extensions.worktreeConfig", "true", cwd=place)
    made.git("sparse-checkout", "set", "d0", cwd=place)
    assert not (place / "d2").exists()


def branch(made, place):
    made.git("checkout", "-q", "-b", "made-by-a-check", cwd=place)
    made.commit("x.txt", "x\n", cwd=place)


def merging(made, place):
    made.git("checkout", "-q", "--detach", "first", cwd=place)
    made.commit("d0/f0.txt", "other\n", cwd=place)
    made.git("merge", "main", cwd=place, ok=False)


def nested(made, place):
    made.git("init", "-q", str(place / "inner"))
    made.git("init", "-q", str(place / "d0/inner"))
    (place / "d0/inner/file").write_text("x")


def swapped(made, place):
    (place / ".git").write_text("gitdir: /nowhere\n")


def gone(made, place):
    shutil.rmtree(place)


def emptied(made, place):
    for name in os.listdir(place):
        if name != ".git":
            (shutil.rmtree if (place / name).is_dir() else os.unlink)(place / name)


def locks(made, place):
    admin = made.path / ".git/worktrees/slot-0"
    for name in ("index.lock", "HEAD.lock"):
        (admin / name).write_text("")
    (admin / "index").write_text("rubbish")


def links(made, place):
    shutil.rmtree(place / "d0")
    (place / "d0").symlink_to("d1")
    (place / "README").unlink()
    (place / "README").mkdir()
    (place / "README/x").write_text("x")


def odd(made, place):
    """What git neither sees nor removes: a killed server's socket, FIFOs in place of its files."""
    (place / "left").mkdir()
    for name in ("srv.sock", "left/srv.sock", "cache.sock"):
        with socket.socket(socket.AF_UNIX) as server:
            here = os.getcwd()
            os.chdir((place / name).parent)
            server.bind(os.path.basename(name))
            os.chdir(here)
    for name in (".gitignore", "README"):
        (place / name).unlink()
        os.mkfifo(place / name)
    os.mkfifo(place / "d1/.gitattributes")
    (place / ".git").unlink()
    os.mkfifo(place / ".git")
    for name in ("HEAD", "commondir", "index"):
        (made.path / ".git/worktrees/slot-0" / name).unlink()
        os.mkfifo(made.path / ".git/worktrees/slot-0" / name)


def readonly(made, place):
    (place / "built/deep").mkdir(parents=True)
    (place / "built/deep/x").write_text("x")
    for folder in ("built/deep", "built", "d0"):
        (place / folder).chmod(0o500)


@pytest.mark.parametrize(
    "act",
    [flags, sparse, branch, merging, nested, swapped, gone, emptied, links, odd, readonly],
    ids=lambda act: act.__name__,
)
def test_whatever_a_check_did_is_undone(made, repo, place, act):
    second = refs.resolve(repo, "main")
    slots.open_slot(repo, str(place), refs.resolve(repo, "first"))
    act(made, place)
    before = made.refs()
    slots.open_slot(repo, str(place), second)
    files_of(made, place, second)
    assert made.refs() == before
    kinds = [p for p in place.rglob("*") if not (p.is_file() or p.is_dir() or p.is_symlink())]
    assert kinds == []


def test_a_cache_that_is_read_only_can_be_written_again_and_removed(made, repo, place):
    slot = slots.open_slot(repo, str(place), refs.resolve(repo, "main"))
    (place / "cache/deep").mkdir(parents=True)
    (place / "cache/deep/x").write_text("x")
    for folder in ("cache/deep", "cache"):
        (place / folder).chmod(0o500)
    slots.open_slot(repo, str(place), refs.head(slot).commit)
    assert (place / "cache/deep").stat().st_mode & 0o700 == 0o700
    assert (place / "cache/deep/x").read_text() == "x"
    (place / "cache/deep").chmod(0o500)
    assert slots.remove_slot(repo, str(place))
    assert not place.exists()


def test_a_broken_index_is_refused_or_mended(made, repo, place):
    second = refs.resolve(repo, "main")
    slots.open_slot(repo, str(place), second)
    locks(made, place)
    slots.open_slot(repo, str(place), second)
    files_of(made, place, second)


@pytest.mark.parametrize("lost", ["", "HEAD", "commondir", "gitdir", "index", ".git", "files"])
def test_a_half_made_slot_is_finished(made, repo, place, lost):
    second = refs.resolve(repo, "main")
    slot = slots.open_slot(repo, str(place), refs.resolve(repo, "first"))
    (made.path / ".git/worktrees/slot-0/locked").write_text(half_made.mark(str(place)))
    if lost == "files":
        emptied(made, place)
    elif lost:
        folder = place if lost == ".git" else slot.git_dir
        os.unlink(os.path.join(folder, lost))
    slots.open_slot(repo, str(place), second)
    files_of(made, place, second)


def test_files_that_are_no_slot_are_left_alone(made, repo, place, tmp_path):
    second = refs.resolve(repo, "main")
    place.mkdir(parents=True)
    (place / "mine").write_text("m")
    for _ in range(2):
        with pytest.raises(Failure) as failed:
            slots.open_slot(repo, str(place), second)
        assert failed.value.reason == "branch_exists"
    assert os.listdir(place) == ["mine"]
    worktrees.add_worktree(repo, str(tmp_path / "w"), "w", second)
    with pytest.raises(Failure):
        slots.remove_slot(repo, str(tmp_path / "w"))
    slot = slots.open_slot(repo, str(tmp_path / "s"), second)
    (tmp_path / "s/.git").unlink()
    (tmp_path / "s/.git").mkdir()
    with pytest.raises(Failure) as failed:
        slots.open_slot(repo, str(tmp_path / "s"), second)
    assert (failed.value.code, failed.value.reason) == ("refused", "repo_tampered")
    assert slot.top == str(tmp_path / "s")


def test_submodules_and_filters_are_refused(made, repo, place):
    made.git("update-index", "--add", "--cacheinfo", f"160000,{refs.resolve(repo, 'main')},lib")
    made.git("commit", "-q", "-m", "lib")
    with pytest.raises(Failure) as failed:
        slots.open_slot(repo, str(place), refs.resolve(repo, "main"))
    assert (failed.value.code, failed.value.reason) == ("invalid_state", "unsupported")
    assert not place.exists()


def test_an_attempt_s_worktree_is_no_slot(made, repo, tmp_path):
    second = refs.resolve(repo, "main")
    worktrees.add_worktree(repo, str(tmp_path / "w"), "orch/r/t/attempt-1", second)
    (tmp_path / "w/work.txt").write_text("work")
    with pytest.raises(Failure) as failed:
        slots.open_slot(repo, str(tmp_path / "w"), refs.resolve(repo, "first"))
    assert failed.value.reason == "branch_exists"
    assert (tmp_path / "w/work.txt").read_text() == "work"


def test_no_canary_sings(made, tmp_path, place):
    first, second = made.git("rev-parse", "first"), made.git("rev-parse", "main")
    birds = Canaries(tmp_path / "birds")
    plant(made, birds)
    repo = repository.open_repository(str(made.path))
    with pytest.raises(Failure) as failed:  # The attributes planted ask for filters.
        slots.open_slot(repo, str(place), second)
    assert failed.value.reason == "unsupported"
    (made.path / ".git/info/attributes").unlink()
    for commit in (first, second):
        slots.open_slot(repo, str(place), commit)
        (place / "README").write_text("changed\n")
    slots.remove_slot(repo, str(place))
    assert birds.fired == []
