"""Waits: woken by other processes, resumable, never losing anything when they are killed."""

import json
import os
import signal
import subprocess

import pytest

from tests.support.cli import DEADLINE, Answer, Cli, until
from tests.support.threads import BLINK, claimed, log_of, opened, taken, thread_of

ME = ("--agent", "worker-1")


def timed_out(answer: Answer) -> dict:
    """Require the end of a wait without a match; return its `data`."""
    error = answer.error
    assert (error["code"], error["reason"], error["retry"]) == (
        "no_matching_work",
        "timeout",
        "later",
    )
    data = answer.json["data"]
    assert data["woke"] is False
    assert data["resume"] in error["hint"]
    return data


def resumed(inbox: Cli, command: str) -> Answer:
    """Run a printed command exactly as printed, through a shell."""
    done = subprocess.run(
        ["sh", "-c", f"exec {command} --json"],
        cwd=inbox.cwd,
        env=inbox.env,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=DEADLINE,
    )
    return Answer([command], done.returncode, done.stdout, done.stderr)


# wait-reply


def test_wait_reply_is_woken_by_another_process(inbox: Cli) -> None:
    thread = opened(inbox)
    with inbox.start("wait-reply", "--thread", thread, "--agent", "lead", "--json") as waiting:
        waiting.asleep(inbox.store)
        inbox.ok("reply", "--from", "worker-1", "--thread", thread, "--body", "there")
        data = waiting.wait().data
    assert data["woke"] is True
    assert (data["message"]["body"], data["message"]["kind"]) == ("there", "answer")
    assert data["next_event_id"] == data["message"]["event_id"] == 2
    assert data["thread"]["thread_id"] == thread


def test_wait_reply_starts_after_the_agents_own_last_message(inbox: Cli) -> None:
    thread = opened(inbox)
    wait = ("wait-reply", "--thread", thread, "--timeout-seconds", "0.01")
    inbox.ok("reply", "--from", "worker-1", "--thread", thread, "--body", "one")
    assert inbox.ok(*wait, "--agent", "lead")["message"]["body"] == "one"
    inbox.ok("reply", "--from", "lead", "--thread", thread, "--body", "two")
    timed_out(inbox.run("--json", *wait, "--agent", "lead"))
    assert inbox.ok(*wait, "--agent", "worker-1")["message"]["body"] == "two"
    # One who never wrote here begins at the beginning; without an agent, at the present.
    assert inbox.ok(*wait, "--agent", "zoe")["message"]["body"] == "one"
    data = timed_out(inbox.run("--json", *wait))
    assert data["next_event_id"] == 3


def test_wait_reply_from_a_given_start(inbox: Cli) -> None:
    thread = opened(inbox)
    for body in ("one", "two"):
        inbox.ok("reply", "--from", "worker-1", "--thread", thread, "--body", body)
    wait = ("wait-reply", "--thread", thread, "--agent", "lead", "--timeout-seconds", "0.01")
    assert inbox.ok(*wait, "--after-event", "1")["message"]["body"] == "one"
    assert inbox.ok(*wait, "--after-event", "2")["message"]["body"] == "two"
    assert inbox.ok(*wait, "--after-message", "msg_2")["message"]["body"] == "two"
    timed_out(inbox.run("--json", *wait, "--after-message", "3"))


def test_ones_own_messages_never_match(inbox: Cli) -> None:
    thread = opened(inbox)
    inbox.ok("reply", "--from", "lead", "--thread", thread, "--body", "mine")
    wait = ("wait-reply", "--thread", thread, "--after-event", "0", "--timeout-seconds", "0.01")
    timed_out(inbox.run("--json", *wait, "--agent", "lead"))
    assert inbox.ok(*wait)["message"]["body"] == "mine"  # Nobody's own without an agent.


def test_kinds_that_count(inbox: Cli) -> None:
    thread, _ = claimed(inbox)
    wait = ("wait-reply", "--thread", thread, "--after-event", "0", "--timeout-seconds", "0.01")
    timed_out(inbox.run("--json", *wait))  # A task and an event are no answers.
    assert inbox.ok(*wait, "--kinds", "task,question")["message"]["kind"] == "task"
    assert inbox.ok(*wait, "--kinds", "event")["message"]["kind"] == "event"
    inbox.refuse("invalid_input", "value", *wait, "--kinds", "gossip")
    resume = inbox.run("--json", *wait, "--kinds", "question").json["data"]["resume"]
    assert "--kinds question " in resume
    inbox.ok("cancel", "--agent", "lead", "--thread", thread)
    assert inbox.ok(*wait)["message"]["kind"] == "control"


