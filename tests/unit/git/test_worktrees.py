"""Status, worktrees: made, found, removed; never lost."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from orch.git import (
    attributes,
    changes,
    half_made,
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


@pytest.fixture
def made(tmp_path, monkeypatch):
    hermetic(monkeypatch, tmp_path / "home")
    return Repo(tmp_path / "r")


@pytest.fixture
def repo(made):
    spread(made)
    return repository.open_repository(str(made.path))


def code(call, *args, **options):
    with pytest.raises(Failure) as failed:
        call(*args, **options)
    return failed.value.code, failed.value.reason


def test_status_counts_everything(made):
    made.write(".gitignore", "*.o\nbuild/\n")
    first = spread(made)
    repo = repository.open_repository(str(made.path))
    assert changes.status(repo) == changes.Status(first, "main", (), (), -1, ())
    made.write("README", "changed\n")
    os.unlink(made.path / "d0/f0.txt")
    made.write("staged.txt", "s\n")
    made.git("add", "staged.txt")
    made.write("new\nline é.txt", "n\n")
    made.write("deep/er/u.txt", "u\n")
    made.write("x.o")
    made.write("build/1")
    made.write("build/2")
    seen = changes.status(repo, ignored=True)
    assert {c.path: c.code for c in seen.tracked} == {
        "README": ".M",
        "d0/f0.txt": ".D",
        "staged.txt": "A.",
    }
    assert seen.untracked == ("deep/er/u.txt", "new\nline é.txt")
    assert seen.ignored == 2
    assert not seen.is_clean
    assert len(seen.files) == 5


def test_status_leaves_out_what_is_ours(made):
    spread(made)
    repo = repository.open_repository(str(made.path))
    for name in (".orch/coord.db", ".orchard/x", "trees/run/t/file", "store.db-wal"):
        made.write(name)
    left = (".orch", str(made.path / "trees"), str(made.path / "store.db-wal"), "/elsewhere")
    assert changes.status(repo, leave_out=left).untracked == (".orchard/x",)


def test_status_before_the_first_commit_detached_unmerged_and_renamed(made):
    repo = repository.open_repository(str(made.path))
    assert changes.status(repo).commit == ""
    one = made.commit("a.txt", "a\n" * 20)
    made.git("mv", "a.txt", "b.txt")
    seen = changes.status(repo)
    assert {c.path for c in seen.tracked} == {"a.txt", "b.txt"}
    made.git("reset", "-q", "--hard")
    made.branch("x")
    made.commit("a.txt", "x\n")
    made.git("checkout", "-q", "main")
    made.commit("a.txt", "y\n")
    made.git("merge", "x", ok=False)
    assert [(c.path, c.code) for c in changes.status(repo).tracked] == [("a.txt", "UU")]
    made.git("merge", "--abort")
    made.git("checkout", "-q", "--detach", one)
    assert changes.status(repo).branch == ""


def test_status_sees_what_index_flags_hide(made, repo):
    made.git("update-index", "--assume-unchanged", "README")
    made.git("update-index", "--skip-worktree", "d0/f0.txt")
    made.write("README", "hidden change\n")
    assert changes.status(repo).is_clean
    assert changes.status(repo, hidden=True).hidden == ("README", "d0/f0.txt")
    made.git("update-index", "--skip-worktree", "d1/f1.txt")
    os.unlink(made.path / "d1/f1.txt")
    assert changes.status(repo, hidden=True).hidden == ("README", "d0/f0.txt")


def test_status_leaves_the_index_alone(made, repo):
    index = (made.path / ".git/index").read_bytes()
    os.utime(made.path / "README", (1, 1))
    changes.status(repo)
    assert (made.path / ".git/index").read_bytes() == index


def test_undecodable_names(made, repo):
    raw = os.fsencode(made.path) + b"/bad\xff.txt"
    with open(raw, "wb") as file:
        file.write(b"x")
    (path,) = changes.status(repo).untracked
    assert os.fsencode(path) == b"bad\xff.txt"
    assert names.display(path) == "bad\\udcff.txt"


def test_add_makes_all_of_it(made, repo, tmp_path):
    start = refs.resolve(repo, "HEAD")
    place = tmp_path / "trees" / "run" / "t" / "attempt-1"
    work = worktrees.add_worktree(
        repo, str(place), "orch/run/t/attempt-1", start, root=str(tmp_path)
    )
    assert work == repository.linked_worktree(repo, str(place))
    assert (place / "README").read_text() == "hello\n"
    assert refs.head(work) == refs.Head(start, "orch/run/t/attempt-1")
    assert changes.status(work).is_clean
    found = worktrees.find_worktree(repo, str(place))
    assert found == worktrees.Worktree(str(place), start, "orch/run/t/attempt-1", False, "", "")
    assert made.git("config", "--get-regexp", "^branch\\.", ok=False) == ""
    assert made.git("status", "--porcelain", cwd=place) == ""
    assert not os.path.exists(os.path.join(work.git_dir, "locked"))


def test_add_from_a_bare_repository_and_from_a_worktree(made, repo, tmp_path):
    made.git("clone", "-q", "--bare", str(made.path), str(tmp_path / "b.git"))
    bare = repository.open_repository(str(tmp_path / "b.git"))
    start = refs.resolve(bare, "main")
    assert changes.status(worktrees.add_worktree(bare, str(tmp_path / "w1"), "w1", start)).is_clean
    linked = worktrees.add_worktree(repo, str(tmp_path / "w2"), "w2", start)
    again = worktrees.add_worktree(linked, str(tmp_path / "w3"), "w3", start)
    assert again.common_dir == repo.common_dir


def test_nothing_is_reused_and_nothing_is_left(made, repo, tmp_path):
    start = refs.resolve(repo, "HEAD")
    place = tmp_path / "t" / "w"
    worktrees.add_worktree(repo, str(place), "w", start)
    before = made.refs(), made.git("worktree", "list"), sorted(os.listdir(tmp_path))
    add = worktrees.add_worktree
    taken = ("invalid_state", "branch_exists")
    assert code(add, repo, str(place), "other", start) == taken
    assert code(add, repo, str(tmp_path / "t2/w"), "w", start) == taken
    made.git("branch", "deep/branch")
    assert code(add, repo, str(tmp_path / "t2/w"), "deep", start) == taken
    made.git("branch", "-D", "deep/branch")
    assert code(add, repo, str(tmp_path / "t2/w"), "w/below", start) == taken
    assert code(add, repo, str(tmp_path / "t2/a/b"), "new", "f" * 40, root=str(tmp_path)) == (
        "git_error",
        "failed",
    )
    for branch in ("-x", "a..b", "refs/heads/x", "HEAD"):
        assert code(add, repo, str(tmp_path / "t2/w"), branch, start)[0] == "invalid_input"
    for path in ("relative", str(tmp_path / "t2/a\nb"), "/"):
        assert code(add, repo, path, "new", start)[0] == "invalid_input"
    assert code(add, repo, str(tmp_path / "w"), "new", start, root=str(tmp_path / "t"))[0] == (
        "invalid_input"
    )
    assert (made.refs(), made.git("worktree", "list"), sorted(os.listdir(tmp_path))) == before
    os.rename(place, tmp_path / "moved")
    assert code(add, repo, str(place), "other", start) == taken


def test_add_does_not_follow_a_planted_link(repo, tmp_path):
    root = tmp_path / "trees"
    root.mkdir()
    (tmp_path / "target").mkdir()
    os.symlink(tmp_path / "target", root / "run")
    start = refs.resolve(repo, "HEAD")
    refused = code(worktrees.add_worktree, repo, str(root / "run/t"), "b", start, root=str(root))
    assert refused == ("refused", "repo_tampered")
    assert not os.listdir(tmp_path / "target")


def test_a_failing_checkout_is_undone(made, tmp_path):
    made.write(".gitattributes", "*.txt filter=need\n")
    start = spread(made)
    made.git("config", "filter.need.smudge", "cat")
    made.git("config", "filter.need.required", "true")
    repo = repository.open_repository(str(made.path))
    before = made.refs(), made.git("worktree", "list")
    refused = code(
        worktrees.add_worktree, repo, str(tmp_path / "w/x"), "b", start, root=str(tmp_path)
    )
    assert refused == ("git_error", "failed")
    assert (made.refs(), made.git("worktree", "list")) == before
    assert not os.path.lexists(tmp_path / "w")
    assert attributes.read_traits(repo, start).configured == ("need",)


def test_recover(repo, tmp_path):
    start = refs.resolve(repo, "HEAD")
    place = str(tmp_path / "w")
    assert worktrees.recover_worktree(repo, place, "b", start) == "absent"
    worktrees.add_worktree(repo, place, "b", start)
    assert worktrees.recover_worktree(repo, place, "b", start, finish=False) == "complete"
    assert os.path.exists(place + "/README")


def half_made_at(repo, place, branch, start):
    made = worktrees.add_worktree(repo, place, branch, start)
    with open(os.path.join(made.git_dir, "locked"), "w") as file:
        file.write(half_made.mark(place))
    os.unlink(os.path.join(place, "README"))
    with open(os.path.join(place, "d1/f1.txt"), "w") as file:
        file.write("1\n1")
    with open(os.path.join(made.git_dir, "index.lock"), "w"):
        pass
    return made


def test_recover_finishes_or_undoes_a_half_made_one(made, repo, tmp_path):
    start = refs.resolve(repo, "HEAD")
    place = str(tmp_path / "t" / "w")
    half_made_at(repo, place, "b", start)
    assert worktrees.recover_worktree(repo, place, "b", start) == "complete"
    work = repository.linked_worktree(repo, place)
    assert changes.status(work).is_clean
    removing.remove_worktree(repo, place)
    worktrees.delete_branch(repo, "b", start)
    half_made_at(repo, place, "b", start)
    args = (repo, place, "b", start)
    assert worktrees.recover_worktree(*args, root=str(tmp_path), finish=False) == "undone"
    assert not os.path.lexists(tmp_path / "t")
    assert list(made.refs()) == ["refs/heads/main"]
    assert len(worktrees.list_worktrees(repo)) == 1


def test_recover_when_the_dying_git_takes_its_registration_away(repo, tmp_path, monkeypatch):
    """git removes what it began when it dies: the branch, which orch made, is still there."""
    start = refs.resolve(repo, "HEAD")
    place = str(tmp_path / "w" / "x")
    half_made_at(repo, place, "b", start)
    admin = half_made.admin_of(repo, place)
    lock = worktrees.locked_directory

    @contextlib.contextmanager
    def _lock(path, *given, **named):
        with lock(path, *given, **named) as held:
            if path == admin:
                shutil.rmtree(admin)
                shutil.rmtree(place)
            yield held

    monkeypatch.setattr(worktrees, "locked_directory", _lock)
    asked = (repo, place, "b", start)
    assert worktrees.recover_worktree(*asked, root=str(tmp_path), finish=False) == "undone"
    assert refs.read_ref(repo, "refs/heads/b") == ""
    assert not os.path.lexists(tmp_path / "w")


def test_recover_keeps_files_that_git_did_not_write(repo, tmp_path):
    start = refs.resolve(repo, "HEAD")
    place = str(tmp_path / "w")
    half_made_at(repo, place, "b", start)
    (tmp_path / "w" / "mine.txt").write_text("precious")
    refused = code(worktrees.recover_worktree, repo, place, "b", start, finish=False)
    assert refused == ("refused", "work_at_risk")
    assert (tmp_path / "w" / "mine.txt").read_text() == "precious"


def test_remove_a_clean_one_keeps_the_branch(made, repo, tmp_path):
    start = refs.resolve(repo, "HEAD")
    made.write(".git/info/exclude", "*.o\n")
    worktrees.add_worktree(repo, str(tmp_path / "w"), "w", start)
    (tmp_path / "w" / "x.o").write_text("")
    assert removing.remove_worktree(repo, str(tmp_path / "w")) == removing.Removed(
        str(tmp_path / "w"), 1
    )
    assert not os.path.lexists(tmp_path / "w")
    assert made.refs()["refs/heads/w"] == start
    assert code(removing.remove_worktree, repo, str(tmp_path / "w")) == ("not_found", "repository")
    assert code(removing.remove_worktree, repo, repo.top)[0] == "invalid_input"


@pytest.mark.parametrize("kind", ["edit", "new", "staged", "hidden", "nested", "locked", "deleted"])
def test_remove_refuses_anything_else(made, repo, tmp_path, kind):
    start = refs.resolve(repo, "HEAD")
    place = tmp_path / "w"
    worktrees.add_worktree(repo, str(place), "w", start)
    if kind in {"edit", "hidden"}:
        (place / "README").write_text("work")
    if kind == "hidden":
        made.git("update-index", "--assume-unchanged", "README", cwd=place)
    if kind in {"new", "staged"}:
        (place / "n").write_text("work")
    if kind == "staged":
        made.git("add", "n", cwd=place)
    if kind == "nested":
        Repo(place / "inner").commit()
    if kind == "locked":
        made.git("worktree", "lock", str(place))
    if kind == "deleted":
        os.unlink(place / "README")
    assert code(removing.remove_worktree, repo, str(place)) == ("refused", "work_at_risk")
    assert place.exists()
    assert worktrees.find_worktree(repo, str(place))


def test_remove_one_whose_directory_is_gone(repo, tmp_path):
    worktrees.add_worktree(repo, str(tmp_path / "w"), "w", refs.resolve(repo, "HEAD"))
    os.rename(tmp_path / "w", tmp_path / "moved")
    assert worktrees.list_worktrees(repo)[1].prunable
    removing.remove_worktree(repo, str(tmp_path / "w"))
    assert len(worktrees.list_worktrees(repo)) == 1
    assert (tmp_path / "moved" / "README").exists()


@pytest.mark.parametrize("moment", ["_clear_the_way", "_unregister"])
def test_remove_one_that_another_process_removes_meanwhile(
    made, repo, tmp_path, monkeypatch, moment
):
    place = str(tmp_path / "w" / "x")
    worktrees.add_worktree(repo, place, "w", refs.resolve(repo, "HEAD"))
    real = getattr(removing, moment)

    def _beside(*given, **more):
        made.git("worktree", "remove", "--force", place)
        return real(*given, **more)

    monkeypatch.setattr(removing, moment, _beside)
    assert removing.remove_worktree(repo, place).path == place
    assert worktrees.find_worktree(repo, place) is None


def test_remove_with_copies_that_are_unchanged(repo, tmp_path):
    place = tmp_path / "w"
    worktrees.add_worktree(repo, str(place), "w", refs.resolve(repo, "HEAD"))
    (place / ".env").write_text("A=1")
    os.symlink("/var/cache", place / "cache")
    copies = {
        ".env": hashlib.sha256(b"A=1").hexdigest(),
        "cache": hashlib.sha256(b"/var/cache").hexdigest(),
    }
    (place / ".env").write_text("A=2")
    refused = code(removing.remove_worktree, repo, str(place), copies=copies)
    assert refused == ("refused", "work_at_risk")
    assert (place / "cache").is_symlink()
    (place / ".env").write_text("A=1")
    removing.remove_worktree(repo, str(place), copies=copies)
    assert not place.exists()


def test_remove_with_a_salvage_that_holds_everything(repo, tmp_path):
    place = tmp_path / "w"
    work = worktrees.add_worktree(repo, str(place), "w", refs.resolve(repo, "HEAD"))
    (place / "n").write_text("work")
    ref = names.salvage_ref("r", "t", 1)
    assert code(removing.remove_worktree, repo, str(place), salvage=ref) == ("not_found", "salvage")
    salvage.save_salvage(work, ref)
    (place / "m").write_text("later work")
    refused = code(removing.remove_worktree, repo, str(place), salvage=ref)
    assert refused == ("refused", "work_at_risk")
    assert (
        code(removing.remove_worktree, repo, str(place), salvage="refs/heads/w")[0]
        == "invalid_input"
    )
    salvage.save_salvage(work, ref)
    removing.remove_worktree(repo, str(place), salvage=ref)
    assert not place.exists()
    back = restoring.restore_salvage(repo, ref, str(tmp_path / "back"))
    assert set(changes.status(back).untracked) == {"m", "n"}


def test_submodules_are_seen_and_their_worktree_kept(made, tmp_path):
    sub = Repo(tmp_path / "sub")
    sub.commit()
    made.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(sub.path), "lib")
    start = made.commit("b.txt")
    repo = repository.open_repository(str(made.path))
    traits = attributes.read_traits(repo, start)
    assert traits.submodules == ("lib",)
    assert "submodule" in traits.unsupported
    assert changes.status(repo).is_clean
    worktrees.add_worktree(repo, str(tmp_path / "w"), "w", start)
    update = ("-c", "protocol.file.allow=always", "submodule", "update", "-q", "--init")
    made.git(*update, cwd=tmp_path / "w")
    failed = code(removing.remove_worktree, repo, str(tmp_path / "w"))
    assert failed == ("invalid_state", "unsupported")
    assert (tmp_path / "w/lib/a.txt").exists()


def test_lfs_is_seen(made):
    made.write(".gitattributes", "# filter=no\n*.psd filter=lfs diff=lfs merge=lfs -text\n")
    made.write("deep/.gitattributes", "x -filter\n[attr]big filter=other\n")
    start = made.commit()
    made.git("config", "filter.lfs.clean", "git-lfs clean -- %f")
    made.git("config", "merge.lfs.driver", "false")
    traits = attributes.read_traits(repository.open_repository(str(made.path)), start)
    assert traits.filters == ("lfs", "other")
    assert traits.configured == ("lfs",)
    assert traits.merge_drivers == ("lfs",)
    assert traits.uses_lfs
    assert "lfs" in traits.unsupported
    plain = Repo(made.path.parent / "plain")
    start = plain.commit()
    assert (
        attributes.read_traits(repository.open_repository(str(plain.path)), start).unsupported == ""
    )


ADDER = """
import sys
from concurrent.futures import ThreadPoolExecutor
from orch.git import names, refs, repository, worktrees
top, root, first = sys.argv[1], sys.argv[2], int(sys.argv[3])
repo = repository.open_repository(top)
start = refs.resolve(repo, "HEAD")
def add(n):
    path = f"{root}/run/task{n}/attempt-1"
    branch = names.attempt_branch("run", f"task{n}", 1)
    worktrees.add_worktree(repo, path, branch, start, root=root)
with ThreadPoolExecutor(5) as pool:
    list(pool.map(add, range(first, first + 5)))
"""


def test_forty_adds_from_eight_processes_all_succeed(repo, tmp_path):
    root = str(tmp_path / "trees")
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", ADDER, repo.top, root, str(number)],
            cwd=os.getcwd(),
            stderr=subprocess.PIPE,
        )
        for number in range(0, 40, 5)
    ]
    for run in runs:
        _, err = run.communicate(timeout=120)
        assert run.returncode == 0, err.decode()
    found = worktrees.list_worktrees(repo)[1:]
    assert len(found) == 40
    assert len({w.branch for w in found}) == 40
    assert not any(w.locked for w in found)
    with ThreadPoolExecutor(4) as pool:
        works = [repository.linked_worktree(repo, w.path) for w in found]
        assert all(s.is_clean for s in pool.map(changes.status, works))
