"""Section 4 of the protocol, rule by rule: what makes two workers on one thread impossible."""

import os
import signal
import subprocess
from datetime import datetime, timedelta

import pytest

from inbox import model
from inbox.operations import claims, leases, threads, work
from schema.failures import Failure
from tests.support.cli import Cli, until
from tests.support.threads import BLINK, claimed, log_of, opened, taken, thread_of

ME = ("--agent", "worker-1")


def own(thread: str, agent: str = "worker-1") -> tuple:
    return ("--agent", agent, "--thread", thread)


HOLDER_VERBS = (
    ("renew",),
    ("release",),
    ("update", "--status", "in_progress"),
    ("done",),
    ("fail",),
)


# Rule 2: what a claim gives.


def test_claim_gives_a_lease(inbox: Cli) -> None:
    thread = opened(inbox)
    data = inbox.ok("claim", *own(thread))
    lease = data["lease"]
    assert set(lease) == {
        "epoch", "token", "holder", "expires_at", "ttl_seconds", "remaining_seconds"
    }  # fmt: skip
    assert (lease["epoch"], lease["holder"], lease["ttl_seconds"]) == (1, "worker-1", 900)
    claimed_at = datetime.fromisoformat(data["message"]["created_at"])
    assert datetime.fromisoformat(lease["expires_at"]) - claimed_at == timedelta(seconds=900)
    assert (data["thread"]["status"], data["thread"]["assigned_to"]) == ("claimed", "worker-1")
    assert (data["message"]["kind"], data["message"]["summary"]) == ("event", "thread claimed")
    assert [m["kind"] for m in data["messages"]] == ["task", "event"]


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("0", 900),
        ("-5", 900),
        ("60", 60),
        ("1.5", 1.5),
        ("90s", 90),
        ("15m", 900),
        ("2h", 7200),
        ("24h", 86400),
        ("86401", 86400),
        ("25h", 86400),
        ("999999999999999", 86400),
        (BLINK, 0.001),
    ],
)
def test_the_bounds_of_a_lease(inbox: Cli, given: str, seconds: float) -> None:
    thread = opened(inbox)
    assert taken(inbox, thread, "worker-1", seconds=given)["ttl_seconds"] == seconds
    renewed = inbox.ok("renew", *own(thread))
    assert renewed["lease"]["ttl_seconds"] == seconds  # Without a length it keeps its own.
    assert inbox.ok("renew", *own(thread), "--lease-seconds", "30")["lease"]["ttl_seconds"] == 30
    again = inbox.ok("renew", *own(thread), "--lease-seconds", given)
    assert again["lease"]["ttl_seconds"] == seconds
    assert again["message"]["payload_json"] == {"lease_seconds": seconds}


@pytest.mark.parametrize("given", ["", "nan", "inf", "1e3", "5x", "1 m", "--", "m", "1_0", "٣"])
def test_a_length_that_is_none(inbox: Cli, given: str) -> None:
    thread = opened(inbox)
    inbox.refuse("invalid_input", "value", "claim", *own(thread), "--lease-seconds", given)
    assert log_of(inbox) == 1


def test_each_claim_raises_the_epoch(inbox: Cli) -> None:
    thread = opened(inbox)
    tokens = []
    for epoch in (1, 2, 3):
        lease = taken(inbox, thread, "worker-1", seconds=BLINK)
        tokens.append(lease["token"])
        assert lease["epoch"] == epoch == thread_of(inbox, thread)["epoch"]
    assert len(set(tokens)) == 3


# Rule 3: the token fences off even the same name.


@pytest.mark.parametrize("verb", HOLDER_VERBS, ids=lambda verb: verb[0])
def test_an_older_token_is_superseded_even_of_the_same_name(inbox: Cli, verb: tuple) -> None:
    thread, old = claimed(inbox, seconds=BLINK)
    taken(inbox, thread, "worker-1")
    before = log_of(inbox)
    error = inbox.refuse("lease_conflict", "superseded", *verb, *own(thread), "--lease", old)
    assert error["details"] == {"holder": "worker-1", "epoch": 2}
    assert "stop" in error["message"]
    assert log_of(inbox) == before
    assert inbox.ok(*verb, *own(thread))["event_id"] > before  # By name alone it is the holder.


