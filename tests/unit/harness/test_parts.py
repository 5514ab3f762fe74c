"""The harness room's pure parts: events by rules, secrets out, logs bounded."""

import json
from pathlib import Path

import pytest

from orch.harness.config import resolve
from orch.harness.events import OutputReader
from orch.harness.log import Log, read_from, segments
from orch.harness.redaction import Redactor


def reader(name: str) -> OutputReader:
    harness, problems = resolve(name, {})
    assert harness is not None and problems == []
    return OutputReader(harness.table.event)


def fed(name: str, *documents: object, step: int = 7) -> OutputReader:
    """Return a reader that was given the lines in small pieces."""
    found = reader(name)
    data = "\n".join(d if isinstance(d, str) else json.dumps(d) for d in documents).encode()
    for start in range(0, len(data), step):
        found.feed(data[start : start + step])
    found.end()
    return found


@pytest.mark.parametrize(
    ("name", "lines", "final", "text"),
    [
        ("claude", [{"type": "result", "is_error": False, "result": "ok"}], "ok", "ok"),
        ("claude", [{"type": "result", "subtype": "success", "is_error": True}], "failed", ""),
        ("claude", [{"type": "assistant"}, "not json", "{broken"], "", ""),
        ("codex", [{"type": "item.completed", "item": {"type": "agent_message", "text": "hi"}},
                   {"type": "turn.completed"}], "ok", "hi"),
        ("codex", [{"type": "error", "message": "reconnecting"}], "", ""),
        ("codex", [{"type": "turn.failed", "error": {"message": "no"}}], "failed", ""),
        ("gemini", [{"type": "message", "role": "assistant", "content": "a"},
                    {"type": "message", "role": "assistant", "content": "b"},
                    {"type": "result", "status": "success"}], "ok", "ab"),
        ("copilot", [{"type": "result", "exitCode": 1}], "failed", ""),
        ("opencode", [{"type": "step_finish", "part": {"reason": "tool-calls"}}], "", ""),
        ("opencode", [{"type": "step_finish", "part": {"reason": "stop"}}], "ok", ""),
    ],
)  # fmt: skip
def test_each_client_s_last_word_is_understood(name, lines, final, text) -> None:
    found = fed(name, *lines)
    assert (found.final, found.text) == (final, text)


END = b'{"type":"result","is_error":false,"result":"%s"}'


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (END % b"all \\ud83d", "all \ufffd"),  # Cut in the middle of a pair.
        (END % b"\\ude00\\ud83d!", "\ufffd\ufffd!"),
        (END % b"caf\xe9 \xff\xfe", "caf\ufffd \ufffd\ufffd"),
        (END % b"a\tb\x01c", "a\tb\x01c"),
        (b"\xef\xbb\xbf" + END % b"bom", "bom"),
        (b"\x1b[32m" + END % b"green" + b"\x1b[0m", "green"),
        (b"\x1b]0;title\x07\r\x1b[2K\xef\xbb\xbf \x1b[1;31m" + END % b"all" + b"\x1b[m\r", "all"),
        (b"\x00\x08" + END % b"nul", "nul"),
        (b"\x1b[32m" + END % b"both \\ud83d \xe9" + b"\x1b[0m", "both \ufffd \ufffd"),
    ],
)
def test_a_last_word_survives_what_surrounds_and_breaks_it(line: bytes, text: str) -> None:
    for step in (1, 7, 1000):
        found = reader("claude")
        data = b"noise\n" + line + b"\n{broken\n[1]\n\n"
        for start in range(0, len(data), step):
            found.feed(data[start : start + step])
        found.end()
        assert (found.final, found.text) == ("ok", text)
        found.text.encode()  # Whatever it is, it can be stored and printed.
        Redactor({}).text(found.text)


def test_a_deep_or_endless_line_costs_no_turn() -> None:
    found = reader("claude")
    found.feed(b"{" * 200_000 + b"\xff\n" + b'{"a":' * 100_000 + b"\xff\n")
    found.feed(b'{"type":"result","total_cost_usd":1e999,"usage":{"input_tokens":1e999}}\n')
    assert (found.final, found.cost_usd, found.input_tokens) == ("ok", None, None)


