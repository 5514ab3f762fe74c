"""Scratch directories: gone with their block; those of the killed go with the next one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from orch.git import scratch

STAYS = """
import sys
from orch.git import scratch
with scratch.folder() as path:
    open(path + "/f", "w").close()
    print(path, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def start(place: Path) -> tuple["subprocess.Popen[str]", Path]:
    """Start a process that holds a directory; return both."""
    process = subprocess.Popen(
        [sys.executable, "-c", STAYS],
        env={**os.environ, "TMPDIR": str(place)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_it_is_private_and_goes_with_its_block(place: Path) -> None:
    with scratch.folder() as path:
        assert os.listdir(path) == []
        assert os.stat(path).st_mode & 0o777 == 0o700
        (Path(path) / "f").write_text("x")
    assert os.listdir(place) == []


def test_the_next_one_removes_what_the_killed_left_and_nothing_else(place: Path) -> None:
    mine = place / "orch-scratch-is-a-file"
    mine.write_text("x")
    (place / "orch-scratch-link").symlink_to(place / "elsewhere")
    (place / "elsewhere").mkdir()
    killed, left = start(place)
    alive, used = start(place)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    with scratch.folder():
        assert not left.exists()
        assert (used / "f").exists()
        assert mine.exists()
        assert (place / "elsewhere").exists()
    alive.communicate("")
    assert not used.exists()
