"""`orch top`: what needs a person first, each with a command that works; on a terminal, live."""

import os
import shlex
from pathlib import Path

import jsonschema
import pytest

from orch.cli import shapes
from orch.steps.urgency import KINDS
from tests.support import runs
from tests.support.cli import until
from tests.support.runs import Lead, worktree
from tests.support.terminal import Terminal

CHECK = jsonschema.Draft202012Validator(shapes.schemas()["top"])


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


def top(lead: Lead, *flags: str) -> dict:
    data = lead.orch.ok("top", *flags)
    CHECK.validate(data)
    return data


def need(lead: Lead, kind: str) -> dict:
    """Return the one need of a kind."""
    (found,) = [n for n in top(lead)["needs"] if n["kind"] == kind]
    return found


def obey(lead: Lead, command: str, *more: str) -> None:
    """Type the command that the board prints, its words of capitals filled in."""
    for line in command.split(" && "):
        words = [{"TEXT": "text", "AGENT": "w2"}.get(word, word) for word in shlex.split(line)]
        if words[0] == "git":
            lead.repo.git(*words[1:])
        else:
            lead.orch.ok(*words[1:], *more)


def test_an_empty_store_says_how_to_begin(lead: Lead) -> None:
    lead.do("run", "close")
    answer = lead.orch.quick("top")
    assert answer.status == 0
    assert answer.lines[0].startswith("0 runs, nothing needs you")
    assert answer.lines[-1] == "next: orch run init --run ID --goal TEXT"
    assert top(lead)["runs"] == []


def test_a_question_is_shown_with_its_answer_and_goes_when_answered(lead: Lead) -> None:
    lead.task("a")
    sent = lead.dispatch("a")
    lead.claim(sent)
    lead.ask(sent, "tabs\nor spaces? \x1b[31m")
    found = need(lead, "question")
    assert (found["task_id"], found["who"]) == ("a", "w1")
    assert found["text"].startswith("tabs\nor spaces?")
    text = lead.orch.quick("top").out
    assert "tabs or spaces? \\u{1b}[31m" in text and "\x1b" not in text
    assert text.index("NEEDS YOU") < text.index("AT WORK")
    assert lead.orch.quick("top").steps == [found["command"]]
    obey(lead, found["command"])
    data = top(lead)
    assert data["needs"] == [] and data["at_work"][0]["answered"]
    assert "answered, not continued yet" in lead.orch.quick("top").out


def test_a_failed_task_is_retried_by_the_command_that_is_shown(lead: Lead) -> None:
    lead.task("a")
    sent = lead.dispatch("a")
    lead.claim(sent)
    lead.fail(sent, why="no compiler")
    found = need(lead, "failed")
    assert "no compiler" in found["text"]
    obey(lead, found["command"])
    assert [n["kind"] for n in top(lead)["needs"]] == []
    assert len(lead.attempts("a")) == 2


def test_a_check_that_is_to_run_one_that_cannot_and_work_that_is_not_committed(lead: Lead) -> None:
    lead.task("a", "--required-check", "unit")
    sent = lead.dispatch("a")
    lead.claim(sent)
    lead.commit(sent)
    (worktree(sent) / "left").write_text("x")
    lead.done(sent)
    obey(lead, need(lead, "uncommitted")["command"])
    command = shlex.split(need(lead, "unverified")["command"])
    lead.orch.refuse("refused", "check_error", *command[1:])  # There is no such check yet.
    found = need(lead, "check_error")
    assert "unit" in found["text"]
    lead.config('[check.unit]\ncommand = ["true"]\n')
    obey(lead, found["command"])
    assert lead.status_of("a") == "done"


def test_a_silent_worker_is_named_and_replaced(lead: Lead) -> None:
    lead.task("a")
    runs.lapse(lead, lead.dispatch("a"))
    found = need(lead, "stale")
    assert "--to AGENT" in found["command"], "never to the one of whom nothing is heard"
    obey(lead, found["command"])
    assert [n["kind"] for n in top(lead)["needs"]] == []


def test_a_late_report_can_be_adopted_from_the_board(lead: Lead) -> None:
    lead.task("a")
    sent = lead.dispatch("a", mode="analysis")
    lead.claim(sent)
    lead.ask(sent)
    lead.do("reassign", "--task", "a", "--to", "w2")
    lead.inbox.run("done", "--agent", "w1", "--thread", runs.thread(sent), "--summary", "late")
    obey(lead, need(lead, "late_report")["command"])
    assert lead.status_of("a") == "done"


def test_paths_that_it_does_not_own_and_files_left_by_done_work(lead: Lead) -> None:
    lead.task("a", "--allowed-path", "src/**")
    sent = lead.dispatch("a")
    lead.claim(sent)
    lead.commit(sent, "README", "changed\n")
    (worktree(sent) / "left").write_text("x")
    lead.done(sent)
    kinds = [n["kind"] for n in top(lead)["needs"]]
    assert {"paths", "uncommitted"} <= set(kinds)
    assert "README" in need(lead, "paths")["text"]
    obey(lead, need(lead, "paths")["command"])
    obey(lead, need(lead, "uncommitted")["command"])
    assert "uncommitted" not in [n["kind"] for n in top(lead)["needs"]]


