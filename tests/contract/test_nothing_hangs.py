"""Files that others wrote are opened without waiting, must be regular, and are read within bounds.

A FIFO that nobody writes to would hold a command for ever, /dev/zero until memory ends. What a
user hands over as a descriptor (`<(command)`, `-`) is waited for.
"""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support import runs
from tests.support.cli import Cli
from tests.support.runs import Lead, worktree

SOON = 20.0  # Seconds: a start on a busy machine, and no wait for anybody.
TRAPS = ("fifo", "zero", "huge", "folder", "socket")


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    found = runs.lead(tmp_path, empty_store, monkeypatch)
    found.task("a")
    return found


def trap(path: Path, kind: str) -> None:
    """Put something in a file's place that cannot be read as one."""
    path.unlink(missing_ok=True)
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "zero":
        path.symlink_to("/dev/zero")
    elif kind == "huge":
        path.touch()
        os.truncate(path, 1 << 36)
    elif kind == "folder":
        path.mkdir()
    else:
        os.mknod(path, 0o140600)


@pytest.mark.parametrize("kind", TRAPS)
def test_an_orch_toml_that_is_no_small_file_is_refused(lead: Lead, kind: str) -> None:
    trap(lead.top / "orch.toml", kind)
    words = ("dispatch", "--task", "a", "--execution-mode", "code", "--base-ref", "HEAD")
    error = lead.refuse("invalid_input", "file", *words, deadline=SOON)
    assert "orch.toml cannot be read" in error["message"]
    assert lead.status_of("a") == "ready"


@pytest.mark.parametrize("name", [".git", "commondir"])
def test_pointers_of_a_worktree_that_are_pipes_hold_nobody(lead: Lead, name: str) -> None:
    tree = worktree(lead.dispatch("a"))
    admin = Path(lead.repo.git("rev-parse", "--absolute-git-dir", cwd=tree))
    trap(tree / name if name == ".git" else admin / name, "fifo")
    answer = lead.inbox.quick("--json", "list", cwd=tree, deadline=SOON)
    assert answer.status in (0, 40), answer
    assert lead.do("reconcile", deadline=SOON)["problems"] == []


@pytest.mark.on_file("its bytes stand beside it")
@pytest.mark.parametrize("kind", ["fifo", "zero"])
def test_kept_bytes_that_became_a_trap_are_corrupt(inbox: Cli, kind: str) -> None:
    (inbox.cwd / "report").write_text("bytes")
    named = ("--artifact", "report", "--artifact-copy")
    sent = inbox.ok("send", "--from", "a", "--to", "b", "--subject", "s", "--body", "b", *named)
    number = sent["message"]["artifacts"][0]["artifact_id"]
    (kept,) = (p for p in (inbox.cwd / ".orch" / "artifacts").rglob("*") if p.is_file())
    trap(kept, kind)
    words = ("artifact", "get", number, "--out", "copy")
    inbox.refuse("store_error", "corrupt", *words, deadline=SOON)
    told = inbox.quick("--json", "doctor", "--deep", deadline=SOON)
    assert "not a regular file" in told.out


def test_a_plan_reads_no_specification_from_a_pipe(lead: Lead) -> None:
    trap(lead.top / "spec.md", "fifo")
    (lead.top / "plan.yaml").write_text("tasks:\n- id: x\n  title: t\n  spec_file: spec.md\n")
    answer = lead.orch.quick("--json", "plan", "lint", "plan.yaml", deadline=SOON)
    assert "no regular file" in answer.out


@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_what_a_user_hands_over_as_a_descriptor_is_waited_for(inbox: Cli, shell: str) -> None:
    given = "<(sleep 0.1; echo typed)" if shell == "bash" else "/dev/stdin"
    line = (
        f"inbox --json send --from a --to b --subject s --body-file {given} --get data.message.body"
    )
    feed = None if shell == "bash" else b"typed\n"
    done = subprocess.run(
        [shell, "-c", line], cwd=inbox.cwd, env=inbox.env, input=feed, capture_output=True,
        timeout=SOON, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, b"typed\n\n"), done.stderr


def test_a_descriptor_without_end_is_bounded(inbox: Cli) -> None:
    line = "inbox send --from a --to b --subject s --body-file <(cat /dev/zero)"
    done = subprocess.run(
        ["bash", "-c", line], cwd=inbox.cwd, env=inbox.env, capture_output=True,
        timeout=SOON, check=False,
    )  # fmt: skip
    assert done.returncode == 30, done.stderr
