"""hook: an agent's client shows it its new mail, once, briefly, and is never troubled by it."""

import json
import os
import shutil
import subprocess

import pytest

from inbox.cli import shapes
from inbox.cli.table import HOOK_CLIENTS
from tests.contract.test_shapes import checked
from tests.house.test_imports import _FORBIDDEN, _call
from tests.support.cli import DEADLINE, SCRIPTS, Cli
from tests.support.session import Session

NESTED = ("claude", "codex", "gemini", "qwen")


def _send(inbox: Cli, to: str = "w1", body: str = "Use port 8080.", **how: str) -> str:
    argv = ["send", "--from", "lead", "--to", to, "--subject", how.get("subject", "Port"), "--body"]
    return inbox.ok(*argv, body)["thread"]["thread_id"]


def _context(client: str, event: str, out: str) -> str:
    """Return the text that reaches the model, from the shape the client takes."""
    document = json.loads(out)
    if client == "copilot":
        assert set(document) == {"additionalContext"}
        return document["additionalContext"]
    assert set(document) == {"hookSpecificOutput"}
    inner = document["hookSpecificOutput"]
    assert set(inner) == {"hookEventName", "additionalContext"}
    assert inner["hookEventName"] == event
    return inner["additionalContext"]


@pytest.mark.parametrize("client", [*NESTED, "copilot"])
def test_new_mail_is_shown_once_in_the_shape_of_the_client(inbox: Cli, client: str) -> None:
    thread = _send(inbox)
    argv = ("hook", "--agent", "w1", "--client", client, "--event", "AfterTool")
    text = _context(client, "AfterTool", inbox.say(*argv))
    assert "| Use port 8080." in text
    begin = next(line for line in text.splitlines() if line.startswith("BEGIN UNTRUSTED "))
    nonce = begin.split(" ")[2]
    assert f"END {nonce}" in text.splitlines()
    assert text.splitlines()[0].startswith("inbox: 1 new message for w1")
    assert text.splitlines()[-1] == f"next: inbox show --agent w1 --thread {thread} --mark-read"
    assert inbox.say(*argv) == ""
    _send(inbox, body="Again.")
    assert "| Again." in _context(client, "AfterTool", inbox.say(*argv))


def test_without_a_client_it_is_text_or_an_envelope(inbox: Cli) -> None:
    _send(inbox)
    data = checked("hook", inbox.ok("hook", "--agent", "w1"))
    assert [m["from_agent"] for m in data["messages"]] == ["lead"]
    assert checked("hook", inbox.ok("hook", "--agent", "w1")) == {
        "agent": "w1", "messages": [], "text": ""}  # fmt: skip
    _send(inbox)
    assert inbox.say("hook", "--agent", "w1").startswith("inbox: 1 new message")
    assert inbox.say("hook", "--agent", "w1") == ""
    assert "hook" in shapes.schemas()


def test_orch_json_does_not_change_what_a_client_gets(inbox: Cli) -> None:
    _send(inbox)
    out = inbox.at(ORCH_JSON="1", INBOX_AGENT="w1").say(
        "hook", "--client", "claude", "--event", "E"
    )
    assert _context("claude", "E", out)


@pytest.mark.parametrize("client", HOOK_CLIENTS)
def test_json_asked_for_is_an_envelope_whatever_the_client(inbox: Cli, client: str) -> None:
    argv = ("hook", "--agent", "w1", "--client", client, "--event", "E")
    assert checked("hook", inbox.ok(*argv))["messages"] == []
    _send(inbox)
    assert len(checked("hook", inbox.ok(*argv))["messages"]) == 1


@pytest.mark.parametrize("client", HOOK_CLIENTS)
def test_it_is_silent_where_there_is_nothing_to_say(bare: Cli, inbox: Cli, client: str) -> None:
    argv = ("hook", "--client", client, "--event", "E")
    assert bare.at(INBOX_AGENT="w1").say(*argv) == ""  # No store.
    assert inbox.say(*argv) == ""  # No name.
    _send(inbox, to="other")
    assert inbox.at(INBOX_AGENT="w1").say(*argv) == ""  # No mail.
    for name in ("", "not a name", "../x", "a" * 200):
        assert inbox.at(INBOX_AGENT=name).say(*argv) == ""


@pytest.mark.on_file("it is about the file")
def test_a_broken_store_is_no_trouble_for_the_client(inbox: Cli) -> None:
    inbox.store.write_bytes(b"rubbish" * 1000)
    assert inbox.at(INBOX_AGENT="w1").say("hook", "--client", "claude", "--event", "E") == ""
    assert inbox.at(ORCH_DB="/nowhere/x.db", INBOX_AGENT="w1").say("hook") == ""
    assert inbox.store.read_bytes() == b"rubbish" * 1000


@pytest.mark.parametrize("body", ["x" * 100_000, '"\\\n' * 3000, "ü€" * 2000, "\x1b\u202e" * 3000])
def test_it_says_less_than_two_kilobytes_whatever_came(inbox: Cli, body: str) -> None:
    (inbox.cwd / "body").write_text(body)
    for _ in range(3):
        inbox.ok("send", "--from", "l", "--to", "w1", "--subject", body[:90].replace("\n", " "),
                 "--body-file", "body")  # fmt: skip
    shown = 0
    for client in ("claude", "copilot", "text"):
        answer = inbox.run("hook", "--agent", "w1", "--client", client, "--event", "E")
        assert answer.status == 0
        assert 0 < len(answer.raw) < 2000
        shown += answer.out.count("BEGIN UNTRUSTED")
        assert "\x1b" not in answer.out and "\u202e" not in answer.out
    assert shown == 3
    assert inbox.say("hook", "--agent", "w1") == ""


