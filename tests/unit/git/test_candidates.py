"""Candidates: merged, squashed, replayed and reverted without a checkout."""

import os
import time

import pytest

from orch.git import candidates, commits, merges, refs, repository, workbench
from orch.git.union import keeps_both
from schema.failures import Failure
from tests.support.repos import Canaries, Repo, hermetic, plant, spread


@pytest.fixture
def made(tmp_path, monkeypatch):
    hermetic(monkeypatch, tmp_path / "home")
    made = Repo(tmp_path / "r")
    spread(made)
    return made


@pytest.fixture
def repo(made):
    return repository.open_repository(str(made.path))


def side(made, name, start, files):
    """Make branch `name` at `start` with one commit per (file, text); return its head."""
    made.git("checkout", "-q", "-b", name, start)
    for file, text in files:
        made.commit(file, text)
    head = made.git("rev-parse", "HEAD")
    made.git("checkout", "-q", "main")
    return head


def parents(made, commit):
    return made.git("rev-list", "--parents", "--no-walk", commit).split(" ")[1:]


def show(made, commit, file):
    return made.git("show", f"{commit}:{file}") + "\n"


def make(repo, onto, head, base="", strategy="merge", message="land it", **more):
    return candidates.make_candidate(repo, onto, head, base, strategy, message, **more)


def everything(made):
    return made.refs(), (made.path / ".git/index").read_bytes(), made.git("status", "--porcelain")


@pytest.mark.parametrize("strategy", ["merge", "squash", "rebase"])
def test_a_candidate_touches_nothing_and_is_made_again(made, repo, strategy):
    base = refs.resolve(repo, "main")
    head = side(made, "s", base, [("new.txt", "1\n"), ("d0/f0.txt", "changed\n")])
    onto = made.commit("other.txt", "o\n")
    made.write("d0/f0.txt", "dirty\n")
    before = everything(made)
    one = make(repo, onto, head, base, strategy)
    assert (one.kind, one.is_clean) == (strategy, True)
    assert one.tree == refs.tree_id(repo, one.commit)
    changed = {c.path for c in merges.changed_paths(repo, onto, one.commit)}
    assert changed == {"new.txt", "d0/f0.txt"}
    assert everything(made) == before
    assert make(repo, onto, head, base, strategy) == one
    with workbench.open_workbench(repo) as bench:
        assert make(repo, onto, head, base, strategy, bench=bench) == one
    above = {"merge": [onto, head], "squash": [onto]}
    if strategy != "rebase":
        assert parents(made, one.commit) == above[strategy]
        assert made.git("log", "-1", "--format=%an|%s", one.commit) == "orch|land it"
    made.git("fsck", "--strict", "--no-dangling")


def test_a_rebase_keeps_author_encoding_and_message(made, repo):
    base = refs.resolve(repo, "main")
    made.git("checkout", "-q", "-b", "s")
    made.write("new.txt", "1\n")
    made.git("add", "-A")
    made.git("-c", "i18n.commitEncoding=ISO-8859-1", "commit", "-q", "-m", "h\xe9llo\n\n body  ")
    raw = made.git("cat-file", "commit", "HEAD").split("\n")
    head = made.commit("new.txt", "2\n")
    made.git("checkout", "-q", "main")
    onto = made.commit("other.txt", "o\n")
    one = make(repo, onto, head, base, "rebase")
    row = made.git("rev-list", "--reverse", f"{onto}..{one.commit}").split("\n")
    assert len(row) == 2
    again = made.git("cat-file", "commit", row[0]).split("\n")
    kept = [line for line in again if not line.startswith(("tree", "parent", "committer"))]
    assert kept == [line for line in raw if not line.startswith(("tree", "parent", "committer"))]
    assert any(line.startswith("encoding ISO-8859-1") for line in again)
    assert made.git("log", "-1", "--format=%cn", one.commit) == "orch"


def test_fast_forward_only_when_asked(made, repo):
    base = refs.resolve(repo, "main")
    head = side(made, "s", base, [("n", "1\n")])
    assert make(repo, base, head).kind == "merge"
    ahead = make(repo, base, head, fast_forward=True)
    assert (ahead.kind, ahead.commit) == ("fast_forward", head)
    assert make(repo, base, head, base, "rebase").commit == head
    onto = made.commit("o", "o\n")
    assert make(repo, onto, head, fast_forward=True).kind == "merge"


