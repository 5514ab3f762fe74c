"""Opening, resolving, moving refs, comparing commits."""

import os

import pytest

from orch.git import names, refs, repository, salvage, worktrees
from schema.failures import Failure
from tests.support.repos import Repo, hermetic


@pytest.fixture
def made(tmp_path, monkeypatch):
    hermetic(monkeypatch, tmp_path / "home")
    return Repo(tmp_path / "r")


def code(call, *args, **options):
    with pytest.raises(Failure) as failed:
        call(*args, **options)
    return failed.value.code, failed.value.reason


def test_open_main_linked_and_bare(made, tmp_path):
    made.commit()
    made.git("worktree", "add", "-q", "-b", "w", str(tmp_path / "w"))
    (made.path / "sub").mkdir()
    main = repository.open_repository(str(made.path / "sub"))
    assert (main.top, main.git_dir) == (str(made.path), str(made.path / ".git"))
    assert not main.is_bare
    assert not main.is_linked
    linked = repository.open_repository(str(tmp_path / "w"))
    assert linked == repository.linked_worktree(main, str(tmp_path / "w"))
    assert linked.is_linked
    assert linked.common_dir == main.common_dir
    assert worktrees.main_checkout(linked) == main.top
    bare = repository.open_repository(str(Repo(tmp_path / "b.git", bare=True).path))
    assert bare.is_bare
    assert refs.head(bare) == refs.Head("", "main")


def test_open_says_where_there_is_none(made, tmp_path):
    assert code(repository.open_repository, str(tmp_path)) == ("not_found", "repository")
    assert code(repository.open_repository, str(tmp_path / "no")) == ("not_found", "repository")
    assert code(repository.open_repository, str(made.path / ".git")) == ("not_found", "repository")
    assert repository.find_repository(str(tmp_path)) is None
    repo = repository.open_repository(str(made.path))
    assert code(repository.linked_worktree, repo, str(tmp_path)) == ("not_found", "repository")


def test_a_bare_repository_planted_inside_is_not_found(made):
    made.commit()
    planted = Repo(made.path / "deep", bare=True)
    (planted.path / "inner").mkdir()
    opened = repository.find_repository(str(planted.path / "inner"))
    assert opened is None or opened.top == str(made.path)


def test_sha256(tmp_path, monkeypatch):
    hermetic(monkeypatch, tmp_path / "home")
    made = Repo(tmp_path / "r", object_format="sha256")
    commit = made.commit()
    repo = repository.open_repository(str(made.path))
    assert repo.object_format == "sha256"
    assert refs.resolve(repo, "main") == commit
    work = worktrees.add_worktree(repo, str(tmp_path / "w"), "w", commit)
    (tmp_path / "w" / "new").write_text("x")
    assert salvage.save_salvage(work, names.salvage_ref("r", "t", 1)).head == commit
    assert refs.swap_ref(repo, "refs/heads/n", commit, "")


def test_head_and_resolve(made):
    repo = repository.open_repository(str(made.path))
    assert refs.head(repo) == refs.Head("", "main")
    one = made.commit()
    two = made.commit("a.txt", "b\n")
    made.git("tag", "-a", "-m", "t", "v1", one)
    made.git("update-ref", "refs/remotes/origin/dev", one)
    made.git("branch", "with/slash", one)
    assert refs.head(repo) == refs.Head(two, "main")
    same = ["v1", "HEAD~1", "main^", "origin/dev", "refs/tags/v1", one, one[:9], "with/slash"]
    for name in same:
        assert refs.resolve(repo, name) == one, name
    made.git("checkout", "-q", "--detach", one)
    assert refs.head(repo) == refs.Head(one, "")
    for name in ("nope", "deadbeef", "0" * 40, "HEAD~9", "refs/heads/nope", "mai"):
        assert code(refs.resolve, repo, name) == ("invalid_input", "value"), name
    with pytest.raises(Failure) as failed:
        refs.resolve(repo, "mian")
    assert "main" in failed.value.hint


def test_a_tree_is_not_a_commit(made):
    made.commit()
    repo = repository.open_repository(str(made.path))
    tree = refs.tree_id(repo, refs.resolve(repo, "main"))
    assert code(refs.resolve, repo, tree) == ("invalid_input", "value")


def test_neither_tag_nor_file_hijacks_a_branch(made):
    one, two = made.commit(), made.commit("a.txt", "b\n")
    made.git("branch", "work", one)
    made.write(".git/work", two + "\n")
    repo = repository.open_repository(str(made.path))
    assert refs.resolve(repo, "work") == one
    made.git("tag", "work", two)
    with pytest.raises(Failure) as failed:
        refs.resolve(repo, "work")
    assert "ambiguous" in failed.value.message
    assert refs.resolve(repo, "refs/heads/work") == one


def test_replace_refs_do_not_change_what_an_id_means(made):
    one = made.commit()
    made.branch("other")
    two = made.commit("evil.txt", "x\n")
    made.git("replace", one, two)
    repo = repository.open_repository(str(made.path))
    tree = refs.tree_id(repo, one)
    made.git("replace", "-d", one)
    assert tree == refs.tree_id(repo, one)


