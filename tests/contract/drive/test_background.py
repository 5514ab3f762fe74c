"""A driver in the background outlives whoever started it, and says at once why it does not run."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from orch.drive import background
from schema.failures import Failure
from tests.support.cli import until
from tests.support.workers import Shop, alive

ROOT = Path(__file__).parents[3]
# `orch work` stands in for the driver: it goes on until it is stopped.
CALLER = """
import os, sys, time
from orch.drive import background
from schema import open as stores
db = stores.open_store(sys.argv[1])
words = ["work", "--agent", "w1", "--harness", "command", "--", "true"]
started = background.start(db, "r", words, sys.argv[2], lambda pid: True)
print(started.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shop = Shop(tmp_path, monkeypatch)
    yield shop
    shop.close()


def test_it_outlives_the_process_group_that_started_it(shop: Shop) -> None:
    read, write = os.pipe()
    env = shop.orch.env | {"ORCH_TURN": "mark", "INBOX_LEASE": "e1-x", "KEPT": "1"}
    words = [sys.executable, "-c", CALLER, shop.inbox.where, str(shop.path)]
    with subprocess.Popen(
        words, cwd=ROOT, env=env, stdout=subprocess.PIPE, pass_fds=(write,), start_new_session=True
    ) as caller:
        assert caller.stdout is not None
        pid = int(caller.stdout.readline())
        try:
            os.killpg(caller.pid, signal.SIGKILL)
            caller.wait()
            held = {os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()}
            assert os.readlink(f"/proc/self/fd/{write}") not in held
            assert os.getsid(pid) == pid and os.readlink(f"/proc/{pid}/cwd") == str(shop.path)
            names = Path(f"/proc/{pid}/environ").read_bytes()
            assert b"ORCH_TURN=" not in names and b"INBOX_LEASE=" not in names
            assert b"KEPT=1" in names and alive(pid)
        finally:
            os.kill(pid, signal.SIGTERM)
    until(lambda: not alive(pid), "it to end")
    os.close(read)
    os.close(write)
    log = shop.store.parent / "logs" / "drive-r.log"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_what_it_is_refused_with_is_the_callers_refusal(shop: Shop, monkeypatch) -> None:
    monkeypatch.setenv("PATH", shop.orch.env["PATH"])
    db = shop.inbox.open()
    words = ["work", "--agent", "w1", "--harness", "command", "--", "/no/such/program"]
    for _ in range(2):
        with pytest.raises(Failure, match="/no/such/program") as refused:
            background.start(db, "r", words, str(shop.path), lambda _: False)
        assert (refused.value.code, refused.value.reason) == ("invalid_input", "value")
    over = background.start(db, "r", ["status", "--run", "r"], str(shop.path), lambda _: False)
    assert over.status == 0 and "error" in Path(over.log).read_text()
    db.close()
