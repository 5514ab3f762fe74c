"""The repair ladder: every rung, every refusal, and texts made to be slow."""

import json

import pytest

from council.asking import example_review
from council.review_text import MAX_CHARACTERS, read_review
from schema.failures import Failure

DOCUMENT = example_review("code-review", "risk-reviewer")
PLAIN = json.dumps(DOCUMENT)
PRETTY = json.dumps(DOCUMENT, indent=2)
DRAFT = json.dumps(DOCUMENT | {"findings": []})
TWICE = PLAIN[:-1] + ',"verdict":"approve"}'
EVENTS = "\n".join(
    json.dumps(event)
    for event in (
        {"type": "started"},
        {"type": "item.completed", "item": {"type": "agent_message", "text": PRETTY}},
        {"type": "turn.completed", "usage": {"tokens": 3}},
    )
)


def refused(text, role="risk-reviewer"):
    with pytest.raises(Failure) as caught:
        read_review(text, role)
    assert caught.value.code == "invalid_input"
    return caught.value


@pytest.mark.parametrize(
    ("mode", "text"),
    [
        ("raw", PLAIN),
        ("raw", "\ufeff\n" + PRETTY + "\r\n"),
        ("envelope", json.dumps({"type": "result", "result": PRETTY})),
        ("envelope", json.dumps({"type": "result", "structured_output": DOCUMENT})),
        ("envelope", json.dumps({"ok": True, "data": {"message": {"body": 1, "text": PLAIN}}})),
        ("envelope", json.dumps([{"text": DRAFT}, {"text": f"Done.\n```json\n{PRETTY}\n```"}])),
        ("envelope", EVENTS),
        ("object", f"I looked at everything.\n{PRETTY}\nThat is all."),
        ("object", f"```json\n{PRETTY}\n```"),
        ("object", f'It is 5" wide, {{ sic: {PLAIN} and {{}} done'),
        ("object", f"first {DRAFT}, on second thoughts {PLAIN}"),
        ("fence", f"Oh {{ my\n```json\n{PRETTY}\n```\n}} well"),
        ("mended", PLAIN[:-1] + ",}"),
        ("mended", PLAIN.replace("one transaction", "one\ntransaction")),
        ("mended", f"so: {PRETTY[:-1]}\n , \n}} bye"),
    ],
)
def test_each_rung_finds_the_last_review_whole(mode, text):
    reading = read_review(text, "risk-reviewer")
    assert reading.parse_mode == mode
    assert reading.raw == text
    assert reading.review.verdict == "revise"
    assert len(reading.review.findings) == 1


def test_commas_inside_strings_are_never_mended():
    said = 'keep [1, 2,] and {"a": 1,} and \\" , }'
    text = json.dumps(DOCUMENT | {"coverage": {"examined": [said]}})[:-1] + ",}"
    reading = read_review(text, "risk-reviewer")
    assert reading.parse_mode == "mended"
    assert reading.review.coverage.examined == (said,)


@pytest.mark.parametrize(
    ("text", "reason", "says"),
    [
        ("", "json", "empty"),
        ("  \n", "json", "empty"),
        ("I could not read the diff.", "json", "not readable JSON"),
        ("[]", "json", "no object in it"),
        ('{"ok": true}', "json", "no object in it"),
        ('"findings"', "json", "no object in it"),
        (TWICE, "json", "'verdict' occurs twice"),
        (f"draft {DRAFT} final {TWICE}", "json", "'verdict' occurs twice"),
        (f"{DRAFT}\n```\n{TWICE}\n```", "json", "'verdict' occurs twice"),
        (PLAIN.replace('"high"', "NaN", 1), "json", "NaN is not JSON"),
        (PLAIN.replace('"high"', "-Infinity", 1), "json", "-Infinity is not JSON"),
        (PLAIN.replace('"high"', "1e999", 1), "json", "too large"),
        (PLAIN.replace("41", "9" * 5000), "json", "64 bits"),
        (PLAIN.replace("41", "18446744073709551616"), "json", "64 bits"),
        (PLAIN.replace("lease", "\\ud800", 1), "json", "surrogate"),
        (PLAIN.replace("lease", "\\u0000", 1), "json", "NUL"),
        (PLAIN.replace("[]", "[" * 70 + "]" * 70, 1), "json", "deeper than 64"),
        (PLAIN.replace("[]", "[" * 99_999 + "]" * 99_999, 1), "json", "deeper than 64"),
        ('{"findings": []}', "schema", "reviewer_role: required, add it"),
        ('{"reviewer_role": "risk-reviewer"}', "schema", "findings: required, add it"),
        ('{"reviewer_role": "chair", "findings": []}', "schema", "reviewer_role: input should"),
        (PLAIN.replace('"tags"', '"tagz"'), "schema", "findings[0].tagz: unknown field"),
        (PLAIN.replace('"tags"', '"a b"'), "schema", "findings[0].'a b': unknown field"),
        (PLAIN.replace('"high"', '"sure"', 1), "schema", "findings[0].confidence: input should"),
        (PLAIN[:-1] + ', "verdict2": 1}', "schema", "verdict2: unknown field"),
        (
            PLAIN.replace('"risk-reviewer"', '"architecture-reviewer"'),
            "value",
            "this is the task of 'risk-reviewer'",
        ),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else None,
)
def test_a_refusal_says_what_to_mend(text, reason, says):
    failure = refused(text)
    assert failure.reason == reason
    assert says in failure.message
    assert failure.message.isprintable()
    assert len(failure.message) < 1000


def test_many_faults_are_counted_not_listed():
    broken = json.dumps({"reviewer_role": "risk-reviewer", "findings": [{}] * 40})
    failure = refused(broken)
    assert "findings[0].title: required, add it" in failure.message
    assert "and 274 more" in failure.message


N = 400_000
HOSTILE = {
    "braces": "{" * N,
    "nested": '{"findings":' * (N // 12),
    "empty objects": "{}" * (N // 2),
    "escapes": '{"findings' + '\\"' * (N // 2),
    "odd quotes": '{"findings":' + '"\\' * (N // 2),
    "commas": '{"findings"' + ", " * (N // 2) + "}",
    "spaces after a comma": '{"findings",' + " " * N + "x}",
    "brackets": "[" * N,
    "fences": "{" + '```\n"findings"{{\n' * (N // 18) + "}",
    "open fences": "```\n" * (N // 4),
    "many reviews that are none": '{"findings"}' * (N // 12),
    "texts in a list": json.dumps(['"findings" {'] * (N // 20)),
    "nested envelopes": '{"data":' * 50 + '"' + "a" * N,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_are_refused(name):
    assert refused(HOSTILE[name]).reason == "json"


def test_an_enormous_body_is_refused_unread():
    failure = refused("x" * (MAX_CHARACTERS + 1))
    assert failure.reason == "text"
    assert str(MAX_CHARACTERS) in failure.message


def test_envelopes_are_opened_only_so_far():
    text = PLAIN
    for _ in range(8):
        text = json.dumps({"result": text})
    assert refused(text).reason == "json"
