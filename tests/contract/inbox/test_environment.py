"""Section 1: a worker that was started with its ids in the environment types none at all."""

import pytest

from tests.support.cli import Cli
from tests.support.threads import claimed, opened, taken, thread_of


@pytest.fixture
def worker(inbox: Cli) -> Cli:
    """`inbox` as a worker finds it: a claimed thread, and everything in the environment."""
    thread, token = claimed(inbox)
    return inbox.at(INBOX_AGENT="worker-1", INBOX_THREAD=thread, INBOX_LEASE=token)


def test_a_worker_needs_no_ids(worker: Cli) -> None:
    thread = worker.env["INBOX_THREAD"]
    assert worker.ok("renew")["thread"]["thread_id"] == thread
    assert worker.ok("update", "--status", "in_progress")["thread"]["status"] == "in_progress"
    assert worker.ok("reply", "--body", "fyi")["message"]["to_agent"] == "lead"
    shown = worker.ok("show", "--mark-read")
    assert shown["thread"]["thread_id"] == thread
    assert worker.ok("ack", "--through", shown["messages"][-1]["message_id"])["agent"] == "worker-1"
    waited = worker.run("--json", "wait-reply", "--timeout-seconds", "0.01")
    assert waited.error["reason"] == "timeout"
    assert f"--thread {thread} --agent worker-1" in waited.json["data"]["resume"]
    assert "--lease" not in waited.json["data"]["resume"]
    assert worker.ok("done", "--body", "there")["thread"]["status"] == "done"


def test_release_and_fail_take_the_thread_of_the_environment(inbox: Cli) -> None:
    thread, token = claimed(inbox)
    env = {"INBOX_AGENT": "worker-1", "INBOX_THREAD": thread, "INBOX_LEASE": token}
    assert inbox.ok("release", env=env)["thread"]["status"] == "pending"
    env["INBOX_LEASE"] = taken(inbox, thread, "worker-1")["token"]
    assert inbox.ok("fail", env=env)["thread"]["status"] == "failed"


@pytest.mark.parametrize(
    "argv",
    [
        ("renew",),
        ("release",),
        ("update", "--status", "blocked"),
        ("reply", "--body", "x"),
        ("done",),
        ("fail",),
        ("ack", "--through", "msg_1"),
        ("wait-reply", "--timeout-seconds", "0.01"),
        ("show", "--mark-read"),
    ],
)
def test_flags_beat_the_environment(worker: Cli, argv: tuple) -> None:
    other = opened(worker, to="worker-2")
    taken(worker, other, "worker-2")
    before = thread_of(worker, worker.env["INBOX_THREAD"])
    me = ("--from", "worker-2") if argv[0] == "reply" else ("--agent", "worker-2")
    if argv[0] == "ack":
        argv = ("ack", "--through", thread_of(worker, other)["last_message_id"])
    answer = worker.run("--json", *argv, *me, "--thread", other)
    if argv[0] == "wait-reply":
        assert answer.error["reason"] == "timeout"
    else:
        # The environment's token is of another thread: used here it would be refused.
        assert answer.status == 0, answer
    assert thread_of(worker, worker.env["INBOX_THREAD"]) == before


def test_the_lease_of_the_environment_serves_its_own_thread_only(worker: Cli) -> None:
    own, forged = worker.env["INBOX_THREAD"], {"INBOX_LEASE": "e9-" + "0" * 26}
    other = opened(worker)
    taken(worker, other, "worker-1")
    assert worker.run("renew", "--thread", other, env=forged).status == 0
    worker.refuse("lease_conflict", "bad_token", "renew", env=forged)
    worker.refuse("lease_conflict", "bad_token", "renew", "--thread", own, env=forged)
    env = {"INBOX_THREAD": None, **forged}
    assert worker.run("renew", "--thread", own, env=env).status == 0


def test_a_flag_beats_the_lease_of_the_environment(worker: Cli) -> None:
    forged = "e9-" + "0" * 26
    worker.refuse("lease_conflict", "bad_token", "renew", "--lease", forged)


def test_claim_send_and_cancel_never_take_the_thread_of_the_environment(worker: Cli) -> None:
    worker.refuse("invalid_input", "flag", "claim")
    worker.refuse("invalid_input", "flag", "cancel")
    fresh = worker.ok("send", "--to", "worker-2", "--subject", "s")["thread"]
    assert fresh["thread_id"] != worker.env["INBOX_THREAD"]
    assert fresh["created_by"] == "worker-1"
    worker.refuse("invalid_input", "flag", "artifact", "list")
    assert (
        worker.ok("cancel", "--thread", fresh["thread_id"])["message"]["from_agent"] == "worker-1"
    )
    worker.refuse("no_matching_work", "empty", "claim", "--next")


def test_the_agent_of_the_environment_filters_fetch_and_nothing_else(worker: Cli) -> None:
    opened(worker, to="worker-2", sender="boss")
    assert {t["assigned_to"] for t in worker.ok("fetch")["threads"]} == {"worker-1"}
    assert len(worker.ok("list")["threads"]) == 2
    assert len(worker.ok("search", "parser")["messages"]) >= 2
    after = worker.ok("list")["high_event_id"] - 1
    woken = worker.ok("watch", "--after-event", str(after), "--timeout-seconds", "1")
    assert woken["thread"]["assigned_to"] == "worker-2"
    own = worker.ok("list", "--agent", "worker-1")["threads"]
    assert [t["thread_id"] for t in own] == [worker.env["INBOX_THREAD"]]


def test_search_is_not_narrowed_to_the_thread_of_the_environment(worker: Cli) -> None:
    other = opened(worker, to="worker-2")
    found = {m["thread_id"] for m in worker.ok("search", "parser")["messages"]}
    assert found == {other, worker.env["INBOX_THREAD"]}


def test_an_empty_variable_is_none(inbox: Cli) -> None:
    opened(inbox)
    env = {"INBOX_AGENT": "", "INBOX_THREAD": "", "INBOX_LEASE": "", "ORCH_DB": ""}
    assert len(inbox.ok("fetch", env=env)["threads"]) == 1
    inbox.refuse("invalid_input", "flag", "renew", env=env)


def test_bad_values_in_the_environment_are_bad_input(inbox: Cli) -> None:
    inbox.refuse("invalid_input", "value", "fetch", env={"INBOX_AGENT": "../x"})
    env = {"INBOX_AGENT": "w", "INBOX_THREAD": "a b"}
    inbox.refuse("invalid_input", "value", "renew", env=env)
