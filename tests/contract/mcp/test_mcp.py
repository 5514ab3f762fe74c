"""inbox mcp, orch mcp: the commands as tools, used by the SDK's own client over real pipes."""

import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp.client.session import ClientSession
from mcp.client.stdio import StdioServerParameters, stdio_client

from inbox.cli.main import PROGRAM as INBOX
from inbox.mcp import roles, tools
from orch.cli.main import PROGRAM as ORCH
from orch.mcp import server as orch_tools
from schema.failures import Failure
from tests.support import runs
from tests.support.cli import SCRIPTS, Cli
from tests.support.runs import Lead

Session = Callable[[ClientSession], Awaitable[None]]


def talk(cli: Cli, *argv: str, do: Session, **env: str) -> None:
    """Start a server, shake hands, do something, close: it must end by itself."""
    words = StdioServerParameters(
        command=str(SCRIPTS / cli.program), args=["mcp", *argv], env=cli.env | env, cwd=cli.cwd
    )

    async def _main() -> None:
        with anyio.fail_after(60):
            async with (
                stdio_client(words) as (reads, writes),
                ClientSession(reads, writes) as session,
            ):
                await session.initialize()
                await do(session)

    anyio.run(_main)


async def call(session: ClientSession, tool: str, **arguments: Any) -> dict:
    found = await session.call_tool(tool, arguments)
    document: dict = json.loads(found.content[0].text)
    assert found.structured_content == document
    assert found.is_error is (
        not document["ok"] and document["error"]["code"] != "no_matching_work"
    )
    return document


def test_a_worker_does_a_thread_by_tools_alone(inbox: Cli) -> None:
    async def do(session: ClientSession) -> None:
        names = [one.name for one in (await session.list_tools()).tools]
        assert len(names) <= 15 and names[0] == "claim" and "wait_reply" in names
        sent = await call(session, "send", **{"from": "lead"}, to="w1", subject="-x",
                          priority="high", payload_json={"a": 1}, body="do it")  # fmt: skip
        assert sent["data"]["thread"]["subject"] == "-x", "a text may begin with a dash"
        claimed = await call(session, "claim", agent="w1", next=True, lease_seconds="15m")
        held = claimed["data"]
        own = {
            "agent": "w1",
            "thread": held["thread"]["thread_id"],
            "lease": held["lease"]["token"],
        }
        assert await call(session, "update", **own, status="in_progress", summary="half")
        done = await call(
            session, "done", **own, summary="ok", artifact=["a.md", "b.md"], next=True
        )
        assert (done["data"]["thread"]["status"], done["data"]["claimed"]) == ("done", None)
        assert done["next"][0]["argv"][:2] == ["inbox", "claim"]

    talk(inbox, do=do)
    (thread,) = inbox.ok("list")["threads"]
    assert thread["status"] == "done"


def test_errors_are_the_commands_error_objects(inbox: Cli) -> None:
    async def do(session: ClientSession) -> None:
        for tool, arguments, code, reason in (
            ("show", {"thread": "thr_none"}, "not_found", "thread"),
            ("claim", {"agent": "w1"}, "invalid_input", "flag"),
            ("claim", {"agent": "w1", "nxt": True}, "invalid_input", "flag"),
            ("claim", {"agent": ["w1"], "next": True}, "invalid_input", "flag"),
            ("claim", {"agent": "w 1", "next": True}, "invalid_input", "value"),
            ("send", {"from": "a", "payload_json": "{"}, "invalid_input", "json"),
            ("nope", {}, "invalid_input", "value"),
            ("claim", {"agent": "w1", "next": True}, "no_matching_work", "empty"),
        ):
            error = (await call(session, tool, **arguments))["error"]
            assert (error["code"], error["reason"]) == (code, reason), error
            assert error["message"] and "retry" in error

    talk(inbox, do=do)