@pytest.mark.parametrize("verb", [*HOLDER_VERBS, ("reply", "--body", "x")], ids=lambda v: v[0])
def test_a_token_that_is_none(inbox: Cli, verb: tuple) -> None:
    thread, token = claimed(inbox)
    other, foreign = claimed(inbox)
    me = ("--from", "worker-1") if verb[0] == "reply" else ME
    before = log_of(inbox)
    last = "0" if token[-1] != "0" else "1"
    for bad in ("x", "", "e1-", "e1-" + "0" * 26, token[:-1] + last, "e2" + token[2:], foreign):
        inbox.refuse("lease_conflict", "bad_token", *verb, *me, "--thread", thread, "--lease", bad)
    assert log_of(inbox) == before
    assert inbox.ok(*verb, *me, "--thread", thread, "--lease", token)
    assert thread_of(inbox, other)["status"] == "claimed"


def test_a_token_does_not_lend_its_holders_name(inbox: Cli) -> None:
    thread, token = claimed(inbox)
    error = inbox.refuse("lease_conflict", "held", "done", *own(thread, "thief"), "--lease", token)
    assert error["details"]["holder"] == "worker-1"


# Rule 4: expiry does not fence, a newer claim does.


@pytest.mark.parametrize("verb", HOLDER_VERBS, ids=lambda verb: verb[0])
@pytest.mark.parametrize("fenced", [False, True])
def test_late_is_accepted_while_nobody_else_has_claimed(
    inbox: Cli, verb: tuple, fenced: bool
) -> None:
    thread, token = claimed(inbox, seconds=BLINK)
    data = inbox.ok(*verb, *own(thread), *(("--lease", token) if fenced else ()))
    assert data["late"] is True
    assert data["event_id"] == log_of(inbox)


def test_in_time_is_not_late(inbox: Cli) -> None:
    for verb in HOLDER_VERBS:
        thread, _ = claimed(inbox)
        assert "late" not in inbox.ok(*verb, *own(thread))
    thread, _ = claimed(inbox, seconds=BLINK)
    assert "late: your lease had run out" in inbox.say("done", *own(thread))


@pytest.mark.parametrize("verb", HOLDER_VERBS, ids=lambda verb: verb[0])
def test_after_a_claim_by_another_the_old_holder_is_superseded(inbox: Cli, verb: tuple) -> None:
    thread, token = claimed(inbox, seconds=BLINK)
    taken(inbox, thread, "worker-2")
    before = log_of(inbox)
    for fence in ((), ("--lease", token)):
        error = inbox.refuse("lease_conflict", "superseded", *verb, *own(thread), *fence)
        assert error["details"]["holder"] == "worker-2"
    assert log_of(inbox) == before


@pytest.mark.parametrize("verb", HOLDER_VERBS, ids=lambda verb: verb[0])
def test_a_stranger_is_told_who_holds_it(inbox: Cli, verb: tuple) -> None:
    thread, _ = claimed(inbox)
    error = inbox.refuse("lease_conflict", "held", *verb, *own(thread, "stranger"))
    assert error["details"]["holder"] == "worker-1"
    assert 890 <= error["details"]["remaining_seconds"] <= 900
    assert f"held by worker-1 for {error['details']['remaining_seconds']} more" in error["message"]
    assert "do not start" in error["message"]


@pytest.mark.parametrize("verb", HOLDER_VERBS, ids=lambda verb: verb[0])
def test_a_lapsed_lease_of_another_is_no_lease(inbox: Cli, verb: tuple) -> None:
    thread, _ = claimed(inbox, seconds=BLINK)
    error = inbox.refuse("invalid_state", "no_lease", *verb, *own(thread, "stranger"))
    assert f"inbox claim --agent stranger --thread {thread}" in error["hint"]


