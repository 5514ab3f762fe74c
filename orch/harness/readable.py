"""A client's output for people: a line a tool call, its words wrapped, its cost at the end. Pure.

The shapes are those that the known clients print; a JSON line of no known shape is cut short, one
that tells nothing (a start, a piece of what comes whole later) is left out, other lines stay.
"""

import json
import textwrap

from schema.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

WIDTH = 100
_LONGEST = 1 << 22  # A line beyond is no event that anybody reads.
_LONGEST_WORDS = 8000
_CALL, _FAILED = "-> ", "   failed: "
# What a tool is called with, the most telling first.
_ARGUMENTS = ("command", "file_path", "filePath", "path", "pattern", "query", "url", "prompt",
              "description")  # fmt: skip
# Lines that say nothing by themselves.
_QUIET = frozenset(
    ("system", "thread.started", "turn.started", "turn_start", "turn_end", "item.started",
     "item.updated", "session", "agent_start", "agent_end", "message_start", "message_update",
     "tool_execution_start", "tool_execution_update", "step_start", "init", "user.message",
     "assistant.turn_start", "assistant.turn_end", "assistant.message_delta",
     "tool.execution_progress", "session.start", "rate_limit_event")
)  # fmt: skip


class LogReader(Value):
    """Turns a log's lines into what people read, one after the other."""

    _pieces: str = ""  # Words that come in pieces, until something else does.

    def read(self, line: str) -> list[str]:
        """Return what a line tells; [] for nothing."""
        document = _parsed(line)
        if document is None:
            kept = line.partition("; variables: ")[0] if line.startswith("[orch] in ") else line
            return [*self.end(), *([kept[:2000]] if kept.strip() else [])]
        if document.get("type") == "message" and document.get("role") == "assistant":
            self._pieces = (self._pieces + str(document.get("content") or ""))[-_LONGEST_WORDS:]
            return []
        return [*self.end(), *_told(document, line)]

    def end(self) -> list[str]:
        """Return the words that were still to come."""
        words, self._pieces = self._pieces, ""
        return _wrapped(words)


def lines_of(text: str) -> list[str]:
    """Return a whole log as people read it."""
    reader = LogReader()
    found = [told for line in text.split("\n") for told in reader.read(line)]
    return [*found, *reader.end()]


def _parsed(line: str) -> "dict[str, Any] | None":
    if not line.startswith("{") or len(line) > _LONGEST:
        return None
    try:
        found = json.loads(line, strict=False)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _told(document: "dict[str, Any]", line: str) -> list[str]:
    kind = str(document.get("type") or "")
    if kind in _QUIET:
        return []
    found = [told for look in _LOOKS for told in look(kind, document)]
    if found or kind in _KNOWN:
        return found
    return [_short(line, WIDTH)]


def _of_claude(kind: str, document: "dict[str, Any]") -> "Iterator[str]":
    """claude, qwen, amp, cursor-agent: messages of blocks; pi: the same with names of its own."""
    message = document.get("message")
    if kind not in ("assistant", "user", "message_end") or not isinstance(message, dict):
        return
    blocks = message.get("content")
    if kind == "message_end" and message.get("role") != "assistant":
        return
    if isinstance(blocks, str):
        blocks = [{"type": "text", "text": blocks}] if kind == "assistant" else []
    for block in blocks if isinstance(blocks, list) else []:
        if not isinstance(block, dict):
            continue
        if block.get("type") == "text" and kind != "user":
            yield from _wrapped(block.get("text"))
        elif block.get("type") in ("tool_use", "toolCall"):
            yield _call(block.get("name"), block.get("input") or block.get("arguments"))
        elif block.get("type") == "tool_result" and block.get("is_error"):
            yield _failed(block.get("content"))


def _of_codex(kind: str, document: "dict[str, Any]") -> "Iterator[str]":
    item = document.get("item")
    if kind != "item.completed" or not isinstance(item, dict):
        return
    what = item.get("type")
    if what == "agent_message":
        yield from _wrapped(item.get("text"))
    elif what == "command_execution":
        yield _call("shell", {"command": item.get("command")})
        if item.get("exit_code"):
            yield _failed(f"exit {item['exit_code']}: {item.get('aggregated_output') or ''}")
    elif what == "file_change":
        changes = item.get("changes")
        each = [c for c in changes if isinstance(c, dict)] if isinstance(changes, list) else []
        yield _call("edit", ", ".join(f"{c.get('kind')} {c.get('path')}" for c in each))
    elif what == "error":  # A warning: the turn goes on.
        yield _short(f"   note: {item.get('message')}", WIDTH)
    elif what != "reasoning":
        yield _call(what, item.get("tool") or item.get("query") or item.get("arguments"))