def test_the_cursor_of_the_addressee_moves_and_no_other(inbox: Cli) -> None:
    thread, _ = claimed(inbox)
    inbox.ok("reply", "--from", "lead", "--thread", thread, "--body", "for worker-1")

    def cursor(agent: str) -> str | None:
        return inbox.ok("show", "--thread", thread, "--agent", agent)["last_read"]

    wait = ("wait-reply", "--thread", thread, "--after-event", "0", "--agent")
    assert inbox.ok(*wait, "zoe")["woke"] is True
    assert cursor("zoe") is None
    assert inbox.ok(*wait, "worker-1")["woke"] is True
    assert cursor("worker-1") == "msg_3"


def test_a_matching_message_wins_over_a_closed_thread(inbox: Cli) -> None:
    thread, _ = claimed(inbox)
    inbox.ok("done", *ME, "--thread", thread, "--body", "result")
    wait = ("wait-reply", "--thread", thread, "--agent")
    assert inbox.ok(*wait, "lead")["message"]["kind"] == "result"
    answer = inbox.run("--json", *wait, "worker-1")  # Nothing more will come for it.
    assert (answer.error["code"], answer.error["reason"]) == ("invalid_state", "terminal")
    assert answer.json["data"]["woke"] is False


def test_a_wait_ends_when_the_thread_is_closed(inbox: Cli) -> None:
    thread, _ = claimed(inbox)
    words = ("wait-reply", "--thread", thread, "--agent", "zoe", "--kinds", "question", "--json")
    with inbox.start(*words) as waiting:
        waiting.asleep(inbox.store)
        inbox.ok("done", *ME, "--thread", thread)
        answer = waiting.wait()
    assert (answer.status, answer.error["reason"]) == (30, "terminal")
    assert answer.json["data"] == {"woke": False, "next_event_id": 2}


@pytest.mark.parametrize("fenced", [False, True])
def test_a_holders_wait_ends_when_the_lease_is_lost(inbox: Cli, fenced: bool) -> None:
    thread, token = claimed(inbox)
    words = ("wait-reply", *ME, "--thread", thread, "--json")
    words += ("--lease", token) if fenced else ()
    with inbox.start(*words) as waiting:
        waiting.asleep(inbox.store)
        inbox.ok("release", *ME, "--thread", thread)
        if fenced:
            answer = waiting.wait()
            assert answer.error["reason"] == "no_lease"
            return
        answer = waiting.wait()
    assert answer.error["code"] == "invalid_state"


def test_a_holders_wait_is_fenced_by_a_newer_claim(inbox: Cli) -> None:
    thread, token = claimed(inbox, seconds=BLINK)
    taken(inbox, thread, "worker-2")
    wait = ("wait-reply", *ME, "--thread", thread, "--lease", token)
    answer = inbox.run("--json", *wait)
    assert (answer.status, answer.error["reason"]) == (20, "superseded")
    assert answer.json["data"]["woke"] is False
    inbox.ok("reply", "--from", "lead", "--to", "worker-1", "--thread", thread, "--body", "late")
    assert inbox.ok(*wait)["message"]["body"] == "late"  # The message wins over the lost lease.


def test_waiting_keeps_the_lease(inbox: Cli) -> None:
    thread, token = claimed(inbox)
    inbox.ok("update", *ME, "--thread", thread, "--status", "blocked", "--body", "?")
    inbox.ok("renew", *ME, "--thread", thread, "--lease-seconds", "0.4")
    before, log = thread_of(inbox, thread), log_of(inbox)
    with inbox.start("wait-reply", *ME, "--thread", thread, "--lease", token, "--json") as waiting:
        waiting.asleep(inbox.store)
        first = inbox.ok("show", "--thread", thread)["lease"]["expires_at"]
        ends = set()

        def renewed() -> bool:
            lease = inbox.ok("show", "--thread", thread)["lease"]
            assert lease["remaining_seconds"] > 0
            ends.add(lease["expires_at"])
            return len(ends - {first}) >= 4

        until(renewed, "four silent renewals")
        inbox.refuse("lease_conflict", "held", "claim", "--agent", "x", "--thread", thread)
        assert (thread_of(inbox, thread), log_of(inbox)) == (before, log)
        inbox.ok("reply", "--from", "lead", "--thread", thread, "--body", "8080")
        data = waiting.wait().data
    assert data["message"]["body"] == "8080"
    assert data["lease"]["holder"] == "worker-1"


