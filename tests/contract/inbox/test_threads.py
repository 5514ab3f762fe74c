"""Section 5: send, reply, cancel, fetch, list, show, ack, and the messages they leave."""

import pytest

from inbox.model import KINDS
from tests.support.cli import Cli
from tests.support.threads import BLINK, claimed, log_of, opened, taken, thread_of

SEND = ("send", "--from", "lead", "--to", "worker-1")


def test_send_opens_a_pending_thread(inbox: Cli) -> None:
    data = inbox.ok(*SEND, "--subject", "Fix it", "--body", "please", "--run", "r1", "--task", "t1")
    thread, message = data["thread"], data["message"]
    assert thread["thread_id"].startswith("thr_")
    assert message["message_id"] == f"msg_{data['event_id']}"
    assert (thread["status"], thread["priority"]) == ("pending", "normal")
    assert (thread["subject"], thread["summary"]) == ("Fix it", "Fix it")
    assert (thread["created_by"], thread["addressed_to"]) == ("lead", "worker-1")
    assert (thread["assigned_to"], thread["epoch"]) == ("worker-1", 0)
    assert (thread["run_id"], thread["task_id"]) == ("r1", "t1")
    assert (message["kind"], message["body"], message["summary"]) == ("task", "please", "Fix it")
    assert (message["from_agent"], message["to_agent"]) == ("lead", "worker-1")
    assert message["payload_json"] == {}
    assert message["artifacts"] == []


def test_send_takes_everything(inbox: Cli) -> None:
    words = ("--summary", "s", "--priority", "high", "--kind", "control", "--thread", "mine")
    data = inbox.ok(*SEND, "--subject", "S", *words, "--payload-json", '{"a": [1]}')
    assert data["thread"]["thread_id"] == "mine"
    assert (data["thread"]["summary"], data["thread"]["priority"]) == ("s", "high")
    assert (data["message"]["kind"], data["message"]["payload_json"]) == ("control", {"a": [1]})


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_sent_and_replied(inbox: Cli, kind: str) -> None:
    sent = inbox.ok(*SEND, "--subject", "s", "--kind", kind)
    words = ("--from", "worker-1", "--thread", sent["thread"]["thread_id"], "--kind", kind)
    replied = inbox.ok("reply", *words, "--body", "x")
    assert (sent["message"]["kind"], replied["message"]["kind"]) == (kind, kind)


@pytest.mark.parametrize(
    ("argv", "reason"),
    [
        (("--to", "w"), "flag"),
        (("--subject", "s"), "flag"),
        (("--to", "w", "--subject", ""), "flag"),
        (("--to", "w", "--subject", "s", "--priority", "urgent"), "value"),
        (("--to", "w", "--subject", "s", "--kind", "gossip"), "value"),
        (("--to", "w", "--subject", "s", "--max-claims", "-1"), "value"),
        (("--to", "w", "--subject", "s", "--not-before", "soon"), "value"),
        (("--to", "w", "--subject", "s", "--not-before", "-5"), "value"),
        (("--to", "w", "--subject", "s", "--expects", "/nowhere"), "file"),
        (("--to", "w", "--subject", "s", "--body", "a", "--body-file", "b"), "flag"),
        (("--to", "w", "--subject", "s", "--key", ""), "value"),
        (("--to", "w", "--subject", "s", "--key", "x" * 129), "value"),
        (("--to", "w", "--subject", "s", "--key", "ü"), "value"),
    ],
)
def test_bad_input_to_send_writes_nothing(inbox: Cli, argv: tuple, reason: str) -> None:
    inbox.refuse("invalid_input", reason, "send", "--from", "lead", *argv)
    assert log_of(inbox) == 0


def test_send_appends_to_an_open_thread(inbox: Cli) -> None:
    thread, _ = claimed(inbox)
    data = inbox.ok(*SEND, "--thread", thread, "--body", "one more thing\nsecond line")
    assert data["thread"]["status"] == "claimed"
    assert data["thread"]["subject"] == "Fix the parser"
    assert data["message"]["summary"] == "one more thing"
    assert len(inbox.ok("show", "--thread", thread)["messages"]) == 3


