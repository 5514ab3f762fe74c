"""Moving a target and the checkouts on it: nothing of the user's is ever written."""

import os
import subprocess

import pytest

from orch.git import checkout_conflicts, landing, refs, repository
from schema.failures import Failure
from tests.support.repos import Canaries, Repo, hermetic, plant, spread

MAIN = "refs/heads/main"


@pytest.fixture
def made(tmp_path, monkeypatch):
    hermetic(monkeypatch, tmp_path / "home")
    made = Repo(tmp_path / "r")
    made.write(".gitignore", "*.o\ncache/\n")
    made.write("keep.txt", "keep\n")
    made.write("gone.txt", "gone\n")
    made.write("exec.sh", "x\n")
    spread(made)
    return made


@pytest.fixture
def repo(made):
    return repository.open_repository(str(made.path))


@pytest.fixture
def ends(made):
    """Return (old, new): main, and a commit on top of it that is on no branch."""
    old = made.git("rev-parse", "HEAD")
    made.git("checkout", "-q", "--detach")
    (made.path / "gone.txt").unlink()
    (made.path / "exec.sh").chmod(0o755)
    (made.path / "link").symlink_to("README")
    made.write("README", "new\n")
    made.write("sub/new.o", "forced\n")
    made.git("add", "-f", "sub/new.o")
    new = made.commit("folder/file.txt", "f\n")
    made.git("checkout", "-q", "main")
    return old, new


def land(repo, old, new, **more):
    moved = landing.move_target(repo, MAIN, old, new, "orch queue: landing", **more)
    for checkout in landing.checkouts_of(repo, MAIN):
        landing.refresh_checkout(checkout, old, new)
    return moved


def refused(made, repo, old, new):
    """See that a move is refused with nothing changed; return the files it names."""
    (checkout,) = landing.checkouts_of(repo, MAIN)
    before = made.refs(), made.git("status", "--porcelain", "--ignored"), snapshot(made)
    found = landing.rehearse(checkout, old, new)
    assert found
    assert found[0].checkout == str(made.path)
    assert found[0].why
    assert found[0].hint
    with pytest.raises(Failure) as failed:
        landing.move_target(repo, MAIN, old, new, "no")
    assert (failed.value.code, failed.value.reason) == ("invalid_state", "dirty")
    assert (made.refs(), made.git("status", "--porcelain", "--ignored"), snapshot(made)) == before
    assert not (made.path / ".git/index.lock").exists()
    return found[0].files


def snapshot(made):
    return {
        str(p): p.read_bytes()
        for p in made.path.rglob("*")
        if ".git/" not in str(p) + "/" and p.is_file()
    }


def test_a_checkout_follows_its_branch(made, repo, ends):
    old, new = ends
    made.write("keep.txt", "mine\n")
    made.write("notes.txt", "untracked\n")
    made.write("x.o", "ignored\n")
    made.git("add", "keep.txt")
    made.write("d0/f0.txt", "not staged\n")
    assert landing.rehearse(repo, old, new) == ()
    assert land(repo, old, new, backup="refs/orch/backup/1")
    assert refs.read_ref(repo, MAIN) == new
    assert refs.read_ref(repo, "refs/orch/backup/1") == old
    assert made.git("status", "--porcelain").split("\n") == [
        " M d0/f0.txt",
        "M  keep.txt",
        "?? notes.txt",
    ]
    assert (made.path / "README").read_text() == "new\n"
    assert not (made.path / "gone.txt").exists()
    assert os.access(made.path / "exec.sh", os.X_OK)
    assert os.readlink(made.path / "link") == "README"
    assert "orch queue: landing" in made.git("reflog", "show", "main")
    assert sorted(os.listdir(made.path / ".git")) == sorted(
        n for n in os.listdir(made.path / ".git") if not n.startswith(("index.", "index.orch"))
    )
    assert land(repo, new, old)
    assert (made.path / "gone.txt").read_text() == "gone\n"


def test_a_ref_that_is_elsewhere_does_not_move(made, repo, ends):
    old, new = ends
    other = made.commit("later.txt", "l\n")
    assert landing.move_target(repo, MAIN, old, new, "no") is False
    assert refs.read_ref(repo, MAIN) == other
    assert not (made.path / ".git/index.lock").exists()
    assert made.git("status", "--porcelain") == ""


def dirty(name, text="mine\n"):
    return lambda made: made.write(name, text)


def hide(flag):
    def act(made):
        made.git("update-index", flag, "README")
        made.write("README", "hidden\n")

    return act


def stage(made):
    made.write("folder/file.txt", "staged\n")
    made.git("add", "folder/file.txt")
    (made.path / "folder/file.txt").unlink()


