"""orch.toml: read strictly, from the main checkout; what it puts into a new worktree."""

from pathlib import Path

import pytest

from orch.config.model import Config
from orch.config.schema import OrchToml
from tests.support import runs
from tests.support.runs import Lead, worktree

CODE = ("dispatch", "--task", "a", "--execution-mode", "code")


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    found = runs.lead(tmp_path, empty_store, monkeypatch)
    found.task("a")
    return found


def test_all_problems_are_told_at_once_and_nothing_is_left(lead: Lead) -> None:
    lead.config(
        '[worktree]\nroot = ""\ncopy = ["/etc/passwd", "../x"]\nsurprise = 1\n'
        '[check.unit]\ncommand = "pytest"\ntimeout = -1\n[check."../x"]\ncommand = ["x"]\n'
        '[profile]\nfull = ["unit"]\n[strange]\n'
    )
    error = lead.refuse("invalid_input", "file", *CODE)
    told = "\n".join(error["details"]["problems"])
    for where in ("worktree.root", "worktree.copy.0", "worktree.copy.1", "worktree.surprise",
                  "check.unit.command", "check.unit.timeout", "check.../x", "strange"):  # fmt: skip
        assert where in told, where
    assert "orch.toml is refused" in error["message"]
    assert lead.leftovers() == []
    assert lead.status_of("a") == "ready"


@pytest.mark.parametrize(
    "text", ["[check", "x = 1\nx = 2\n", "[profile]\nfull = ['unit']\n", "[worktree]\nroot = 1\n"]
)
def test_a_broken_file_is_refused(lead: Lead, text: str) -> None:
    lead.config(text)
    lead.refuse("invalid_input", "file", *CODE)
    lead.refuse("invalid_input", "file", "task", "add", "--task", "b", "--check-profile", "full")
    lead.dispatch("a", mode="analysis")


def test_the_worktree_root_comes_from_the_file_and_the_flag_beats_it(lead: Lead) -> None:
    lead.config('[worktree]\nroot = "../trees"\n')
    assert worktree(lead.dispatch("a")) == lead.home / "trees" / "r" / "a" / "attempt-1"
    lead.task("b")
    sent = lead.dispatch("b", "--workspace-root", "../others")
    assert worktree(sent) == lead.home / "others" / "r" / "b" / "attempt-1"


def test_files_are_copied_and_linked_and_do_not_count_as_work(lead: Lead) -> None:
    lead.repo.commit(".gitignore", ".env*\n/cache\n")
    lead.repo.write(".env", "KEY=1\n").chmod(0o600)
    lead.repo.write(".env.d/two", "2\n")
    lead.repo.write("cache/big", "x\n")
    lead.config(
        '[worktree]\ncopy = [".env", ".env.d/two", "missing", "README"]\nlink = ["cache"]\n'
    )
    lead.repo.commit(".gitignore", "/cache\n.env\n.env.d\n")
    sent = lead.dispatch("a")
    place = worktree(sent)
    assert (place / ".env").read_text() == "KEY=1\n"
    assert (place / ".env").stat().st_mode & 0o777 == 0o600
    assert (place / ".env.d" / "two").read_text() == "2\n"
    assert (place / "cache").readlink() == lead.top / "cache"
    assert not (place / "missing").exists()
    assert (place / "README").read_text() == "hello\n", "git's own file is never replaced"
    lead.claim(sent)
    lead.done(sent)
    lead.do("reconcile")
    assert lead.attempts("a")[0]["dirty_files"] == 0
    lead.do("cleanup", "--all-completed")
    assert (lead.top / "cache" / "big").read_text() == "x\n", "a link's target stays"


@pytest.mark.parametrize("changed", [False, True])
def test_an_unchanged_copy_goes_with_the_worktree_and_a_changed_one_keeps_it(
    lead: Lead, changed: bool
) -> None:
    lead.repo.commit(".gitignore", "/local.cfg\n")
    lead.repo.write("local.cfg", "v1\n")
    lead.config('[worktree]\ncopy = ["local.cfg"]\n')
    sent = lead.dispatch("a")
    lead.repo.git("rm", "-q", ".gitignore", cwd=worktree(sent))
    lead.repo.git("commit", "-q", "-m", "not ignored any more", cwd=worktree(sent))
    if changed:
        (worktree(sent) / "local.cfg").write_text("v2\n")
    lead.claim(sent)
    lead.done(sent)
    if changed:
        error = lead.refuse("refused", "work_at_risk", "cleanup", "--all-completed")
        assert "local.cfg" in error["message"]
    else:
        assert len(lead.do("cleanup", "--all-completed")["cleaned"]) == 1
    lead.do("reconcile")
    assert lead.attempts("a")[0]["dirty_files"] == int(changed)


