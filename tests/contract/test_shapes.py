"""Published JSON Schemas against real answers: every command, every optional member."""

import copy
import json

import pytest
from jsonschema import Draft202012Validator

from inbox import model
from inbox.cli import shapes
from inbox.cli.table import PROGRAM
from inbox.operations import leases, threads
from tests.support.cli import Cli
from tests.support.threads import BLINK, claimed, opened

SCHEMAS = shapes.schemas()


def checked(words: str, data: dict) -> dict:
    """Return `data`, which must fit the published schema."""
    validator = Draft202012Validator(SCHEMAS[words])
    problems = [f"{'.'.join(map(str, e.path))}: {e.message}" for e in validator.iter_errors(data)]
    assert not problems, problems
    return data


@pytest.fixture
def run(inbox: Cli):
    """Run a command and check its `data`."""

    def _run(words: str, *argv: str, **how: object) -> dict:
        return checked(words, inbox.ok(*words.split(" "), *argv, **how))

    return _run


def test_every_command_has_a_schema_and_every_schema_a_command() -> None:
    assert set(SCHEMAS) == set(PROGRAM.commands)
    for schema in SCHEMAS.values():
        Draft202012Validator.check_schema(schema)


def _objects(schema: object) -> list[dict]:
    if isinstance(schema, list):
        return [found for part in schema for found in _objects(part)]
    if not isinstance(schema, dict):
        return []
    own = [schema] if "properties" in schema else []
    return own + [found for part in schema.values() for found in _objects(part)]


def test_every_described_object_is_closed() -> None:
    for words, schema in SCHEMAS.items():
        objects = _objects(schema)
        assert objects, words
        assert all(found["additionalProperties"] is False for found in objects)


@pytest.mark.parametrize("damage", ["missing", "surplus", "wrong type"])
def test_a_schema_refuses_what_is_not_its_answer(inbox: Cli, damage: str) -> None:
    data = inbox.ok("send", "--from", "a", "--to", "b", "--subject", "s")
    bad = copy.deepcopy(checked("send", data))
    if damage == "missing":
        del bad["thread"]["status"]
    elif damage == "surplus":
        bad["message"]["secret"] = 1
    else:
        bad["event_id"] = "1"
    assert not Draft202012Validator(SCHEMAS["send"]).is_valid(bad)


def test_threads_and_messages(run, inbox: Cli) -> None:
    (inbox.cwd / "f").write_text("kept")
    (inbox.cwd / "schema.json").write_text("{}")
    run("init")
    words = ("--from", "lead", "--to", "w", "--subject", "s")
    files = ("--artifact", "f", "--artifact-copy")
    run("send", *words, *files, "--run", "r", "--task", "t", "--key", "k", "--not-before", "1h",
        "--expects", "schema.json", "--payload-json", '{"a": 1}', "--thread", "late")  # fmt: skip
    run("send", *words, "--thread", "t")
    assert run("send", *words, "--thread", "u", "--key", "k2")["message"]
    assert run("send", *words, "--thread", "u", "--key", "k2")["replayed"]
    assert run("send", "--from", "Lead", "--to", "w", "--thread", "t")["warnings"]
    run("reply", "--from", "w", "--thread", "t", "--body", "x", "--to-message", "msg_2")
    run("reply", "--from", "w", "--thread", "t", "--body", "x", "--key", "k")
    run("reply", "--from", "w", "--thread", "t", "--body", "x", "--key", "k")
    run("fetch")
    run("fetch", "--agent", "w")
    run("list")
    run("show", "--thread", "t", "--agent", "w", "--mark-read", "--limit", "1")
    run("show", "--thread", "late")
    run("ack", "--agent", "w", "--thread", "t", "--through", "msg_2", "--key", "k")
    run("ack", "--agent", "w", "--thread", "t", "--through", "msg_2", "--key", "k")
    run("search", "x")
    run("artifact list", "--thread", "late")
    run("artifact get", "art_1", "--out", "copy")
    run("cancel", "--agent", "lead", "--thread", "t", "--key", "k")
    run("cancel", "--agent", "lead", "--thread", "t", "--key", "k")


