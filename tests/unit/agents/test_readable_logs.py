"""A client's log as people read it: a line a tool call, words wrapped, its cost at the end."""

import json
import time

from orch.harness.readable import WIDTH, LogReader, lines_of


def _log(*documents: "dict[str, object] | str") -> str:
    return "\n".join(d if isinstance(d, str) else json.dumps(d) for d in documents)


def test_claude() -> None:
    text = _log(
        "[orch] turn 1 of r/t by w1: claude",
        "[orch] in /w; variables: HOME PATH",
        {"type": "system", "subtype": "init", "session_id": "s"},
        {"type": "assistant", "message": {"content": [
            {"type": "text", "text": "I look first. " + "word " * 30},
            {"type": "tool_use", "name": "Bash", "input": {"command": "npm test\nnpm run lint"}},
            {"type": "tool_use", "name": "Edit", "input": {"old": "x", "file_path": "a.py"}}]}},
        {"type": "user", "message": {"content": [
            {"type": "tool_result", "content": "fine", "is_error": False}]}},
        {"type": "user", "message": {"content": [
            {"type": "tool_result", "content": [{"type": "text", "text": "no such file"}],
             "is_error": True}]}},
        {"type": "result", "is_error": False, "total_cost_usd": 0.25, "duration_ms": 1500,
         "usage": {"input_tokens": 100, "output_tokens": 30}},
        "[orch] turn 1 ended: done",
    )  # fmt: skip
    found = lines_of(text)
    assert found[:2] == ["[orch] turn 1 of r/t by w1: claude", "[orch] in /w"]
    assert found[2].startswith("I look first. word") and len(found[3]) > 5
    assert found[4:] == [
        "-> Bash: npm test npm run lint",
        "-> Edit: a.py",
        "   failed: no such file",
        "= 100 tokens in, 30 out, 0.2500 USD, 1.5 s",
        "[orch] turn 1 ended: done",
    ]
    assert all(len(line) <= WIDTH for line in found)


def test_codex_gemini_copilot_opencode_and_pi() -> None:
    cases = [
        ({"type": "item.started", "item": {"type": "command_execution", "command": "ls"}}, []),
        ({"type": "item.completed", "item": {"type": "command_execution", "command": "ls",
          "exit_code": 2, "aggregated_output": "no\nway"}},
         ["-> shell: ls", "   failed: exit 2: no way"]),
        ({"type": "item.completed", "item": {"type": "file_change", "changes": [
          {"kind": "add", "path": "a"}]}}, ["-> edit: add a"]),
        ({"type": "item.completed", "item": {"type": "agent_message", "text": "That is all."}},
         ["That is all."]),
        ({"type": "turn.completed", "usage": {"input_tokens": 3, "output_tokens": 1}},
         ["= 3 tokens in, 1 out"]),
        ({"type": "turn.failed", "error": {"message": "401"}}, ["   failed: 401"]),
        ({"type": "tool_use", "tool_name": "read_file", "parameters": {"path": "x"}},
         ["-> read_file: x"]),
        ({"type": "tool_result", "status": "error", "output": "gone"}, ["   failed: gone"]),
        ({"type": "tool_result", "status": "success", "output": "x"}, []),
        ({"type": "tool.execution_start", "data": {"toolName": "bash", "arguments": {}}},
         ["-> bash"]),
        ({"type": "tool.execution_complete", "data": {"success": False, "error": "no"}},
         ["   failed: no"]),
        ({"type": "assistant.message", "data": {"content": "hello"}}, ["hello"]),
        ({"type": "tool_use", "part": {"tool": "bash", "state": {"input": {"command": "ls"}}}},
         ["-> bash: ls"]),
        ({"type": "step_finish", "part": {"cost": 0.5, "tokens": {"input": 9, "output": 2}}},
         ["= 9 tokens in, 2 out, 0.5000 USD"]),
        ({"type": "message_end", "message": {"role": "assistant", "content": [
          {"type": "toolCall", "name": "bash", "arguments": {"command": "ls"}}]}}, ["-> bash: ls"]),
        ({"type": "message_end", "message": {"role": "user", "content": "x"}}, []),
    ]  # fmt: skip
    for document, told in cases:
        assert lines_of(_log(document)) == told, document


def test_words_in_pieces_are_one_text() -> None:
    reader = LogReader()
    piece = '{"type":"message","role":"assistant","delta":true,"content":"%s"}'
    assert reader.read(piece % "Hel") == [] and reader.read(piece % "lo.") == []
    assert reader.read('{"type":"tool_use","tool_name":"ls","parameters":{}}') == [
        "Hello.",
        "-> ls",
    ]
    assert reader.read(piece % "end") == [] and reader.end() == ["end"]


def test_what_has_no_known_shape_is_shown_short_and_rubbish_breaks_nothing() -> None:
    odd = ['{"type": 3}', '{"x": "' + "y" * 500 + '"}', "{broken", "[1, 2]", "plain words", "",
           "{}",
           '{"type":"assistant","message":{"content":[1,{"type":"text","text":5}]}}',
           '{"type":"result","usage":[],"total_cost_usd":"x","stats":7}',
           '{"type":"item.completed","item":{"type":"file_change","changes":{"a":1}}}',
           '{"type":"tool_use","part":{"state":3}}', "[" * 5000, '{"a":' * 3000]  # fmt: skip
    found = lines_of("\n".join(odd))
    assert "plain words" in found and all(len(line) <= 2000 for line in found)
    assert any(line.startswith('{"x": "yyy') and len(line) == WIDTH for line in found)


def test_a_line_of_64_mb_is_passed_over_at_once() -> None:
    line = '{"type":"x","data":"' + "y" * (64 << 20)
    before = time.process_time()
    LogReader().read(line)
    assert time.process_time() - before < 1
