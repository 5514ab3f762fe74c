"""What an agent prints outlives its runner: nothing is lost, twice, or left behind; no secret."""

import os
import re
import signal
import stat
import time
from datetime import datetime
from pathlib import Path

import pytest

from tests.support.cli import until
from tests.support.workers import Shop, alive


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shop = Shop(tmp_path, monkeypatch)
    yield shop
    shop.close()


def spools(shop: Shop) -> list[Path]:
    """Return the spool files that are there."""
    return sorted((shop.store.parent / "spool").glob("*"))


def printed(shop: Shop) -> int:
    """Return how much of the agent's output is in the log."""
    path = shop.store.parent / "logs" / "r" / "t" / "attempt-1.log"
    parts = [path, *path.parent.glob("attempt-1.log.*")]
    return sum(part.stat().st_size for part in parts if part.exists())


def check(shop: Shop, name: str) -> dict:
    return {c["name"]: c for c in shop.orch.ok("doctor")["checks"]}[name]


def test_an_agent_that_prints_lives_on_and_every_line_is_logged_once(shop: Shop) -> None:
    """Runners are killed while it prints; each goes on exactly where the one before was."""
    shop.harness(log_bytes=1 << 30)
    shop.task()
    gate = shop.path / ".orch" / "gate"
    program = (f"chatter={gate}", "commit=a.txt", "usage=all done")
    for _ in range(4):
        before = printed(shop)
        with shop.start(*program) as running:
            until(lambda: printed(shop) > before + 50_000, "lines in the log")  # noqa: B023
            running.signal(signal.SIGKILL)
            running.process.wait()
    pid = shop.show()["attempts"][0]["pid"]
    assert alive(pid), "its runners died, it did not"
    assert check(shop, "workers")["status"] == "warning"
    with shop.start(*program, flags=("--until-idle",)) as running:
        before = printed(shop)
        until(lambda: printed(shop) > before + 50_000, "the next runner to read on")
        gate.touch()
        (turn,) = running.wait().data["turns"]
    assert (turn["outcome"], turn["final_event"], turn["turn_no"]) == ("done", "ok", 1)
    assert (turn["input_tokens"], turn["cost_usd"], turn["session"]) == (120, 0.25, "sess-claude")
    log = shop.log()
    numbers = [int(n) for n in re.findall(r"^LINE ([0-9]+) \.{200}$", log, re.MULTILINE)]
    assert numbers == list(range(int(re.findall(r"^LINES ([0-9]+)$", log, re.MULTILINE)[0])))
    assert spools(shop) == [] and not alive(pid)


@pytest.mark.parametrize(
    ("last", "outcome"), [("ok=fine", "done"), ("error=it broke", "failed"), ("say=x", "done")]
)
def test_its_last_event_counts_after_its_runner_died(shop: Shop, last: str, outcome: str) -> None:
    shop.harness(like="codex")
    shop.task()
    gate, sign = shop.path / ".orch" / "gate", shop.path / ".orch" / "sign"
    program = (f"touch={sign}", f"until={gate}", "commit=a.txt", last)
    with shop.start(*program, like="codex") as running:
        pid = until(lambda: sign.exists() and shop.show()["attempts"][0]["pid"], "it to begin")
        running.signal(signal.SIGKILL)
        running.process.wait()
    gate.touch()
    until(lambda: not alive(pid), "it to end by itself")
    gone = time.time()
    time.sleep(0.05)  # Nobody looks meanwhile.
    (turn,) = shop.orch.ok(*shop.argv("hang", flags=("--until-idle",), like="codex"))["turns"]
    assert (turn["outcome"], turn["exit_status"]) == (outcome, None)
    assert datetime.fromisoformat(turn["ended_at"]).timestamp() < gone, "its own time, not ours"
    assert spools(shop) == []


