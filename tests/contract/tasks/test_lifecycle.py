"""reconcile, blocked, answer, retry, reassign, adopt, cancel: threads lead, tasks follow."""

from pathlib import Path

import pytest

from orch.operations import runs as orch_runs
from orch.store import due
from tests.support import runs
from tests.support.cli import until
from tests.support.runs import Lead, thread, worktree


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


def updated(lead: Lead) -> dict[str, str]:
    return {t["task_id"]: t["status"] for t in lead.do("reconcile")["updated_tasks"]}


def test_a_task_follows_its_thread_through_every_state(lead: Lead) -> None:
    lead.task("a")
    sent = lead.dispatch("a", mode="analysis")
    assert updated(lead) == {}, "pending is dispatched: nothing changed"
    lead.claim(sent)
    assert updated(lead) == {"a": "running"}
    lead.go_on(sent)
    assert updated(lead) == {}, "claimed and in_progress are both running"
    lead.ask(sent)
    assert updated(lead) == {"a": "blocked"}
    lead.go_on(sent)
    assert updated(lead) == {"a": "running"}
    lead.inbox.ok("release", "--agent", "w1", "--thread", thread(sent))
    assert updated(lead) == {"a": "dispatched"}
    lead.claim(sent)
    lead.done(sent)
    assert updated(lead) == {"a": "done"}
    assert updated(lead) == {}, "a second reconcile finds nothing"
    told = [e["event_type"] for e in lead.events() if e["task_id"] and "task" in e["event_type"]]
    assert told == [
        "task_added", "task_dispatched", "task_running", "task_blocked", "task_running",
        "task_dispatched", "task_running", "task_done",
    ]  # fmt: skip
    assert lead.attempts("a")[0]["status"] == "done"
    assert lead.doctor() == []


def test_a_reconcile_that_comes_late_passes_through_every_state(lead: Lead) -> None:
    lead.task("a")
    sent = lead.dispatch("a", mode="analysis")
    lead.claim(sent)
    lead.ask(sent)
    lead.go_on(sent)
    lead.done(sent)
    report = lead.do("reconcile")
    assert [t["status"] for t in report["updated_tasks"]] == ["done"], "each task once"
    assert report["updated_tasks"][0]["latest_attempt"]["attempt_no"] == 1
    kinds = [e["event_type"] for e in lead.events("task_running", "task_blocked", "task_done")]
    assert kinds == ["task_running", "task_blocked", "task_running", "task_done"]


@pytest.mark.parametrize(("how", "status"), [("fail", "failed"), ("cancel", "cancelled")])
def test_the_end_of_a_thread_is_the_end_of_its_task(lead: Lead, how: str, status: str) -> None:
    lead.task("a")
    sent = lead.dispatch("a", mode="analysis")
    if how == "fail":
        lead.claim(sent)
        lead.fail(sent, why="no disk")
    else:
        words = ("cancel", "--agent", "w1", "--thread", thread(sent), "--reason", "no disk")
        lead.inbox.ok(*words)
    assert updated(lead) == {"a": status}
    task = lead.do("task", "show", "--task", "a")["task"]
    assert (task["status"], task["reason"]) == (status, "no disk")


def test_only_what_happened_to_the_runs_own_threads_counts(lead: Lead) -> None:
    lead.task("a")
    lead.dispatch("a", mode="analysis")
    words = ("send", "--from", "leader", "--to", "w1", "--subject", "s", "--run", "r")
    loose = lead.inbox.ok(*words, "--task", "a")
    lead.inbox.ok("claim", "--agent", "w1", "--thread", loose["thread"]["thread_id"])
    assert updated(lead) == {}
    assert lead.status_of("a") == "dispatched"


