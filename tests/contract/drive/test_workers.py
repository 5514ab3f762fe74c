"""A driver's workers: processes of their own on a pipe; no kill of anybody charges an attempt."""

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from inbox.operations import leases
from orch.store import slots
from tests.support import supervised
from tests.support.cli import Running, until
from tests.support.workers import AGENT, Shop, alive

ROOT = Path(__file__).parents[3]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shop = Shop(tmp_path, monkeypatch)
    yield shop
    shop.close()


def program(shop: Shop) -> list[str]:
    """Return an agent that asks in task `ask`, waits for a gate in `slow`, else commits."""
    held = shop.path / ".orch"
    words = shlex.join([sys.executable, str(AGENT)])
    script = f"""case "$ORCH_BRIEF" in
        */ask/attempt-1.turn-1.*) set -- ask=which ;;
        */left/attempt-1.turn-1.*) set -- ask=which touch={held}/sign until={held}/gate ;;
        */slow/*) set -- touch={held}/sign until={held}/gate commit=slow.txt done ;;
        *) set -- commit=a.txt done ;;
    esac
    exec {words} "$@" """
    return ["sh", "-c", script]


def drive(shop: Shop, count: int = 1) -> Running:
    words = [sys.executable, "-m", "tests.support.supervised", shop.inbox.where, str(count)]
    process = subprocess.Popen(
        words + program(shop), cwd=ROOT, env=shop.orch.env, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    running = Running(words, process)
    assert running.line() == "up"
    return running


def task(shop: Shop, name: str) -> dict:
    return shop.task(name, to="@auto")


def begun(shop: Shop, name: str = "slow") -> int:
    """Wait until the agent of a task is at work; return its pid."""
    until((shop.path / ".orch" / "sign").exists, "the agent to begin")
    return int(until(lambda: shop.show(name)["attempts"][-1]["pid"], "its pid"))


def turns(shop: Shop) -> list[tuple[str, str, str]]:
    """Return (task, agent, outcome) of all turns, the oldest first."""
    found = shop.orch.ok("usage", "--run", "r")["turns"]
    return [(t["task_id"], t["agent"], t["outcome"]) for t in reversed(found)]


def test_a_question_frees_its_slot_and_its_answer_comes_first(shop: Shop) -> None:
    task(shop, "ask")
    with drive(shop) as running:
        until(lambda: shop.status("ask") == "blocked", "the question")
        task(shop, "other")
        until(lambda: shop.status("other") == "done", "other work by the same worker")
        assert shop.show("ask")["attempts"][0]["assigned_to"] == "auto-1", "it is parked"
        shop.orch.ok("answer", "r/ask", "--body", "this one")
        until(lambda: shop.status("ask") == "done", "the answered one")
        running.signal(signal.SIGINT)
        assert running.wait().status == 0
    assert turns(shop) == [
        ("ask", "auto-1", "waiting"), ("other", "auto-2", "done"), ("ask", "auto-1", "done"),
    ]  # fmt: skip


def test_a_killed_driver_leaves_nobody_at_work_and_charges_nothing(shop: Shop) -> None:
    task(shop, "slow")
    with drive(shop) as running:
        pid = begun(shop)
        running.signal(signal.SIGKILL)
        running.process.wait()
        until(lambda: not alive(pid), "its agent to be ended", 10)
        until(lambda: shop.status("slow") == "dispatched", "the thread to be given back", 10)
    assert turns(shop) == [("slow", "auto-1", "interrupted")]
    (shop.path / ".orch" / "gate").touch()
    with drive(shop) as running:
        until(lambda: shop.status("slow") == "done", "the next driver's worker")
        running.signal(signal.SIGINT)
        assert running.wait().status == 0
    assert [a["attempt_no"] for a in shop.show("slow")["attempts"]] == [1]


def test_a_killed_workers_agent_goes_on_and_the_next_one_stays_with_it(shop: Shop) -> None:
    task(shop, "slow")
    with drive(shop) as running:
        pid = begun(shop)
        (worker,) = _workers(running.pid)
        subprocess.run(["kill", "-9", str(worker)], check=True)
        assert running.line() == "ended 1" and alive(pid)
        told = Path(shop.store.parent / "logs" / "drive-r.worker-1.log").read_text()
        assert told == "", "it was killed in its first turn"
        (shop.path / ".orch" / "gate").touch()
        until(lambda: turns(shop)[0][2], "the next worker to see it end")
        running.signal(signal.SIGINT)
        assert running.wait().status == 0
    assert turns(shop) == [("slow", "auto-1", "done")]


def test_a_question_that_outlived_its_worker_is_no_sign_that_anybody_is_gone(shop: Shop) -> None:
    task(shop, "left")
    with drive(shop) as running:
        pid = begun(shop, "left")
        (worker,) = _workers(running.pid)
        running.signal(signal.SIGSTOP)
        os.kill(worker, signal.SIGKILL)
        os.killpg(pid, signal.SIGKILL)

        def _is_gone() -> bool:
            shop.orch.ok("reconcile", "--run", "r")
            return shop.show("left")["attempts"][0]["liveness"] == "gone"

        until(_is_gone, "somebody to miss it")
        running.signal(signal.SIGCONT)
        until(lambda: turns(shop)[0][2] == "waiting", "the next worker to judge it")
        assert shop.show("left")["attempts"][0]["liveness"] == "live"
        running.signal(signal.SIGINT)
        assert running.wait().status == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_ends_the_turn_or_lets_it_end(shop: Shop, number: int) -> None:
    task(shop, "slow")
    with drive(shop, 2) as running:
        pid = begun(shop)
        running.signal(number)
        if number == signal.SIGINT:
            assert alive(pid)
            (shop.path / ".orch" / "gate").touch()
        answer = running.wait()
        assert (answer.status, answer.out.split()[-1]) == (0, "over")
    assert not alive(pid)
    outcome = "done" if number == signal.SIGINT else "interrupted"
    assert turns(shop) == [("slow", "auto-1", outcome)]
    assert shop.status("slow") == ("done" if outcome == "done" else "dispatched")


def test_it_knows_who_is_free_and_keeps_the_leases_of_parked_threads(
    shop: Shop, monkeypatch
) -> None:
    monkeypatch.setenv("PATH", shop.orch.env["PATH"])
    monkeypatch.chdir(shop.path)
    db = shop.inbox.open()
    crew = supervised.supervisor(db, tuple(program(shop)), lease_seconds=30)

    def _free() -> int:
        with db.read() as tx:
            return crew.free(tx)

    def _is_parked() -> bool:
        with db.read() as tx:
            return bool(slots.parked(tx, "auto"))

    def _ends_at() -> int:
        with db.read() as tx:
            (thread,) = slots.parked(tx, "auto")
            return leases.require_thread(tx, thread.thread_id).lease.wall_deadline

    task(shop, "ask")
    for number in (1, 2):
        crew.start(number)
    until(lambda: shop.status("ask") == "blocked", "the question")
    until(lambda: _free() == 2, "a question to free its slot")
    until(_is_parked, "the turn to be judged")
    before = _ends_at()
    until(lambda: crew.poll() == [] and _ends_at() > before, "the lease to be renewed")
    task(shop, "slow")
    begun(shop)
    assert _free() == 1
    with db.read() as tx:
        rows = slots.of_run(tx, "r")
    assert [(row.slot_no, row.pid) for row in rows] == [
        (slot.slot_no, slot.process.pid) for slot in crew.slots
    ]
    for _ in range(3):
        crew.reduce(1)  # Said in every look: the second worker is asked once.
    (shop.path / ".orch" / "gate").touch()
    until(lambda: crew.poll() or not crew.slots[1].is_up, "the second one to go")
    until(lambda: shop.status("slow") == "done", "the turn to end by itself")
    assert crew.slots[0].is_up and crew.close(20) == [] and crew.is_over
    assert "interrupted" not in {outcome for _, _, outcome in turns(shop)}
    db.close()


def test_without_a_driver_a_free_worker_keeps_the_leases_of_parked_threads(shop: Shop) -> None:
    task(shop, "ask")
    words = ("work", "--agent", "auto", "--pool", "auto", "--slots", "--lease-seconds", "1.5")
    flags = ("--harness", "command", "--", *program(shop))
    db = shop.inbox.open()
    with shop.orch.start(*words, *flags) as running:
        until(lambda: shop.status("ask") == "blocked", "the question")

        def _ends_at() -> int:
            with db.read() as tx:
                (thread,) = slots.parked(tx, "auto")
                return leases.require_thread(tx, thread.thread_id).lease.wall_deadline

        until(lambda: shop.status("ask") and turns(shop)[-1][2] == "waiting", "it to be parked")
        before = _ends_at()
        until(lambda: _ends_at() > before, "the lease to be renewed")
        running.signal(signal.SIGINT)
        assert running.wait().status == 130
    db.close()


def test_a_worker_that_cannot_start_says_why(shop: Shop, monkeypatch) -> None:
    monkeypatch.setenv("PATH", shop.orch.env["PATH"])
    db = shop.inbox.open()
    crew = supervised.supervisor(db, ("/no/such/program",))
    crew.start(1)
    assert until(crew.poll, "it to end") == [1]
    (slot,) = crew.slots
    assert "/no/such/program" in slot.text and (slot.quick_ends, slot.is_up) == (1, False)
    crew.start(1)
    slot.process.signal(signal.SIGKILL)
    assert until(crew.poll, "it to end") == [1]
    assert slot.text == "it ended with exit 137", "what it said before is an earlier one's"
    crew.stop(supervised.FINISH)
    crew.start(1)
    assert crew.is_over, "nothing is begun after a stop"
    db.close()


def _workers(driver: int) -> list[int]:
    """Return the pids of a driver's workers."""
    found = Path(f"/proc/{driver}/task/{driver}/children").read_text().split()
    return [int(pid) for pid in found]
