"""done --next and fail --next: the report and the next claim are one step, repeated harmlessly."""

import pytest

from tests.support.cli import Cli
from tests.support.threads import BLINK, claimed, log_of, opened, taken, thread_of

ME = ("--agent", "worker-1")


def report(verb: str, thread: str, token: str) -> tuple[str, ...]:
    return (verb, *ME, "--thread", thread, "--lease", token, "--summary", "s", "--next")


@pytest.mark.parametrize(("verb", "ends"), [("done", "done"), ("fail", "failed")])
def test_the_next_thread_comes_with_the_answer(inbox: Cli, verb: str, ends: str) -> None:
    thread, token = claimed(inbox)
    later = opened(inbox)
    urgent = opened(inbox, "--priority", "high", to="@builders")
    data = inbox.ok(*report(verb, thread, token), "--pool", "builders")
    assert data["thread"]["status"] == ends
    assert data["claimed"]["thread"]["thread_id"] == urgent, "as claim --next chooses"
    told = data["claimed"]
    assert (told["thread"]["status"], told["lease"]["holder"]) == ("claimed", "worker-1")
    assert told["messages"][0]["body"] == "please"
    own = (*ME, "--thread", urgent, "--lease", told["lease"]["token"])
    assert inbox.ok("renew", *own)["thread"]["thread_id"] == urgent, "the token is good"
    assert thread_of(inbox, later)["status"] == "pending", "one at a time"


def test_without_more_work_the_report_decides_the_exit(inbox: Cli) -> None:
    thread, token = claimed(inbox)
    opened(inbox, to="worker-2")
    answer = inbox.quick("--json", *report("done", thread, token))
    assert answer.status == 0 and answer.data["claimed"] is None
    said = inbox.say("done", *ME, "--thread", claimed(inbox)[0], "--next")
    assert "nothing more is waiting for you" in said
    assert said.splitlines()[-1] == "next: inbox claim --agent worker-1 --next"


def test_a_refused_report_claims_nothing(inbox: Cli) -> None:
    thread, token = claimed(inbox)
    inbox.ok("cancel", "--agent", "lead", "--thread", thread)
    waiting = opened(inbox)
    inbox.refuse("invalid_state", "superseded", *report("done", thread, token))
    assert thread_of(inbox, waiting)["status"] == "pending"


def test_a_replay_gives_the_same_claim_with_its_token(inbox: Cli) -> None:
    thread, token = claimed(inbox)
    opened(inbox)
    first = inbox.ok(*report("done", thread, token))
    before = log_of(inbox)
    again = inbox.ok(*report("done", thread, token))
    assert again.pop("replayed") is True and again == first
    assert log_of(inbox) == before
    error = inbox.refuse("key_conflict", "other_arguments", *report("done", thread, token)[:-1])
    assert "the lease of thread" in error["message"], "without --next it is another command"


@pytest.mark.parametrize("over", ["reported", "claimed anew"])
def test_a_replay_whose_claim_is_over_gives_nothing_to_work_on(inbox: Cli, over: str) -> None:
    thread, token = claimed(inbox)
    opened(inbox)
    first = inbox.ok(*report("done", thread, token))["claimed"]
    name = first["thread"]["thread_id"]
    if over == "reported":
        inbox.ok("done", *ME, "--thread", name)
    else:
        inbox.ok("release", *ME, "--thread", name)
        taken(inbox, name, "worker-2")
    again = inbox.ok(*report("done", thread, token))
    assert (again["claimed"], again["superseded"], again["replayed"]) == (None, True, True)
    said = inbox.say(*report("done", thread, token))
    assert "the thread that was claimed then is over" in said and "e1-" not in said


@pytest.mark.parametrize("verb", ["done", "fail"])
def test_inside_a_turn_of_orch_work_it_is_refused(inbox: Cli, verb: str) -> None:
    """Its worktree is of one thread: what is claimed there would be done in the wrong place."""
    thread, token = claimed(inbox)
    before = log_of(inbox)
    argv = report(verb, thread, token)
    error = inbox.at(ORCH_TURN="1").refuse("invalid_input", "flag", *argv)
    assert "without --next" in error["hint"]
    assert log_of(inbox) == before
    inbox.at(ORCH_TURN="1").ok(*argv[:-1])


def test_a_pool_goes_with_next_only(inbox: Cli) -> None:
    thread, _ = claimed(inbox)
    inbox.refuse("invalid_input", "flag", "done", *ME, "--thread", thread, "--pool", "builders")


def test_what_is_spent_on_the_way_is_failed_and_the_report_stays(inbox: Cli) -> None:
    thread, token = claimed(inbox)
    spent = opened(inbox, "--max-claims", "1")
    taken(inbox, spent, "worker-1", seconds=BLINK)
    assert inbox.ok(*report("done", thread, token))["claimed"] is None
    assert thread_of(inbox, thread)["status"] == "done"
    assert thread_of(inbox, spent)["reason"] == "abandoned"


def test_killed_around_the_commit_both_are_there_or_neither(inbox: Cli) -> None:
    thread, token = claimed(inbox)
    other = opened(inbox)
    for point, ends in (
        ("commit.before", ("claimed", "pending")),
        ("commit.after", ("done", "claimed")),
    ):
        died = inbox.run(*report("done", thread, token), env={"ORCH_CRASH_AT": point})
        assert died.status == -9
        found = (thread_of(inbox, thread)["status"], thread_of(inbox, other)["status"])
        assert found == ends
    data = inbox.ok(*report("done", thread, token))
    assert data["claimed"]["thread"]["thread_id"] == other and data["replayed"] is True
