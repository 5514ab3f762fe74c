"""Section 4.8: the same command run again gives the stored answer, once and for all."""

import pytest

from tests.support.cli import Cli
from tests.support.threads import BLINK, claimed, log_of, opened, taken, thread_of

ME = ("--agent", "worker-1")


def _cases(thread: str) -> dict:
    """One keyed call of every mutation, and what to change for `other arguments`."""
    own = (*ME, "--thread", thread)
    return {
        "send": (("--from", "lead", "--to", "w", "--subject", "s"), ("--body", "other")),
        "claim": (own, ("--lease-seconds", "5")),
        "renew": (own, ("--lease-seconds", "5")),
        "update": ((*own, "--status", "in_progress"), ("--body", "other")),
        "reply": (("--from", "lead", "--thread", thread, "--body", "x"), ("--to", "zoe")),
        "ack": ((*own, "--through", "msg_1"), ("--through", "msg_2")),
        "release": (own, ("--reason", "other")),
        "done": (own, ("--body", "other")),
        "fail": (own, ("--permanent",)),
        "cancel": (own, ("--reason", "other")),
    }


@pytest.mark.parametrize("verb", list(_cases("")))
def test_a_key_runs_a_mutation_once(inbox: Cli, verb: str) -> None:
    thread = opened(inbox)
    if verb not in ("claim", "send"):
        taken(inbox, thread, "worker-1")
    argv, other = _cases(thread)[verb]
    first = inbox.ok(verb, *argv, "--key", "k")
    assert "replayed" not in first
    before = log_of(inbox)
    again = inbox.ok(verb, *argv, "--key", "k")
    assert again.pop("replayed") is True
    assert again == first
    assert inbox.run(verb, *argv, "--key", "k").status == 0
    error = inbox.refuse("key_conflict", "other_arguments", verb, *argv, *other, "--key", "k")
    assert error["retry"] == "no"
    assert log_of(inbox) == before


def test_a_replay_is_said_in_plain_mode(inbox: Cli) -> None:
    words = ("send", "--from", "a", "--to", "b", "--subject", "s", "--key", "k")
    inbox.say(*words)
    assert "(replayed: it had been done before)" in inbox.say(*words)


def test_keys_are_scoped_by_actor_and_verb(inbox: Cli) -> None:
    thread = opened(inbox)
    reply = ("reply", "--thread", thread, "--body", "x", "--key", "k", "--to", "zoe")
    ids = {
        inbox.ok(*reply, "--from", "a")["event_id"],
        inbox.ok(*reply, "--from", "b")["event_id"],
        inbox.ok("send", "--from", "a", "--thread", thread, "--body", "x", "--key", "k",
                 "--to", "zoe")["event_id"],
    }  # fmt: skip
    assert len(ids) == 3


def test_a_body_from_a_file_equals_the_same_body_typed(inbox: Cli) -> None:
    (inbox.cwd / "body").write_text("words")
    words = ("send", "--from", "a", "--to", "b", "--subject", "s", "--key", "k")
    first = inbox.ok(*words, "--body", "words")
    assert inbox.ok(*words, "--body-file", "body")["event_id"] == first["event_id"]
    assert inbox.ok(*words, "--body-file", "-", stdin=b"words")["replayed"] is True
    (inbox.cwd / "body").write_text("others")
    inbox.refuse("key_conflict", "other_arguments", *words, "--body-file", "body")


def test_what_a_file_holds_is_an_argument(inbox: Cli) -> None:
    (inbox.cwd / "schema.json").write_text('{"type": "object"}')
    (inbox.cwd / "note").write_text("one")
    send = ("send", "--from", "a", "--to", "b", "--subject", "s")
    expects = (*send, "--expects", "schema.json", "--key", "k1")
    artifact = (*send, "--artifact", "note", "--key", "k2")
    for words in (expects, artifact):
        inbox.ok(*words)
        assert inbox.ok(*words)["replayed"] is True
    (inbox.cwd / "schema.json").write_text('{"type": "array"}')
    (inbox.cwd / "note").write_text("two")
    for words in (expects, artifact):
        inbox.refuse("key_conflict", "other_arguments", *words)