def test_appending_needs_no_addressee_of_either_side(inbox: Cli) -> None:
    thread, _ = claimed(inbox)
    words = ("send", "--thread", thread, "--body", "x")
    assert inbox.ok(*words, "--from", "lead")["message"]["to_agent"] == "worker-1"
    assert inbox.ok(*words, "--from", "worker-1")["message"]["to_agent"] == "lead"
    inbox.refuse("invalid_input", "flag", *words, "--from", "stranger")


def test_send_to_a_closed_thread_is_refused(inbox: Cli) -> None:
    thread = opened(inbox)
    inbox.ok("cancel", "--agent", "lead", "--thread", thread)
    inbox.refuse("invalid_state", "terminal", *SEND, "--thread", thread, "--body", "x")


@pytest.mark.parametrize(
    "more", [("--not-before", "1h"), ("--max-claims", "0"), ("--expects", "schema.json")]
)
def test_what_belongs_to_a_new_thread_is_refused_on_an_old_one(inbox: Cli, more: tuple) -> None:
    (inbox.cwd / "schema.json").write_text("{}")
    thread = opened(inbox)
    inbox.refuse("invalid_input", "flag", *SEND, "--thread", thread, "--body", "x", *more)


def test_a_thread_that_may_not_start_yet(inbox: Cli) -> None:
    thread = opened(inbox, "--not-before", "1h")
    assert thread_of(inbox, thread)["not_before"] is not None
    error = inbox.refuse(
        "invalid_state", "not_yet", "claim", "--agent", "worker-1", "--thread", thread
    )
    assert "3600 seconds" in error["message"] or "3599 seconds" in error["message"]
    inbox.refuse("no_matching_work", "empty", "claim", "--agent", "worker-1", "--next")
    soon = opened(inbox, "--not-before", "0.05")
    words = ("claim", "--agent", "worker-1", "--next", "--timeout-seconds", "20")
    assert inbox.ok(*words)["thread"]["thread_id"] == soon


def test_names_that_differ_only_in_case_are_warned_of(inbox: Cli) -> None:
    opened(inbox)
    data = inbox.ok("send", "--from", "lead", "--to", "Worker-1", "--subject", "s")
    assert data["warnings"] == ["Worker-1 differs only in case from worker-1; they are two agents"]
    assert data["thread"]["assigned_to"] == "Worker-1"
    text = inbox.say("claim", "--agent", "WORKER-1", "--thread", data["thread"]["thread_id"])
    assert "\nwarning: WORKER-1 differs only in case from " in text
    assert text.splitlines()[-1].startswith("next: ")
    replied = inbox.ok("reply", "--from", "Lead", "--to", "worker-1", "--body", "x",
                       "--thread", data["thread"]["thread_id"])  # fmt: skip
    assert len(replied["warnings"]) == 2
    assert "warnings" not in inbox.ok("send", "--from", "ann", "--to", "zoe", "--subject", "s")


def test_reply_goes_to_the_other_side(inbox: Cli) -> None:
    thread, _ = claimed(inbox)
    words = ("reply", "--thread", thread, "--body", "x")
    data = inbox.ok(*words, "--from", "lead")
    assert (data["message"]["to_agent"], data["message"]["kind"]) == ("worker-1", "answer")
    assert data["thread"]["status"] == "claimed"
    assert inbox.ok(*words, "--from", "worker-1")["message"]["to_agent"] == "lead"
    inbox.refuse("invalid_input", "flag", *words, "--from", "stranger")
    assert inbox.ok(*words, "--from", "stranger", "--to", "lead")["message"]["to_agent"] == "lead"


def test_reply_follows_the_assignee(inbox: Cli) -> None:
    thread = opened(inbox, to="@builders")
    words = ("reply", "--from", "lead", "--thread", thread, "--body", "x")
    assert inbox.ok(*words)["message"]["to_agent"] == "@builders"
    taken(inbox, thread, "worker-7")
    assert inbox.ok(*words)["message"]["to_agent"] == "worker-7"


