"""Which checkout is the main one where its git directory lies elsewhere; what goes there."""

from pathlib import Path

import pytest

from orch.git import landing, refs, repository, slots, worktrees
from schema import file
from schema.failures import Failure
from tests.support.repos import Repo, hermetic

MAIN = "refs/heads/main"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    hermetic(monkeypatch, tmp_path / "home")
    return tmp_path


def submodule(home: Path) -> Repo:
    lib = Repo(home / "lib")
    lib.commit()
    outer = Repo(home / "super")
    add = ("submodule", "-q", "add", str(lib.path), "lib")
    outer.git("-c", "protocol.file.allow=always", *add)
    outer.git("commit", "-q", "-m", "sub")
    lib.path = outer.path / "lib"
    return lib


def separate(home: Path) -> Repo:
    made = Repo(home / "co")
    made.commit()
    made.git("init", "-q", "--separate-git-dir", str(home / "elsewhere"))
    return made


def sparse(home: Path) -> Repo:
    """A submodule whose `core.worktree` went to `config.worktree`, as sparse-checkout does it."""
    made = submodule(home)
    made.git("sparse-checkout", "set", "--no-cone", "/*")
    assert "core.worktree" not in made.git("config", "--local", "--list")
    return made


@pytest.fixture(params=[submodule, separate, sparse])
def made(request: pytest.FixtureRequest, home: Path) -> Repo:
    return request.param(home)


@pytest.fixture
def repo(made: Repo) -> repository.Repository:
    return repository.open_repository(str(made.path))


def linked(made: Repo, path: Path) -> repository.Repository:
    made.git("worktree", "add", "-q", "--detach", str(path))
    return repository.open_repository(str(path))


def next_commit(made: Repo, *names: str) -> tuple[str, str]:
    old = made.git("rev-parse", "HEAD")
    made.git("checkout", "-q", "--detach")
    for name in names:
        made.write(name, "ours\n")
    new = made.commit("b.txt", "b\n")
    made.git("checkout", "-q", "main")
    return old, new


def test_the_files_are_where_the_checkout_is(made: Repo, repo: repository.Repository) -> None:
    inside = linked(made, made.path / ".orch/worktrees/r/t/attempt-1")
    for seen_from in (repo, inside):
        assert worktrees.main_checkout(seen_from) == str(made.path)
        assert [c.top for c in landing.checkouts_of(seen_from, MAIN)] == [str(made.path)]
    assert file.main_checkout(inside.top) == (inside.top, str(made.path))


def test_what_lands_is_written_there_and_not_into_the_git_directory(
    made: Repo, repo: repository.Repository
) -> None:
    old, new = next_commit(made, "hooks/pre-commit")
    assert landing.move_target(repo, MAIN, old, new, "landing")
    for checkout in landing.checkouts_of(repo, MAIN):
        landing.refresh_checkout(checkout, old, new)
    assert (made.path / "hooks/pre-commit").read_text() == "ours\n"
    assert made.git("status", "--porcelain") == ""
    assert not Path(repo.common_dir, "hooks/pre-commit").exists()
    assert not Path(repo.common_dir, "b.txt").exists()


def test_a_checkout_that_cannot_be_found_stops_a_landing(home: Path) -> None:
    made = separate(home)
    away = linked(made, home / "away")
    for ask in (worktrees.main_checkout, lambda repo: landing.checkouts_of(repo, MAIN)):
        with pytest.raises(Failure) as failed:
            ask(away)
        assert (failed.value.code, failed.value.reason) == ("invalid_state", "unsupported")
        assert "config core.worktree" in failed.value.advice
    assert [c.top for c in landing.checkouts_of(away, "refs/heads/other")] == []


def test_a_planted_git_file_nearer_by_is_not_the_main_checkout(home: Path) -> None:
    made = separate(home)
    inside = linked(made, made.path / ".orch/worktrees/r/t/attempt-1")
    made.write(".orch/worktrees/.git", f"gitdir: {home}/elsewhere\n")
    assert file.main_checkout(inside.top)[1] == str(made.path)


def test_a_bare_repository_has_no_main_checkout(home: Path) -> None:
    bare = Repo(home / "x/repo", bare=True)
    bare.git("fetch", "-q", str(separate(home).path), "main:main")
    (home / "x/.git").write_text("gitdir: ./repo\n")
    bare.git("worktree", "add", "-q", str(home / "x/w"), "main")
    assert file.main_checkout(str(home / "x/w")) == (str(home / "x/w"),) * 2
    there = repository.open_repository(str(home / "x/w"))
    assert [c.top for c in landing.checkouts_of(there, MAIN)] == [there.top]


def test_nothing_is_written_into_a_git_directory(home: Path) -> None:
    made = Repo(home / "r")
    made.commit()
    repo = repository.open_repository(str(made.path))
    head = refs.head(repo).commit
    with pytest.raises(Failure, match="lies in the git directory"):
        worktrees.add_worktree(repo, f"{repo.common_dir}/hooks/x", "b", head)
    with pytest.raises(Failure, match="lies in the git directory"):
        worktrees.add_detached(repo, f"{repo.common_dir}/x", head)
    with pytest.raises(Failure, match="lies in the git directory"):
        slots.open_slot(repo, f"{repo.common_dir}/x", head)
    assert made.git("branch", "--list", "b") == ""
    made.git("worktree", "add", "-q", "-b", "target", f"{repo.common_dir}/there")
    with pytest.raises(Failure, match="lies in the git directory") as failed:
        landing.checkouts_of(repo, "refs/heads/target")
    (step,) = failed.value.next
    assert step.argv == ("git", "-C", f"{repo.common_dir}/there", "switch", "--detach")