@pytest.mark.parametrize("status", ["done", "verifying"])
def test_commits_beside_the_branch_are_brought_there_by_the_command(
    lead: Lead, status: str
) -> None:
    lead.task("a", *(("--required-check", "unit") if status == "verifying" else ()))
    sent = lead.dispatch("a")
    lead.claim(sent)
    lead.commit(sent)
    lead.repo.git("checkout", "-q", "-b", "mine", "main", cwd=worktree(sent))
    head = lead.commit(sent, "more.txt")
    lead.done(sent)
    found = need(lead, "uncommitted")
    assert "HEAD is on branch mine" in found["text"] and "uncommitted" not in found["text"]
    obey(lead, found["command"])
    assert "uncommitted" not in [n["kind"] for n in top(lead)["needs"]]
    lead.repo.git("merge-base", "--is-ancestor", head, "orch/r/a/attempt-1")


def test_a_repository_that_was_tampered_with_stands_above_all_but_questions(lead: Lead) -> None:
    lead.run("--repo-path", str(lead.top), run="p")
    lead.task("a", run="p")
    lead.dispatch("a", run="p")
    lead.repo.git("config", "core.fsmonitor", "/bin/evil")
    found = need(lead, "tampered")
    assert "fsmonitor" in found["text"]
    obey(lead, found["command"])
    assert "tampered" not in [n["kind"] for n in top(lead)["needs"]]


def test_what_is_stuck_behind_cancelled_work_and_what_is_finished(lead: Lead) -> None:
    lead.task("a")
    lead.task("b", "--depends-on", "a")
    lead.do("cancel", "--task", "a")
    found = need(lead, "stranded")
    obey(lead, found["command"])
    lead.do("cancel", "--task", "b")
    obey(lead, need(lead, "finished")["command"])  # There is no worktree to clean up.
    assert lead.do("run", "show")["run"]["closed_at"]
    lead.run(run="s")
    lead.task("a", run="s")
    sent = lead.dispatch("a", run="s")
    lead.claim(sent)
    lead.done(sent)
    obey(lead, need(lead, "finished")["command"])
    assert lead.trees() == [] and lead.do("run", "show", run="s")["run"]["closed_at"]


def test_needs_come_in_the_order_of_their_urgency(lead: Lead) -> None:
    assert KINDS.index("question") < KINDS.index("failed") < KINDS.index("finished")
    lead.task("f")
    sent = lead.dispatch("f")
    lead.claim(sent)
    lead.fail(sent)
    lead.task("q")
    sent = lead.dispatch("q")
    lead.claim(sent)
    lead.ask(sent)
    lead.run(run="s")
    lead.task("z", run="s")
    data = top(lead)
    assert [n["kind"] for n in data["needs"]] == ["question", "failed"]
    assert {r["run_id"] for r in data["runs"]} == {"r", "s"}
    assert [r["run_id"] for r in top(lead, "--run", "s")["runs"]] == ["s"]
    command = data["ready"][0]["command"]
    obey(lead, command)
    assert lead.status_of("z", run="s") == "dispatched"


def test_a_limit_bounds_every_list_and_says_so(lead: Lead) -> None:
    for n in range(4):
        lead.task(f"t{n}")
    data = top(lead, "--limit", "2")
    assert len(data["ready"]) == 2 and data["more"]["ready"] == 2
    lead.do("cancel", "--task", "t3")
    out = lead.orch.quick("top", "--limit", "1").out
    assert "READY (3)  1 of 3: --limit N shows more" in out and "DONE (1)" in out


def test_an_answer_keeps_to_an_agents_budget_and_its_last_line_is_what_to_do(lead: Lead) -> None:
    lead.run("--ownership", "warn", run="s")
    for n in range(12):
        lead.task(f"t{n}", "--title", "x" * 80)
        sent = lead.dispatch(f"t{n}", mode="analysis")
        lead.claim(sent)
        lead.ask(sent, f"{n} " + "why? " * 100)
    answer = lead.orch.quick("top", "--limit", "50")
    assert len(answer.out.encode() + answer.err.encode()) < 4096 and "more lines" in answer.out
    assert answer.steps[0].startswith("orch answer r/t0")


def test_it_refuses_what_is_not_there(lead: Lead) -> None:
    lead.orch.refuse("not_found", "run", "top", "--run", "nope")
    lead.orch.refuse("invalid_input", "value", "top", "--limit", "-1")


def test_without_a_terminal_it_prints_once_and_ends(lead: Lead) -> None:
    lead.task("a")
    assert "\x1b" not in lead.orch.quick("top").out
    with Terminal(lead.orch, "top", "--once") as screen:
        assert screen.wait() == 0
    assert b"\x1b[?1049h" not in screen.raw
    with Terminal(lead.orch, "top", TERM="dumb") as screen:
        assert screen.wait() == 0
    assert b"\x1b" not in screen.raw


def test_a_waiting_board_sleeps(lead: Lead) -> None:
    """It looks at a still store a few times a second at most: no hard polling."""
    lead.task("a")
    with Terminal(lead.orch, "top") as screen:
        screen.read(lambda s: "q quit" in s.text, "first frame")
        before = _cpu(screen.process.pid)
        end = until(lambda: _age(screen.process.pid) > 3, "three seconds of its life")
        assert end
        assert _cpu(screen.process.pid) - before < 40  # Hundredths of a second.


def _cpu(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _age(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    up = float(Path("/proc/uptime").read_text().split()[0])
    return up - int(fields[19]) / os.sysconf("SC_CLK_TCK")


def test_status_watch_is_drawn_on_a_terminal_too(lead: Lead) -> None:
    lead.task("a")
    with Terminal(lead.orch, "status", "--run", "r", "--watch") as screen:
        screen.read(lambda s: "run r status ready" in s.text, "first frame")
        lead.dispatch("a", mode="analysis")
        screen.read(lambda s: "run r status running" in s.text, "second frame")
        screen.process.send_signal(15)
        assert screen.wait() == 143
    assert b"\x1b[?1049l" in screen.raw
