"""Merging without a checkout, diffs, and the six proofs of integration."""

import pytest

from orch.git import attributes, merges, proofs, refs, repository
from schema.failures import Failure
from tests.support.repos import Repo, hermetic, spread


@pytest.fixture
def made(tmp_path, monkeypatch):
    hermetic(monkeypatch, tmp_path / "home")
    made = Repo(tmp_path / "r")
    spread(made)
    return made


@pytest.fixture
def repo(made):
    return repository.open_repository(str(made.path))


def side(made, name, start, file, text):
    made.git("checkout", "-q", "-b", name, start)
    commit = made.commit(file, text)
    made.git("checkout", "-q", "main")
    return commit


def test_merge_of_many_heads_touches_nothing(made, repo):
    base = refs.resolve(repo, "main")
    heads = [side(made, f"s{n}", base, f"new{n}.txt", f"{n}\n") for n in range(4)]
    before = made.refs(), (made.path / ".git/index").read_bytes()
    merged = merges.merge_heads(repo, [base, *heads], "orch: base of t")
    assert merged.kind == "merge"
    assert merged.is_clean
    for head in heads:
        assert refs.is_ancestor(repo, head, merged.commit)
    assert {c.path for c in merges.changed_paths(repo, base, merged.commit)} == {
        f"new{n}.txt" for n in range(4)
    }
    assert refs.tree_id(repo, merged.commit) == merged.tree
    assert merges.merge_heads(repo, [base, *heads], "orch: base of t") == merged
    assert (made.refs(), (made.path / ".git/index").read_bytes()) == before
    made.git("checkout", "-q", "--detach", merged.commit)
    assert made.git("log", "-1", "--format=%an <%ae> %s") == "orch <orch@localhost> orch: base of t"


def test_fast_forward_where_possible(made, repo):
    base = refs.resolve(repo, "main")
    one = side(made, "s", base, "n", "1\n")
    two = side(made, "t", one, "m", "2\n")
    assert merges.merge_heads(repo, [base]) == merges.Merge("same", base, refs.tree_id(repo, base))
    for heads in ([base, one, two], [two, base], [one, two, two]):
        merged = merges.merge_heads(repo, heads)
        assert (merged.kind, merged.commit) == ("fast_forward", two)
    assert merges.heads_missing_from(repo, one, [base, one, two]) == (two,)
    with pytest.raises(Failure):
        merges.merge_heads(repo, [])


def test_conflicts_are_named(made, repo):
    base = refs.resolve(repo, "main")
    name = "d0/with\nline é.txt"
    one = side(made, "s", base, name, "1\n")
    two = side(made, "t", base, name, "2\n")
    merged = merges.merge_heads(repo, [base, one, two])
    assert merged.kind == "conflict"
    assert not merged.is_clean
    assert merged.files == (name,)
    assert merged.between == (one, two)
    assert merged.commit == merged.tree == ""
    assert any("CONFLICT" in note for note in merged.notes)
    made.git("checkout", "-q", "--orphan", "lone")
    lone = made.commit("README", "x\n")
    assert merges.merge_heads(repo, [one, lone]).kind == "conflict"


def test_a_missing_commit_is_an_error_not_a_conflict(repo):
    base = refs.resolve(repo, "main")
    with pytest.raises(Failure) as failed:
        merges.merge_trees(repo, base, "f" * 40)
    assert failed.value.code == "git_error"
    for bad in ("-x", "main", "HEAD", base[:10]):
        with pytest.raises(Failure) as failed:
            merges.merge_heads(repo, [base, bad])
        assert failed.value.code == "invalid_input"


def test_a_file_that_asks_for_a_driver_is_a_conflict_that_names_both(made, repo):
    made.write(".gitattributes", "*.x merge=mine\n")
    made.write("plain.txt", "0\n")
    base = made.commit("f.x", "0\n")
    made.git("config", "merge.mine.driver", f"touch {made.path}/RAN; true")
    one, two = side(made, "s", base, "f.x", "1\n"), side(made, "t", base, "f.x", "2\n")
    found = merges.merge_heads(repo, [one, two])
    assert found.files == ("f.x",)
    assert found.notes[0].startswith("f.x asks for the merge driver mine, which orch does not run")
    assert not (made.path / "RAN").exists()
    assert attributes.read_traits(repo, base).merge_drivers == ("mine",)
    three, four = (
        side(made, "u", base, "plain.txt", "1\n"),
        side(made, "v", base, "plain.txt", "2\n"),
    )
    assert not any("driver" in note for note in merges.merge_heads(repo, [three, four]).notes)


def test_identity_and_message_are_vetted(repo):
    base = refs.resolve(repo, "main")
    tree = refs.tree_id(repo, base)
    made = merges.commit_tree(
        repo, tree, [base], "hi\n\nbody é", author=merges.Identity("A B", "a@b")
    )
    assert refs.list_commits(repo, base, made)[0].author == "A B"
    for who in (merges.Identity("a\nb", "x"), merges.Identity("a", "x>"), merges.Identity("", "x")):
        with pytest.raises(Failure):
            merges.commit_tree(repo, tree, [base], "m", author=who)