@pytest.mark.parametrize("strategy", ["merge", "squash", "rebase"])
def test_what_adds_nothing_is_said_to_be_contained(made, repo, strategy):
    base = refs.resolve(repo, "main")
    head = side(made, "s", base, [("n", "1\n")])
    onto = make(repo, base, head, base, strategy).commit
    again = make(repo, onto, head, base, strategy)
    assert (again.kind, again.commit) == ("contained", onto)
    assert make(repo, head, head, base, strategy, fast_forward=True).kind == "contained"
    same_change = side(made, "t", base, [("n", "1\n")])
    onto = made.commit("o", "o\n")
    onto = make(repo, onto, head, base, "squash").commit
    again = make(repo, onto, same_change, base, strategy)
    assert (again.kind == "contained") == (strategy != "merge")


def test_a_conflict_names_files_and_git_s_sentences(made, repo):
    base = refs.resolve(repo, "main")
    name = "d0/with\nline é.txt"
    one = side(made, "s", base, [(name, "1\n")])
    two = side(made, "t", base, [("fine.txt", "f\n"), (name, "2\n")])
    for strategy in ("merge", "squash", "rebase"):
        failed = make(repo, one, two, base, strategy)
        assert (failed.kind, failed.commit, failed.tree) == ("conflict", "", "")
        assert failed.files == (name,)
        assert any("CONFLICT (add/add)" in note for note in failed.notes)
        assert not any("\n" in note for note in failed.notes)
    assert "replaying" in failed.notes[-1]


def test_squashed_work_stacked_on_squashed_work(made, repo):
    """The row of a squash queue: each entry started from the one before."""
    made.write("f.txt", "a\nb\nc\n")
    base = made.commit("g.txt", "g\n")
    first = side(made, "s1", base, [("f.txt", "a\n1\nc\n"), ("f.txt", "a\n2\nc\n")])
    second = side(made, "s2", first, [("f.txt", "a\n3\nc\n")])
    for strategy in ("squash", "rebase"):
        landed = make(repo, base, first, base, "squash").commit
        assert make(repo, landed, second, base, strategy).kind == "conflict"
        stacked = make(repo, landed, second, first, strategy)
        assert stacked.is_clean, stacked
        assert show(made, stacked.commit, "f.txt") == "a\n3\nc\n"


def test_squash_of_work_that_merged_the_target_meanwhile(made, repo):
    base = refs.resolve(repo, "main")
    head = side(made, "s", base, [("d0/f0.txt", "mine\n")])
    made.commit("d1/f1.txt", "theirs 1\n")
    made.git("checkout", "-q", "s")
    made.git("merge", "-q", "-m", "m", "main")
    head = made.commit("d1/f1.txt", "mine 2\n")
    made.git("checkout", "-q", "main")
    onto = made.commit("README", "later\n")
    one = make(repo, onto, head, base, "squash")
    assert one.is_clean, one
    changed = {c.path for c in merges.changed_paths(repo, onto, one.commit)}
    assert changed == {"d0/f0.txt", "d1/f1.txt"}
    refused = make(repo, onto, head, base, "rebase")
    assert (refused.kind, refused.is_clean) == ("unsupported", False)
    assert "is a merge" in refused.notes[0]


def test_a_rebase_drops_what_is_there_and_keeps_what_was_empty(made, repo):
    base = refs.resolve(repo, "main")
    made.git("checkout", "-q", "-b", "s")
    first = made.commit("n", "1\n")
    made.git("commit", "-q", "--allow-empty", "-m", "marker")
    head = made.commit("m", "1\n")
    made.git("checkout", "-q", "main")
    made.commit("o", "o\n")
    onto = made.commit("n", "1\n")
    one = make(repo, onto, head, base, "rebase")
    assert one.skipped == (first,)
    subjects = made.git("log", "--format=%s", f"{onto}..{one.commit}").split("\n")
    assert subjects == ["write m", "marker"]