def test_a_wait_by_name_goes_on_when_the_same_name_claims_again(inbox: Cli) -> None:
    thread, _ = claimed(inbox, seconds="0.2")
    with inbox.start("wait-reply", *ME, "--thread", thread, "--json") as waiting:
        waiting.asleep(inbox.store)
        waiting.signal(signal.SIGSTOP)
        until(
            lambda: inbox.run("claim", *ME, "--thread", thread).status == 0, "the lease to run out"
        )
        waiting.signal(signal.SIGCONT)
        inbox.ok("reply", "--from", "lead", "--thread", thread, "--body", "x")
        assert waiting.wait().data["woke"] is True


# watch


def test_watch_is_woken_by_another_process(inbox: Cli) -> None:
    with inbox.start("watch", *ME, "--status", "pending", "--json") as waiting:
        waiting.asleep(inbox.store)
        opened(inbox, to="worker-2")
        thread = opened(inbox)
        data = waiting.wait().data
    assert data["woke"] is True
    assert data["thread"]["thread_id"] == thread
    assert data["event"]["event_type"] == "thread_send"
    assert data["message"]["event_id"] == data["event"]["event_id"] == data["next_event_id"] == 2


def test_watch_never_looks_back_without_a_start(inbox: Cli) -> None:
    opened(inbox)
    data = timed_out(inbox.run("--json", "watch", "--timeout-seconds", "0.01"))
    assert data["next_event_id"] == 1
    found = inbox.ok("watch", "--after-event", "0", "--timeout-seconds", "0.01")
    assert found["next_event_id"] == 1


def test_watch_filters_by_the_state_after_the_event(inbox: Cli) -> None:
    thread, _ = claimed(inbox, "--run", "r1")
    inbox.ok("update", *ME, "--thread", thread, "--status", "blocked", "--body", "?")
    inbox.ok("release", *ME, "--thread", thread)
    watch = ("watch", "--after-event", "0", "--timeout-seconds", "0.01")
    assert inbox.ok(*watch, "--status", "blocked,done")["event"]["event_id"] == 3
    assert inbox.ok(*watch, "--status", "pending")["event"]["event_id"] == 1
    assert inbox.ok(*watch, "--run", "r1", "--status", "claimed")["event"]["event_id"] == 2
    timed_out(inbox.run("--json", *watch, "--run", "r2"))
    timed_out(inbox.run("--json", *watch, "--agent", "worker-2"))
    woken = inbox.ok(*watch, "--status", "blocked")
    assert (woken["event"]["status"], woken["thread"]["status"]) == ("blocked", "pending")


def test_an_agents_own_change_wakes_its_own_watch(inbox: Cli) -> None:
    thread, _ = claimed(inbox)
    with inbox.start("watch", *ME, "--json") as waiting:
        waiting.asleep(inbox.store)
        inbox.ok("update", *ME, "--thread", thread, "--status", "in_progress")
        assert waiting.wait().data["event"]["actor"] == "worker-1"


def test_following_prints_one_event_per_line_until_it_is_stopped(inbox: Cli) -> None:
    opened(inbox)
    with inbox.start("watch", "--follow", "--json") as stream:
        stream.asleep(inbox.store)
        for number in (2, 3, 4):
            opened(inbox)
            event = json.loads(stream.line())
            assert event["event_id"] == number
            assert event["event_type"] == "thread_send"
        stream.signal(signal.SIGTERM)
        answer = stream.wait()
    assert (answer.status, answer.out) == (143, "")
    assert answer.err.strip().endswith("go on with: inbox watch --follow --after-event 4")


def test_a_stream_that_ends_by_its_time(inbox: Cli) -> None:
    opened(inbox)
    follow = ("watch", "--follow", "--timeout-seconds", "0.05")
    answer = inbox.run("--json", *follow, "--after-event", "0")
    assert (answer.status, len(answer.lines)) == (0, 1)
    answer = inbox.run("--json", *follow)
    assert (answer.status, answer.out) == (10, "")
    assert "inbox watch --follow --after-event 1" in answer.err


