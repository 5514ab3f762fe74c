"""Workers from outside: stopped, interrupted, killed with their runner, questioned, continued."""

import os
import signal
import time
from pathlib import Path

import jsonschema
import pytest

from orch.cli import shapes
from tests.support.cli import Running, until
from tests.support.engines import shell
from tests.support.workers import Shop, alive, marked


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shop = Shop(tmp_path, monkeypatch)
    yield shop
    shop.close()


SCHEMAS = shapes.schemas()


def fits(words: str, data: dict) -> dict:
    """Return an answer's data once it has the shape that orch publishes for it."""
    jsonschema.Draft202012Validator(SCHEMAS[words]).validate(data)
    return data


def begun(shop: Shop, name: str = "started") -> Path:
    """Return the file by which an agent shows that it works."""
    return shop.path / ".orch" / name


def at_work(shop: Shop, running: Running, sign: Path) -> int:
    """Wait until the agent works; return its pid as the attempt has it."""
    until(lambda: sign.exists() or running.process.poll() is not None, "the agent to begin")
    assert running.process.poll() is None, running.wait()
    return int(until(lambda: shop.show()["attempts"][-1]["pid"], "its pid"))


def test_stop_ends_the_agent_and_keeps_its_files(shop: Shop) -> None:
    shop.harness()
    attempt = shop.task()
    sign = begun(shop)
    error = shop.orch.refuse("invalid_state", "transition", "stop", "r/t")
    assert "no program of orch work" in error["message"]
    with shop.start("write=draft.txt", f"touch={sign}", "deaf", "hang") as running:
        pid = at_work(shop, running, sign)
        shown = shop.show()["attempts"][0]
        assert (shown["liveness"], shown["pid_boot"] is not None) == ("live", True)
        words = ("stop", "r/t", "--reason", "wrong way", "--key", "k")
        answer = fits("stop", shop.orch.ok(*words))
        assert answer["turn"]["outcome"] == "interrupted"
        assert answer["turn"]["reason"] == "stopped: wrong way"
        assert answer["task"]["status"] == "failed"
        assert not alive(pid)
        worked = fits("work", running.wait().data)
        assert [t["outcome"] for t in worked["turns"]] == ["interrupted"]
    again = fits("stop", shop.orch.ok(*words))
    assert (again["replayed"], again["turn"]) == (True, answer["turn"])
    shop.orch.refuse("key_conflict", "other_arguments", "stop", "r/t", "--key", "k")
    fits("logs", shop.orch.ok("logs", "r/t"))
    fits("usage", shop.orch.ok("usage", "--run", "r"))
    fits("work", shop.orch.ok(*shop.argv("ok", flags=("--check",))))
    assert answer["turn"]["salvage_ref"] == "refs/orch/salvage/r/t/1"
    result = shop.thread(attempt)["messages"][-1]
    assert result["kind"] == "result" and "wrong way" in result["summary"]
    assert shop.show()["attempts"][-1]["end_class"] == "stopped"


def test_a_cancelled_task_ends_its_agent(shop: Shop) -> None:
    shop.harness()
    shop.task(mode="analysis")
    sign = begun(shop)
    with shop.start(f"touch={sign}", "hang") as running:
        pid = at_work(shop, running, sign)
        shop.orch.ok("cancel", "r/t", "--reason", "not needed")
        (turn,) = running.wait().data["turns"]
    assert (turn["outcome"], turn["reason"]) == ("interrupted", "the thread was cancelled")
    assert not alive(pid) and shop.status() == "cancelled"


