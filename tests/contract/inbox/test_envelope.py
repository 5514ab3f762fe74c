"""Sections 1 and 2 of the protocol: how commands are called and what they answer."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from inbox.cli.table import PROGRAM
from tests.support.cli import SCRIPTS, Cli
from tests.support.threads import claimed, log_of, opened, thread_of

COMMANDS = list(PROGRAM.commands.values())


def test_success_is_one_document_and_a_newline(inbox: Cli) -> None:
    answer = inbox.run("send", "--from", "a", "--to", "b", "--subject", "s", "--json")
    assert list(answer.json) == ["ok", "command", "data", "next"]
    assert answer.json["command"] == "send"
    assert answer.err == ""


def test_failure_is_one_document_on_stdout(inbox: Cli) -> None:
    answer = inbox.run("--json", "show", "--thread", "thr_nothing")
    assert answer.status == 40
    assert list(answer.json) == ["ok", "command", "error", "next"]
    assert list(answer.json["error"]) == ["code", "reason", "message", "hint", "retry", "details"]
    assert answer.err == ""


def test_plain_failure_is_on_stderr_only(inbox: Cli) -> None:
    answer = inbox.run("show", "--thread", "thr_nothing")
    assert answer.status == 40
    assert answer.out == ""
    first, *_, last = answer.err.splitlines()
    assert first == "error: no thread 'thr_nothing' [not_found/thread, exit 40]"
    assert last == "next: inbox list"


@pytest.mark.parametrize(
    "argv",
    [
        ("--json", "--agent", "w", "fetch"),
        ("--json", "fetch", "--agent", "w"),
        ("fetch", "--agent", "w", "--json"),
        ("--agent=w", "fetch", "--json"),
    ],
)
def test_global_flags_stand_before_or_after_the_command(inbox: Cli, argv: tuple) -> None:
    opened(inbox, to="w")
    assert len(inbox.run(*argv).data["threads"]) == 1


def test_db_stands_before_or_after_the_command(inbox: Cli, tmp_path) -> None:
    opened(inbox)
    for argv in (("--db", inbox.where, "list"), ("list", "--db", inbox.where)):
        assert len(inbox.ok(*argv, cwd=tmp_path)["threads"]) == 1
    assert len(inbox.ok("list", cwd=tmp_path, env={"ORCH_DB": inbox.where})["threads"]) == 1


def test_db_beats_the_environment(inbox: Cli) -> None:
    opened(inbox)
    found = inbox.ok("list", "--db", inbox.where, env={"ORCH_DB": "/nowhere/coord.db"})
    assert len(found["threads"]) == 1


def test_global_flags_inside_a_group(inbox: Cli) -> None:
    thread = opened(inbox)
    for argv in (
        ("artifact", "list", "--thread", thread, "--json"),
        ("artifact", "--json", "list", "--thread", thread),
        ("--json", "artifact", "list", "--thread", thread),
    ):
        answer = inbox.run(*argv)
        assert answer.data["artifacts"] == []
        assert answer.json["command"] == "list"


def test_global_agent_serves_where_the_command_has_none(inbox: Cli) -> None:
    data = inbox.ok("--agent", "lead", "send", "--to", "w", "--subject", "s")
    assert data["thread"]["created_by"] == "lead"
    data = inbox.ok("--agent", "lead", "send", "--from", "boss", "--to", "w", "--subject", "s")
    assert data["thread"]["created_by"] == "boss"


def test_orch_json_asks_for_json(inbox: Cli) -> None:
    assert inbox.run("list", env={"ORCH_JSON": "1"}).data["threads"] == []
    assert inbox.run("list", env={"ORCH_JSON": "0"}).out.startswith("0 threads")
    assert inbox.run("show", "--thread", "t", env={"ORCH_JSON": "1"}).error["code"] == "not_found"


def test_usage_errors_are_30_never_2(inbox: Cli) -> None:
    for argv in (
        ("send", "--bogus"),
        ("send", "--from"),
        ("nonsense",),
        ("artifact",),  # Without --json it is a help text.
        ("artifact", "nonsense"),
        ("fetch", "surplus"),
        ("-x",),
        ("list", "--unread=1"),
        ("fetch", "--unread=1"),
    ):
        error = inbox.refuse("invalid_input", "flag", *argv)
        assert error["retry"] == "after fixing it", argv


def test_errors_name_the_command_as_typed(inbox: Cli) -> None:
    cases = {
        ("send", "--bogus"): "send",
        ("--db", "x", "send", "--from"): "send",
        ("artifact", "list", "--bogus"): "list",
        ("artifact", "nonsense"): "nonsense",
        ("sned",): "sned",
        ("--bogus",): "",
        ("send",): "send",
        ("wait-reply", "--thread", "t"): "wait-reply",
    }
    for argv, command in cases.items():
        assert inbox.run("--json", *argv).json["command"] == command, argv


def test_typos_are_answered_with_what_was_meant(inbox: Cli) -> None:
    assert "claim" in inbox.refuse("invalid_input", "flag", "clam")["hint"]
    assert "--subject" in inbox.refuse("invalid_input", "flag", "send", "--subjct", "x")["hint"]
    opened(inbox, "--thread", "fix-parser")
    assert (
        "fix-parser" in inbox.refuse("not_found", "thread", "show", "--thread", "fix-parsr")["hint"]
    )


def test_get_prints_one_value(inbox: Cli) -> None:
    thread = opened(inbox, "--payload-json", '{"files": [1, 2], "deep": {"a": true}}')

    def got(path: str) -> str:
        answer = inbox.run("show", "--thread", thread, "--get", path)
        assert (answer.status, answer.err) == (0, "")
        return answer.out

    assert got("data.thread.thread_id") == f"{thread}\n"
    assert got("data.thread.epoch") == "0\n"
    assert got("data.thread.run_id") == "\n"
    assert got("data.truncated") == "false\n"
    assert got("ok") == "true\n"
    assert got("command") == "show\n"
    assert json.loads(got("data.messages[0].payload_json")) == {
        "files": [1, 2],
        "deep": {"a": True},
    }
    assert got("data.messages.0.payload_json.files[1]") == "2\n"
    assert json.loads(got("data.messages[0].artifacts")) == []


def test_get_keeps_text_byte_exact(inbox: Cli) -> None:
    body = "a\tb\n\x1b[31mred\u202e ü\n"
    thread = opened(inbox)
    inbox.ok("reply", "--from", "lead", "--thread", thread, "--body", body)
    answer = inbox.run("show", "--thread", thread, "--get", "data.messages[1].body")
    assert answer.raw == body.encode() + b"\n"


def test_get_of_what_is_no_text(inbox: Cli) -> None:
    words = ("--from", "a", "--to", "b", "--subject", "s", "--payload-json", '{"a": "\\ud800"}')
    answer = inbox.run("send", *words, "--get", "data.message.payload_json.a")
    assert (answer.status, answer.out) == (0, '"\\ud800"\n')


@pytest.mark.parametrize("path", ["data.nothing", "", "data.thread.", "thread", 'data."', "data[x"])
def test_get_of_a_missing_path(inbox: Cli, path: str) -> None:
    answer = inbox.run("show", "--thread", opened(inbox), "--get", path)
    assert (answer.status, answer.out) == (30, "")
    assert answer.err.startswith(f"error: --get {path}")


def test_get_of_a_missing_path_tells_what_was_committed(inbox: Cli) -> None:
    answer = inbox.run("send", "--from", "a", "--to", "b", "--subject", "s", "--get", "data.x")
    assert (answer.status, answer.out) == (30, "")
    assert f"event {log_of(inbox)} is committed" in answer.err


def test_get_leaves_stdout_empty_on_failure(inbox: Cli) -> None:
    for flags in ((), ("--json",)):
        answer = inbox.run(*flags, "show", "--thread", "thr_x", "--get", "data.thread.status")
        assert (answer.status, answer.out) == (40, "")
        assert "not_found/thread" in answer.err


def test_a_wait_without_a_match_carries_data(inbox: Cli) -> None:
    answer = inbox.run("--json", "watch", "--timeout-seconds", "0.01")
    assert answer.error["reason"] == "timeout"
    assert set(answer.json["data"]) == {"woke", "next_event_id", "resume"}


def _with_stdout(inbox: Cli, redirect: str, *argv: str) -> subprocess.CompletedProcess:
    words = " ".join([f"exec inbox {redirect}", *argv])
    return subprocess.run(
        ["sh", "-c", words], cwd=inbox.cwd, env=inbox.env, capture_output=True, timeout=30
    )


@pytest.mark.parametrize("redirect", [">&-", ">/dev/full"])
@pytest.mark.parametrize("mode", ["--json", "", "--get data.event_id"])
def test_a_lost_answer_is_75_and_names_key_and_event(inbox: Cli, redirect: str, mode: str) -> None:
    send = ("send", "--from", "a", "--to", "b", "--subject", "s", "--key", "k1")
    done = _with_stdout(inbox, redirect, mode, *send)
    assert (done.returncode, done.stdout) == (75, b"")
    event = log_of(inbox)
    assert event == 1
    assert f"event {event} is committed" in done.stderr.decode()
    assert "--key k1" in done.stderr.decode()
    again = inbox.ok(*send)
    assert again["replayed"] is True
    assert log_of(inbox) == event


@pytest.mark.parametrize("redirect", [">&-", ">/dev/full"])
def test_a_lost_refusal_or_help_is_75_too(inbox: Cli, redirect: str) -> None:
    assert _with_stdout(inbox, redirect, "--json", "show", "--thread", "t").returncode == 75
    assert _with_stdout(inbox, redirect, "list").returncode == 75
    assert inbox.run("show", "--thread", "t").status == 40
    if redirect != ">&-":
        assert _with_stdout(inbox, redirect, "send", "--help").returncode == 75


def test_all_standard_streams_closed_leaves_the_store_whole(inbox: Cli) -> None:
    send = ("send", "--from", "a", "--to", "b", "--subject", "s")
    assert _with_stdout(inbox, ">&- 2>&- <&-", *send).returncode == 75
    assert inbox.ok("doctor", "--deep")["healthy"] is True
    assert log_of(inbox) == 1


def test_no_colour_when_nobody_looks(inbox: Cli) -> None:
    claimed(inbox)
    for argv in (("list",), ("fetch", "--agent", "worker-1"), ("--help",), ("send", "--help")):
        assert "\x1b" not in inbox.run(*argv).out


def test_help_is_enough_to_work_from(bare: Cli) -> None:
    text = bare.say("--help")
    for command in COMMANDS:
        assert command.words.split(" ")[0] in text
    assert bare.say("-h") == text


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c.words)
def test_every_help_names_every_flag_and_ends_with_an_example(bare: Cli, command) -> None:
    text = bare.say(*command.words.split(" "), "--help")
    for option in command.options:
        assert option.flag in text
    assert text.rstrip("\n").splitlines()[-1].strip() == command.example
    assert "$(" not in text
    assert "`" not in text


def test_no_command_prompts_or_needs_a_store_for_help(bare: Cli) -> None:
    assert bare.run().status == 0
    assert "Usage" in bare.run().out
    assert bare.say("--version").startswith("inbox ")
    assert bare.run("send", "--help").status == 0
    assert not os.path.exists(bare.store)


def test_a_bug_shows_its_traceback_only_on_request(inbox: Cli) -> None:
    quiet = _broken(inbox, {})
    assert quiet.returncode == 50
    assert b"Traceback" not in quiet.stderr
    document = json.loads(quiet.stdout)
    assert document["error"]["code"] == "internal_error"
    assert document["error"]["reason"] == "bug"
    assert b"Traceback" in _broken(inbox, {"ORCH_DEBUG": "1"}).stderr


def _broken(inbox: Cli, env: dict[str, str]) -> subprocess.CompletedProcess:
    """Run `inbox list` in a process in which our own code has a bug."""
    program = (
        "import sys; sys.argv = ['inbox', 'list', '--json'];"
        "from inbox import reads; reads.list_threads = None;"
        "from inbox.cli.main import main; main()"
    )
    return subprocess.run(
        [str(SCRIPTS / "python"), "-c", program],
        cwd=inbox.cwd,
        env=inbox.env | env,
        capture_output=True,
        timeout=30,
    )


def test_answers_begin_with_what_happened_and_end_with_what_to_do(inbox: Cli) -> None:
    text = inbox.say("send", "--from", "lead", "--to", "w", "--subject", "s", "--thread", "t1")
    first, last = text.splitlines()
    assert first == "sent msg_1 to w in thread t1 (pending)"
    assert last == "next: inbox wait-reply --thread t1 --agent lead"
    claimed = inbox.quick("claim", "--agent", "w", "--thread", "t1")
    token = claimed.lines[1].removeprefix("lease: ")
    assert claimed.lines[0] == "claimed thread t1 for w, 900 s (epoch 1)"
    mine = f"--agent w --thread t1 --lease {token}"
    assert claimed.steps == [
        f"inbox done {mine} --summary TEXT",
        f"inbox renew {mine}",
        f"inbox update {mine} --status blocked --body QUESTION",
    ]
    own = ("--agent", "w", "--thread", "t1")
    for argv, begins, ends in (
        (("fetch", "--agent", "w"), "1 thread", "next: inbox show --thread t1"),
        (("list",), "1 thread", "next: inbox show --thread t1"),
        (("show", "--thread", "t1"), "thread t1 claimed, assigned to w", "next: inbox wait-reply"),
        (("renew", *own), "renewed thread t1 for w, 900 s", "next: inbox done --agent w"),
        (
            ("update", *own, "--status", "blocked", "--body", "?"),
            "thread t1 is blocked",
            "next: inbox wait-reply --agent w --thread t1",
        ),
        (
            ("reply", "--from", "lead", "--thread", "t1", "--body", "!"),
            "replied msg_5 to w in thread t1 (blocked)",
            "next: inbox wait-reply --thread t1 --agent lead",
        ),
        (
            ("wait-reply", "--thread", "t1", "--agent", "w"),
            "answer msg_5 from lead in thread t1 (blocked)",
            "next: inbox update --agent w --thread t1 --status in_progress",
        ),
        (
            ("ack", *own, "--through", "msg_5"),
            "w has read thread t1 through msg_5",
            "next: inbox fetch --agent w --unread",
        ),
        (("search", "please", "s"), "error", ""),
        (("search", "?"), "error", ""),
        (("search", "claimed"), "1 message", "next: inbox show --thread t1"),
        (("artifact", "list", "--thread", "t1"), "0 artifacts", ""),
        (("done", *own), "thread t1 is done", "next: inbox claim --agent w --next"),
        (("show", "--thread", "t1"), "thread t1 done", ""),
    ):
        answer = inbox.run(*argv)
        if begins == "error":
            assert answer.status == 10
            continue
        assert answer.status == 0, answer
        assert answer.lines[0].startswith(begins), answer
        assert answer.lines[-1].startswith(ends), answer
    assert thread_of(inbox, "t1")["status"] == "done"


def test_listings_fit_an_agents_budget(inbox: Cli) -> None:
    for i in range(51):
        inbox.run("send", "--from", "lead", "--to", "w", "--subject", "x" * 70, "--thread", f"t{i}")
    for argv in (("list",), ("fetch", "--limit", "50"), ("search", "x" * 70, "--limit", "50")):
        text = inbox.say(*argv)
        assert 3000 < len(text.encode()) <= 4096
        assert " more: the same with --json" in text
        assert text.splitlines()[-1].startswith("next: inbox ")
    assert inbox.say("list").splitlines()[-1] == "next: inbox list --limit 100"
    assert len(inbox.ok("list")["threads"]) == 50
    assert inbox.ok("list")["truncated"] is True


def test_what_comes_next_is_typed_and_stands_beside_the_data(inbox: Cli) -> None:
    sent = ("send", "--from", "lead", "--to", "w", "--subject", "s", "--thread", "t1")
    answer = inbox.quick("--json", *sent)
    assert answer.json["next"] == [
        {
            "argv": ["inbox", "wait-reply", "--thread", "t1", "--agent", "lead"],
            "command": "inbox wait-reply --thread t1 --agent lead",
            "why": "wait for what comes of it",
            "who": "anyone",
            "kind": "look",
            "blanks": {},
        }
    ]
    first = inbox.quick("show", "--thread", "t1", "--get", "next.0.command")
    assert (first.out, first.err) == ("inbox claim --agent w --thread t1\n", "")
    assert inbox.quick("show", "--thread", "t1", "--get", "next.0.kind").out == "act\n"


def test_a_refusal_names_its_commands_beside_the_hint(inbox: Cli) -> None:
    inbox.quick("send", "--from", "lead", "--to", "w", "--subject", "s", "--thread", "t1")
    inbox.quick("claim", "--agent", "w", "--thread", "t1")
    answer = inbox.quick("--json", "claim", "--agent", "w", "--thread", "t1")
    assert [step["command"] for step in answer.json["next"]] == [
        "inbox renew --agent w --thread t1"
    ]
    assert answer.error["hint"] == "go on working; extend it: inbox renew --agent w --thread t1"
    plain = inbox.quick("claim", "--agent", "w", "--thread", "t1").err.splitlines()
    assert plain[1:] == [
        "hint: go on working; extend it",
        "next: inbox renew --agent w --thread t1",
    ]


def test_stdout_holds_the_result_alone(inbox: Cli) -> None:
    """`$(inbox …)` catches no next step."""
    answer = inbox.run("send", "--from", "lead", "--to", "w", "--subject", "s", "--thread", "t1")
    assert answer.out == "sent msg_1 to w in thread t1 (pending)\n"
    assert answer.err == "next: inbox wait-reply --thread t1 --agent lead\n"


def test_a_next_step_finds_the_same_store(inbox: Cli, tmp_path: Path) -> None:
    other = str(tmp_path / "a b.db")
    inbox.quick("--db", other, "init")
    sent = ("send", "--from", "lead", "--to", "w", "--subject", "s", "--thread", "t1")
    answer = inbox.quick("--db", other, *sent)
    assert answer.err == f"next: inbox --db '{other}' wait-reply --thread t1 --agent lead\n"
    assert inbox.at(ORCH_DB=other).quick("list").steps == ["inbox show --thread t1"]