def test_reply_to_a_message(inbox: Cli) -> None:
    thread, other = opened(inbox), opened(inbox)
    words = ("reply", "--from", "lead", "--thread", thread, "--body", "x", "--to-message")
    assert inbox.ok(*words, "msg_1")["message"]["reply_to"] == "msg_1"
    inbox.refuse("not_found", "message", *words, "msg_2")  # It is the other thread's.
    inbox.refuse("not_found", "message", *words, "msg_99")
    inbox.refuse("not_found", "message", *words, "99x")
    assert thread_of(inbox, other)["last_message_id"] == "msg_2"


def test_reply_needs_something_to_say(inbox: Cli) -> None:
    thread = opened(inbox)
    inbox.refuse("invalid_input", "flag", "reply", "--from", "lead", "--thread", thread)
    for words in (("--summary", "s"), ("--payload-json", "{}"), ("--artifact", "f")):
        assert inbox.ok("reply", "--from", "lead", "--thread", thread, *words)


def test_a_blocked_thread_stays_blocked_until_its_worker_updates(inbox: Cli) -> None:
    thread, _ = claimed(inbox)
    own = ("--agent", "worker-1", "--thread", thread)
    asked = inbox.ok("update", *own, "--status", "blocked", "--body", "Which port?")
    assert (asked["message"]["kind"], asked["message"]["to_agent"]) == ("question", "lead")
    replied = inbox.ok("reply", "--from", "lead", "--thread", thread, "--body", "8080")
    assert replied["thread"]["status"] == "blocked"
    going = inbox.ok("update", *own, "--status", "in_progress", "--summary", "on it")
    assert (going["thread"]["status"], going["message"]["kind"]) == ("in_progress", "progress")


def test_nothing_happens_to_a_closed_thread(inbox: Cli) -> None:
    thread, token = claimed(inbox)
    own = ("--agent", "worker-1", "--thread", thread)
    inbox.ok("done", *own)
    before = log_of(inbox)
    for argv in (
        ("reply", "--from", "lead", "--thread", thread, "--body", "x"),
        ("cancel", "--agent", "lead", "--thread", thread),
        ("claim", *own),
        ("renew", *own),
        ("release", *own),
        ("update", *own, "--status", "blocked"),
        ("done", *own),
        ("fail", *own),
        ("fail", *own, "--lease", token),
        ("fail", *own, "--lease", "nonsense"),
    ):
        error = inbox.refuse("invalid_state", "terminal", *argv)
        assert "is done" in error["message"]
    assert log_of(inbox) == before


def test_cancel(inbox: Cli) -> None:
    thread, _ = claimed(inbox)
    data = inbox.ok("cancel", "--agent", "lead", "--thread", thread, "--reason", "no need")
    assert (data["thread"]["status"], data["thread"]["reason"]) == ("cancelled", "no need")
    message = data["message"]
    assert (message["kind"], message["summary"], message["body"]) == (
        "control",
        "no need",
        "no need",
    )
    assert message["to_agent"] == "worker-1"
    assert inbox.ok("show", "--thread", thread)["lease"] is None
    pending = opened(inbox)
    assert inbox.ok("cancel", "--agent", "x", "--thread", pending)["message"]["body"] == "cancelled"


def test_fetch_offers_the_newest_change_first_and_moves_nothing(inbox: Cli) -> None:
    first, second = opened(inbox), opened(inbox)
    opened(inbox, to="worker-2")
    inbox.ok("reply", "--from", "lead", "--thread", first, "--body", "x")
    before = log_of(inbox)
    data = inbox.ok("fetch", "--agent", "worker-1")
    assert [t["thread_id"] for t in data["threads"]] == [first, second]
    assert [t["unread"] for t in data["threads"]] == [2, 1]
    assert [t["last_message_id"] for t in data["threads"]] == ["msg_4", "msg_2"]
    assert data["high_event_id"] == before == log_of(inbox)
    assert inbox.ok("fetch", "--agent", "worker-1") == data
    assert len(inbox.ok("fetch", "--agent", "worker-1", "--limit", "1")["threads"]) == 1