def test_ctrl_c_once_finishes_what_runs_twice_ends_it(shop: Shop) -> None:
    shop.harness()
    shop.task("a", mode="analysis")
    attempt = shop.task("b", mode="analysis")
    sign, gate = begun(shop), begun(shop, "gate")
    flags = ("--until-idle",)
    with shop.start(f"touch={sign}", f"until={gate}", "ok=fine", flags=flags) as running:
        until(sign.exists, "the agent to begin")
        running.signal(signal.SIGINT)
        assert running.process.poll() is None
        gate.touch()
        answer = running.wait()
    assert answer.status == 128 + signal.SIGINT
    assert [t["outcome"] for t in answer.json["data"]["turns"]] == ["done"]
    assert (shop.status("a"), shop.status("b")) == ("done", "dispatched")
    sign.unlink()
    with shop.start(f"touch={sign}", "hang", flags=("--until-idle",)) as running:
        until(sign.exists, "the agent to begin")
        interrupt_until_it_ends(running)  # Two that come together are one.
        answer = running.wait()
    (turn,) = answer.json["data"]["turns"]
    assert (answer.status, turn["outcome"]) == (130, "interrupted")
    assert shop.thread(attempt)["thread"]["status"] == "pending"
    assert shop.status("b") == "dispatched", "given back, not spent"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_stopped_runner_ends_a_deaf_agent_soon(shop: Shop, number: int) -> None:
    shop.harness()
    settings = shop.path / "orch.toml"
    settings.write_text(settings.read_text().replace("\ngrace = 0.5", "\ngrace = 60"))
    shop.repo.git("commit", "-qam", "a patient harness")
    shop.task(mode="analysis")
    sign = begun(shop)
    with shop.start("deaf", f"touch={sign}", "hang") as running:
        pid = at_work(shop, running, sign)
        since = time.monotonic()
        running.signal(number)
        answer = running.wait()
    assert (
        time.monotonic() - since < 30
    )  # Two seconds, and what a busy machine adds; its grace is 60.
    assert answer.status == 128 + number and not alive(pid)
    assert shop.status() == "dispatched", "given back, not spent"


def interrupt_until_it_ends(running: Running) -> None:
    def _again() -> bool:
        if running.process.poll() is None:
            running.signal(signal.SIGINT)
        return running.process.poll() is not None

    until(_again, "a second Ctrl-C to end it")


def test_a_waiting_runner_goes_home_at_once(shop: Shop) -> None:
    with shop.orch.start("--json", *shop.argv("done", harness="command", flags=())) as running:
        running.asleep(shop.store)
        running.signal(signal.SIGTERM)
        answer = running.wait()
    assert answer.status == 128 + signal.SIGTERM and answer.json["data"]["turns"] == []


def kill_runner(shop: Shop, *actions: str) -> int:
    """Start a worker, kill its runner with -9, return the worker's pid."""
    sign = begun(shop)
    sign.unlink(missing_ok=True)
    with shop.start(f"touch={sign}", *actions) as running:
        pid = at_work(shop, running, sign)
        os.kill(running.pid, signal.SIGKILL)
        running.process.wait()
    return pid


def test_a_worker_outlives_its_runner_and_the_next_one_stays_with_it(shop: Shop) -> None:
    """I12, I17."""
    shop.harness()
    shop.task()
    gate = begun(shop, "gate")
    pid = kill_runner(shop, f"until={gate}", "commit=a.txt", "done", "hang")
    assert alive(pid)
    checks = {c["name"]: c for c in shop.orch.ok("doctor")["checks"]}
    assert checks["workers"]["status"] == "warning" and str(pid) in checks["workers"]["detail"]
    with shop.start("ok", flags=("--until-idle",)) as running:
        gate.touch()
        (turn,) = running.wait().data["turns"]
    assert (turn["outcome"], turn["reported"], turn["turn_no"]) == ("done", "done", 1)
    assert not alive(pid) and shop.status() == "done"
    checks = {c["name"]: c for c in shop.orch.ok("doctor")["checks"]}
    assert checks["workers"]["status"] == "ok"