def test_unrelated_histories(made, repo):
    base = refs.resolve(repo, "main")
    made.git("checkout", "-q", "--orphan", "lone")
    lone = made.commit("README", "x\n")
    assert make(repo, base, lone).kind == "conflict"
    assert make(repo, base, lone, strategy="squash").kind == "conflict"
    assert make(repo, base, lone, strategy="rebase").kind == "unsupported"


def test_bad_arguments(repo):
    base = refs.resolve(repo, "main")
    for args in (
        (base, "main", "", "merge"),
        ("-x", base, "", "merge"),
        (base, base, "HEAD", "squash"),
        (base, base, "", "octopus"),
    ):
        with pytest.raises(Failure) as failed:
            make(repo, *args)
        assert failed.value.code == "invalid_input"
    with pytest.raises(Failure) as failed:
        make(repo, base, "f" * 40)
    assert failed.value.code == "git_error"
    assert commits.missing_objects(repo, [base, "f" * 40]) == ("f" * 40,)


def test_a_tree_s_own_attributes_decide_not_the_checkout_s(made, repo):
    made.write("deep/.gitattributes", "*.lock -merge\n")
    base = made.commit("deep/x.lock", "1\n2\n3\n4\n5\n")
    one = side(made, "s", base, [("deep/x.lock", "1\n2\n3\n4\nfive\n")])
    onto = made.commit("deep/x.lock", "one\n2\n3\n4\n5\n")
    assert make(repo, onto, one).kind == "conflict"
    made.write("deep/.gitattributes", "*.lock merge=union\n")  # Uncommitted: it does not count.
    made.write(".gitattributes", "* merge=union\n")
    assert make(repo, onto, one).kind == "conflict"
    made.git("checkout", "-q", ".")
    (made.path / ".gitattributes").unlink()
    made.write("deep/.gitattributes", "")
    free = made.commit("z", "z\n")
    with workbench.open_workbench(repo) as bench:
        for _ in range(2):
            assert make(repo, onto, one, bench=bench).kind == "conflict"
            assert make(repo, free, one, bench=bench).kind == "merge"


@pytest.mark.parametrize("strategy", ["merge", "squash", "rebase"])
def test_union_only_where_it_was_asked_for(made, repo, strategy):
    made.write("CHANGELOG.md", "# Log\n\n- old\n")
    base = made.commit("code.py", "x = 1\n")
    one = side(made, "s", base, [("CHANGELOG.md", "# Log\n\n- one\n- old\n")])
    two = side(made, "t", base, [("CHANGELOG.md", "# Log\n\n- two\n- old\n")])
    three = side(made, "u", two, [("code.py", "x = 3\n")])
    onto = made.git("rev-parse", one)
    assert make(repo, onto, two, base, strategy).kind == "conflict"
    assert make(repo, onto, two, base, strategy, union=["docs/*.md"]).kind == "conflict"
    both = make(repo, onto, two, base, strategy, union=["docs/*.md", "CHANGELOG.md"])
    assert (both.kind, both.resolved) == (strategy, ("CHANGELOG.md",))
    lines = show(made, both.commit, "CHANGELOG.md").split("\n")
    assert sorted(lines) == ["", "", "# Log", "- old", "- one", "- two"]
    assert make(repo, onto, two, base, strategy, union=["*.md"]) == both
    more = make(repo, side(made, "v", onto, [("code.py", "x = 2\n")]), three, base, strategy)
    union = make(repo, refs.resolve(repo, "v"), three, base, strategy, union=["CHANGELOG.md"])
    assert not more.is_clean
    assert not union.is_clean
    assert "code.py" in union.files


def test_union_refuses_what_is_not_two_texts(made, repo):
    for name in ("gone.md", "bin.md", "link.md", "mode.md"):
        made.write(name, "1\n2\n3\n")
    base = made.commit("bin.md", "a\0b\n")
    one = side(made, "s", base, [(n, "one\n2\n3\n") for n in ("gone.md", "link.md", "mode.md")])
    made.git("checkout", "-q", "s")
    one = made.commit("bin.md", "one\0b\n")
    for name in ("gone.md", "bin.md", "link.md"):
        made.git("checkout", "-q", "-b", name, base)
        (made.path / name).unlink()
        if name == "link.md":
            (made.path / name).symlink_to("else")
        if name == "bin.md":
            made.write(name, "two\0b\n")
        two = made.commit("other", name)
        failed = make(repo, one, two, base, union=["**"])
        assert failed.kind == "conflict", name
        assert any(file.startswith(name) for file in failed.files)
    made.git("checkout", "-q", "-b", "mode", base)
    made.write("mode.md", "two\n2\n3\n")
    (made.path / "mode.md").chmod(0o755)
    two = made.commit("other", "mode")
    kept = make(repo, one, two, base, union=["mode.md"])
    assert kept.resolved == ("mode.md",)
    assert made.git("ls-tree", kept.commit, "mode.md").startswith("100755")
    assert sorted(show(made, kept.commit, "mode.md").split()) == ["2", "3", "one", "two"]


