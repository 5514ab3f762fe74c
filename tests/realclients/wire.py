"""Four model APIs, as far as coding agents speak them: read a request, write a reply.

Owns: Anthropic Messages, OpenAI Responses, OpenAI Chat Completions, Gemini; streamed or not.
"""

import json
from itertools import count

SHELLS = ("Bash", "bash", "exec_command", "shell", "shell_command", "run_shell_command")
_POLL = "write_stdin"
_numbers = count(1)


class Call:
    """A tool call that the model makes."""

    def __init__(self, name: str, arguments: dict, namespace: str = "") -> None:
        self.id = f"call_{next(_numbers):06d}"
        self.name = name
        self.namespace = namespace
        self.arguments = arguments


class Asked:
    """What a request says: the results so far, the shell tool it offers, all of its text."""

    def __init__(self, api: str, body: dict) -> None:
        self.api = api
        self.body = body
        self.text = json.dumps(body, ensure_ascii=False)
        self.results = _RESULTS[api](body)
        self.tools = {name: schema for name, schema in _TOOLS[api](body) if name}
        self.shell = next((name for name in SHELLS if name in self.tools), "")
        self.stream = bool(body.get("stream"))

    @property
    def polls(self) -> bool:
        return _POLL in self.tools

    def run(self, command: str) -> Call:
        """Return the call that runs a command, with whatever else the tool demands."""
        schema = self.tools[self.shell] or {}
        names = schema.get("properties", {})
        key = "cmd" if "cmd" in names else "command"
        arguments = {n: minimal(names.get(n, {})) for n in schema.get("required", [])}
        kind = names.get(key, {}).get("type")
        arguments[key] = ["bash", "-c", command] if kind == "array" else command
        return Call(self.shell, arguments)

    def use(self, tool: str, arguments: dict) -> Call:
        """Return the call of a tool of ours, by whatever name the client offers it."""
        for name in self.tools:
            space, _, last = name.rpartition("/")
            if last in (f"mcp__orch__{tool}", f"mcp_orch_{tool}", f"orch_{tool}", f"orch-{tool}"):
                return Call(last, arguments, space)
            if "orch" in space and last == tool:
                return Call(last, arguments, space)
        if "tool_call" in self.tools:  # Tools behind a search.
            return Call("tool_call", {"name": f"mcp__orch__{tool}", "arguments": arguments})
        return Call(tool, arguments)  # The client will say that it has none of that name.

    def poll(self, session: int) -> Call:
        return Call(_POLL, {"session_id": session, "chars": ""})


def minimal(schema: dict) -> object:
    """Return the smallest value of a JSON Schema."""
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind.lower() == "object":
        names = schema.get("properties", {})
        return {n: minimal(names.get(n, {})) for n in schema.get("required", names)}
    return {"array": [], "boolean": False, "integer": 1, "number": 1}.get(kind.lower(), "run")


def _messages_results(body: dict) -> list[str]:
    parts = [p for m in body.get("messages", []) if isinstance(m["content"], list)
             for p in m["content"]]  # fmt: skip
    return [json.dumps(p.get("content")) for p in parts if p.get("type") == "tool_result"]


def _responses_results(body: dict) -> list[str]:
    found = body.get("input")
    items = found if isinstance(found, list) else []
    return [
        json.dumps(i.get("output")) for i in items if str(i.get("type")).endswith("_call_output")
    ]


def _chat_results(body: dict) -> list[str]:
    return [json.dumps(m.get("content")) for m in body["messages"] if m.get("role") == "tool"]


def _gemini_results(body: dict) -> list[str]:
    parts = [p for c in body.get("contents", []) for p in c.get("parts", [])]
    return [json.dumps(p["functionResponse"]) for p in parts if "functionResponse" in p]


_RESULTS = {"messages": _messages_results, "responses": _responses_results,
            "chat": _chat_results, "gemini": _gemini_results}  # fmt: skip


def _gemini_tools(body: dict) -> list[tuple[str, dict]]:
    listed = [d for t in body.get("tools", []) for d in t.get("functionDeclarations", [])]
    return [(d["name"], d.get("parametersJsonSchema") or d.get("parameters", {})) for d in listed]


def _responses_tools(tool: dict) -> list[tuple[str, dict]]:
    """Return a tool's name and parameters; those of a namespace as SPACE/NAME."""
    own = [(tool.get("name"), tool.get("parameters"))] if not tool.get("tools") else []
    space = tool.get("name")
    return own + [(f"{space}/{t['name']}", t.get("parameters")) for t in tool.get("tools") or []]


_TOOLS = {
    "messages": lambda b: [(t.get("name"), t.get("input_schema")) for t in b.get("tools", [])],
    "responses": lambda b: [pair for t in b.get("tools", []) for pair in _responses_tools(t)],
    "chat": lambda b: [(t["function"]["name"], t["function"].get("parameters"))
                       for t in b.get("tools") or [] if "function" in t],
    "gemini": _gemini_tools,
}  # fmt: skip