def test_what_does_not_fit_comes_with_the_next_call(inbox: Cli) -> None:
    bodies = [f"number {i} " + "y" * 900 for i in range(4)]
    for body in bodies:
        _send(inbox, body=body)
    seen: list[str] = []
    while text := inbox.say("hook", "--agent", "w1"):
        seen += [body for body in bodies if body[:9] in text]
        assert len(seen) <= len(bodies)
    assert seen == bodies


def test_the_read_cursor_stays_and_what_was_read_is_not_announced(inbox: Cli) -> None:
    thread = _send(inbox)
    assert inbox.say("hook", "--agent", "w1")
    unread = inbox.ok("fetch", "--agent", "w1", "--unread")["threads"]
    assert [t["thread_id"] for t in unread] == [thread]
    assert inbox.ok("show", "--thread", thread, "--agent", "w1")["last_read"] is None
    other = _send(inbox, body="read already")
    inbox.ok("show", "--thread", other, "--agent", "w1", "--mark-read")
    assert inbox.say("hook", "--agent", "w1") == ""


def test_a_leader_hears_of_answers_and_nobody_of_itself(inbox: Cli) -> None:
    thread = _send(inbox)
    inbox.ok("claim", "--agent", "w1", "--thread", thread)
    inbox.ok(
        "update", "--agent", "w1", "--thread", thread, "--status", "blocked", "--body", "Which?"
    )
    assert "| Which?" in inbox.say("hook", "--agent", "lead")
    inbox.ok("reply", "--from", "w1", "--to", "w1", "--thread", thread, "--body", "to myself")
    assert "to myself" not in inbox.say("hook", "--agent", "w1")


def test_of_many_hooks_at_once_one_shows_a_message(inbox: Cli) -> None:
    _send(inbox)
    started = [inbox.start("hook", "--agent", "w1", "--client", "text") for _ in range(8)]
    answers = [running.wait() for running in started]
    assert [a.status for a in answers] == [0] * 8
    assert sum("BEGIN UNTRUSTED" in a.out for a in answers) == 1


@pytest.mark.on_file("it is about the file")
def test_a_store_that_is_held_for_long_holds_no_client_up(inbox: Cli) -> None:
    import apsw

    _send(inbox)
    connection = apsw.Connection(str(inbox.store))
    connection.execute("BEGIN IMMEDIATE")
    answer = inbox.run("hook", "--agent", "w1", "--client", "claude", "--event", "E", deadline=8)
    assert (answer.status, answer.out, answer.err) == (0, "", "")
    connection.execute("ROLLBACK")
    connection.close()
    assert inbox.say("hook", "--agent", "w1")  # Nothing was lost.


def test_it_takes_what_the_client_writes_to_it(inbox: Cli) -> None:
    """A client that writes more than a pipe holds must not meet a closed one."""
    _send(inbox)
    process = subprocess.Popen(
        [str(SCRIPTS / "inbox"), "hook", "--agent", "w1"],
        cwd=inbox.cwd, env=inbox.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    out, _ = process.communicate(b"{" + b"x" * 1_000_000, timeout=DEADLINE)
    assert process.returncode == 0
    assert b"BEGIN UNTRUSTED" in out


def test_an_open_input_that_nobody_writes_to_does_not_hold_it_up(inbox: Cli) -> None:
    read, write = os.pipe()
    process = subprocess.Popen(
        [str(SCRIPTS / "inbox"), "hook", "--agent", "w1"], cwd=inbox.cwd, env=inbox.env, stdin=read
    )
    try:
        assert process.wait(DEADLINE) == 0
    finally:
        os.close(read)
        os.close(write)


def test_the_hot_path_loads_no_costly_module(tmp_path) -> None:
    _call("inbox", tmp_path, "init")
    argv = ("hook", "--agent", "w", "--client", "claude", "--event", "E")
    _, quiet = _call("inbox", tmp_path, *argv)
    assert not quiet & _FORBIDDEN
    assert "inbox.cli.plain" not in quiet
    _call("inbox", tmp_path, "send", "--from", "lead", "--to", "w", "--subject", "s", "--body", "b")
    out, loaded = _call("inbox", tmp_path, *argv)
    assert "BEGIN UNTRUSTED" in out
    assert not loaded & _FORBIDDEN


def test_a_closed_output_is_no_trouble_either(inbox: Cli) -> None:
    _send(inbox)
    sh = shutil.which("sh")
    assert sh is not None
    done = subprocess.run(
        [sh, "-c", f"{SCRIPTS}/inbox hook --agent w1 --client claude --event E >&-"],
        cwd=inbox.cwd, env=inbox.env, stdin=subprocess.DEVNULL, timeout=DEADLINE,
        capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0, done


@pytest.mark.on_file("it is about the file")
def test_the_mail_of_others_is_looked_through_once(inbox: Cli) -> None:
    import apsw

    session = Session(inbox.where)
    for _ in range(1_050):
        assert session.run("send", "--from", "l", "--to", "x", "--subject", "s", "--body", "b").ok
    session.close()
    assert inbox.say("hook", "--agent", "w1") == ""
    connection = apsw.Connection(str(inbox.store), flags=apsw.SQLITE_OPEN_READONLY)
    marks = connection.execute("SELECT agent, through FROM announcement").fetchall()
    connection.close()
    assert marks == [("w1", 1_050)]
    _send(inbox, body="for me")
    assert "| for me" in inbox.say("hook", "--agent", "w1")