def test_swap_ref_is_a_compare_and_swap(made):
    one, two = made.commit(), made.commit("a.txt", "b\n")
    repo = repository.open_repository(str(made.path))
    ref = "refs/orch/x"
    assert refs.swap_ref(repo, ref, one, "")
    assert not refs.swap_ref(repo, ref, two, "")
    assert not refs.swap_ref(repo, ref, one, two)
    assert refs.swap_ref(repo, ref, two, one)
    assert refs.read_ref(repo, ref) == two
    assert not refs.swap_ref(repo, ref, "", one)
    assert refs.swap_ref(repo, ref, "", two)
    assert refs.read_ref(repo, ref) == ""
    assert not refs.swap_ref(repo, ref, "", two)
    assert not refs.swap_ref(repo, ref, two, one)
    assert refs.swap_ref(repo, ref, "", "")
    assert code(refs.swap_ref, repo, "refs/heads/-x", one, "") == ("invalid_input", "value")
    assert code(refs.swap_ref, repo, ref, "f" * 40, "") == ("git_error", "failed")
    assert refs.list_refs(repo, "refs/heads/") == {"refs/heads/main": two}


def test_delete_branch(made, tmp_path):
    one, two = made.commit(), made.commit("a.txt", "b\n")
    repo = repository.open_repository(str(made.path))
    made.git("branch", "gone", one)
    assert worktrees.delete_branch(repo, "gone", two) == "moved"
    assert worktrees.delete_branch(repo, "gone", one) == "deleted"
    assert worktrees.delete_branch(repo, "gone", one) == "absent"
    assert worktrees.delete_branch(repo, "main", two) == "checked_out"
    worktrees.add_worktree(repo, str(tmp_path / "w"), "w", one)
    assert worktrees.checked_out_at(repo, "refs/heads/w") == (str(tmp_path / "w"),)
    assert worktrees.delete_branch(repo, "w", one) == "checked_out"


def test_between_commits(made):
    one = made.commit()
    made.branch("side")
    side = made.commit("s.txt", "s\n")
    made.git("checkout", "-q", "main")
    two = made.commit("b.txt", "b\n")
    three = made.commit("c.txt", "c\n")
    repo = repository.open_repository(str(made.path))
    assert refs.merge_base(repo, side, three) == one
    assert refs.is_ancestor(repo, one, three)
    assert not refs.is_ancestor(repo, side, three)
    assert refs.count_commits(repo, one, three) == 2
    listed = refs.list_commits(repo, one, three)
    assert [(c.commit, c.subject) for c in listed] == [
        (three, "write c.txt"),
        (two, "write b.txt"),
    ]
    assert len(refs.list_commits(repo, "", three, limit=2)) == 2
    assert refs.list_commits(repo, three, three) == ()
    made.git("checkout", "-q", "--orphan", "lone")
    lone = made.commit("l.txt", "l\n")
    assert refs.merge_base(repo, lone, one) == ""
    assert code(refs.is_ancestor, repo, "-x", one) == ("invalid_input", "value")


def test_operation_in_progress(made):
    made.commit()
    made.branch("x")
    made.commit("a.txt", "x\n")
    made.git("checkout", "-q", "main")
    made.commit("a.txt", "y\n")
    repo = repository.open_repository(str(made.path))
    assert repository.operation_in_progress(repo) == ""
    made.git("merge", "x", ok=False)
    assert repository.operation_in_progress(repo) == "merge"


def test_a_ref_is_read_from_its_own_file_or_by_git_and_is_the_same(made, tmp_path, monkeypatch):
    """Loose, packed, symbolic, of a worktree, detached, hostile: what git says."""
    made.commit("a.txt", "a\n")
    plain = repository.open_repository(str(made.path))
    path = os.environ["PATH"]
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert refs.read_ref(plain, "refs/heads/not") == ""
    monkeypatch.setenv("PATH", path)
    made.git("branch", "packed")
    made.git("pack-refs", "--all")
    made.commit("a.txt", "b\n")
    made.git("branch", "loose")
    made.git("symbolic-ref", "refs/heads/named", "refs/heads/packed")
    made.git("worktree", "add", "-q", "--detach", str(tmp_path / "w"), "packed")
    made.git("update-ref", "refs/worktree/own", "HEAD~1")
    made.git("update-ref", "refs/worktree/own", "HEAD", cwd=tmp_path / "w")
    (made.path / ".git/refs/heads/torn").write_text("0123456789")
    (made.path / ".git/refs/heads/none").write_text("0" * 40 + "\n")
    main = repository.open_repository(str(made.path))
    linked = repository.linked_worktree(main, str(tmp_path / "w"))
    for repo, cwd in ((main, made.path), (linked, tmp_path / "w")):
        for ref in (
            *("refs/heads/loose", "refs/heads/packed", "refs/heads/named", "refs/heads/main"),
            *("refs/worktree/own", "refs/heads/torn", "refs/heads/none", "refs/heads/not"),
        ):
            told = made.git("for-each-ref", "--format=%(objectname)", ref, cwd=cwd)
            assert refs.read_ref(repo, ref) == told, ref
    assert refs.head(linked) == refs.Head(made.git("rev-parse", "packed"), "")
    (made.path / ".git/HEAD").write_text("ref: refs/heads/../../refs/heads/loose\n")
    with pytest.raises(Failure):
        refs.head(main)
    (made.path / ".git/HEAD").write_text("ref: refs/heads/main\n")
    loose = made.git("rev-parse", "loose")
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert refs.read_ref(main, "refs/heads/loose") == loose
    assert refs.head(main) == refs.Head(loose, "main")