def test_blocked_shows_the_latest_question_and_whether_it_is_answered(lead: Lead) -> None:
    lead.task("a")
    lead.task("b")
    assert lead.do("blocked")["tasks"] == []
    assert lead.orch.say("blocked", "--run", "r").startswith("nothing of run r is blocked")
    sent = lead.dispatch("a", mode="analysis")
    lead.claim(sent)
    lead.ask(sent, "first?")
    lead.ask(sent, "second?")
    found, = lead.do("blocked")["tasks"]  # fmt: skip
    assert found["task"]["task_id"] == "a"
    assert found["attempt"]["thread_id"] == thread(sent)
    assert (found["question"]["body"], found["answered"]) == ("second?", False)
    lead.do("answer", "--task", "a", "--body", "blue")
    found, = lead.do("blocked")["tasks"]  # fmt: skip
    assert (found["question"]["body"], found["answered"]) == ("second?", True)
    status = lead.do("status")["tasks"][0]
    assert status["blocked_question"]["body"] == "second?"
    assert status["latest_message"]["body"] == "blue"
    lead.ask(sent, "third?")
    found, = lead.do("blocked")["tasks"]  # fmt: skip
    assert (found["question"]["body"], found["answered"]) == ("third?", False)
    lead.go_on(sent)
    assert lead.do("blocked")["tasks"] == []
    assert lead.do("status")["tasks"][0]["blocked_question"] is None


def test_an_answer_goes_into_the_active_attempts_thread(lead: Lead) -> None:
    lead.task("a")
    words = ("answer", "--task", "a", "--body", "b")
    lead.refuse("invalid_state", "transition", *words)
    sent = lead.dispatch("a", mode="analysis")
    lead.claim(sent)
    lead.ask(sent)
    lead.refuse("invalid_input", "flag", "answer", "--task", "a")
    plain = lead.orch.say("answer", "--run", "r", "--task", "a", "--body", "blue")
    assert plain.splitlines()[0] == f"answered task a on thread {thread(sent)}"
    said = lead.do("answer", "--task", "a", "--payload-json", '{"n":1}')
    assert said["thread"]["thread_id"] == thread(sent)
    message = said["message"]
    assert (message["kind"], message["from_agent"], message["to_agent"]) == (
        "answer", "leader", "w1",
    )  # fmt: skip
    assert message["payload_json"] == {"n": 1}
    told = lead.events("task_answered")
    assert [e["payload"]["attempt_no"] for e in told] == [1, 1]
    got = lead.inbox.ok(
        "wait-reply", "--thread", thread(sent), "--agent", "w1", "--timeout-seconds", "5"
    )
    assert got["message"]["body"] == "blue"
    assert lead.status_of("a") == "blocked", "only the worker's own update unblocks"
    lead.go_on(sent)
    lead.done(sent)
    lead.refuse("invalid_state", "transition", *words)


def test_retry_makes_a_new_attempt_that_knows_the_old_failure(lead: Lead) -> None:
    lead.task("a")
    old = lead.dispatch("a", "--workspace-root", "trees", "--to", "w3")
    lead.claim(old, "w3")
    lead.commit(old)
    lead.inbox.ok(
        "fail", "--agent", "w3", "--thread", thread(old), "--summary", "E42", "--body", "no disk"
    )
    new = lead.do("retry", "--task", "a", "--body", "There is room now.")
    assert new["previous_attempt"]["attempt_no"] == 1
    assert new["previous_attempt"]["status"] == "failed"
    attempt = new["attempt"]
    assert (attempt["attempt_no"], attempt["status"]) == (2, "dispatched")
    assert attempt["execution_mode"] == "code"
    assert attempt["repo_path"] == old["attempt"]["repo_path"]
    assert worktree(new) == lead.top / "trees" / "r" / "a" / "attempt-2"
    assert attempt["branch_name"] == "orch/r/a/attempt-2"
    assert attempt["base_commit"] == lead.repo.git("rev-parse", "HEAD")
    assert thread(new) != thread(old)
    body = new["message"]["body"]
    for words in ("Attempt 1 failed", "orch/r/a/attempt-1", "no disk", "There is room now."):
        assert words in body, words
    assert worktree(old).is_dir(), "the old worktree stays until it is cleaned up"


def test_retry_resolves_an_inherited_base_anew(lead: Lead) -> None:
    lead.task("a")
    lead.repo.git("branch", "start")
    old = lead.dispatch("a", "--base-ref", "start")
    lead.claim(old)
    lead.fail(old)
    lead.repo.git("branch", "-f", "start", lead.repo.commit("n.txt"))
    new = lead.do("retry", "--task", "a")["attempt"]
    assert (new["base_ref"], new["base_source"]) == ("start", "explicit")
    assert new["base_commit"] == lead.repo.git("rev-parse", "start")