def test_a_wait_tells_that_it_goes_on_and_ends_before_the_client_does(
    inbox: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[float] = []

    async def progress(spent: float, _total: float | None, _message: str | None) -> None:
        heard.append(spent)

    async def do(session: ClientSession) -> None:
        words = {"agent": "w1", "next": True, "timeout_seconds": 0}
        found = await session.call_tool("claim", words, progress_callback=progress)
        document = json.loads(found.content[0].text)
        assert document["error"]["reason"] == "timeout" and found.is_error is False
        assert "claim --agent w1 --next" in document["data"]["resume"]

    talk(inbox, "--call-seconds", "6", do=do)
    assert heard and 5 <= heard[0] < 6


def test_two_calls_at_once_and_one_that_is_given_up(inbox: Cli) -> None:
    async def do(session: ClientSession) -> None:
        async def wait() -> None:
            got.append(await call(session, "claim", agent="w1", next=True, timeout_seconds="20"))

        got: list[dict] = []
        with anyio.move_on_after(0.3):
            await call(session, "claim", agent="w2", next=True, timeout_seconds="20")
        async with anyio.create_task_group() as group:
            group.start_soon(wait)
            await call(session, "send", **{"from": "lead"}, to="w1", subject="s", body="b")
        assert got[0]["data"]["thread"]["assigned_to"] == "w1"

    talk(inbox, do=do)


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


def test_a_leader_leads_by_tools_and_is_told_each_piece_once(lead: Lead) -> None:
    async def first(session: ClientSession) -> None:
        await call(session, "task_add", run="r", task="a", default_to="w1", required_check=[])
        sent = await call(session, "dispatch", run="r", task="a", execution_mode="analysis")
        lead.claim(sent["data"])
        lead.ask(sent["data"], "which?")
        news = (await call(session, "wait", run="r", timeout_seconds="20"))["data"]
        assert news["news"][0]["kind"] == "question" and news["again"] is False
        empty = await call(session, "wait", run="r", timeout_seconds="0.2")
        assert empty["error"]["code"] == "no_matching_work" and empty["data"]["still_waiting"] == 1
        assert (await call(session, "answer", task="r/a", body="this"))["ok"]
        assert (await call(session, "run_pause", run="r"))["data"]["drive"]["paused"]
        begun = await call(session, "start", file=["Add a page."], run="page", no_drive=True)
        assert (begun["data"]["run"]["run_id"], begun["data"]["drive"]) == ("page", None)
        lead.fail(sent["data"])
        assert (await call(session, "wait", run="r"))["data"]["news"][0]["kind"] == "failed"

    async def later(session: ClientSession) -> None:
        news = (await call(session, "wait", run="r"))["data"]
        assert news["news"][0]["kind"] == "failed" and news["again"] is True, (
            "whether the last answer arrived, nobody knows"
        )

    talk(lead.orch, do=first)
    talk(lead.orch, do=later)


def test_a_persons_word_is_refused_inside_an_attempt(lead: Lead) -> None:
    async def do(session: ClientSession) -> None:
        error = (await call(session, "approve", entry="r/a"))["error"]
        assert (error["code"], error["reason"]) == ("refused", "approval_required")

    talk(lead.orch, "--role", "leader", do=do, ORCH_TURN="1")


def test_roles_and_the_environment_of_a_worker(lead: Lead) -> None:
    async def do(session: ClientSession) -> None:
        found = {one.name: one for one in (await session.list_tools()).tools}
        assert len(found) <= 15 and "task_show" in found and "dispatch" not in found
        assert "agent" not in found["done"].input_schema.get("required", [])

    talk(lead.orch, do=do, INBOX_AGENT="w1", INBOX_THREAD="thr_x", INBOX_LEASE="e1-x")

    async def plain(session: ClientSession) -> None:
        found = {one.name: one for one in (await session.list_tools()).tools}
        assert "dispatch" in found and "claim" not in found
        assert found["task_add"].input_schema["required"] == ["run", "task"]
        hints = {name: one.annotations for name, one in found.items()}
        assert hints["status"].read_only_hint and not hints["dispatch"].read_only_hint
        assert hints["approve"].destructive_hint and not hints["dispatch"].destructive_hint

    talk(lead.orch, do=plain)


def test_every_tool_has_a_sound_schema_and_names_only_commands() -> None:
    import jsonschema

    words = {"leader": orch_tools._LEADER, "worker": orch_tools._WORKER,
             "reviewer": orch_tools._REVIEWER}  # fmt: skip
    specs = [one for names in roles.ROLES.values() for one in tools.of_program(INBOX, names, ())]
    specs += [one for names in words.values() for one in tools.of_program(ORCH, names, ())]
    for spec in specs:
        schema = spec.schema({})
        jsonschema.Draft202012Validator.check_schema(schema)
        assert spec.description and len(spec.name) <= 40 and spec.name.isidentifier()
        assert all(isinstance(one["type"], str) for one in schema["properties"].values())
    (claim,) = tools.of_program(INBOX, ["claim"], ())
    assert claim.argv({"agent": "w", "next": True, "pool": ["a", "b"]}, 45) == [
        "claim", "--agent=w", "--next", "--pool=a", "--pool=b",
    ]  # fmt: skip
    assert claim.argv({"timeout_seconds": "2h"}, 45) == ["claim", "--timeout-seconds=45"]
    (check,) = tools.of_program(ORCH, ["plan check"], ())
    with pytest.raises(Failure):
        check.argv({"file": "-"}, 45)


_WITHOUT = """
import sys
sys.modules["mcp"] = sys.modules["anyio"] = None
from inbox.cli import main
sys.argv[0] = "inbox"
main.main()
"""


def test_without_the_extra_it_says_what_to_install(inbox: Cli) -> None:
    import subprocess

    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT, "--json", "mcp"], cwd=inbox.cwd, env=inbox.env,
        capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["code"], error["reason"]) == (
        30,
        "invalid_input",
        "extra_missing",
    )
    assert "pip install 'orch-inbox[mcp]'" in error["hint"]
    inbox.refuse("invalid_input", "value", "mcp", "--role", "king")