@pytest.mark.parametrize("verb", HOLDER_VERBS, ids=lambda verb: verb[0])
def test_a_pending_thread_has_no_lease(inbox: Cli, verb: tuple) -> None:
    thread = opened(inbox)
    for fence in ((), ("--lease", "nonsense")):
        inbox.refuse("invalid_state", "no_lease", *verb, *own(thread), *fence)


# Rule 5: life signs.


@pytest.mark.parametrize(
    "verb",
    [("update", "--status", "in_progress"), ("reply", "--body", "x"), ("send", "--body", "x")],
    ids=lambda verb: verb[0],
)
def test_any_holder_verb_gives_the_full_length_again(inbox: Cli, verb: tuple) -> None:
    thread, _ = claimed(inbox, seconds=BLINK)
    inbox.ok("renew", *own(thread), "--lease-seconds", "50")

    def left() -> float:
        return inbox.ok("show", "--thread", thread)["lease"]["remaining_seconds"]

    start = left()
    until(lambda: left() < start - 0.05, "the lease to age")
    me = ME if verb[0] == "update" else ("--from", "worker-1")
    before = left()
    inbox.ok(*verb, *me, "--thread", thread)
    assert left() > before
    if verb[0] != "update":  # A message of somebody else renews nothing.
        before = left()
        inbox.ok(*verb, "--from", "lead", "--thread", thread)
        assert left() < before


def test_renew_while_a_process_lives(inbox: Cli) -> None:
    thread, token = claimed(inbox, seconds="0.3")
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        words = ("renew", *own(thread), "--while", str(sleeper.pid), "--lease", token, "--json")
        with inbox.start(*words) as renewing:
            until(lambda: log_of(inbox) == 3, "the first renewal")
            before = thread_of(inbox, thread)
            end = datetime.fromisoformat(
                inbox.ok("show", "--thread", thread)["lease"]["expires_at"]
            )
            until(
                lambda: (
                    datetime.fromisoformat(
                        inbox.ok("show", "--thread", thread)["lease"]["expires_at"]
                    )
                    > end + timedelta(seconds=0.5)
                ),
                "silent renewals",
            )
            # They write no message and leave the thread as it was.
            assert (log_of(inbox), thread_of(inbox, thread)) == (3, before)
            inbox.refuse("lease_conflict", "held", "claim", *own(thread, "worker-2"))
            sleeper.kill()
            data = renewing.wait().data
    assert data["process_ended"] is True
    assert data["renewals"] >= 2
    assert data["cancel_requested"] is False


def test_renew_while_ends_when_the_thread_is_closed_or_the_lease_lost(inbox: Cli) -> None:
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        thread, _ = claimed(inbox)
        with inbox.start("renew", *own(thread), "--while", str(sleeper.pid), "--json") as renewing:
            until(lambda: log_of(inbox) == 3, "the first renewal")
            inbox.ok("cancel", "--agent", "lead", "--thread", thread)
            error = renewing.wait().error
            assert (error["code"], error["reason"]) == ("invalid_state", "terminal")
        thread, token = claimed(inbox)
        words = ("renew", *own(thread), "--while", str(sleeper.pid), "--lease", token, "--json")
        before = log_of(inbox)
        with inbox.start(*words) as renewing:
            until(lambda: log_of(inbox) == before + 1, "the first renewal")
            inbox.ok("release", *own(thread))
            taken(inbox, thread, "worker-2")
            error = renewing.wait().error
            assert (error["code"], error["reason"]) == ("lease_conflict", "superseded")
        sleeper.kill()