def test_retry_takes_another_worker_and_another_base(lead: Lead) -> None:
    lead.task("a")
    old = lead.dispatch("a")
    lead.claim(old)
    lead.fail(old)
    first = old["attempt"]["base_commit"]
    lead.repo.commit("n.txt")
    new = lead.do("retry", "--task", "a", "--to", "w2", "--base-ref", first)["attempt"]
    assert (new["assigned_to"], new["base_commit"]) == ("w2", first)


def test_retry_wants_a_failed_task_or_a_stale_one_with_force(lead: Lead) -> None:
    lead.task("a")
    lead.refuse("invalid_state", "transition", "retry", "--task", "a")
    sent = lead.dispatch("a", mode="analysis")
    lead.refuse("invalid_state", "transition", "retry", "--task", "a", "--force")
    runs.lapse(lead, sent)
    error = lead.refuse("invalid_state", "transition", "retry", "--task", "a")
    assert "add --force" in error["message"]
    new = lead.do("retry", "--task", "a", "--force")
    assert new["attempt"]["attempt_no"] == 2
    assert [a["status"] for a in lead.attempts("a")] == ["cancelled", "dispatched"]
    assert lead.doctor() == []


def test_reassign_cancels_the_old_thread_and_starts_anew(lead: Lead) -> None:
    lead.task("a")
    lead.refuse("invalid_state", "transition", "reassign", "--task", "a", "--to", "w2")
    old = lead.dispatch("a")
    lead.claim(old)
    error = lead.refuse("invalid_state", "transition", "reassign", "--task", "a", "--to", "w2")
    assert "running" in error["message"]
    lead.ask(old)
    new = lead.do("reassign", "--task", "a", "--to", "w2", "--reason", "w1 is gone")
    assert (new["attempt"]["assigned_to"], new["attempt"]["attempt_no"]) == ("w2", 2)
    assert new["previous_attempt"]["status"] == "cancelled"
    shown = lead.inbox.ok("show", "--thread", thread(old))
    assert shown["thread"]["status"] == "cancelled"
    assert shown["messages"][-1]["body"] == "w1 is gone"
    assert lead.status_of("a") == "dispatched"
    assert worktree(new) != worktree(old)
    lead.claim(new, "w2")
    lead.fail(new, "w2")
    third = lead.do("reassign", "--task", "a", "--to", "w3")
    assert third["attempt"]["attempt_no"] == 3
    assert lead.doctor() == []


def test_staleness_is_seen_and_revokes_nothing(lead: Lead) -> None:
    lead.task("a")
    sent = lead.dispatch("a", mode="analysis")
    runs.lapse(lead, sent)
    assert lead.status_of("a") == "running"
    told, = lead.events("task_stale")  # fmt: skip
    assert told["payload"] == {"attempt_no": 1}
    assert "stale" in lead.orch.say("status", "--run", "r")
    late = lead.done(sent)
    assert late["late"] is True
    assert updated(lead) == {"a": "done"}
    assert lead.attempts("a")[0]["liveness"] == "unknown"


def test_a_live_worker_is_shown_as_live_and_comes_back_to_life(lead: Lead) -> None:
    lead.task("a")
    sent = lead.dispatch("a", mode="analysis")
    assert lead.attempts("a")[0]["liveness"] == "unknown"
    runs.lapse(lead, sent)
    words = ("renew", "--agent", "w1", "--thread", thread(sent), "--lease-seconds", "60")
    lead.inbox.ok(*words)
    lead.do("reconcile")
    assert lead.attempts("a")[0]["liveness"] == "live"
    assert len(lead.events("task_stale")) == 1