def test_two_runners_of_one_name_are_refused(shop: Shop) -> None:
    """I17."""
    shop.harness()
    shop.task(mode="analysis")
    sign, gate = begun(shop), begun(shop, "gate")
    with shop.start(f"touch={sign}", f"until={gate}", "ok=x") as running:
        at_work(shop, running, sign)
        error = shop.orch.refuse("invalid_state", "duplicate", *shop.argv("ok"))
        assert str(running.pid) in error["message"]
        gate.touch()
        assert running.wait().status == 0


def test_a_worker_that_died_with_its_runner_is_reported_and_taken_up_again(shop: Shop) -> None:
    shop.harness()
    shop.task()
    pid = kill_runner(shop, "hang")
    os.killpg(pid, signal.SIGKILL)
    until(lambda: not alive(pid), "the worker to die")
    woke = shop.orch.ok("wait", "--run", "r", "--for", "task_stale", "--timeout-seconds", "5")
    assert woke["task"]["task_id"] == "t"
    assert shop.show()["attempts"][0]["liveness"] == "gone"
    argv = shop.argv("brief", "commit=a.txt", "ok", flags=("--until-idle",))
    first, second = shop.orch.ok(*argv)["turns"]
    assert (first["outcome"], second["outcome"]) == ("interrupted", "done")
    assert (second["attempt_no"], second["turn_no"]) == (1, 2)
    assert "worked on this before" in shop.log() and shop.status() == "done"


def test_a_worker_lost_ten_times_in_a_row_is_lost(shop: Shop) -> None:
    """Its number says nothing of that: no attempt worked. The tenth ends it."""
    shop.harness()
    shop.task()
    columns = (
        "thread_no, turn_no, run_id, epoch, agent, harness, mark, told_through, log_path, "
        "runner_pid, runner_started, runner_boot, outcome, started_at, ended_at"
    )
    for number in range(1, 10):
        shell(
            shop.orch,
            f"INSERT INTO turn ({columns}) SELECT thread_no, {number}, 'r', 1, 'w1', 'fake', "
            f"'mark-{number}', 0, '', 1, 1, '', 'interrupted', 1, 1 FROM attempt",
        )
    pid = kill_runner(shop, "hang")
    os.killpg(pid, signal.SIGKILL)
    until(lambda: not alive(pid), "the worker to die")
    (turn,) = shop.orch.ok(*shop.argv("ok", flags=("--until-idle",)))["turns"]
    assert (turn["turn_no"], turn["outcome"], shop.status()) == (10, "interrupted", "failed")
    assert shop.show()["attempts"][-1]["end_class"] == "lost"


def test_a_done_in_a_later_epoch_is_not_this_turns(shop: Shop) -> None:
    """Its runner died, its lease ran out, a person of its name claimed the thread and ended it."""
    shop.harness()
    attempt = shop.task()
    pid = kill_runner(shop, "hang")
    os.killpg(pid, signal.SIGKILL)
    until(lambda: not alive(pid), "the agent to end")
    me = ("--agent", "w1", "--thread", attempt["thread_id"])
    shop.inbox.ok("release", *me)
    shop.inbox.ok("claim", *me)
    shop.inbox.ok("done", *me, "--summary", "by hand")
    (turn,) = shop.orch.ok(*shop.argv("ok", flags=("--until-idle",)))["turns"]
    assert (turn["outcome"], turn["reported"]) == ("interrupted", None)
    assert shop.status() == "done", "the report by hand stands"


def test_an_agent_whose_thread_ended_under_another_claim_is_ended_as_lost(shop: Shop) -> None:
    shop.harness(idle=20)
    attempt = shop.task()
    sign, me = begun(shop), ("--agent", "w1", "--thread", attempt["thread_id"])
    with shop.start(f"touch={sign}", "hang") as running:
        at_work(shop, running, sign)
        running.signal(signal.SIGSTOP)  # It sees none of the three steps, only their end.
        shop.inbox.ok("release", *me)
        shop.inbox.ok("claim", *me)
        shop.inbox.ok("done", *me, "--summary", "by hand")
        running.signal(signal.SIGCONT)
        (turn,) = running.wait().data["turns"]
    assert (turn["outcome"], turn["reported"]) == ("interrupted", None)
    assert turn["reason"] == "it was claimed again, and is over"