def test_a_stopped_renewal_reports_what_was_committed(inbox: Cli) -> None:
    thread, _ = claimed(inbox)
    words = ("renew", *own(thread), "--while", str(os.getpid()), "--json")
    with inbox.start(*words) as renewing:
        until(lambda: log_of(inbox) == 3, "the first renewal")
        renewing.signal(signal.SIGTERM)
        answer = renewing.wait()
    assert (answer.status, answer.out) == (143, "")
    assert "event 3 is committed" in answer.err


def test_renew_while_nobody(inbox: Cli) -> None:
    thread, _ = claimed(inbox)
    gone = subprocess.Popen(["true"])
    gone.wait()
    data = inbox.ok("renew", *own(thread), "--while", str(gone.pid))
    assert (data["process_ended"], data["renewals"]) == (True, 0)
    for bad in ("0", "-1", "x"):
        inbox.refuse("invalid_input", "value", "renew", *own(thread), "--while", bad)
    inbox.refuse("invalid_input", "value", "renew", *own(thread), "--while", "9" * 12)


def test_renew_says_when_the_holder_is_asked_to_stop(inbox: Cli) -> None:
    thread, _ = claimed(inbox)
    assert inbox.ok("renew", *own(thread))["cancel_requested"] is False
    stop = ("reply", "--from", "lead", "--thread", thread, "--kind", "control", "--body", "stop")
    inbox.ok(*stop)
    assert inbox.ok("renew", *own(thread))["cancel_requested"] is True
    assert "asked to stop" in inbox.say("renew", *own(thread))
    inbox.ok("release", *own(thread))
    taken(inbox, thread, "worker-1")  # Who claims now has read it.
    assert inbox.ok("renew", *own(thread))["cancel_requested"] is False


# Rule 6: who may claim what.


def test_a_live_lease_of_another_is_held(inbox: Cli) -> None:
    thread, _ = claimed(inbox)
    before = log_of(inbox)
    error = inbox.refuse("lease_conflict", "held", "claim", *own(thread, "worker-2"))
    assert error["details"]["holder"] == "worker-1"
    assert "do not start" in error["message"]
    assert inbox.run("claim", *own(thread, "worker-2")).status == 20
    assert log_of(inbox) == before


def test_ones_own_live_lease_is_already_yours(inbox: Cli) -> None:
    thread, _ = claimed(inbox)
    error = inbox.refuse("invalid_state", "already_yours", "claim", *own(thread))
    assert "inbox renew" in error["hint"]
    inbox.refuse("no_matching_work", "empty", "claim", *ME, "--next")


def test_assigned_to_follows_the_claim_and_returns_with_a_release(inbox: Cli) -> None:
    thread = opened(inbox, to="@builders")
    taken(inbox, thread, "worker-2")
    found = thread_of(inbox, thread)
    assert (found["addressed_to"], found["assigned_to"]) == ("@builders", "worker-2")
    data = inbox.ok("release", *own(thread, "worker-2"), "--reason", "needs a GPU")
    found = data["thread"]
    assert (found["status"], found["assigned_to"]) == ("pending", "@builders")
    assert (found["lost_leases"], found["epoch"]) == (0, 1)
    assert data["message"]["body"] == "needs a GPU"


def test_release_may_put_a_thread_off(inbox: Cli) -> None:
    thread, _ = claimed(inbox)
    inbox.ok("release", *own(thread), "--not-before", "1h")
    inbox.refuse("invalid_state", "not_yet", "claim", *own(thread))
    inbox.refuse("no_matching_work", "empty", "claim", *ME, "--next")


def test_anybody_may_claim_by_id(inbox: Cli) -> None:
    thread = opened(inbox, to="worker-9")
    taken(inbox, thread, "worker-1", seconds=BLINK)
    lease = taken(inbox, thread, "worker-2")
    assert (lease["holder"], lease["epoch"]) == ("worker-2", 2)
    assert thread_of(inbox, thread)["lost_leases"] == 1