def test_a_late_report_is_refused_kept_and_can_be_adopted(lead: Lead) -> None:
    lead.task("a")
    lead.refuse("not_found", "attempt", "adopt", "--task", "a")
    old = lead.dispatch("a")
    lead.claim(old)
    head = lead.commit(old)
    lead.ask(old)
    new = lead.do("reassign", "--task", "a", "--to", "w2")
    lead.claim(new, "w2")
    words = ("done", "--agent", "w1", "--thread", thread(old), "--summary", "late", "--body", "42")
    lead.inbox.refuse("invalid_state", "superseded", *words)
    assert updated(lead) == {"a": "running"}
    told, = lead.events("task_late_report")  # fmt: skip
    assert told["payload"]["attempt_no"] == 1
    assert lead.attempts("a")[0]["late_report"] == told["payload"]["message_id"]
    lead.refuse("not_found", "attempt", "adopt", "--task", "a", "--attempt", "2")
    lead.refuse("not_found", "attempt", "adopt", "--task", "a", "--attempt", "7")
    taken = lead.do("adopt", "--task", "a")
    assert taken["task"]["status"] == "done"
    assert (taken["attempt"]["attempt_no"], taken["task"]["latest_attempt_no"]) == (1, 1)
    assert [a["status"] for a in lead.attempts("a")] == ["done", "cancelled"]
    shown = lead.inbox.ok("show", "--thread", thread(new))
    assert shown["thread"]["status"] == "cancelled"
    lead.do("reconcile")
    assert lead.attempts("a")[0]["head_commit"] == head
    lead.refuse("invalid_state", "terminal", "adopt", "--task", "a")
    assert lead.doctor() == []


def test_a_late_report_can_be_adopted_into_verification(lead: Lead) -> None:
    lead.task("a", "--required-check", "unit", "--lock", "db")
    old = lead.dispatch("a", mode="analysis")
    lead.claim(old)
    lead.do("cancel", "--task", "a", "--reason", "too slow")
    lead.inbox.refuse(
        "invalid_state", "superseded", "done", "--agent", "w1", "--thread", thread(old),
        "--summary", "late",
    )  # fmt: skip
    lead.task("b", "--lock", "db")
    lead.dispatch("b", mode="analysis")
    error = lead.refuse("invalid_state", "not_ready", "adopt", "--task", "a")
    assert "lock db is held by r/b" in error["message"]
    lead.do("cancel", "--task", "b")
    assert lead.do("adopt", "--task", "a", "--attempt", "1")["task"]["status"] == "verifying"
    words = ("verify", "record", "--task", "a", "--check", "unit", "--status", "passed")
    assert lead.do(*words)["task"]["status"] == "done"
    assert lead.doctor() == []


def test_cancel_takes_one_task_and_its_thread(lead: Lead) -> None:
    for name in ("a", "b"):
        lead.task(name)
    lead.task("after", "--depends-on", "a")
    sent = {name: lead.dispatch(name, mode="analysis") for name in ("a", "b")}
    gone = lead.do("cancel", "--task", "a", "--reason", "out of scope")
    assert [t["task_id"] for t in gone["cancelled"]] == ["a"]
    assert gone["cancelled"][0]["reason"] == "out of scope"
    shown = lead.inbox.ok("show", "--thread", thread(sent["a"]))["thread"]
    assert (shown["status"], shown["reason"]) == ("cancelled", "out of scope")
    assert lead.status_of("b") == "dispatched", "siblings are untouched"
    assert lead.status_of("after") == "planned", "a cancelled prerequisite is not met"
    lead.refuse("invalid_state", "terminal", "cancel", "--task", "a")
    lead.refuse("not_found", "task", "cancel", "--task", "nothing")


def test_cancel_takes_a_whole_run(lead: Lead) -> None:
    for name in ("done", "failed", "running", "ready"):
        lead.task(name)
    lead.task("planned", "--depends-on", "running")
    for name in ("done", "failed", "running"):
        sent = lead.dispatch(name, mode="analysis")
        lead.claim(sent)
        if name == "done":
            lead.done(sent)
        elif name == "failed":
            lead.fail(sent)
    gone = lead.do("cancel", "--reason", "enough")
    assert {t["task_id"] for t in gone["cancelled"]} == {"failed", "running", "ready", "planned"}
    assert lead.status_of("done") == "done"
    assert gone["run"]["status"] == "done"
    assert lead.do("cancel")["cancelled"] == []
    assert lead.doctor() == []


def test_trace_tells_the_whole_story_in_order(lead: Lead) -> None:
    lead.task("a", "--required-check", "unit")
    sent = lead.dispatch("a")
    lead.claim(sent)
    lead.ask(sent)
    lead.do("answer", "--task", "a", "--body", "blue")
    lead.go_on(sent)
    lead.commit(sent)
    lead.done(sent)
    lead.do("verify", "record", "--task", "a", "--check", "unit", "--status", "passed")
    steps = lead.do("trace", "--task", "a")["steps"]
    assert steps == sorted(steps, key=lambda step: step["at"])
    what = [step["what"].split()[0] for step in steps]
    wanted = ["task_added", "task_dispatched", "thread_claim", "thread_reply", "thread_result",
              "task_verification_recorded", "task_done"]  # fmt: skip
    assert [w for w in what if w in wanted] == wanted
    assert any(step["what"] == "commit of attempt 1" for step in steps)