def test_union_keeps_line_endings_and_a_missing_last_newline(made, repo):
    for name, text in (("crlf.md", "a\r\nz\r\n"), ("open.md", "a")):
        (made.path / name).write_bytes(text.encode())
    base = made.commit("x", "x\n")
    heads = []
    for number in ("1", "2"):
        made.git("checkout", "-q", "-b", f"s{number}", base)
        (made.path / "crlf.md").write_bytes(f"a\r\n{number}\r\nz\r\n".encode())
        (made.path / "open.md").write_bytes(f"a\n{number}".encode())
        heads.append(made.commit("x", "x\n" if number == "1" else "y\n"))
    both = make(repo, *heads, base, union=["*.md"])
    assert both.is_clean, both
    crlf = made.git("cat-file", "blob", f"{both.commit}:crlf.md")
    assert crlf == "a\r\n1\r\n2\r\nz\r"
    assert made.git("cat-file", "blob", f"{both.commit}:open.md").split("\n") == ["a", "1", "2"]


def test_every_added_line_survives_or_there_is_no_result():
    assert keeps_both(b"a\n", b"a\nb\n", b"a\nc\n", b"a\nb\nc\n")
    assert not keeps_both(b"a\n", b"a\nb\nb\n", b"a\nc\n", b"a\nb\nc\n")
    assert not keeps_both(b"", b"x", b"y", b"x\n")
    assert keeps_both(b"a\nb\n", b"a\n", b"a\nb\nc\n", b"a\nc\n")


def test_a_revert_takes_back_a_merge_a_squash_and_a_row(made, repo):
    base = refs.resolve(repo, "main")
    head = side(made, "s", base, [("n", "1\n"), ("d0/f0.txt", "x\n"), ("n", "2\n")])
    onto = made.commit("before", "b\n")
    for strategy in ("merge", "squash", "rebase"):
        landed = make(repo, onto, head, base, strategy).commit
        made.git("checkout", "-q", "--detach", landed)
        tip = made.commit("after", "a\n")
        made.git("checkout", "-q", "main")
        undone = candidates.make_revert(repo, tip, landed, "take back", before=onto)
        assert undone.kind == "revert", strategy
        assert parents(made, undone.commit) == [tip]
        assert {c.path for c in merges.changed_paths(repo, onto, undone.commit)} == {"after"}
        assert candidates.make_revert(repo, tip, landed, "take back", before=onto) == undone
        again = candidates.make_revert(repo, undone.commit, landed, "take back", before=onto)
        assert (again.kind, again.commit) == ("contained", undone.commit)
    one = candidates.make_revert(repo, refs.resolve(repo, "s"), head, "only the last")
    assert show(made, one.commit, "n") == "1\n"
    root = made.git("rev-list", "--max-parents=0", "main")
    assert candidates.make_revert(repo, base, root, "no").kind == "unsupported"


def test_a_revert_of_what_was_changed_since_is_a_conflict(made, repo):
    onto = refs.resolve(repo, "main")
    landed = made.commit("README", "one\n")
    tip = made.commit("README", "two\n")
    failed = candidates.make_revert(repo, tip, landed, "no", before=onto)
    assert (failed.kind, failed.files) == ("conflict", ("README",))