def test_next_takes_the_highest_priority_then_the_oldest(inbox: Cli) -> None:
    low = opened(inbox, "--priority", "low")
    first, second = opened(inbox), opened(inbox)
    high = opened(inbox, "--priority", "high", to="@builders")
    opened(inbox, "--priority", "high", to="worker-2")

    def take(*more: str) -> str:
        return inbox.ok("claim", *ME, "--next", *more)["thread"]["thread_id"]

    assert take("--pool", "builders") == high
    assert [take(), take(), take()] == [first, second, low]
    inbox.refuse("no_matching_work", "empty", "claim", *ME, "--next", "--pool", "builders")


def test_next_offers_a_lapsed_lease_to_its_addressee_only(inbox: Cli) -> None:
    thread = opened(inbox, to="worker-1")
    taken(inbox, thread, "worker-2", seconds=BLINK)
    inbox.refuse("no_matching_work", "empty", "claim", "--agent", "worker-2", "--next")
    data = inbox.ok("claim", *ME, "--next")
    assert (data["thread"]["thread_id"], data["lease"]["epoch"]) == (thread, 2)


def test_max_claims_counts_lost_leases_and_abandons(inbox: Cli) -> None:
    thread = opened(inbox, "--max-claims", "2")
    taken(inbox, thread, "worker-1", seconds=BLINK)
    inbox.ok("release", *own(thread))  # Given back, so not lost.
    taken(inbox, thread, "worker-1", seconds=BLINK)
    taken(inbox, thread, "worker-1", seconds=BLINK)
    before = log_of(inbox)
    inbox.refuse("invalid_state", "abandoned", "claim", *own(thread, "worker-2"))
    found = thread_of(inbox, thread)
    assert (found["status"], found["reason"]) == ("failed", "abandoned")
    assert log_of(inbox) == before + 1
    last = inbox.ok("show", "--thread", thread)["messages"][-1]
    assert (last["kind"], last["summary"], last["to_agent"]) == ("control", "abandoned", "lead")
    inbox.refuse("invalid_state", "terminal", "claim", *own(thread))


def test_next_goes_on_past_what_it_abandons(inbox: Cli) -> None:
    spent = [opened(inbox, "--max-claims", "1", "--priority", "high") for _ in range(2)]
    for thread in spent:
        taken(inbox, thread, "worker-1", seconds=BLINK)
    good = opened(inbox)
    assert inbox.ok("claim", *ME, "--next")["thread"]["thread_id"] == good
    assert {thread_of(inbox, thread)["status"] for thread in spent} == {"failed"}
    last = opened(inbox, "--max-claims", "1")
    taken(inbox, last, "worker-1", seconds=BLINK)
    inbox.refuse("no_matching_work", "empty", "claim", *ME, "--next")
    assert thread_of(inbox, last)["reason"] == "abandoned"  # Kept, although nothing was claimed.


def test_the_default_of_max_claims_is_five_and_zero_is_no_limit(inbox: Cli) -> None:
    limited, endless = opened(inbox), opened(inbox, "--max-claims", "0")
    for thread in (limited, endless):
        for _ in range(5):
            taken(inbox, thread, "worker-1", seconds=BLINK)
    inbox.refuse("invalid_state", "abandoned", "claim", *own(limited))
    assert taken(inbox, endless, "worker-1")["epoch"] == 6
    assert thread_of(inbox, endless)["lost_leases"] == 5


def owned(inbox: Cli, agent: str = "worker-1") -> str:
    """Open a thread as orch does, through the library."""
    db = inbox.open()
    with db.write() as tx:
        change = threads.send(
            tx,
            sender="lead",
            to=agent,
            draft=model.MessageDraft("task"),
            subject="task",
            run_id="r1",
            task_id="t1",
            owned_by_run=True,
        )
    db.close()
    return change.thread_id