def test_a_stream_whose_reader_is_gone_is_output_lost(inbox: Cli) -> None:
    opened(inbox)
    done = subprocess.run(
        ["sh", "-c", "exec inbox watch --follow --after-event 0 >/dev/full"],
        cwd=inbox.cwd, env=inbox.env, capture_output=True, timeout=DEADLINE,
    )  # fmt: skip
    assert done.returncode == 75
    assert b"output_lost" in done.stderr
    with inbox.start("watch", "--follow") as stream:
        stream.asleep(inbox.store)
        stream.process.stdout.close()
        opened(inbox)
        assert stream.process.wait(DEADLINE) == 75


# claim --next


def test_claim_next_waits_for_work(inbox: Cli) -> None:
    words = ("claim", *ME, "--next", "--pool", "builders", "--timeout-seconds", "0", "--json")
    for to in ("worker-1", "@builders"):
        with inbox.start(*words) as waiting:
            waiting.asleep(inbox.store)
            opened(inbox, to="worker-2")
            thread = opened(inbox, to=to)
            data = waiting.wait().data
        assert data["thread"]["thread_id"] == thread
        assert data["lease"]["token"]


def test_claim_next_waits_for_a_lease_to_run_out_or_a_thread_to_be_given_back(inbox: Cli) -> None:
    words = ("claim", *ME, "--next", "--timeout-seconds", "20", "--json")
    thread = opened(inbox)
    taken(inbox, thread, "worker-2", seconds="0.3")
    data = inbox.run(*words).data
    assert data["lease"]["epoch"] == 2
    with inbox.start(*words) as waiting:
        waiting.asleep(inbox.store)
        inbox.ok("release", *ME, "--thread", thread)
        assert waiting.wait().data["lease"]["epoch"] == 3


def test_claim_next_without_a_time_does_not_wait(inbox: Cli) -> None:
    inbox.refuse("no_matching_work", "empty", "claim", *ME, "--next")
    answer = inbox.run("--json", "claim", *ME, "--next", "--pool", "p", "--timeout-seconds", "0.01",
                       "--lease-seconds", "5m", "--key", "a b")  # fmt: skip
    resume = timed_out(answer)["resume"]
    assert resume == (
        "inbox claim --agent worker-1 --next --pool p --lease-seconds 300 --key 'a b'"
        " --timeout-seconds 0.01"
    )
    assert timed_out(resumed(inbox, resume))["resume"] == resume


def test_waiting_claims_share_one_thread(inbox: Cli) -> None:
    words = ("claim", "--next", "--pool", "p", "--timeout-seconds", "2", "--json", "--agent")
    waiting = [inbox.start(*words, f"w{i}") for i in range(4)]
    for one in waiting:
        one.asleep(inbox.store)
    for _ in range(2):
        opened(inbox, to="@p")
    answers = [one.wait() for one in waiting]
    assert sorted(answer.status for answer in answers) == [0, 0, 10, 10]


# Every wait


WAITS = {
    "wait-reply": ("wait-reply", "--thread", "t", "--agent", "lead"),
    "watch": ("watch", "--agent", "worker-9"),
    "claim": ("claim", "--agent", "worker-9", "--next", "--timeout-seconds", "50"),
}


@pytest.mark.parametrize("name", WAITS)
@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)],
)
def test_a_stopped_wait_says_how_to_go_on(inbox: Cli, name: str, number: int, status: int) -> None:
    opened(inbox, "--thread", "t")
    with inbox.start(*WAITS[name], "--json") as waiting:
        waiting.asleep(inbox.store)
        waiting.signal(number)
        answer = waiting.wait()
    assert (answer.status, answer.out) == (status, "")
    resume = answer.err.strip().partition("go on with: ")[2]
    assert resume.startswith("inbox " + " ".join(WAITS[name]))
    assert resume.endswith(f"--timeout-seconds {50 if name == 'claim' else 100}")  # The default.
    assert os.listdir(f"{inbox.store}.wake") == []
    with inbox.start("--json", *resume.split()[1:]) as again:
        again.asleep(inbox.store)


@pytest.mark.parametrize("name", WAITS)
def test_nothing_is_lost_when_a_wait_is_killed(inbox: Cli, name: str) -> None:
    opened(inbox, "--thread", "t")
    with inbox.start(*WAITS[name], "--json") as waiting:
        waiting.asleep(inbox.store)
        waiting.kill()
    before = log_of(inbox)
    if name == "wait-reply":
        inbox.ok("reply", "--from", "worker-1", "--thread", "t", "--body", "x")
    else:
        opened(inbox, to="worker-9")
    more = ("--after-event", str(before)) if name == "watch" else ()
    assert inbox.ok(*WAITS[name], *more)["thread"]
    inbox.run("watch", "--timeout-seconds", "0.01")  # Sweeps the dead one's bell away.
    assert os.listdir(f"{inbox.store}.wake") == []