def _of_others(kind: str, document: "dict[str, Any]") -> "Iterator[str]":
    """gemini, copilot, opencode, pi: a line for each call and for each end of one."""
    data = document.get("data")
    part = document.get("part")
    if kind == "tool_use" and isinstance(part, dict):
        given = part.get("state")
        state = given if isinstance(given, dict) else {}
        yield _call(part.get("tool"), state.get("title") or state.get("input"))
        if state.get("status") == "error":
            yield _failed(state.get("error") or state.get("output"))
    elif kind == "tool_use":
        yield _call(document.get("tool_name") or document.get("name"),
                    document.get("parameters") or document.get("input"))  # fmt: skip
    elif kind == "tool_result" and document.get("status") in ("error", "failed"):
        yield _failed(document.get("error") or document.get("output"))
    elif kind == "tool_execution_end" and document.get("isError"):
        yield _failed(document.get("result"))
    elif kind == "text" and isinstance(part, dict):
        yield from _wrapped(part.get("text"))
    elif kind == "assistant.message" and isinstance(data, dict):
        yield from _wrapped(data.get("content"))
    elif kind == "tool.execution_start" and isinstance(data, dict):
        yield _call(data.get("toolName"), data.get("arguments"))
    elif kind.endswith("_complete") and isinstance(data, dict) and data.get("success") is False:
        yield _failed(data.get("error") or data.get("result"))


def _of_ends(kind: str, document: "dict[str, Any]") -> "Iterator[str]":
    """What the turn came to, and what it took."""
    if kind in ("error", "session.error", "turn.failed"):
        yield _failed(document.get("error") or document.get("message") or document.get("data"))
        return
    part = document.get("part")
    if kind not in ("result", "turn.completed", "step_finish"):
        return
    if kind == "result" and document.get("is_error"):
        yield _failed(document.get("result") or document.get("error"))
    usage = document.get("usage") or document.get("stats") or {}
    cost = document.get("total_cost_usd")
    if kind == "step_finish" and isinstance(part, dict):
        usage, cost = part.get("tokens") or {}, part.get("cost")
    told = []
    if isinstance(usage, dict):
        into = _number(usage, "input_tokens", "input")
        out = _number(usage, "output_tokens", "output")
        told += [f"{into or 0} tokens in, {out or 0} out"] if into or out else []
    if isinstance(cost, (int, float)) and not isinstance(cost, bool):
        told.append(f"{cost:.4f} USD")
    seconds = document.get("duration_ms")
    if isinstance(seconds, (int, float)):
        told.append(f"{seconds / 1000:.1f} s")
    if told:
        yield "= " + ", ".join(told)


_LOOKS = (_of_claude, _of_codex, _of_others, _of_ends)
# Kinds whose lines may tell nothing: a call that went well is told by its beginning.
_KNOWN = frozenset(
    ("assistant", "user", "message", "message_end", "item.completed", "tool_use", "tool_result",
     "tool_execution_end", "text", "assistant.message", "tool.execution_start",
     "tool.execution_complete", "result", "turn.completed", "step_finish")
)  # fmt: skip


def _number(usage: "dict[str, Any]", *names: str) -> int | None:
    found = next((usage[name] for name in names if name in usage), None)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def _call(name: object, given: object) -> str:
    """Return one line for a tool call: its name, and what it is called with."""
    told = given
    if isinstance(given, dict):
        told = next((given[key] for key in _ARGUMENTS if given.get(key)), None) or (
            json.dumps(given, ensure_ascii=False) if given else "")  # fmt: skip
    if isinstance(told, (dict, list)):
        told = json.dumps(told, ensure_ascii=False)
    return _short(f"{_CALL}{name or 'tool'}: {told or ''}".rstrip(": "), WIDTH)


def _failed(why: object) -> str:
    if isinstance(why, dict):
        why = why.get("message") or why.get("content") or json.dumps(why, ensure_ascii=False)
    if isinstance(why, list):
        texts = [one.get("text", "") for one in why if isinstance(one, dict)]
        why = " ".join(map(str, texts))
    return _short(f"{_FAILED}{why or 'it does not say why'}", WIDTH)


def _short(text: str, width: int) -> str:
    flat = " ".join(text[: width * 40].split())
    flat = ("   " if text.startswith("   ") else "") + flat
    return flat if len(flat) <= width else flat[: width - 1] + "…"


def _wrapped(text: object) -> list[str]:
    """Return an agent's words, wrapped; its own line breaks stay."""
    if not isinstance(text, str) or not text.strip():
        return []
    found = []
    for line in text[:_LONGEST_WORDS].strip("\n").split("\n"):
        found += textwrap.wrap(line, WIDTH, break_on_hyphens=False) or [""]
    return found