@pytest.mark.parametrize(
    ("act", "name"),
    [
        (dirty("README"), "README"),
        (dirty("gone.txt"), "gone.txt"),
        (dirty("link"), "link"),
        (dirty("folder"), "folder"),
        (dirty("sub/new.o"), "sub/new.o"),
        (dirty("link/inner.o"), "link/inner.o"),
        (lambda made: os.symlink("d0", made.path / "folder"), "folder"),
        (lambda made: (made.path / "exec.sh").chmod(0o755), "exec.sh"),
        (hide("--assume-unchanged"), "README"),
        (hide("--skip-worktree"), "README"),
        (stage, "folder/file.txt"),
    ],
)
def test_what_is_the_user_s_stands_in_the_way(made, repo, ends, act, name):
    act(made)
    assert name in refused(made, repo, *ends)


def test_touched_files_and_empty_folders_do_not(made, repo, ends):
    os.utime(made.path / "README", (1, 1))
    (made.path / "link").mkdir()
    (made.path / "link/deep").mkdir()
    assert land(repo, *ends)
    assert made.git("status", "--porcelain") == ""


@pytest.mark.parametrize("what", ["merge", "rebase", "cherry-pick", "revert", "bisect"])
def test_an_operation_in_progress_stands_in_the_way(made, repo, ends, what):
    old, new = ends
    made.git("checkout", "-q", "-b", "other", old)
    made.commit("keep.txt", "other\n")
    made.git("checkout", "-q", "main")
    base = made.commit("keep.txt", "main\n")
    made.git("checkout", "-q", "--detach", new)
    made.git("checkout", "-q", "main")
    if what == "bisect":
        made.git("bisect", "start", base, old)
        made.git("checkout", "-q", old)
    elif what == "revert":
        made.git("revert", "--no-edit", "--no-commit", base)
    else:
        made.git(*{"merge": ["merge"], "rebase": ["rebase"]}.get(what, [what]), "other", ok=False)
    (checkout,) = landing.checkouts_of(repo, MAIN)
    found = landing.rehearse(checkout, base, new)
    assert [b.operation for b in found] == [what]
    with pytest.raises(Failure) as failed:
        landing.move_target(repo, MAIN, base, new, "no")
    assert what in failed.value.message
    assert refs.read_ref(repo, MAIN) == base


def test_every_checkout_of_it_and_no_other(made, repo, ends, tmp_path):
    old, new = ends
    made.git("worktree", "add", "-q", "-f", str(tmp_path / "twin"), "main")
    made.git("worktree", "add", "-q", "-b", "other", str(tmp_path / "other"), old)
    made.git("worktree", "add", "-q", "-f", str(tmp_path / "away"), "main")
    subprocess.run(["rm", "-r", str(tmp_path / "away")], check=True)
    tops = [c.top for c in landing.checkouts_of(repo, MAIN)]
    assert tops == [str(made.path), str(tmp_path / "twin")]
    linked = repository.open_repository(str(tmp_path / "other"))
    assert [c.top for c in landing.checkouts_of(linked, MAIN)] == tops
    (tmp_path / "twin/README").write_text("mine\n")
    with pytest.raises(Failure):
        landing.move_target(repo, MAIN, old, new, "no")
    assert refs.read_ref(repo, MAIN) == old
    made.git("checkout", "-q", "README", cwd=tmp_path / "twin")
    assert land(linked, old, new)
    for top in tops:
        assert made.git("status", "--porcelain", cwd=top) == ""
    assert (tmp_path / "other/README").read_text() == "hello\n"


def test_a_bare_repository_and_a_target_nobody_has(made, ends, tmp_path):
    old, new = ends
    made.git("branch", "tip", new)
    made.git("clone", "-q", "--bare", str(made.path), str(tmp_path / "b.git"))
    bare = repository.open_repository(str(tmp_path / "b.git"))
    assert landing.checkouts_of(bare, MAIN) == ()
    assert landing.move_target(bare, MAIN, old, new, "land")
    assert landing.create_target(bare, "refs/heads/orch-integration/r", old)
    assert landing.create_target(bare, "refs/heads/orch-integration/r", old)
    assert not landing.create_target(bare, "refs/heads/orch-integration/r", new)


def test_published_and_alias(made, repo, ends, tmp_path):
    old, new = ends
    assert not landing.is_published(repo, old)
    made.git("update-ref", "refs/remotes/origin/main", old)
    assert landing.is_published(repo, old)
    assert not landing.is_published(repo, new)
    made.git("symbolic-ref", "refs/heads/alias", MAIN)
    with pytest.raises(Failure) as failed:
        landing.move_target(repo, "refs/heads/alias", old, new, "no")
    assert failed.value.reason == "unsupported"
    assert made.git("symbolic-ref", "refs/heads/alias") == MAIN


def test_a_filtered_file_is_refused_others_are_not(made, repo, ends):
    made.write(".gitattributes", "*.bin filter=lfs -text\n")
    old = made.commit("big.bin", "pointer 1\n")
    made.git("checkout", "-q", "--detach")
    plain = made.commit("plain.txt", "p\n")
    binary = made.commit("big.bin", "pointer 2\n")
    made.git("checkout", "-q", "main")
    assert landing.rehearse(repo, old, plain) == ()
    assert landing.rehearse(repo, old, binary)[0].files == ("big.bin",)
    assert land(repo, old, plain)