def test_a_thread_of_a_run_is_never_taken_over(inbox: Cli) -> None:
    thread = owned(inbox)
    taken(inbox, thread, "worker-1", seconds=BLINK)
    error = inbox.refuse("invalid_state", "owned_by_run", "claim", *own(thread, "worker-2"))
    assert error["hint"] == "orch reassign --run r1 --task t1 --to worker-2"
    inbox.refuse("no_matching_work", "empty", "claim", "--agent", "worker-2", "--next")
    assert taken(inbox, thread, "worker-1")["epoch"] == 2  # Its own holder may.


def test_a_lapsed_thread_of_a_run_is_offered_to_its_holder_again(inbox: Cli) -> None:
    thread = owned(inbox)
    taken(inbox, thread, "worker-1", seconds=BLINK)
    assert inbox.ok("claim", *ME, "--next")["thread"]["thread_id"] == thread


def test_past_a_lapsed_thread_of_a_run_its_pool_is_given_the_next(inbox: Cli) -> None:
    """The lapsed one is first in line, and its holder's alone."""
    lapsed, free = owned(inbox, "@builders"), owned(inbox, "@builders")
    inbox.ok("claim", *own(lapsed), "--pool", "builders", "--lease-seconds", BLINK)
    argv = ("claim", "--next", "--pool", "builders", "--agent")
    assert inbox.ok(*argv, "worker-2")["thread"]["thread_id"] == free
    inbox.refuse("no_matching_work", "empty", *argv, "worker-3")
    assert inbox.ok(*argv, "worker-1")["thread"]["thread_id"] == lapsed


def test_a_released_thread_of_a_run_is_its_addressees(inbox: Cli) -> None:
    thread = owned(inbox, "@builders")
    taken(inbox, thread, "worker-1")
    inbox.ok("release", *own(thread))
    error = inbox.refuse("invalid_state", "owned_by_run", "claim", *own(thread, "worker-2"))
    assert "orch reassign" in error["hint"]
    data = inbox.ok("claim", *own(thread, "worker-2"), "--pool", "builders")
    assert data["lease"]["epoch"] == 2


def test_checks_come_in_order(inbox: Cli) -> None:
    """Flags, then 40, then 30 for a closed thread or none held, then 20."""
    bad = ("--payload-json", "{")
    inbox.refuse("invalid_input", "json", "done", *own("thr_none"), *bad)
    inbox.refuse("not_found", "thread", "done", *own("thr_none"))
    thread, token = claimed(inbox, seconds=BLINK)
    taken(inbox, thread, "worker-2")
    inbox.refuse("lease_conflict", "superseded", "done", *own(thread), "--lease", token)
    inbox.ok("done", *own(thread, "worker-2"))
    for fence in ((), ("--lease", token), ("--lease", "x")):
        inbox.refuse("invalid_state", "terminal", "done", *own(thread), *fence)
    # A claim looks at a live lease of another before the status.
    thread, _ = claimed(inbox)
    inbox.ok("update", *own(thread), "--status", "blocked")
    inbox.refuse("lease_conflict", "held", "claim", *own(thread, "worker-2"))
    inbox.ok("cancel", "--agent", "lead", "--thread", thread)
    inbox.refuse("invalid_state", "terminal", "claim", *own(thread, "worker-2"))


# The one refusal that writes.


@pytest.mark.parametrize("verb", ["done", "fail"])
def test_a_result_that_comes_after_cancellation_is_kept(inbox: Cli, verb: str) -> None:
    thread, token = claimed(inbox)
    inbox.ok("cancel", "--agent", "lead", "--thread", thread)
    before = log_of(inbox)
    words = (verb, *own(thread), "--body", "all my work", "--payload-json", '{"n": 1}')
    error = inbox.refuse("invalid_state", "superseded", *words)
    assert error["details"]["event_id"] == before + 1 == log_of(inbox)
    kept = inbox.ok("show", "--thread", thread)["messages"][-1]
    assert (kept["kind"], kept["body"], kept["payload_json"]) == ("result", "all my work", {"n": 1})
    assert (kept["from_agent"], kept["to_agent"]) == ("worker-1", "lead")
    assert thread_of(inbox, thread)["status"] == "cancelled"
    again = inbox.refuse("invalid_state", "superseded", *words, "--lease", token)
    assert again["details"] == error["details"]  # Kept once.
    assert log_of(inbox) == before + 1
    watched = inbox.ok("watch", "--after-event", str(before), "--timeout-seconds", "1")
    assert watched["event"]["event_type"] == "thread_late_result"