def test_fetch_without_an_agent_offers_everything(inbox: Cli) -> None:
    opened(inbox), opened(inbox, to="@pool")
    data = inbox.ok("fetch")
    assert [t["assigned_to"] for t in data["threads"]] == ["@pool", "worker-1"]
    assert {t["unread"] for t in data["threads"]} == {None}


def test_fetch_by_status_and_pool(inbox: Cli) -> None:
    pool, mine = opened(inbox, to="@builders"), opened(inbox)
    held, _ = claimed(inbox)
    ids = lambda *argv: {t["thread_id"] for t in inbox.ok("fetch", *argv)["threads"]}  # noqa: E731
    me = ("--agent", "worker-1")
    assert ids(*me) == {mine, held}
    assert ids(*me, "--pool", "builders") == {pool, mine, held}
    assert ids(*me, "--pool", "@builders", "--status", "pending") == {pool, mine}
    assert ids("--pool", "builders") == {pool}
    assert ids(*me, "--status", "claimed,blocked") == {held}
    taken(inbox, pool, "worker-2")
    assert ids(*me, "--pool", "builders") == {mine, held}  # Only pending ones of a pool.


def test_fetch_unread(inbox: Cli) -> None:
    read, unread = opened(inbox), opened(inbox)
    inbox.ok("show", "--agent", "worker-1", "--thread", read, "--mark-read")
    threads = inbox.ok("fetch", "--agent", "worker-1", "--unread")["threads"]
    assert [t["thread_id"] for t in threads] == [unread]
    inbox.refuse("invalid_input", "flag", "fetch", "--unread")
    both = inbox.ok("fetch", "--agent", "worker-1")["threads"]
    assert {t["thread_id"]: t["unread"] for t in both} == {read: 0, unread: 1}


def test_nothing_to_fetch_is_10(inbox: Cli) -> None:
    opened(inbox)
    error = inbox.refuse("no_matching_work", "empty", "fetch", "--agent", "worker-9")
    assert error["details"]["high_event_id"] == 1
    assert error["retry"] == "later"
    inbox.refuse("no_matching_work", "empty", "fetch", "--status", "done")


def test_list_filters(inbox: Cli) -> None:
    a = opened(inbox, "--run", "r1")
    b = opened(inbox, sender="boss")
    c, _ = claimed(inbox, agent="worker-2")
    ids = lambda *argv: [t["thread_id"] for t in inbox.ok("list", *argv)["threads"]]  # noqa: E731
    assert ids() == [c, b, a]
    assert ids("--limit", "2") == [c, b]
    assert ids("--agent", "worker-1") == [b, a]
    assert ids("--agent", "worker-2") == [c]
    assert ids("--created-by", "boss") == [b]
    assert ids("--run", "r1") == [a]
    assert ids("--status", "pending") == [b, a]
    assert ids("--status", "claimed,pending") == [c, b, a]
    assert ids("--status", " claimed , pending ") == [c, b, a]
    assert ids("--after-event", "2") == [c]
    assert ids("--created-by", "lead", "--agent", "worker-1", "--status", "pending") == [a]
    assert ids("--run", "r1", "--created-by", "boss") == []
    assert ids("--agent", "@nobody") == []
    assert inbox.ok("list", "--limit", "2")["truncated"] is True
    assert inbox.ok("list", "--limit", "3")["truncated"] is False
    for bad in (("--status", "open"), ("--status", ""), ("--limit", "0"), ("--after-event", "-1")):
        inbox.refuse("invalid_input", "value", "list", *bad)