def test_changed_paths_and_diff(made, repo):
    old = refs.resolve(repo, "main")
    made.git("mv", "README", "READ ME")
    (made.path / "d0/f0.txt").unlink()
    (made.path / "d1/f1.txt").chmod(0o755)
    (made.path / "link").symlink_to("target")
    made.write("d2/f2.txt", "changed\n")
    new = made.commit("tab\there", "t\n")
    changed = {c.path: c.status for c in merges.changed_paths(repo, old, new)}
    assert changed == {
        "READ ME": "A",
        "README": "D",
        "d0/f0.txt": "D",
        "d1/f1.txt": "M",
        "link": "A",
        "d2/f2.txt": "M",
        "tab\there": "A",
    }
    modes = {c.path: c.new_mode for c in merges.changed_paths(repo, old, new)}
    assert modes["link"] == "120000"
    assert modes["d1/f1.txt"] == "100755"
    text, cut = merges.diff_text(repo, old, new, paths=["d2/f2.txt"])
    assert "+changed" in text
    assert "d0" not in text
    assert not cut
    short, cut = merges.diff_text(repo, old, new, limit=100)
    assert len(short) == 100
    assert cut


def proof(made, head, target="main"):
    repo = repository.open_repository(str(made.path))
    return proofs.find_integration(repo, refs.resolve(repo, head), refs.resolve(repo, target)).proof


def test_each_proof_in_order(made, repo):
    base = refs.resolve(repo, "main")
    assert proof(made, "main") == "same_commit"
    one = side(made, "s", base, "n.txt", "1\n")
    assert proof(made, "s") == ""
    made.git("merge", "-q", "--no-ff", "-m", "m", "s")
    assert proof(made, "s") == "ancestor"
    made.git("checkout", "-q", "-b", "undone", "main")
    made.commit("u", "u\n")
    made.git("rm", "-q", "u")
    made.git("commit", "-q", "-m", "undo")
    made.git("checkout", "-q", "main")
    made.commit("x", "x\n")
    assert proof(made, "undone") == "empty_diff"
    two = side(made, "t", "main", "n.txt", "2\n")
    made.git("checkout", "-q", "main")
    made.git("merge", "-q", "--squash", "t")
    made.git("commit", "-q", "-m", "squash")
    assert proof(made, "t") == "equal_tree"
    made.commit("later", "l\n")
    assert proof(made, "t") == "merge_adds_nothing"
    made.commit("n.txt", "later edit of the same file\n")
    assert proof(made, "t") == "patch_id"
    assert one != two


def test_squash_of_several_commits_then_edited(made, repo):
    made.git("checkout", "-q", "-b", "s")
    for number in range(3):
        made.commit(f"n{number}.txt", f"{number}\n")
    (made.path / "bin").write_bytes(bytes(range(256)))
    made.commit("d1/f1.txt", "changed\n")
    made.git("checkout", "-q", "main")
    made.commit("first.txt", "moved on\n")
    assert proof(made, "s") == ""
    made.git("merge", "-q", "--squash", "s")
    made.commit("extra.txt", "squash with something more\n")
    made.commit("n1.txt", "edited later\n")
    assert proof(made, "s") == "patch_id"
    made.commit("d1/f1.txt", "and this\n")
    assert proof(made, "s") == "patch_id"


def test_rebased_commits_one_by_one(made, repo):
    made.git("checkout", "-q", "-b", "s")
    made.commit("n.txt", "1\n")
    made.commit("m.txt", "1\n")
    made.git("checkout", "-q", "main")
    made.commit("first.txt", "moved on\n")
    made.git("cherry-pick", "s~1")
    made.commit("between.txt", "b\n")
    assert proof(made, "s") == ""
    made.git("cherry-pick", "s")
    made.commit("n.txt", "edited later\n")
    made.commit("m.txt", "edited later\n")
    assert proof(made, "s") == "patch_id"


def test_white_space_modes_and_binaries_are_work(made, repo):
    made.write("p.py", "if a:\n    b\nc\n")
    made.write("run.sh", "x\n")
    made.commit("bin", "\0\1\2")
    made.git("checkout", "-q", "-b", "s")
    made.write("p.py", "if a:\n    b\n    c\n")
    made.commit("bin", "\0\1\3")
    made.git("checkout", "-q", "main")
    made.write("p.py", "if a:\n    b\n  c\n")
    made.commit("bin", "\0\1\4")
    made.commit("p.py", "other\n")
    assert proof(made, "s") == ""
    made.git("checkout", "-q", "-b", "mode", "main")
    (made.path / "run.sh").chmod(0o755)
    made.git("commit", "-qam", "mode")
    made.git("checkout", "-q", "main")
    assert proof(made, "mode") == ""


def test_part_of_the_work_is_not_all_of_it(made, repo):
    made.git("checkout", "-q", "-b", "s")
    made.commit("n.txt", "1\n")
    made.commit("m.txt", "1\n")
    made.git("checkout", "-q", "main")
    made.commit("n.txt", "1\n")
    made.commit("n.txt", "2\n")
    assert proof(made, "s") == ""
    made.git("checkout", "-q", "--orphan", "lone")
    made.commit("l.txt", "l\n")
    made.git("checkout", "-q", "main")
    assert proof(made, "lone") == ""


def test_what_only_a_merge_brings_is_no_patch_of_anybody(made):
    """Every commit of the branch is on the target, but for what its merge added by itself."""
    base = made.git("rev-parse", "main")
    made.branch("work", base)
    made.commit("one.txt", "1\n")
    made.branch("beside", base)
    made.commit("two.txt", "2\n")
    made.git("checkout", "-q", "work")
    made.git("merge", "-q", "--no-ff", "--no-commit", "beside")
    made.write("evil.txt", "by the merge alone\n")
    made.git("add", "-A")
    made.git("commit", "-q", "-m", "merge beside")
    made.git("checkout", "-q", "main")
    made.commit("later", "l\n")
    made.git("cherry-pick", "work^1", "beside")
    assert proof(made, "work^1") == proof(made, "beside") == "merge_adds_nothing"
    assert proof(made, "work") == ""