def test_only_the_last_holder_may_hand_in_late(inbox: Cli) -> None:
    thread, old = claimed(inbox, seconds=BLINK)
    taken(inbox, thread, "worker-2")
    inbox.ok("cancel", "--agent", "lead", "--thread", thread)
    before = log_of(inbox)
    inbox.refuse("invalid_state", "terminal", "done", *own(thread), "--body", "x")
    inbox.refuse("invalid_state", "terminal", "done", *own(thread), "--body", "x", "--lease", old)
    inbox.refuse("invalid_state", "terminal", "done", *own(thread, "nobody"), "--body", "x")
    assert log_of(inbox) == before
    inbox.refuse("invalid_state", "superseded", "done", *own(thread, "worker-2"), "--body", "x")


# Rule 8: secrets.


@pytest.mark.on_file("a backup of the other is pg_dump's")
def test_tokens_are_never_in_the_store_or_the_log(inbox: Cli) -> None:
    thread, token = claimed(inbox, "--key", "s1")
    other = opened(inbox)
    keyed = inbox.ok("claim", *own(other), "--key", "c1")["lease"]["token"]
    inbox.ok("done", *own(thread), "--lease", token)
    inbox.ok("backup", "copy.db")  # What the log and the tables hold, in one whole file.
    content = (inbox.cwd / "copy.db").read_bytes()
    assert b"Fix the parser" in content
    for secret in (token, keyed):
        assert secret.encode() not in content
        assert secret[3:].encode() not in content
    shown = inbox.run("show", "--thread", other, "--json").out
    assert keyed not in shown


# Two at once: the file itself has the last word.


def test_racing_claims_make_one_holder(inbox: Cli) -> None:
    thread = opened(inbox)
    racing = [inbox.start("claim", *own(thread, f"w{i}"), "--json") for i in range(8)]
    answers = [one.wait() for one in racing]
    assert sorted(answer.status for answer in answers) == [0] + [20] * 7
    assert {a.error["reason"] for a in answers if a.status} == {"held"}


def test_racing_next_claims_share_the_work_out(inbox: Cli) -> None:
    for _ in range(6):
        opened(inbox, to="@builders")
    words = ("claim", "--next", "--pool", "builders", "--json", "--agent")
    racing = [inbox.start(*words, f"w{i}") for i in range(8)]
    answers = [one.wait() for one in racing]
    won = [a.data["thread"]["thread_id"] for a in answers if a.status == 0]
    assert len(won) == len(set(won)) == 6
    assert [a.status for a in answers].count(10) == 2


def test_the_library_keeps_the_same_rules(inbox: Cli) -> None:
    """orch moves an attempt and its thread in one transaction through these functions."""
    db = inbox.open()
    with db.write() as tx:
        change = threads.send(
            tx, sender="lead", to="w", draft=model.MessageDraft("task"), subject="task"
        )
        thread = leases.require_thread(tx, change.thread_id)
        claims.claim(tx, thread, "w", 60_000)
        thread = leases.require_thread(tx, change.thread_id)
        with pytest.raises(Failure) as refused:
            work.finish(tx, thread, "done", "thief", None, model.MessageDraft("mine"))
        work.finish(tx, thread, "done", "w", None, model.MessageDraft("done"))
    db.close()
    assert (refused.value.code, refused.value.reason) == ("lease_conflict", "held")
    assert thread_of(inbox, change.thread_id)["status"] == "done"
