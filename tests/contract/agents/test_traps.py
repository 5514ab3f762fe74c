"""What real clients were seen to do wrong, replayed: none of it passes for work, or hangs."""

import time
from pathlib import Path

import pytest

from tests.support.workers import Shop, alive


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shop = Shop(tmp_path, monkeypatch)
    yield shop
    shop.close()


def test_a_client_that_hangs_after_its_last_word_is_ended_and_done(shop: Shop) -> None:
    shop.harness()
    shop.task(mode="analysis")
    turn = shop.work("ok=all done", "hang")
    assert (turn["outcome"], turn["final_event"]) == ("done", "ok")
    assert turn["exit_status"] is None, "we ended it: its status says nothing"
    assert shop.status() == "done"


def test_one_that_hangs_after_its_report_is_ended_too(shop: Shop) -> None:
    shop.harness()
    shop.task(mode="analysis")
    turn = shop.work("done", "hang")
    assert (turn["outcome"], turn["reported"], turn["final_event"]) == ("done", "done", None)


def test_an_error_after_success_is_success(shop: Shop) -> None:
    shop.harness()
    shop.task(mode="analysis")
    turn = shop.work("ok", "say=Error: could not flush telemetry", "exit=1")
    assert (turn["outcome"], turn["final_event"], turn["exit_status"]) == ("done", "ok", 1)


def test_success_that_says_is_error_is_none(shop: Shop) -> None:
    shop.harness()
    shop.task(mode="analysis")
    turn = shop.work("error=the model gave up")
    assert (turn["outcome"], turn["reason"]) == ("failed", "the model gave up")
    assert (turn["exit_status"], turn["final_event"]) == (0, "failed")


def test_a_permission_prompt_that_ends_well_has_done_nothing(shop: Shop) -> None:
    shop.harness("copilot")
    shop.task()
    turn = shop.work("say=Permission denied: shell tool needs approval", "ok", like="copilot")
    assert (turn["outcome"], turn["final_event"], turn["exit_status"]) == ("no_change", "ok", 0)


def test_ending_without_a_last_word_is_a_crash_even_with_exit_zero(shop: Shop) -> None:
    shop.harness("gemini")
    shop.task()
    turn = shop.work("commit=a.txt", "say=Loop detected", like="gemini")
    assert (turn["outcome"], turn["exit_status"], turn["commits"]) == ("crashed", 0, 1)
    assert turn["reason"] == "it ended without its last event"


def test_an_exit_status_is_explained(shop: Shop) -> None:
    shop.harness("gemini")
    shop.task(mode="analysis")
    turn = shop.work("exit=55", like="gemini")
    assert turn["reason"] == "exit 55: the folder is not trusted"


@pytest.mark.parametrize(
    ("like", "actions"),
    [
        ("claude", ("error=API Error: 429 rate_limit_error", "exit=1")),
        ("codex", ("error=You've hit your usage limit. Try again later.", "exit=1")),
        ("opencode", ("error=Too Many Requests",)),
    ],
)
def test_a_rate_limit_spends_no_attempt_and_the_task_comes_again(shop: Shop, like, actions) -> None:
    shop.harness(like)
    attempt = shop.task(mode="analysis")
    turn = shop.work(*actions, like=like)
    assert turn["outcome"] == "limited"
    thread = shop.thread(attempt)["thread"]
    assert thread["status"] == "pending" and thread["not_before"] and thread["lost_leases"] == 0
    assert shop.status() == "dispatched"
    again = shop.work_soon("done", "ok", like=like)
    assert (again["outcome"], again["attempt_no"], again["turn_no"]) == ("done", 1, 2)
    assert len(shop.show()["attempts"]) == 1


@pytest.mark.parametrize(
    ("timer", "actions", "why"),
    [
        ({"first_output": 0.6}, ("hang",), "no output within 0.6 s"),
        ({"idle": 0.6}, ("say=hello", "hang"), "no output and no report for 0.6 s"),
        ({"total": 0.9}, ("say=hello", "hang"), "it took longer than 0.9 s"),
    ],
)
def test_three_timers(shop: Shop, timer, actions, why) -> None:
    shop.harness(**timer)
    shop.task(mode="analysis")
    turn = shop.work(*actions)
    assert (turn["outcome"], turn["reason"]) == ("timeout", why)
    assert shop.status() == "failed"
    assert shop.show()["attempts"][-1]["end_class"] == "timeout"


def test_one_that_ignores_signals_is_killed_after_the_grace(shop: Shop) -> None:
    shop.harness(idle=0.5)
    shop.task(mode="analysis")
    began = time.monotonic()
    turn = shop.work("deaf", "say=na na na", "hang")
    assert turn["outcome"] == "timeout"
    assert time.monotonic() - began < 15


def test_what_it_leaves_behind_is_ended(shop: Shop) -> None:
    shop.harness()
    attempt = shop.task()
    turn = shop.work("fork", "commit=a.txt", "ok")
    assert (turn["outcome"], turn["strays"]) == ("done", 1)
    assert not alive((shop.worktree(attempt) / "child.pid").read_text())
    assert "ended 1 process that it left behind" in shop.log()


def test_a_flood_is_bounded_with_its_head_and_tail_kept(shop: Shop) -> None:
    shop.harness(log_bytes=1 << 18)
    shop.task(mode="analysis")
    turn = shop.work("say=the beginning", "flood=5", "say=the end", "ok")
    assert turn["outcome"] == "done"
    log = shop.log()
    assert len(log) < (1 << 18) + 4096
    assert "the beginning" in log and "the end" in log and "turn 1 ended" in log
    assert "bytes are left out here" in log
    folder = Path(turn["log_path"]).parent
    assert sorted(p.suffix for p in folder.iterdir()) == [".brief", ".log"]


def test_a_program_that_cannot_be_run_fails_the_task_and_says_so(shop: Shop) -> None:
    shop.task(mode="analysis")
    script = shop.path / "broken.sh"
    script.write_text("#!/nonexistent/interpreter\n")
    script.chmod(0o755)
    argv = ["work", "--agent", "w1", "--harness", "command", "--once", "--", str(script)]
    (turn,) = shop.orch.ok(*argv)["turns"]
    assert (turn["outcome"], turn["exit_status"]) == ("crashed", 127)
    assert shop.status() == "failed" and "cannot run" in shop.log()


def test_three_crashes_in_a_row_send_the_worker_home(shop: Shop) -> None:
    for name in ("a", "b", "c", "d"):
        shop.task(name, mode="analysis")
    answer = shop.orch.ok(*shop.argv("exit=1", harness="command", flags=("--until-idle",)))
    assert answer["outcomes"] == [{"outcome": "crashed", "turns": 3}]
    assert " stops: " in answer["problems"][0]
    assert shop.status("d") == "dispatched"