@pytest.mark.parametrize("seconds", ["900", "1.5", BLINK])
def test_leases(run, inbox: Cli, seconds: str) -> None:
    for ending in ("done", "fail", "release"):
        thread = opened(inbox)
        own = ("--agent", "worker-1", "--thread", thread)
        claim = (*own, "--lease-seconds", seconds, "--key", thread)
        token = run("claim", *claim)["lease"]["token"]
        run("show", "--thread", thread)
        run("claim", *claim)
        run("renew", *own, "--key", "k" + thread)
        run("renew", *own, "--key", "k" + thread)
        run("renew", *own, "--while", "999999999", "--lease-seconds", seconds)
        run("update", *own, "--status", "blocked", "--body", "?")
        run(ending, *own, "--lease", token, "--key", "e" + thread)
        run(ending, *own, "--lease", token, "--key", "e" + thread)


def test_a_report_that_takes_the_next_thread(run, inbox: Cli) -> None:
    thread = opened(inbox)
    opened(inbox)
    own = ("--agent", "worker-1", "--next")
    token = run("claim", *own)["lease"]["token"]
    report = ("done", *own, "--thread", thread, "--lease", token)
    held = run(*report)["claimed"]["thread"]["thread_id"]
    assert run("fail", *own, "--thread", held)["claimed"] is None
    assert run(*report)["superseded"]


def test_warnings_of_a_claim_and_a_reply(run, inbox: Cli) -> None:
    thread = opened(inbox)
    own = ("--agent", "WORKER-1", "--thread", thread)
    assert run("claim", *own)["warnings"]
    assert run("reply", "--from", "LEAD", "--to", "zoe", "--thread", thread, "--body", "x")
    assert run("cancel", "--agent", "LEAD", "--thread", thread)["warnings"]


def test_a_claim_of_a_long_thread_says_how_to_go_on(run, inbox: Cli) -> None:
    thread = opened(inbox)
    db = inbox.open()
    with db.write() as tx:
        for i in range(200):
            found = leases.require_thread(tx, thread)
            draft = model.MessageDraft(f"answer {i}")
            threads.reply(tx, found, sender="lead", to=None, kind="answer", draft=draft)
    db.close()
    data = run("claim", "--agent", "worker-1", "--thread", thread)
    assert (data["truncated"], data["next_after"]) == (True, "msg_200")
    text = inbox.run("show", "--thread", thread, "--after-message", data["next_after"]).out
    assert "msg_202 event" in text


def test_waits(run, inbox: Cli) -> None:
    thread, _ = claimed(inbox)
    run("watch", "--after-event", "0")
    inbox.ok("reply", "--from", "lead", "--thread", thread, "--body", "x")
    assert run("wait-reply", "--thread", thread, "--agent", "worker-1")["lease"]
    run("wait-reply", "--thread", thread, "--agent", "zoe")


@pytest.mark.on_file("a backup of the other is pg_dump's")
def test_the_tool_itself(run, inbox: Cli) -> None:
    run("doctor")
    run("doctor", "--deep")
    run("backup", "copy.db")
    run("schema", "send")
    run("schema")
    for role in ("worker", "leader", "reviewer"):
        run("prime", "--role", role)
    for shell in ("bash", "zsh", "fish"):
        run("completion", shell)


def test_streams_print_the_published_event(inbox: Cli) -> None:
    claimed(inbox)
    answer = inbox.run("watch", "--follow", "--after-event", "0", "--timeout-seconds", "1")
    validator = Draft202012Validator(shapes.compiled(shapes.EVENT))
    events = [json.loads(line) for line in answer.lines]
    assert len(events) == 2
    assert all(validator.is_valid(event) for event in events)