def api_of(path: str) -> str:
    """Return which API a path belongs to, "" for none."""
    path = path.partition("?")[0]
    if path.endswith("/messages"):
        return "messages"
    if path.endswith("/responses"):
        return "responses"
    if path.endswith("/chat/completions"):
        return "chat"
    return "gemini" if path.endswith(("enerateContent",)) else ""


def reply(asked: Asked, path: str, text: str, call: Call | None) -> tuple[str, bytes]:
    """Return (content type, body) of the model's answer: a call, or a text that ends the turn."""
    stream = asked.stream or "streamGenerateContent" in path
    events = _REPLIES[asked.api](text, call, stream)
    if not stream:
        return "application/json", json.dumps(events[0][1]).encode()
    lines = []
    for name, document in events:
        head = f"event: {name}\n" if name else ""
        shown = document if isinstance(document, str) else json.dumps(document)
        lines.append(f"{head}data: {shown}\n\n")
    return "text/event-stream", "".join(lines).encode()


def _messages(text: str, call: Call | None, stream: bool) -> list[tuple[str, object]]:
    usage = {"input_tokens": 10, "output_tokens": 5}
    block = ({"type": "tool_use", "id": f"toolu_{call.id}", "name": call.name,
              "input": call.arguments} if call else {"type": "text", "text": text})  # fmt: skip
    stop = "tool_use" if call else "end_turn"
    whole = {"id": f"msg_{next(_numbers)}", "type": "message", "role": "assistant",
             "model": "scripted", "content": [block], "stop_reason": stop,
             "stop_sequence": None, "usage": usage}  # fmt: skip
    if not stream:
        return [("", whole)]
    start = {**block, "input": {}} if call else {"type": "text", "text": ""}
    delta = ({"type": "input_json_delta", "partial_json": json.dumps(call.arguments)} if call
             else {"type": "text_delta", "text": text})  # fmt: skip
    events = [
        {"type": "message_start", "message": {**whole, "content": [], "stop_reason": None}},
        {"type": "content_block_start", "index": 0, "content_block": start},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None},
         "usage": usage},
        {"type": "message_stop"},
    ]  # fmt: skip
    return [(event["type"], event) for event in events]


def _responses(text: str, call: Call | None, stream: bool) -> list[tuple[str, object]]:
    item = ({"type": "function_call", "id": f"fc_{call.id}", "call_id": call.id,
             "name": call.name, "arguments": json.dumps(call.arguments), "status": "completed",
             **({"namespace": call.namespace} if call.namespace else {})}
            if call else
            {"type": "message", "id": f"msg_{next(_numbers)}", "role": "assistant",
             "status": "completed", "content": [{"type": "output_text", "text": text,
                                                 "annotations": []}]})  # fmt: skip
    usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15,
             "input_tokens_details": {"cached_tokens": 0},
             "output_tokens_details": {"reasoning_tokens": 0}}  # fmt: skip
    whole = {"id": f"resp_{next(_numbers)}", "object": "response", "status": "completed",
             "model": "scripted", "output": [item], "usage": usage}  # fmt: skip
    if not stream:
        return [("", whole)]
    begun = {**whole, "status": "in_progress", "output": [], "usage": None}
    events = [
        {"type": "response.created", "response": begun},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": whole},
    ]
    return [(str(event["type"]), event) for event in events]


def _chat(text: str, call: Call | None, stream: bool) -> list[tuple[str, object]]:
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    calls = [{"index": 0, "id": call.id, "type": "function", "function": {
        "name": call.name, "arguments": json.dumps(call.arguments)}}] if call else None  # fmt: skip
    said = {"role": "assistant", "content": None if call else text}
    said |= {"tool_calls": calls} if calls else {}
    finish = "tool_calls" if call else "stop"
    head = {"id": f"chatcmpl-{next(_numbers)}", "created": 1, "model": "scripted"}
    if not stream:
        choice = {"index": 0, "message": said, "finish_reason": finish}
        return [("", head | {"object": "chat.completion", "choices": [choice], "usage": usage})]
    head |= {"object": "chat.completion.chunk"}
    return [
        ("", head | {"choices": [{"index": 0, "delta": said, "finish_reason": None}]}),
        ("", head | {"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}),
        ("", head | {"choices": [], "usage": usage}),
        ("", "[DONE]"),
    ]


def _gemini(text: str, call: Call | None, _stream: bool) -> list[tuple[str, object]]:
    part = ({"functionCall": {"name": call.name, "args": call.arguments}} if call
            else {"text": text})  # fmt: skip
    candidate = {"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}
    usage = {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15}
    return [("", {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "scripted"})]


_REPLIES = {"messages": _messages, "responses": _responses, "chat": _chat, "gemini": _gemini}