def test_show_is_oldest_first_and_says_how_to_go_on(inbox: Cli) -> None:
    thread = opened(inbox)
    for i in range(3):
        inbox.ok("reply", "--from", "lead", "--thread", thread, "--body", f"answer {i}")
    show = ("show", "--thread", thread)
    whole = inbox.ok(*show)
    assert [m["event_id"] for m in whole["messages"]] == [1, 2, 3, 4]
    assert (whole["truncated"], whole["next_after"]) == (False, None)
    page = inbox.ok(*show, "--limit", "2")
    assert [m["event_id"] for m in page["messages"]] == [1, 2]
    assert (page["truncated"], page["next_after"]) == (True, "msg_2")
    rest = inbox.ok(*show, "--after-message", page["next_after"])
    assert [m["event_id"] for m in rest["messages"]] == [3, 4]
    assert [m["event_id"] for m in inbox.ok(*show, "--max-bytes", "1")["messages"]] == [1]
    assert inbox.ok(*show, "--max-bytes", "1")["truncated"] is True
    assert inbox.ok(*show, "--max-bytes", "100000")["truncated"] is False
    text = inbox.say(*show, "--limit", "2")
    assert text.splitlines()[-1] == f"next: inbox show --thread {thread} --after-message msg_2"


def test_the_cursor_moves_to_the_last_message_returned(inbox: Cli) -> None:
    thread = opened(inbox)
    for i in range(4):
        inbox.ok("reply", "--from", "lead", "--thread", thread, "--body", f"answer {i}")
    show = ("show", "--agent", "worker-1", "--thread", thread)

    def cursor() -> str | None:
        return inbox.ok(*show)["last_read"]

    assert cursor() is None
    inbox.ok(*show, "--mark-read", "--limit", "2")
    assert cursor() == "msg_2"
    inbox.ok(*show, "--mark-read", "--after-message", "msg_5")  # Nothing shown, nothing read.
    assert cursor() == "msg_2"
    inbox.ok(*show, "--mark-read", "--max-bytes", "1")  # Shows msg_1: never goes back.
    assert cursor() == "msg_2"
    inbox.ok(*show, "--mark-read", "--after-message", "msg_2", "--limit", "1")
    assert cursor() == "msg_3"
    inbox.ok(*show, "--mark-read")
    assert cursor() == "msg_5"
    inbox.refuse("invalid_input", "flag", "show", "--thread", thread, "--mark-read")


@pytest.mark.parametrize("name", ["msg_none", "none", "0", "msg_", "msg_-1", "msg_2", "msg_3"])
def test_an_id_that_names_no_message_of_the_thread_is_not_found(inbox: Cli, name: str) -> None:
    """Of any form; msg_2 is another thread's, msg_3 nobody's message but an event after it."""
    thread = opened(inbox)
    other = opened(inbox)
    inbox.ok("claim", "--agent", "worker-1", "--thread", other)
    before = log_of(inbox)
    own = ("--agent", "worker-1", "--thread", thread)
    for argv in (
        ("ack", *own, "--through", name),
        ("show", *own, "--after-message", name),
        ("show", *own, "--mark-read", "--after-message", name),
        ("wait-reply", *own, "--timeout-seconds", "0.01", "--after-message", name),
        ("reply", "--from", "lead", "--thread", thread, "--body", "x", "--to-message", name),
    ):
        error = inbox.refuse("not_found", "message", *argv)
        assert name.removeprefix("msg_") in error["message"], argv
    assert log_of(inbox) == before


def test_an_unknown_value_is_told_together_with_the_allowed_ones(inbox: Cli) -> None:
    thread = opened(inbox)
    for argv, allowed in (
        (("list", "--status", "done,nope"), "pending, claimed, in_progress, blocked, done"),
        (("send", "--from", "a", "--to", "b", "--subject", "s", "--priority", "urgent"),
         "low, normal, high"),
        (("send", "--from", "a", "--to", "b", "--subject", "s", "--kind", "x"), "progress"),
        (("wait-reply", "--thread", thread, "--kinds", "nope"), "answer"),
    ):  # fmt: skip
        assert allowed in inbox.refuse("invalid_input", "value", *argv)["message"], argv