def test_events_have_one_shape_and_one_order(lead: Lead) -> None:
    lead.task("a")
    lead.dispatch("a", mode="analysis")
    found = lead.events()
    assert [e["event_id"] for e in found] == sorted(e["event_id"] for e in found)
    assert {e["run_id"] for e in found} == {"r"}
    assert [e["event_type"] for e in found] == [
        "run_init", "task_added", "thread_send", "task_dispatched",
    ]  # fmt: skip
    page = lead.do("events", "--limit", "2")
    assert page["next_after"] == found[1]["event_id"]
    rest = lead.do("events", "--after-event", str(page["next_after"]))
    assert rest["events"] == found[2:]
    assert rest["next_after"] is None
    assert lead.events("task_done") == []
    hint = lead.refuse("invalid_input", "value", "events", "--type", "task_dun")["hint"]
    assert "task_done" in hint
    with lead.orch.start("events", "--run", "r", "--follow", "--type", "task_added") as stream:
        assert '"task_added"' in stream.line()
        stream.asleep(lead.store)
        lead.task("b")
        assert '"b"' in stream.line()


def test_status_can_be_kept_on_the_screen(lead: Lead) -> None:
    lead.task("a")
    with lead.orch.start("status", "--run", "r", "--watch") as screen:
        assert screen.line() == "run r status ready"
        screen.asleep(lead.store)
        lead.dispatch("a", mode="analysis")
        until(lambda: screen.line() == "run r status running", "the screen to be drawn again")
        screen.signal(2)
        answer = screen.wait()
    assert answer.status == 130
    assert "go on with: orch status --run r --watch" in answer.err


def test_every_look_has_a_plain_view_that_ends_with_what_to_do_next(lead: Lead) -> None:
    lead.task("a", "--title", "A \x1b[31mred\u202e title", "--required-check", "unit")
    lead.task("b", "--depends-on", "a")
    sent = lead.dispatch("a")
    lead.claim(sent)
    lead.ask(sent, "END \x1b[2J which?")
    looks = {
        ("run", "show"): "run r status blocked",
        ("task", "show", "r/a"): "task r/a status blocked",
        ("task", "list"): "2 tasks of run r",
        ("dep", "list", "r/b"): "task r/b",
        ("ready", "--explain"): "0 ready tasks of run r",
        ("reconcile",): "run r status blocked",
        ("blocked",): "a: w1 waits for an answer",
        ("status",): "run r status blocked",
        ("verify", "status", "r/a"): "task r/a is blocked, gate pending",
        ("events",): f"{len(lead.events()) + 2} events",
        ("trace", "r/a"): "trace of r/a: A ",
        ("salvage", "list"): "0 salvages",
        ("wait",): "1 needs you",
    }
    lead.do("reconcile")
    for words, first in looks.items():
        text = lead.orch.say(*words, "--run", "r")
        assert text.startswith(first), (words, text)
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert len(text) < 4096
    assert lead.orch.say("run", "list").startswith("1 run\n")
    assert lead.orch.say("status", "--run", "r").splitlines()[-1] == "next: orch blocked --run r"


def test_an_answer_and_a_renewal_are_no_news_and_what_follows_them_is(lead: Lead) -> None:
    """A command of a run takes the write lock only for what moves a task."""
    lead.task("a")
    sent = lead.dispatch("a", mode="analysis")
    lead.claim(sent)
    lead.ask(sent)
    lead.do("answer", "--task", "a", "--body", "b")
    lead.inbox.ok("renew", "--agent", "w1", "--thread", thread(sent))
    db = lead.inbox.open()
    with db.read() as tx:
        assert due.due(tx, orch_runs.require(tx, runs.RUN)) == (False,) * 6
    lead.go_on(sent)
    with db.read() as tx:
        assert due.due(tx, orch_runs.require(tx, runs.RUN)) == (True, *(False,) * 5)
    db.close()
    assert updated(lead) == {"a": "running"}