def test_usage_adds_up_only_where_the_rule_says_so_and_nonsense_counts_nothing() -> None:
    step = {"type": "step_finish", "part": {"cost": 0.5, "tokens": {"input": 3, "output": 4}}}
    found = fed("opencode", step, step)
    assert (found.input_tokens, found.output_tokens, found.cost_usd) == (6, 8, 1.0)
    odd = {"type": "result", "total_cost_usd": "free", "usage": {"input_tokens": -1}}
    found = fed("claude", odd, {"type": "result", "usage": {"input_tokens": True}})
    assert (found.input_tokens, found.cost_usd, found.final) == (None, None, "ok")


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("key sk-ant-api03-abcdefghijklmnop end", "abcdefghijklmnop"),
        ("gho_abcdefghijklmnopqrstuv", "gho_"),
        ("AKIAIOSFODNN7EXAMPLE", "AKIA"),
        ("Authorization: Bearer abcdefghijklm", "abcdefghijklm"),
        ('{"api_key": "abcdefghijkl"}', "abcdefghijkl"),
        ("https://user:passw0rd@host/x", "passw0rd"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----", "MIIabc"),
        ("the value is correct-horse-battery", "correct-horse-battery"),
        ("token e12-0123456789abcdefghjkmnpqrs", "0123456789"),
    ],
)
def test_secrets_are_taken_out(text: str, gone: str) -> None:
    cleaned = Redactor({"MY_API_KEY": "correct-horse-battery"}).text(text)
    assert gone not in cleaned and "***" in cleaned


@pytest.mark.parametrize(
    "text",
    ['{"input_tokens": 12345678}', "variables: FAKE_API_KEY GIT_AUTHOR_EMAIL", "a/b-c_d.e@1.2.3",
     "commit 0123456789abcdef0123456789abcdef01234567", "the secret of success"],
)  # fmt: skip
def test_what_is_no_secret_stays(text: str) -> None:
    assert Redactor({}).text(text) == text


def test_a_log_keeps_head_and_tail_over_many_turns(tmp_path: Path) -> None:
    path = str(tmp_path / "deep" / "a.log")
    most = 1 << 16
    for turn in range(3):
        log = Log(path, most, Redactor({}))
        for number in range(4000):
            log.take(1, f"turn {turn} line {number}\n".encode())
        assert len(segments(path)) == 2
        live, _ = read_from(path, 0)
        assert live.startswith(b"turn 0 line 0\n") and live.endswith(b"line 3999\n")
        log.take(1, b"no line end")
        log.close()
        assert segments(path) == []
        text = Path(path).read_bytes()
        assert len(text) < most + 1000
        assert text.startswith(b"turn 0 line 0\n")
        assert text.endswith(f"turn {turn} line 3999\nno line end\n".encode())
        assert b"are left out here" in text


def test_a_log_that_a_killed_runner_left_is_whole_again(tmp_path: Path) -> None:
    path = str(tmp_path / "a.log")
    log = Log(path, 1 << 16, Redactor({}))
    log.take(1, b"x" * 99 + b"\n")
    for _ in range(500):
        log.take(1, b"y" * 99 + b"\n")
    left = segments(path)
    assert left, "its tail lies beside it"
    Log(path, 1 << 16, Redactor({})).close()
    assert segments(path) == [] and Path(path).read_bytes().count(b"y") > 20_000


def test_streams_do_not_mix_within_a_line(tmp_path: Path) -> None:
    log = Log(str(tmp_path / "a.log"), 1 << 16, Redactor({}))
    log.take(1, b"out-")
    log.take(2, b"err-")
    log.take(1, b"put\n")
    log.take(2, b"or\n")
    log.close()
    assert (tmp_path / "a.log").read_text() == "out-put\nerr-or\n"