def test_the_user_s_git_waits_between_the_ref_and_the_files(made, repo, ends):
    old, new = ends
    assert landing.move_target(repo, MAIN, old, new, "land")
    made.write("keep.txt", "mine\n")
    made.git("commit", "-a", "-m", "x", ok=False)
    assert refs.read_ref(repo, MAIN) == new
    landing.refresh_checkout(repo, old, new)
    made.git("commit", "-q", "-a", "-m", "x")
    assert made.git("show", "HEAD:README") == "new"


def test_another_git_at_work_is_waited_for_and_then_named(made, repo, ends, monkeypatch):
    monkeypatch.setattr("orch.git.landing._LOCK_SECONDS", 0.1)
    (made.path / ".git/index.lock").write_text("")
    with pytest.raises(Failure) as failed:
        landing.move_target(repo, MAIN, *ends, "no")
    assert failed.value.details["files"] == [str(made.path / ".git/index.lock")]
    assert (made.path / ".git/index.lock").read_text() == ""
    assert refs.read_ref(repo, MAIN) == ends[0]


def test_a_killed_landing_lets_go_or_is_finished(made, repo, ends):
    old, new = ends
    assert landing.move_target(repo, MAIN, old, new, "land")
    made.git("update-ref", MAIN, old)  # As if it was killed after the lock, before the ref.
    landing.release_checkouts(repo, MAIN)
    assert made.git("status", "--porcelain") == ""
    assert landing.move_target(repo, MAIN, old, new, "land")
    for state in ("nothing", "half", "written", "done"):
        if state == "half":
            made.git("read-tree", "-m", "-u", old, new, ok=False)
        landing.refresh_checkout(repo, old, new)
        assert made.git("status", "--porcelain") == "", state


@pytest.mark.parametrize("cut", [0, 2, 4])
def test_half_written_files_are_written_whole(made, repo, ends, cut):
    old, new = ends
    assert landing.move_target(repo, MAIN, old, new, "land")
    (made.path / "gone.txt").unlink()
    made.write("README", "new\n"[:cut])
    made.write("folder/file.txt", "f\n"[:cut])
    (made.path / "link").symlink_to("README")
    (made.path / ".git/index.orch").write_text("half")
    (made.path / ".git/index.orch.lock").write_text("")
    landing.refresh_checkout(repo, old, new)
    assert made.git("status", "--porcelain") == ""
    assert not (made.path / ".git/index.orch").exists()


def test_files_changed_meanwhile_are_kept_and_named(made, repo, ends):
    old, new = ends
    assert landing.move_target(repo, MAIN, old, new, "land")
    made.write("README", "mine\n")
    made.write("gone.txt", "mine too\n")
    for _ in range(2):
        with pytest.raises(Failure) as failed:
            landing.refresh_checkout(repo, old, new)
        assert failed.value.details["files"] == ["README", "gone.txt"]
        assert (made.path / "README").read_text() == "mine\n"
    os.rename(made.path / "README", made.path / "README.mine")
    os.rename(made.path / "gone.txt", made.path / "gone.mine")
    landing.refresh_checkout(repo, old, new)
    assert made.git("status", "--porcelain") == "?? README.mine\n?? gone.mine"


def test_odd_names_and_line_endings(made, repo):
    made.write(".gitattributes", "*.crlf text eol=crlf\n")
    old = made.commit("a.crlf", "1\n2\n")
    made.git("checkout", "-q", "--detach")
    made.write("a.crlf", "1\n2\n3\n")
    new = made.commit("tab\tnew\nline é.txt", "x\n")
    made.git("checkout", "-q", "main")
    assert landing.move_target(repo, MAIN, old, new, "land")
    (made.path / "a.crlf").write_bytes(b"1\r\n2\r\n3\r")
    landing.refresh_checkout(repo, old, new)
    assert made.git("status", "--porcelain") == ""
    assert (made.path / "a.crlf").read_bytes() == b"1\r\n2\r\n3\r\n"
    made.write("tab\tnew\nline é.txt", "mine\n")
    assert landing.rehearse(repo, new, old)[0].files == ("tab\\tnew\\nline é.txt",)


def test_no_canary_sings(made, ends, tmp_path):
    old, new = ends
    (made.path / ".git/info").mkdir(exist_ok=True)
    birds = Canaries(tmp_path / "birds")
    plant(made, birds)
    (made.path / ".git/info/attributes").unlink()
    repo = repository.open_repository(str(made.path))
    assert landing.rehearse(repo, old, new) == ()
    assert land(repo, old, new)
    landing.is_published(repo, new)
    landing.create_target(repo, "refs/heads/t", old)
    assert birds.fired == []


def test_what_git_would_overwrite_without_a_word(made, repo, ends):
    """Why we look ourselves: git's dry run alone lets an ignored file go."""
    old, new = ends
    made.write("sub/new.o", "ignored\n")
    assert checkout_conflicts._dry_run(repo, old, new) == ""
    assert refused(made, repo, old, new) == ("sub/new.o",)
