"""The scripted model of tests/realclients: one script, the same in every API, retries included."""

import json
import urllib.request

import pytest

from tests.realclients import wire
from tests.realclients.model import Model

_SHELL = {"type": "object", "properties": {"command": {"type": "string"},
          "background": {"type": "boolean"}}, "required": ["command", "background"]}  # fmt: skip


def _requests(results: int) -> dict[str, tuple[str, dict]]:
    """Return one request per API with so many tool results behind it."""
    said = [f"result {n}" for n in range(results)]
    tool = {"name": "bash", "description": "", "parameters": _SHELL}
    blocks = [{"type": "tool_result", "tool_use_id": "t", "content": text} for text in said]
    outputs = [{"type": "function_call_output", "call_id": "c", "output": text} for text in said]
    told = [{"role": "tool", "tool_call_id": "c", "content": text} for text in said]
    parts = [{"functionResponse": {"name": "bash", "response": {"output": t}}} for t in said]
    return {
        "messages": ("/v1/messages", {
            "messages": [{"role": "user", "content": "go"}, {"role": "user", "content": blocks}],
            "tools": [{"name": "bash", "input_schema": _SHELL}]}),
        "responses": ("/v1/responses", {"input": outputs, "tools": [{"type": "function", **tool}]}),
        "chat": ("/v1/chat/completions", {
            "messages": [{"role": "user", "content": "go"}, *told],
            "tools": [{"type": "function", "function": tool}]}),
        "gemini": ("/v1beta/models/x:generateContent", {
            "contents": [{"role": "user", "parts": parts}],
            "tools": [{"functionDeclarations": [tool]}]}),
    }  # fmt: skip


def _ask(model: Model, path: str, body: dict) -> str:
    request = urllib.request.Request(model.url + path, json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode()


@pytest.fixture
def model():
    found = Model()
    yield found
    found.close()


@pytest.mark.parametrize("api", ["messages", "responses", "chat", "gemini"])
@pytest.mark.parametrize("stream", [False, True])
def test_it_calls_the_commands_in_order_and_then_ends(model: Model, api: str, stream: bool) -> None:
    script = model.play(["echo one", "echo two"], "the end")
    for number, wanted in enumerate(("echo one", "echo two", "the end")):
        path, body = _requests(number)[api]
        body["stream"] = stream and api != "gemini"
        path = path.replace(":generate", ":streamGenerate") if stream else path
        answer = _ask(model, path, body)
        assert wanted in answer
        assert _ask(model, path, body).count(wanted) == answer.count(wanted)  # A retry.
        assert answer.startswith(("data: ", "event: ")) == stream
        if wanted != "the end":
            assert "bash" in answer and "background" in answer
    assert script.before == 0 and len(script.requests) == 6


def test_a_further_turn_counts_from_where_it_begins(model: Model) -> None:
    script = model.play(["echo more"])
    path, body = _requests(2)["chat"]
    assert "echo more" in _ask(model, path, body)
    assert script.before == 2


def test_a_side_request_is_answered_by_its_schema(model: Model) -> None:
    script = model.play(["echo one"])
    schema = {"type": "OBJECT", "properties": {"a": {"type": "STRING"}, "n": {"type": "INTEGER"}}}
    body = {"contents": [], "generationConfig": {"responseSchema": schema}}
    answer = json.loads(_ask(model, "/v1beta/models/x:generateContent", body))
    text = answer["candidates"][0]["content"]["parts"][0]["text"]
    assert json.loads(text) == {"a": "run", "n": 1}
    assert script.requests == []
    assert wire.api_of("/v1/other") == ""