@pytest.mark.on_file("tests/pg replaces the other one")
@pytest.mark.parametrize("name", WAITS)
@pytest.mark.parametrize("how", ["moved away", "another in its place", "a copy in its place"])
def test_a_replaced_store_ends_a_wait(inbox: Cli, bare: Cli, name: str, how: str) -> None:
    """At once: nothing is told from the other file, and it is left alone."""
    opened(inbox, "--thread", "t")
    other = inbox.cwd / "other.db"
    if how == "a copy in its place":
        inbox.ok("backup", str(other))
    elif how == "another in its place":
        bare.ok("--db", str(other), "init")
    with inbox.start(*WAITS[name], "--json") as waiting:
        waiting.asleep(inbox.store)
        if other.exists():
            os.replace(other, inbox.store)
        else:
            inbox.store.rename(inbox.cwd / "moved.db")
        answer = waiting.wait(5)
    assert (answer.status, answer.error["reason"]) == (70, "replaced")


def test_a_resumed_wait_goes_on_where_it_ended(inbox: Cli) -> None:
    thread = opened(inbox)
    for wait in (
        ("wait-reply", "--thread", thread, "--agent", "lead"),
        ("watch", "--agent", "worker-1", "--status", "pending,claimed"),
    ):
        data = timed_out(inbox.run("--json", *wait, "--timeout-seconds", "0.01"))
        opened(inbox, to="worker-3")
        message = inbox.ok("reply", "--from", "worker-1", "--thread", thread, "--body", "x")
        found = resumed(inbox, data["resume"]).data
        assert found["message"] == message["message"]
        following = found["resume"]
        assert f"--after-event {found['next_event_id']} " in following
        assert following != data["resume"]
        again = timed_out(resumed(inbox, following))
        assert again["next_event_id"] >= found["next_event_id"]


def test_the_resume_command_names_the_store_that_was_named(inbox: Cli, tmp_path) -> None:
    opened(inbox)
    place = tmp_path / "a place"
    place.mkdir(mode=0o700)
    inbox.ok("init", "--db", str(place / "s.db"))
    words = ("--db", str(place / "s.db"), "watch", "--timeout-seconds", "0.01", "--json")
    data = timed_out(inbox.run(*words))
    assert data["next_event_id"] == 0
    assert timed_out(resumed(inbox, data["resume"]))["next_event_id"] == 0
    env = {"ORCH_DB": str(place / "s.db")}
    assert "--db" not in timed_out(inbox.run("--json", *words[2:], env=env))["resume"]


def test_plain_waits_say_success_and_failure_in_words(inbox: Cli) -> None:
    thread = opened(inbox)
    answer = inbox.run("watch", "--timeout-seconds", "0.01")
    assert (answer.status, answer.out) == (10, "")
    assert answer.err.splitlines()[0].startswith("error: no event fits within 0.01 s")
    assert "inbox watch --after-event 1" in answer.err.splitlines()[-1]
    inbox.ok("reply", "--from", "worker-1", "--thread", thread, "--body", "x")
    text = inbox.say("watch", "--after-event", "1")
    assert text.splitlines()[0] == f"event 2 thread_reply by worker-1: thread {thread} was pending"
    assert text.splitlines()[-1].startswith("next: inbox watch --after-event 2")


@pytest.mark.parametrize("given", ["-1", "x", "", "nan", "400d", "9" * 30])
def test_a_time_that_is_none(inbox: Cli, given: str) -> None:
    inbox.refuse("invalid_input", "value", "watch", "--timeout-seconds", given)


def test_where_no_bell_can_be_had_a_wait_polls(inbox: Cli) -> None:
    thread = opened(inbox)
    wake = inbox.store.with_name(inbox.store.name + ".wake")
    wake.write_text("not a directory")
    wait = ("wait-reply", "--thread", thread, "--agent", "lead", "--json")
    with inbox.start(*wait) as waiting:
        inbox.ok("reply", "--from", "worker-1", "--thread", thread, "--body", "x")
        assert waiting.wait().data["woke"] is True
