"""Two users of one server and a run whose repository has no remote: it belongs to its machine."""

from pathlib import Path

import pytest

from tests.support import servers
from tests.support.cli import Cli
from tests.support.engines import served
from tests.support.repos import Repo

pytestmark = pytest.mark.skipif(servers.programs() is None, reason=servers.NEEDED)
LOOK = ("--agent", "w1", "--harness", "command", "--once", "--")


def _user(folder: Path, url: str, program: str) -> Cli:
    folder.mkdir(exist_ok=True)
    return Cli(folder, program=program, home=folder, env={"ORCH_DB": url}).warm


@pytest.fixture
def url(tmp_path: Path) -> str:
    (tmp_path / "made" / ".orch").mkdir(parents=True, mode=0o700)
    return served(Cli(tmp_path / "made", home=tmp_path).warm, tmp_path).url


def _asked(lead: Cli, cwd: Path) -> None:
    lead.ok("run", "init", "--run", "r", "--goal", "g", cwd=cwd)
    lead.ok("task", "add", "--run", "r", "--task", "a", "--default-to", "w1", cwd=cwd)
    lead.ok("dispatch", "r/a", "--execution-mode", "analysis", cwd=cwd)


def test_its_code_is_nowhere_else(tmp_path: Path, url: str) -> None:
    lead, worker = (_user(tmp_path / name, url, "orch") for name in ("lead", "worker"))
    repo = Repo(tmp_path / "lead" / "shop")
    repo.commit("a.txt", "one\n")
    _asked(lead, repo.path)
    worked = worker.quick("--json", "work", *LOOK, "true").data
    assert [turn["outcome"] for turn in worked["turns"]] == ["interrupted"]
    assert "names no remote" in worked["turns"][0]["reason"]
    inbox = _user(tmp_path / "lead", url, "inbox")
    assert [t["status"] for t in inbox.ok("list")["threads"]] == ["pending"], "it is given back"
    assert lead.ok("reconcile", "--run", "r", cwd=repo.path)["problems"] == []
    assert "r/a" in lead.quick("top", "--once", cwd=repo.path).out


def test_a_task_without_code_is_done_anywhere_and_its_log_read_here(
    tmp_path: Path, url: str
) -> None:
    lead, worker = (_user(tmp_path / name, url, "orch") for name in ("lead", "worker"))
    _asked(lead, tmp_path / "lead")
    says = "echo looking around; inbox done --summary seen"
    with worker.start("--json", "work", *LOOK, "sh", "-c", says) as running:
        assert running.wait().data["turns"][0]["outcome"] == "done"
    (tmp_path / "worker" / ".local").chmod(0)  # As another user's home is.
    try:
        assert lead.quick("top", "--once").status == 0
        assert "looking around" in lead.ok("logs", "r/a")["text"]
        assert lead.ok("status", "--run", "r")["tasks"][0]["status"] == "done"
    finally:
        (tmp_path / "worker" / ".local").chmod(0o700)