def test_a_source_that_leads_out_of_the_repository_is_refused(lead: Lead) -> None:
    (lead.home / "secret").write_text("s")
    lead.repo.commit(".gitignore", "/innocent\n")
    (lead.top / "innocent").symlink_to(lead.home / "secret")
    lead.config('[worktree]\ncopy = ["innocent"]\n')
    lead.refuse("invalid_input", "file", *CODE)
    assert lead.leftovers() == []


def test_the_setup_command_runs_in_the_new_worktree(lead: Lead) -> None:
    script = "echo $STAGE > made.txt; git add made.txt"
    lead.config(
        '[worktree]\nenv = { STAGE = "one" }\n[worktree.setup]\n'
        f"command = {runs.toml_list('/bin/sh', '-c', script)}\n"
    )
    assert (worktree(lead.dispatch("a")) / "made.txt").read_text() == "one\n"


@pytest.mark.parametrize(
    ("script", "more", "why"),
    [
        ("echo broken pipe; exit 4", "", "exit 4"),
        ("sleep 60", "timeout = 0.2", "stopped after 0.2 s"),
    ],
)
def test_a_setup_that_fails_leaves_nothing(lead: Lead, script: str, more: str, why: str) -> None:
    words = runs.toml_list("/bin/sh", "-c", script)
    lead.config(f"[worktree.setup]\ncommand = {words}\n{more}\n")
    error = lead.refuse("invalid_state", "unsupported", *CODE)
    assert why in error["message"]
    if not more:
        assert "broken pipe" in error["details"]["output"]
    assert lead.leftovers() == []
    assert (lead.status_of("a"), lead.attempts("a")) == ("ready", [])
    assert lead.doctor() == []


def test_what_a_failed_setup_made_is_not_lost(lead: Lead) -> None:
    words = runs.toml_list("/bin/sh", "-c", "echo precious > log.txt; exit 1")
    lead.config(f"[worktree.setup]\ncommand = {words}\n")
    lead.refuse("invalid_state", "unsupported", *CODE)
    assert lead.leftovers() == []
    saved, = lead.do("salvage", "list")["salvages"]  # fmt: skip
    assert lead.repo.git("show", f"{saved['commit']}:log.txt") == "precious"


def test_what_a_worker_writes_into_its_own_copy_changes_nothing(lead: Lead) -> None:
    check = runs.toml_list("/bin/sh", "-c", "exit 1")
    lead.config(f"[check.unit]\ncommand = {check}\n")
    lead.task("b", "--required-check", "unit")
    sent = lead.dispatch("b")
    lead.claim(sent)
    lead.commit(sent, "orch.toml", '[check.unit]\ncommand = ["true"]\n')
    lead.done(sent)
    words = ("--json", "verify", "run", "r/b")
    gate = lead.orch.quick(*words, cwd=worktree(sent)).json["data"]["gate"]
    assert gate["status"] == "failed"


def test_what_is_built_in_is_the_same_on_both_sides() -> None:
    """The records that workflows use, and the tables that pydantic reads."""
    read, known = OrchToml.model_validate({}).config(), Config()
    for part in ("plan", "queue", "forge"):
        of_table, built_in = getattr(read, part), getattr(known, part)
        assert {name: getattr(of_table, name) for name in of_table._fields} == {
            name: getattr(built_in, name) for name in built_in._fields
        }
    given = {"queue": {"batch": 7, "union": ["a.txt"], "target": "x"}, "forge": {"kind": "github"}}
    made = OrchToml.model_validate(given).config()
    assert (made.queue.batch, made.queue.union, made.queue.target) == (7, ["a.txt"], "x")
    assert (made.forge.kind, made.forge.remote, made.forge.repository) == ("github", "origin", "")
