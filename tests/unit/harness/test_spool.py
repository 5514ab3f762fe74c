"""A spool: read on exactly where the runner before was, whatever its agent does to the file."""

import os
from pathlib import Path

import pytest

from orch.harness import spool
from orch.harness.config import resolve
from orch.harness.log import Log
from orch.harness.redaction import Redactor
from orch.harness.spool import Intake

MARK = "thr-1"


class Desk:
    """One agent's two streams and the runners that come and go."""

    def __init__(self, folder: Path) -> None:
        self.where = str(folder / "spool")
        self.log_path = str(folder / "logs" / "a.log")
        harness, _ = resolve("claude", {})
        assert harness is not None
        self.table = harness.table
        self.out, self.err = spool.create(self.where, MARK)

    def runner(self) -> Intake:
        """Return a runner that takes over."""
        spool.rewind(self.where, MARK, self.log_path)
        self.log = Log(self.log_path, 1 << 30, Redactor({}))
        return Intake(self.where, MARK, self.table, self.log)

    def logged(self) -> str:
        return Path(self.log_path).read_text()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_runner_killed_at_any_moment_leaves_every_line_once(desk: Desk) -> None:
    os.write(desk.out, b"one\ntwo\nhal")
    first = desk.runner()
    first.take()
    assert desk.logged() == "one\ntwo\n"
    os.write(desk.out, b"f\nthree\n")
    desk.log.take(spool.OUT, b"f\nthree\n")  # Killed: it is in the log, and that is not noted.
    assert desk.logged() == "one\ntwo\nhalf\nthree\n"
    second = desk.runner()
    os.write(desk.err, b"err\n")
    os.write(desk.out, b"four")
    second.finish()
    assert desk.logged() == "one\ntwo\nhalf\nthree\nerr\nfour\n"
    desk.log.note("ended")  # Killed again, before its turn was ended in the store.
    third = desk.runner()
    third.finish()
    assert desk.logged() == "one\ntwo\nhalf\nthree\nerr\nfour\n[orch] ended\n"
    assert third.tail == "err\n"
    spool.remove(desk.where, MARK)
    assert os.listdir(desk.where) == []


def test_a_file_that_its_agent_empties_is_read_anew(desk: Desk) -> None:
    """`echo x > /dev/stdout` opens the file again and truncates it."""
    intake = desk.runner()
    os.write(desk.out, b"a long line before\n")
    intake.take()
    os.truncate(os.path.join(desk.where, MARK + ".out"), 0)
    os.write(desk.out, b"short\n")
    intake.finish()
    assert desk.logged() == "a long line before\nshort\n"


def test_the_room_of_what_was_read_is_given_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "_KEPT_WHOLE", 1 << 20)
    monkeypatch.setattr(spool, "_GIVEN_BACK", 1 << 20)
    line = b"x" * 99 + b"\n"
    intake = desk.runner()
    for _ in range(4):
        os.write(desk.out, line * 20_000)
        while intake.take():
            pass
    room = spool.marks(desk.where)[MARK]
    assert room < 3 << 20 or room >= 8_000_000, "where holes are not to be had, it stays"
    os.write(desk.out, b'{"type":"result","is_error":false,"result":"end"}\n')
    later = desk.runner()
    later.finish()
    assert later.reader.final == "ok" and desk.logged().count("\n") == 80_001


def test_who_prints_faster_than_anybody_reads_does_not_fill_the_disk(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "_KEPT_WHOLE", 1 << 20)
    monkeypatch.setattr(spool, "_GIVEN_BACK", 1 << 20)
    monkeypatch.setattr(spool, "_MOST_BEHIND", 4 << 20)
    os.write(desk.out, (b"x" * 99 + b"\n") * 100_000)
    os.write(desk.out, b'{"type":"result","is_error":false,"result":"end"}\n')
    intake = desk.runner()
    intake.finish()
    assert intake.reader.final == "ok"
    assert "bytes are left out here" in desk.logged() and len(desk.logged()) < 4_000_000