def test_refusals_are_not_stored(inbox: Cli) -> None:
    thread = opened(inbox)
    taken(inbox, thread, "worker-1")
    claim = ("claim", "--agent", "worker-2", "--thread", thread, "--key", "k")
    inbox.refuse("lease_conflict", "held", *claim)
    inbox.ok("release", *ME, "--thread", thread)
    assert inbox.ok(*claim)["lease"]["holder"] == "worker-2"


def test_nothing_found_is_not_stored(inbox: Cli) -> None:
    claim = ("claim", *ME, "--next", "--key", "k")
    inbox.refuse("no_matching_work", "empty", *claim)
    thread = opened(inbox)
    first = inbox.ok(*claim)
    assert first["thread"]["thread_id"] == thread
    opened(inbox)
    again = inbox.ok(*claim)  # The same thread again, not the next one.
    assert (again["thread"]["thread_id"], again["replayed"]) == (thread, True)
    waiting = inbox.ok(*claim, "--timeout-seconds", "5")
    assert waiting["thread"]["thread_id"] == thread


def test_a_replayed_claim_gives_the_same_token(inbox: Cli) -> None:
    thread = opened(inbox)
    claim = ("claim", *ME, "--thread", thread, "--key", "k")
    token = inbox.ok(*claim)["lease"]["token"]
    assert inbox.ok(*claim)["lease"]["token"] == token
    assert inbox.ok("renew", *ME, "--thread", thread, "--lease", token)


def test_a_replayed_claim_of_an_old_epoch_is_superseded(inbox: Cli) -> None:
    thread = opened(inbox)
    claim = ("claim", *ME, "--thread", thread, "--key", "k", "--lease-seconds", BLINK)
    inbox.ok(*claim)
    taken(inbox, thread, "worker-2")
    before = log_of(inbox)
    error = inbox.refuse("lease_conflict", "superseded", *claim)
    assert error["hint"].endswith(f"inbox claim {' '.join(ME)} --next"), "as who asked"
    assert log_of(inbox) == before


@pytest.mark.parametrize("verb", ["done", "fail"])
def test_with_a_token_a_lost_answer_is_cured_by_the_same_command(inbox: Cli, verb: str) -> None:
    thread, token = claimed(inbox)
    words = (verb, *ME, "--thread", thread, "--lease", token, "--body", "result")
    first = inbox.ok(*words)
    before = log_of(inbox)
    again = inbox.ok(*words)
    assert again.pop("replayed") is True
    assert again == first
    error = inbox.refuse("key_conflict", "other_arguments", *words, "--summary", "another")
    assert thread in error["message"]
    assert "\n" not in error["message"]
    assert log_of(inbox) == before
    other = {"done": "fail", "fail": "done"}[verb]
    inbox.refuse("invalid_state", "terminal", other, *words[1:])
    inbox.refuse("invalid_state", "terminal", *words[:5])


def test_the_token_of_the_environment_makes_done_repeatable_too(inbox: Cli) -> None:
    thread, token = claimed(inbox)
    env = {"INBOX_AGENT": "worker-1", "INBOX_THREAD": thread, "INBOX_LEASE": token}
    inbox.ok("done", "--body", "result", env=env)
    assert inbox.ok("done", "--body", "result", env=env)["replayed"] is True


def test_without_key_and_token_a_second_done_is_refused(inbox: Cli) -> None:
    thread, _ = claimed(inbox)
    done = ("done", *ME, "--thread", thread)
    inbox.ok(*done)
    inbox.refuse("invalid_state", "terminal", *done)


def test_a_key_and_a_token_together(inbox: Cli) -> None:
    thread, token = claimed(inbox)
    own = ("done", *ME, "--thread", thread, "--body", "x")
    inbox.ok(*own, "--lease", token, "--key", "k")
    for how in (("--key", "k"), ("--lease", token), ("--lease", token, "--key", "k")):
        assert inbox.ok(*own, *how)["replayed"] is True
    assert inbox.ok(*own, "--lease", token, "--key", "k2")["replayed"] is True


@pytest.mark.on_file("a backup of the other is pg_dump's")
def test_init_and_backup_take_a_key(inbox: Cli) -> None:
    assert inbox.ok("init", "--key", "k") == inbox.ok("init", "--key", "k")
    inbox.ok("backup", "copy.db", "--key", "k")
    assert thread_of(inbox, opened(inbox))["status"] == "pending"