def test_a_stray_of_a_dead_runner_and_a_dead_agent_is_seen_and_ended(shop: Shop) -> None:
    """I12: in a session of its own it works on; only its mark tells."""
    shop.harness()
    attempt = shop.task()
    sign, gate = begun(shop), begun(shop, "gate")
    with shop.start(f"touch={sign}", f"until={gate}", "fork", "commit=a.txt", "ok") as running:
        pid = at_work(shop, running, sign)
        running.signal(signal.SIGKILL)
        running.process.wait()
    gate.touch()
    until(lambda: not alive(pid), "the agent to end")
    stray = int((shop.worktree(attempt) / "child.pid").read_text())
    assert alive(stray) and marked(shop.orch.where) == [stray]
    assert shop.show()["attempts"][0]["liveness"] == "live", "somebody of it is still there"
    checks = {c["name"]: c for c in shop.orch.ok("doctor")["checks"]}
    assert f"still runs as pid {stray}" in checks["workers"]["detail"]
    (turn,) = shop.orch.ok(*shop.argv("hang", flags=("--until-idle",)))["turns"]
    assert (turn["outcome"], turn["strays"]) == ("done", 1)
    assert not alive(stray)


def test_a_gone_worker_can_be_reassigned_at_once(shop: Shop) -> None:
    shop.harness()
    shop.task(mode="analysis")
    os.killpg(kill_runner(shop, "hang"), signal.SIGKILL)
    until(lambda: shop.show()["attempts"][0]["liveness"] == "gone", "it to be seen")
    again = shop.orch.ok("reassign", "r/t", "--to", "w2", "--reason", "gone")
    assert again["attempt"]["attempt_no"] == 2
    assert shop.work("ok=fine", agent="w2")["outcome"] == "done"
    (left,) = shop.orch.ok(*shop.argv("ok", flags=("--until-idle",)))["turns"]
    assert (left["outcome"], left["reason"]) == ("interrupted", "the thread was cancelled")


def test_stop_ends_a_worker_whose_runner_is_gone(shop: Shop) -> None:
    shop.harness()
    shop.task(mode="analysis")
    pid = kill_runner(shop, "deaf", "fork", "hang")
    assert alive(pid) and len(marked(shop.orch.where)) == 2
    answer = shop.orch.ok("stop", "r/t")
    assert (answer["turn"]["outcome"], answer["task"]["status"]) == ("interrupted", "failed")
    assert not marked(shop.orch.where)


@pytest.mark.parametrize("point", ["work.claimed", "work.turn_begun", "work.judged"])
def test_killed_at_any_step_the_next_runner_finishes_it(shop: Shop, point: str) -> None:
    shop.harness()
    attempt = shop.task()
    env = {"ORCH_CRASH_AT": point}
    lease = ("--once", "--lease-seconds", "0.7")
    answer = shop.orch.quick("--json", *shop.argv("commit=a.txt", "ok", flags=lease), env=env)
    assert answer.status == -signal.SIGKILL
    done = shop.work_soon("commit=b.txt", "ok", flags=("--until-idle",))
    assert done["outcome"] == "done" and shop.status() == "done"
    assert shop.thread(attempt)["thread"]["status"] == "done"
    assert len(shop.show()["attempts"]) == 1


