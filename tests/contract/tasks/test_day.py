"""A leader whose tool calls are cut off leads a whole run: a driver, then `orch wait` again."""

import json
import os
import shlex
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.support import drives
from tests.support.cli import SCRIPTS, until
from tests.support.drives import Drive

_CALL_SECONDS = 1.5  # Of one tool call; then its process group is killed, whatever it does.
_MOST_CALLS = 60
ASKS = """\
if [ ! -e "$DOES/asked" ]; then
  touch "$DOES/asked"
  inbox update --status blocked --body 'Which colour?'
  inbox wait-reply --timeout-seconds 60
  inbox update --status in_progress --summary 'goes on'
fi
"""
CRASHES = '[ -e "$DOES/crashed" ] || { touch "$DOES/crashed"; kill -9 $$; }'


def tool_call(drive: Drive, *argv: str) -> dict | None:
    """Run a command as an agent's client does; None where its time was over."""
    child = subprocess.Popen(
        [str(SCRIPTS / "orch"), "--json", *argv], cwd=drive.top, env=drive.orch.env,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        out, _ = child.communicate(timeout=_CALL_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        return None
    found: dict = json.loads(out)
    return found


@pytest.fixture
def drive(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Drive:
    return drives.make(tmp_path, empty_store, monkeypatch)


def test_a_leader_leads_by_waits_that_are_cut_off(drive: Drive) -> None:
    """Nothing is missed, nothing is told twice but as `again`, and the run lands."""
    drive.task("a")
    drive.task("b", does=ASKS)
    drive.task("c", "--depends-on", "a", does=CRASHES)
    drive.orch.ok(*drive.words("--background", "--until", "done"), deadline=60)
    told: list[tuple[str, str, int]] = []
    calls = 0
    end = time.monotonic() + 100
    while time.monotonic() < end and calls < _MOST_CALLS:
        calls += 1
        answer = tool_call(drive, "wait", "--run", "r")
        if answer is None or not answer["ok"]:
            continue
        for one in answer["data"]["news"]:
            key = (one["kind"], one["task_id"] or "", one["event_id"])
            assert one["again"] or key not in told, f"{key} is told twice"
            told.append(key)
            if one["kind"] == "question":
                (line,) = [shlex.split(one["command"])]
                words = ["blue" if word == "TEXT" else word for word in line[1:]]
                assert drive.orch.run(*words).status == 0
        if any(kind == "run_done" for kind, _, _ in told) and drive.files() == {
            "a.txt",
            "b.txt",
            "c.txt",
        }:
            break
    until(lambda: drive.lead.events("drive_ended"), "the driver to end")
    drive.settled("a", "b", "c")
    assert [task for kind, task, _ in dict.fromkeys(told) if kind == "question"] == ["b"]
    landed = {task for kind, task, _ in told if kind == "landed"}
    assert landed <= {"a", "b", "c"}
