"""cleanup --older-than: what closed runs left goes when it is old; nothing else does."""

import os
import re
from pathlib import Path

import pytest

from tests.support.workers import Shop

OLD = ("cleanup", "--older-than", "0s")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shop = Shop(tmp_path, monkeypatch)
    yield shop
    shop.close()


def closed(shop: Shop) -> Path:
    """Close the run after one analysis task with a place, a log and a spool of a killed runner."""
    shop.harness()
    shop.task(mode="analysis")
    env = {"ORCH_CRASH_AT": "work.concluded"}
    shop.orch.run("--json", *shop.argv("write=notes.txt", "ok=fine"), env=env)
    assert shop.status() == "done"
    folder = shop.store.parent
    (folder / "logs" / "drive-r.log").write_text("x\n")
    (folder / "logs" / "drive-r.worker-1.log").write_text("x\n")
    (folder / "logs" / "drive-r.2.log").write_text("another run's\n")
    (folder / "logs" / "r" / "link").symlink_to(shop.path / "orch.toml")
    shop.orch.ok("run", "close", "--run", "r")
    return folder


def test_what_an_old_closed_run_left_is_named_then_removed(shop: Shop) -> None:
    folder = closed(shop)
    assert shop.orch.ok("cleanup", "--older-than", "30d")["leftovers"] == []
    named = shop.orch.ok(*OLD, "--dry-run")
    found = [(one["what"], os.path.relpath(one["path"], folder)) for one in named["leftovers"]]
    assert [what for what, _ in found] == ["log", "log", "log", "spool", "place"]
    assert [path for what, path in found if what == "log"] == [
        "logs/r", "logs/drive-r.log", "logs/drive-r.worker-1.log",
    ]  # fmt: skip
    assert named["bytes"] == sum(one["bytes"] for one in named["leftovers"]) > 0
    assert all(Path(one["path"]).exists() for one in named["leftovers"] if one["what"] != "spool")
    told = shop.orch.quick(*OLD, "--dry-run").lines
    assert re.match(r"would remove [0-9.]+ kB that closed runs left", told[0]), told
    done = shop.orch.ok(*OLD)
    assert done["leftovers"] == named["leftovers"] and not done["dry_run"]
    assert not any(Path(one["path"]).exists() for one in done["leftovers"])
    assert list((folder / "spool").iterdir()) == [] and (shop.path / "orch.toml").exists()
    assert (folder / "logs" / "drive-r.2.log").exists(), "another run's"
    assert shop.orch.ok(*OLD)["leftovers"] == []
    report = shop.orch.ok("task", "show", "r/t")
    assert report["task"]["status"] == "done", "rows stay"
    assert [c["name"] for c in shop.orch.ok("doctor")["checks"] if c["status"] == "problem"] == []


def test_an_open_run_keeps_everything_and_doctor_tells_sizes(shop: Shop) -> None:
    shop.harness()
    shop.task()
    shop.work("commit=a.txt", "ok")
    assert shop.orch.ok(*OLD)["leftovers"] == []
    assert (shop.store.parent / "logs" / "r" / "t" / "attempt-1.log").exists()
    (room,) = [c for c in shop.orch.ok("doctor")["checks"] if c["name"] == "room"]
    assert room["status"] == "ok" and re.search(r"logs [0-9]+ kB", room["detail"])
    shop.orch.refuse("invalid_input", "flag", *OLD, "--run", "r", "--all-completed")
    shop.orch.refuse("not_found", "run", *OLD, "--run", "nope")
    shop.orch.at(INBOX_LEASE="e1-x").refuse("refused", "approval_required", *OLD)