def test_a_question_that_outlives_its_turn_is_answered_in_the_same_session(shop: Shop) -> None:
    shop.harness()
    attempt = shop.task()
    with shop.start("session=abc", "ask=Tabs or spaces?", "ok=I asked") as running:
        woke = shop.orch.ok("wait", "--run", "r", "--for", "task_blocked", "--timeout-seconds", "9")
        assert woke["task"]["task_id"] == "t"
        until(lambda: not marked(shop.orch.where), "its turn to end")
        shop.orch.ok("answer", "r/t", "--body", "Spaces, four.")
        first, second = running.wait().data["turns"]
    assert (first["outcome"], second["outcome"]) == ("waiting", "done")
    assert second["session"] == "sess-claude"
    log = shop.log()
    assert "RESUMED-sess-claude" in log and "Spaces, four." in log
    assert "do t" not in log.split("turn 2 of")[1], "a session that goes on is not told all again"
    assert shop.repo.git("show", f"{attempt['branch_name']}:resumed.txt") == "resumed.txt"


def test_a_question_is_waited_for_by_the_next_runner_too(shop: Shop) -> None:
    shop.harness()
    attempt = shop.task()
    with shop.start("ask=Which one?", "ok=asked", flags=()) as running:
        until(lambda: shop.status() == "blocked", "the question")
        until(lambda: not marked(shop.orch.where), "its turn to end")
        running.asleep(shop.store)
        running.signal(signal.SIGINT)
        assert running.wait().json["data"]["turns"][0]["outcome"] == "waiting"
    assert shop.status() == "blocked", "the question stands"
    shop.orch.ok("answer", "r/t", "--body", "The blue one.")
    (turn,) = shop.orch.ok(*shop.argv("ok", flags=("--until-idle",)))["turns"]
    assert turn["outcome"] == "done" and "The blue one." in shop.log()
    assert shop.thread(attempt)["thread"]["status"] == "done"


def test_an_agent_that_waits_for_an_answer_is_not_idle(shop: Shop) -> None:
    shop.harness(idle=0.6)
    shop.task(mode="analysis")
    gate = begun(shop, "gate")
    with shop.start("ask=May I?", f"until={gate}", "ok=fine") as running:
        until(lambda: shop.status() == "blocked", "the question")
        with pytest.raises(AssertionError):
            until(lambda: running.process.poll() is not None, "no end while it waits", 1.2)
        gate.touch()
        shop.orch.ok("answer", "r/t", "--body", "Yes.")
        assert running.wait().data["turns"][0]["outcome"] == "waiting"


def test_continue_goes_on_in_an_open_attempt_and_on_top_of_a_failed_one(shop: Shop) -> None:
    shop.harness()
    first = shop.task()
    shop.work("session=s1", "commit=half.txt", "error=rate_limit_error", "exit=1")
    said = ("continue", "r/t", "--body", "Try the other road.", "--key", "k1")
    answer = fits("continue", shop.orch.ok(*said))
    assert answer["attempt"]["attempt_no"] == 1 and "previous_attempt" not in answer
    again = fits("continue", shop.orch.ok(*said))
    assert again["replayed"] and again["message"] == answer["message"]
    turn = shop.work_soon("ok")
    assert "Try the other road." in shop.log() and turn["turn_no"] == 2
    shop.orch.refuse("invalid_state", "transition", "continue", "r/t", "--body", "more")
    shop.orch.ok("task", "add", "--run", "r", "--task", "new")
    never = ("continue", "r/new", "--body", "more")
    hint = shop.orch.refuse("invalid_state", "transition", *never)["hint"]
    assert hint.endswith("orch dispatch r/new --execution-mode code --to AGENT")

    shop.task("u")
    shop.work("commit=half.txt", "error=too hard")
    assert shop.status("u") == "failed"
    more = fits("continue", shop.orch.ok("continue", "r/u", "--body", "Now the other half."))
    assert (more["attempt"]["attempt_no"], more["previous_attempt"]["attempt_no"]) == (2, 1)
    new = shop.worktree(more["attempt"])
    assert (new / "half.txt").exists(), "it stands on what was committed"
    assert shop.work("brief", "commit=rest.txt", "ok")["outcome"] == "done"
    assert "Now the other half." in shop.log("u", 2) and "too hard" in shop.log("u", 2)
    assert first["attempt_no"] == 1