def test_modes_links_renames_and_submodules_go_through(made, repo):
    base = refs.resolve(repo, "main")
    made.git("checkout", "-q", "-b", "s")
    made.git("mv", "d0/f0.txt", "moved é.txt")
    (made.path / "d1/f1.txt").chmod(0o755)
    (made.path / "link").symlink_to("README")
    made.git("add", "-A")
    made.git("update-index", "--add", "--cacheinfo", f"160000,{base},lib")
    made.git("commit", "-q", "-m", "odd")
    head = made.git("rev-parse", "HEAD")
    made.git("checkout", "-q", "-f", "main")
    onto = made.commit("d0/f0.txt", "0\n" * 19 + "changed\n")
    for strategy in ("merge", "squash", "rebase"):
        one = make(repo, onto, head, base, strategy)
        assert one.is_clean, one
        tree = made.git("ls-tree", "-r", one.commit)
        assert f"160000 commit {base}\tlib" in tree
        assert "100755" in tree
        assert "120000" in tree
        assert show(made, one.commit, "moved é.txt").endswith("changed\n")


@pytest.mark.parametrize("shape", ["sha256", "bare", "worktree"])
def test_other_repositories(tmp_path, monkeypatch, shape):
    hermetic(monkeypatch, tmp_path / "home")
    made = Repo(tmp_path / "r", object_format="sha256" if shape == "sha256" else "sha1")
    base = spread(made)
    made.write("C.md", "1\n")
    base = made.commit("x", "x\n")
    head = side(made, "s", base, [("C.md", "0\n1\n"), ("n", "n\n")])
    onto = made.commit("C.md", "2\n1\n")
    place = made.path
    if shape == "bare":
        place = tmp_path / "b.git"
        made.git("clone", "-q", "--bare", str(made.path), str(place))
    if shape == "worktree":
        place = tmp_path / "w"
        made.git("worktree", "add", "-q", "--detach", str(place))
    repo = repository.open_repository(str(place))
    for strategy in ("merge", "squash", "rebase"):
        assert make(repo, onto, head, base, strategy).kind == "conflict"
        one = make(repo, onto, head, base, strategy, union=["C.md"])
        assert one.resolved == ("C.md",)
        undone = candidates.make_revert(repo, one.commit, one.commit, "no", before=onto)
        assert undone.tree == refs.tree_id(repo, onto)


def test_no_canary_sings_and_a_driver_is_not_run(made, tmp_path):
    base = made.git("rev-parse", "HEAD")
    made.write("in.md", "0\n")
    base = made.commit("in.txt", "0\n")
    head = side(made, "s", base, [("in.md", "1\n"), ("new", "1\n")])
    onto = made.commit("in.md", "2\n")
    birds = Canaries(tmp_path / "birds")
    plant(made, birds)
    repo = repository.open_repository(str(made.path))
    for strategy in ("merge", "squash", "rebase"):
        # The driver it asks for is switched off, and no union stands in for it.
        driven = make(repo, onto, head, base, strategy, union=["in.md"])
        assert (driven.kind, driven.files) == ("conflict", ("in.md",))
        assert "merge driver" in driven.notes[0]
        assert make(repo, base, head, base, strategy).is_clean
    candidates.make_revert(repo, onto, onto, "no")
    assert birds.fired == []


def test_a_tree_that_would_write_outside_is_laid_out_inside(made, repo, tmp_path):
    """A worker can write any tree: names with `..` do not lead the workbench out of its place."""
    blob = made.git("hash-object", "-w", "--stdin", feed="*.txt merge=union\n")
    tree = made.git("mktree", feed=f"100644 blob {blob}\t.gitattributes\n")
    for name in ("..", ".git", ".GIT"):
        tree = made.git("mktree", feed=f"040000 tree {tree}\t{name}\n")
    evil = made.git("commit-tree", "-p", "main", "-m", "x", tree)
    seen = set(os.listdir(tmp_path))
    result = make(repo, evil, refs.resolve(repo, "main"))
    assert result.kind == "contained"
    assert set(os.listdir(tmp_path)) == seen


def test_fifty_in_a_row_cost_little_more_than_their_gits(made, repo):
    base = refs.resolve(repo, "main")
    heads = [side(made, f"s{n}", base, [(f"new/{n}.txt", f"{n}\n")]) for n in range(10)]
    onto, begun = base, time.perf_counter()
    with workbench.open_workbench(repo) as bench:
        for head in heads:
            one = make(repo, onto, head, base, bench=bench)
            assert one.is_clean
            onto = one.commit
    assert time.perf_counter() - begun < 10
    assert merges.heads_missing_from(repo, onto, heads) == ()