def test_a_spool_is_private_and_what_a_successor_reads_is_cleaned(shop: Shop) -> None:
    """I10."""
    shop.harness(more='env = { FAKE_TOKEN = "correct-horse-battery" }')
    shop.task(mode="analysis")
    gate, sign = shop.path / ".orch" / "gate", shop.path / ".orch" / "sign"
    program = (f"touch={sign}", f"until={gate}", "echo=FAKE_TOKEN", "echo=INBOX_LEASE", "ok=x")
    old = os.umask(0)
    try:
        with shop.start(*program) as running:
            pid = until(lambda: sign.exists() and shop.show()["attempts"][0]["pid"], "it to begin")
            modes = {stat.S_IMODE(path.stat().st_mode) for path in spools(shop)}
            assert modes == {0o600} and len(spools(shop)) == 3
            assert stat.S_IMODE(spools(shop)[0].parent.stat().st_mode) == 0o700
            running.signal(signal.SIGKILL)
            running.process.wait()
    finally:
        os.umask(old)
    gate.touch()
    until(lambda: not alive(pid), "it to end by itself")
    assert b"correct-horse-battery" in b"".join(path.read_bytes() for path in spools(shop))
    assert shop.work("hang")["outcome"] == "done"
    assert "correct-horse-battery" not in shop.log() and "\n***\n***\n" in shop.log()
    assert not re.search(r"^e[0-9]+-", shop.log(), re.MULTILINE) and spools(shop) == []


def test_a_spool_that_is_left_is_named_and_goes_with_the_next_runner(shop: Shop) -> None:
    """I12."""
    shop.harness()
    shop.task()
    env = {"ORCH_CRASH_AT": "work.concluded"}
    shop.orch.run("--json", *shop.argv("commit=a.txt", "ok"), env=env)
    assert shop.status() == "done" and len(spools(shop)) == 3
    strange = spools(shop)[0].parent / "thr_1-0123456789ab.out"
    strange.write_bytes(b"x")
    told = check(shop, "spools")
    assert told["status"] == "warning" and "its turn is over" in told["detail"]
    assert f"{strange.name[:-4]}.* (" in told["detail"] and "not in this store" in told["detail"]
    shop.orch.refuse("no_matching_work", "empty", *shop.argv("ok", agent="somebody"))
    assert spools(shop) == [strange]
    strange.unlink()
    assert check(shop, "spools")["status"] == "ok"


@pytest.mark.parametrize("kind", ["link", "fifo", "folder", "filled"])
@pytest.mark.parametrize("during", ["turn", "recovery"])
def test_what_lies_in_a_spools_place_stops_no_runner(shop: Shop, during: str, kind: str) -> None:
    shop.harness()
    shop.task()
    gate, sign = shop.path / ".orch" / "gate", shop.path / ".orch" / "sign"
    secret = shop.path / ".orch" / "secret"
    secret.write_text("secret")
    with shop.start(f"touch={sign}", f"until={gate}", "commit=a.txt", "ok=x") as running:
        pid = until(lambda: sign.exists() and shop.show()["attempts"][0]["pid"], "it to begin")
        if during == "recovery":
            running.signal(signal.SIGKILL)
            running.process.wait()
        for path in spools(shop):
            path.unlink()
            if kind == "link":
                path.symlink_to(secret)
            elif kind == "fifo":
                os.mkfifo(path)
            else:
                path.mkdir()
            if kind == "filled":
                (path / "theirs").touch()
        gate.touch()
        if during == "turn":
            assert running.wait().data["turns"][0]["outcome"] == "done"
        else:
            until(lambda: not alive(pid), "it to end by itself")
            shop.orch.ok(*shop.argv("hang", flags=("--until-idle",)), deadline=60)
    assert shop.status() == "done" and secret.read_text() == "secret"
    assert len(spools(shop)) == (3 if kind == "filled" else 0), "what others put there stays"
    assert check(shop, "spools")["status"] == ("warning" if kind == "filled" else "ok")


def test_stop_after_its_runner_died_keeps_what_it_printed(shop: Shop) -> None:
    shop.harness()
    shop.task()
    gate, sign = shop.path / ".orch" / "gate", shop.path / ".orch" / "sign"
    program = (f"touch={sign}", f"until={gate}", "say=after its runner", "usage=x", "hang")
    with shop.start(*program) as running:
        until(lambda: sign.exists() and shop.show()["attempts"][0]["pid"], "it to begin")
        running.signal(signal.SIGKILL)
        running.process.wait()
    gate.touch()
    until(lambda: b"is_error" in b"".join(p.read_bytes() for p in spools(shop)), "its words")
    turn = shop.orch.ok("stop", "r/t", "--reason", "enough")["turn"]
    assert (turn["outcome"], turn["reason"]) == ("interrupted", "enough")
    assert turn["input_tokens"] == 120
    assert "after its runner" in shop.log() and spools(shop) == []
