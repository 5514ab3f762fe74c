"""What takes longer than two seconds shows a bar: on a terminal, and nowhere else."""

from pathlib import Path

import pytest

from inbox.cli.call import Call
from orch.cli.progress import Bar
from tests.support import runs
from tests.support.runs import Lead
from tests.support.terminal import Terminal


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    """A leader with a task whose check waits for somebody to open the gate."""
    found = runs.lead(tmp_path, empty_store, monkeypatch)
    gate = runs.gate_file(tmp_path)
    found.config(f'[check.unit]\ncommand = ["sh", "-c", "cat {gate} && echo 1 passed"]\n')
    found.task("a", "--required-check", "unit")
    found.finish("a")
    return found


def test_a_long_check_is_seen_to_go_on_and_the_bar_goes_away(lead: Lead) -> None:
    with Terminal(lead.orch, "verify", "run", "r/a") as screen:
        screen.read(lambda s: "verifying r/a: 0 done, " in s.text, "a bar")
        (lead.home / "go").write_text("")
        assert screen.wait() == 0
    assert screen.raw.rindex(b"\r\x1b[K") < screen.raw.index(b"task r/a is done")
    assert screen.text.split("\n")[-3].startswith("passed   unit"), "and then what to do next"


def test_a_program_that_reads_json_or_a_pipe_sees_no_bar(lead: Lead) -> None:
    with Terminal(lead.orch, "--json", "verify", "run", "r/a") as screen:
        (lead.home / "go").write_text("")
        assert screen.wait() == 0
    assert b"verifying r/a:" not in screen.raw


def test_a_bar_says_how_far_it_is() -> None:
    bar = Bar(Call("orch", "cleanup", False, None), "cleaning up r", 4)
    assert bar.line(2.4) == f"cleaning up r {'░' * 24} 0/4, 2 s"
    for _ in range(3):
        bar.step()
    assert bar.line(70) == f"cleaning up r {'█' * 18}{'░' * 6} 3/4, 70 s"
    bar.step()
    bar.step()
    assert "4/4" in bar.line(71)
