"""Section 1: which store serves a directory, and how `init` makes one."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from tests.support.cli import Cli, clean_environment
from tests.support.repos import Repo, hermetic
from tests.support.threads import log_of, opened


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    hermetic(monkeypatch, tmp_path / "home")
    made = Repo(tmp_path / "repo")
    made.commit()
    return made


def at(path: Path, tmp_path: Path) -> Cli:
    return Cli(path, home=tmp_path)


def test_init_outside_git_makes_the_store_here(bare: Cli) -> None:
    data = bare.ok("init")
    assert data["status"] == "initialized"
    assert data["db_path"] == str(bare.store)
    assert (bare.cwd / ".orch/.gitignore").read_text() == "*\n"
    assert stat.S_IMODE(bare.store.stat().st_mode) == 0o600
    assert stat.S_IMODE(bare.store.parent.stat().st_mode) == 0o700


def test_modes_do_not_depend_on_the_umask(bare: Cli) -> None:
    script = Cli(bare.cwd, home=bare.cwd.parent)
    before = os.umask(0)
    try:
        script.ok("init")
        opened(script)
        script.ok("backup", "copy.db")
    finally:
        os.umask(before)
    for path in (*bare.store.parent.iterdir(), bare.cwd / "copy.db"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


@pytest.mark.on_file("it is about the file")
def test_init_again_is_harmless(inbox: Cli) -> None:
    opened(inbox)
    data = inbox.ok("init")
    assert (data["status"], data["created"]) == ("initialized", False)
    assert log_of(inbox) == 1
    assert inbox.say("init").startswith(f"found the store {inbox.store}")


def test_init_in_a_subdirectory_of_a_checkout_makes_the_store_at_its_top(repo, tmp_path) -> None:
    deep = repo.path / "a" / "b"
    deep.mkdir(parents=True)
    assert at(deep, tmp_path).ok("init")["db_path"] == str(repo.path / ".orch/coord.db")
    assert repo.git("status", "--porcelain") == ""
    assert at(deep, tmp_path).ok("list")["threads"] == []


def test_the_nearest_ancestor_serves(repo, tmp_path) -> None:
    at(repo.path, tmp_path).ok("init")
    inner = repo.path / "inner"
    (inner / "deep").mkdir(parents=True)
    store = str(inner / ".orch/coord.db")
    assert at(inner, tmp_path).ok("init", "--db", store)["db_path"] == store
    assert at(inner / "deep", tmp_path).ok("init")["db_path"] == store
    assert at(repo.path, tmp_path).ok("init")["db_path"] == str(repo.path / ".orch/coord.db")


def test_the_walk_stops_at_the_top_of_the_checkout(repo, tmp_path) -> None:
    above = at(tmp_path, tmp_path)
    above.ok("init", "--db", str(tmp_path / ".orch/coord.db"))
    error = at(repo.path, tmp_path).refuse("not_found", "store", "list")
    assert str(tmp_path / ".orch/coord.db") not in error["details"]["looked_at"]


def test_outside_git_only_the_current_directory_serves(inbox: Cli) -> None:
    deep = inbox.cwd / "deep"
    deep.mkdir()
    inbox.refuse("not_found", "store", "list", cwd=deep)


@pytest.mark.parametrize("where", ["inside", "outside"])
def test_a_linked_worktree_uses_the_store_of_its_main_checkout(repo, tmp_path, where) -> None:
    main = at(repo.path, tmp_path).ok("init")["db_path"]
    tree = repo.path / ".orch/worktrees/w" if where == "inside" else tmp_path / "linked"
    repo.git("worktree", "add", "-q", "-b", "w", str(tree))
    deep = tree / "x"
    deep.mkdir()
    for cwd in (tree, deep):
        assert at(cwd, tmp_path).ok("init") == {
            "db_path": main,
            "status": "initialized",
            "created": False,
        }


def test_init_in_a_linked_worktree_makes_the_store_of_the_main_checkout(repo, tmp_path) -> None:
    repo.git("worktree", "add", "-q", "-b", "w", str(tmp_path / "linked"))
    data = at(tmp_path / "linked", tmp_path).ok("init")
    assert data["db_path"] == str(repo.path / ".orch/coord.db")


def test_a_submodule_is_a_checkout_of_its_own(repo, tmp_path) -> None:
    outer = Repo(tmp_path / "outer")
    outer.commit()
    outer.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(repo.path), "sub")
    at(outer.path, tmp_path).ok("init")
    sub = at(outer.path / "sub", tmp_path)
    error = sub.refuse("not_found", "store", "list")
    assert error["details"]["looked_at"][0] == str(outer.path / "sub/.orch/coord.db")
    assert sub.ok("init")["db_path"] == str(outer.path / "sub/.orch/coord.db")


def test_the_place_of_the_original_protocol_still_serves(bare: Cli) -> None:
    old = bare.cwd / ".agents/coord.db"
    bare.ok("--db", str(old), "init")
    assert bare.ok("init") == {"db_path": str(old), "status": "initialized", "created": False}
    assert opened(bare)
    assert not bare.store.exists()
    bare.ok("--db", str(bare.store), "init")
    assert bare.ok("list")["threads"] == []  # `.orch` comes first.


def test_a_missing_store_is_40_and_names_every_place(bare: Cli) -> None:
    for argv in (
        ("list",),
        ("send", "--from", "a", "--to", "b", "--subject", "s"),
        ("doctor",),
        ("backup", "x.db"),
        ("watch",),
        ("wait-reply", "--thread", "t"),
        ("claim", "--agent", "a", "--next", "--timeout-seconds", "5"),
        ("search", "x"),
    ):
        error = bare.refuse("not_found", "store", *argv)
        assert error["hint"] == "inbox init"
        for place in (bare.store, bare.cwd / ".agents/coord.db"):
            assert str(place) in error["message"]
            assert str(place) in error["details"]["looked_at"]
    assert list(bare.cwd.iterdir()) == []


def test_a_missing_store_that_was_named(bare: Cli) -> None:
    for how in ({"env": {"ORCH_DB": "x/y.db"}}, {}):
        argv = () if how else ("--db", "x/y.db")
        error = bare.refuse("not_found", "store", *argv, "list", **how)
        assert error["details"]["looked_at"] == [str(bare.cwd / "x/y.db")]
    assert list(bare.cwd.iterdir()) == []


def test_init_with_db_makes_another_store(inbox: Cli) -> None:
    other = inbox.cwd / "deep/er/other.db"
    data = inbox.ok("init", "--db", str(other))
    assert (data["db_path"], data["created"]) == (str(other), True)
    opened(inbox)
    assert inbox.ok("list", "--db", str(other))["threads"] == []
    assert not (other.parent / ".gitignore").exists()


def test_an_empty_or_unprintable_db_is_bad_input(inbox: Cli) -> None:
    inbox.refuse("invalid_input", "value", "--db", "", "list")
    inbox.refuse("invalid_input", "text", "--db", os.fsdecode(b"\xff.db"), "list")


def test_racing_inits_make_one_store(bare: Cli) -> None:
    running = [bare.start("init", "--json") for _ in range(6)]
    answers = [one.wait().data for one in running]
    assert sum(answer["created"] for answer in answers) == 1
    assert {answer["db_path"] for answer in answers} == {str(bare.store)}
    assert bare.ok("doctor", "--deep")["healthy"] is True


def test_init_needs_a_place_it_may_write(bare: Cli) -> None:
    (bare.cwd / "file").write_text("")
    bare.refuse("store_error", "io", "init", "--db", "file/x.db")


def test_commands_that_need_no_store_work_without_one(bare: Cli) -> None:
    for argv in (("prime",), ("schema", "send"), ("completion", "bash"), ("--help",)):
        assert bare.run(*argv).status == 0


def test_a_working_directory_that_was_removed_is_left_for_its_parent(tmp_path: Path) -> None:
    top = tmp_path / "top"
    (top / "place" / "deep").mkdir(parents=True)
    assert Cli(top).run("init").status == 0
    env = clean_environment(tmp_path)
    for words, status in (("inbox send --from a --to b --subject s", 0), ("orch status", 30),
                          ("inbox --json fetch --agent b", 0), ("orch doctor", 0)):  # fmt: skip
        (top / "place" / "deep").mkdir(parents=True, exist_ok=True)
        script = f"rm -r {top}/place; exec {words}"
        said = subprocess.run(["sh", "-c", script], cwd=top / "place" / "deep", env=env,
                              capture_output=True, text=True)  # fmt: skip
        assert said.returncode == status, said
        if "--json" not in words:
            gone = f"{top}/place/deep is gone: going on in {top}"
            assert gone in said.stderr