def test_ack_moves_forward_only(inbox: Cli) -> None:
    thread = opened(inbox)
    other = opened(inbox)
    inbox.ok("reply", "--from", "lead", "--thread", thread, "--body", "x")
    ack = ("ack", "--agent", "worker-1", "--thread", thread, "--through")
    before = log_of(inbox)
    updated = thread_of(inbox, thread)["updated_at"]
    assert inbox.ok(*ack, "msg_1")["moved"] is True
    assert inbox.ok(*ack, "msg_3")["last_read"] == "msg_3"
    back = inbox.ok(*ack, "msg_1")
    assert (back["moved"], back["last_read"]) == (False, "msg_3")
    error = inbox.refuse("invalid_input", "value", *ack, "msg_4")
    assert "--through msg_3" in error["hint"]
    inbox.refuse("not_found", "message", *ack, "msg_2")  # It is the other thread's.
    inbox.refuse("not_found", "message", *ack, "0")
    inbox.refuse("not_found", "thread", "ack", "--agent", "w", "--thread", "t", "--through", "1")
    assert inbox.ok("show", "--agent", "worker-1", "--thread", other)["last_read"] is None
    assert log_of(inbox) == before
    assert thread_of(inbox, thread)["updated_at"] == updated


def test_an_unknown_thread_is_40_everywhere(inbox: Cli) -> None:
    own = ("--agent", "worker-1", "--thread", "thr_zzzzzz")
    for argv in (
        ("claim", *own),
        ("renew", *own),
        ("release", *own),
        ("update", *own, "--status", "blocked"),
        ("reply", "--from", "a", "--thread", "thr_zzzzzz", "--body", "x"),
        ("done", *own),
        ("done", *own, "--validate"),
        ("done", *own, "--lease", "nonsense"),
        ("fail", *own),
        ("cancel", *own),
        ("show", *own),
        ("ack", *own, "--through", "msg_1"),
        ("wait-reply", *own),
        ("search", "x", "--thread", "thr_zzzzzz"),
        ("artifact", "list", "--thread", "thr_zzzzzz"),
    ):
        inbox.refuse("not_found", "thread", *argv)


def test_flags_are_checked_before_anything_exists(bare: Cli) -> None:
    for argv in (
        ("show",),
        ("update", "--agent", "a", "--thread", "t", "--status", "done"),
        ("reply", "--from", "a", "--thread", "t", "--payload-json", "{"),
        ("renew", "--agent", "a", "--thread", "t", "--while", "0"),
        ("fail", "--agent", "a", "--thread", "t", "--retryable", "--permanent"),
        ("claim", "--agent", "a"),
        ("claim", "--agent", "a", "--thread", "t", "--next"),
        ("claim", "--agent", "a", "--thread", "t", "--timeout-seconds", "1"),
        ("wait-reply", "--thread", "t", "--after-message", "msg_1", "--after-event", "1"),
        ("search",),
        ("search", " "),
        ("backup",),
        ("artifact", "get"),
    ):
        assert bare.run("--json", *argv).error["code"] == "invalid_input", argv


def test_done_and_fail_send_the_result_to_the_creator(inbox: Cli) -> None:
    for verb, status in (("done", "done"), ("fail", "failed")):
        thread, _ = claimed(inbox)
        words = ("--agent", "worker-1", "--thread", thread, "--body", "the result\nmore")
        data = inbox.ok(verb, *words, "--payload-json", '{"ok": 1}')
        assert data["thread"]["status"] == status
        message = data["message"]
        assert (message["kind"], message["to_agent"]) == ("result", "lead")
        assert (message["summary"], message["payload_json"]) == ("the result", {"ok": 1})
        assert inbox.ok("show", "--thread", thread)["lease"] is None


@pytest.mark.parametrize(
    ("flag", "reason"), [("--retryable", "retryable"), ("--permanent", "permanent"), (None, None)]
)
def test_fail_says_whether_to_try_again(inbox: Cli, flag: str | None, reason: str | None) -> None:
    thread, _ = claimed(inbox)
    data = inbox.ok("fail", "--agent", "worker-1", "--thread", thread, *([flag] if flag else []))
    assert data["thread"]["reason"] == reason


def test_validate_checks_the_result_against_what_is_expected(inbox: Cli) -> None:
    (inbox.cwd / "schema.json").write_text(
        '{"type": "object", "required": ["ok"], "properties": {"ok": {"type": "boolean"}}}'
    )
    thread, _ = claimed(inbox, "--expects", "schema.json")
    assert thread_of(inbox, thread)["expects"]["required"] == ["ok"]
    done = ("done", "--agent", "worker-1", "--thread", thread, "--validate")
    before = log_of(inbox)
    for words in (
        (),
        ("--body", ""),
        ("--body", "not json"),
        ("--body", '{"ok": "yes"}'),
        ("--payload-json", '{"fine": true}'),
        ("--payload-json", '{"ok": 1}', "--body", '{"ok": true}'),
    ):
        error = inbox.refuse("invalid_input", "schema", *done, *words)
        assert error["message"]
    assert "ok: 1 is not of type" in error["message"]
    assert (log_of(inbox), thread_of(inbox, thread)["status"]) == (before, "claimed")
    words = ("--payload-json", '{"ok": true}', "--body", "words for people")
    assert inbox.ok(*done, *words)["thread"]["status"] == "done"


def test_validate_takes_the_body_and_without_expects_is_a_plain_done(inbox: Cli) -> None:
    (inbox.cwd / "schema.json").write_text('{"type": "array"}')
    thread, _ = claimed(inbox, "--expects", "schema.json")
    done = ("done", "--agent", "worker-1", "--validate", "--thread")
    assert inbox.ok(*done, thread, "--body", "[1]")["thread"]["status"] == "done"
    thread, _ = claimed(inbox)
    assert inbox.ok(*done, thread, "--body", "words")["thread"]["status"] == "done"
    thread, _ = claimed(inbox, "--expects", "schema.json")  # Not asked to validate: not validated.
    assert inbox.ok("done", "--agent", "worker-1", "--thread", thread, "--body", "words")


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ("nonsense", "json"),
        ("[]", "json"),
        ('{"type": "sausage"}', "schema"),
        ('{"a": 1, "a": 2}', "json"),
    ],
)
def test_expects_must_be_a_json_schema(inbox: Cli, schema: str, reason: str) -> None:
    (inbox.cwd / "schema.json").write_text(schema)
    words = ("--subject", "s", "--expects", "schema.json")
    inbox.refuse("invalid_input", reason, *SEND, *words)
    assert log_of(inbox) == 0


def test_an_expected_schema_fetches_nothing(inbox: Cli) -> None:
    (inbox.cwd / "schema.json").write_text('{"$ref": "http://127.0.0.1:9/x.json"}')
    thread, _ = claimed(inbox, "--expects", "schema.json")
    done = ("done", "--agent", "worker-1", "--thread", thread, "--validate", "--body", "{}")
    assert "cannot be applied" in inbox.refuse("invalid_input", "schema", *done)["message"]


def test_holder_messages_and_events(inbox: Cli) -> None:
    thread, _ = claimed(inbox)
    own = ("--agent", "worker-1", "--thread", thread)
    inbox.ok("renew", *own, "--lease-seconds", "60")
    inbox.ok("update", *own, "--status", "in_progress")
    inbox.ok("update", *own, "--status", "blocked")
    inbox.ok("reply", "--from", "lead", "--thread", thread, "--body", "x")
    inbox.ok("release", *own, "--reason", "tired")
    taken(inbox, thread, "worker-1", seconds=BLINK)
    inbox.ok("done", *own)
    messages = inbox.ok("show", "--thread", thread)["messages"]
    assert [(m["kind"], m["summary"]) for m in messages] == [
        ("task", "Fix the parser"),
        ("event", "thread claimed"),
        ("event", "lease renewed"),
        ("progress", ""),
        ("question", ""),
        ("answer", "x"),
        ("event", "thread released"),
        ("event", "thread claimed"),
        ("result", ""),
    ]
    assert messages[2]["payload_json"] == {"lease_seconds": 60}
    assert messages[6]["body"] == "tired"
    with inbox.start("watch", "--follow", "--after-event", "0") as stream:
        types = [stream.line().split('"event_type":"')[1].split('"')[0] for _ in messages]
    assert types == [
        "thread_send", "thread_claim", "thread_renew", "thread_update", "thread_update",
        "thread_reply", "thread_release", "thread_claim", "thread_result",
    ]  # fmt: skip
