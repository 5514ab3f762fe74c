"""The repair ladder: every rung, every refusal, and texts made to be slow."""

import json

import pytest

from council.review_schema import example_review
from council.review_text import read_review
from inbox.json_in_text import MAX_CHARACTERS
from schema.failures import Failure

FINDING = {
    "title": "Read and extend the lease in one transaction",
    "summary": "renew() checks the expiry before it takes the write lock.",
    "proposal": "Move the read into the transaction that extends the lease.",
    "rationale": "Two workers can both pass the check.",
    "confidence": "high",
    "tags": [],
    "target_refs": {},
    "severity": "high",
    "file": "bus/leases.py",
    "line_start": 41,
    "line_end": 58,
}
DOCUMENT = {"reviewer_role": "risk-reviewer", "findings": [FINDING], "verdict": "revise"}
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
        ('{"reviewer_role": "chair", "findings": []}', "schema", "must be one of architecture-"),
        ('{"reviewer_role": "risk", "findings": {}}', "schema", "findings: must be a list"),
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


def read(*findings, **fields):
    document = {"reviewer_role": "risk-reviewer", "findings": list(findings), **fields}
    return read_review(json.dumps(document), "risk-reviewer")


@pytest.mark.parametrize(
    ("fields", "flag"),
    [
        ({"severity": "blocker"}, "severity_unknown"),
        ({"action": "nuke"}, "action_unknown"),
        ({"confidence": "certain"}, "confidence_unknown"),
        ({"confidence": 1.5}, "confidence_unknown"),
        ({"line_start": 0}, "location_unverified"),
        ({"line_end": "58"}, "location_unverified"),
        ({"category": "x" * 65}, "field_unread"),
        ({"tags": "urgent"}, "field_unread"),
        ({"target_refs": []}, "field_unread"),
        ({"score": 3}, "field_unread"),
    ],
    ids=str,
)
def test_what_is_not_understood_of_a_finding_is_null_and_flagged(fields, flag):
    reading = read(FINDING | fields)
    (found,) = reading.review.findings
    assert found.flags == (flag,)
    (name,) = fields
    assert getattr(found, name, None) in (None, (), {})
    assert (found.title, found.summary) == (FINDING["title"], FINDING["summary"])
    assert reading.dropped == ()


def test_a_category_may_be_any_word_and_closed_words_any_case():
    reading = read(FINDING | {"category": "Licensing", "severity": "CRITICAL "}, verdict="Block")
    (found,) = reading.review.findings
    assert (found.category, found.severity, reading.review.verdict) == (
        "Licensing", "critical", "block",
    )  # fmt: skip


def test_an_unknown_verdict_or_coverage_is_null_and_flagged():
    reading = read(FINDING, verdict="maybe", coverage=["all"])
    assert (reading.review.verdict, reading.review.coverage) == (None, None)
    assert reading.flags == ("verdict_unknown", "field_unread")


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (5, "not an object"),
        ({"title": "x"}, "summary: required, add it"),
        (FINDING | {"title": " "}, "title: must not be blank"),
        (FINDING | {"proposal": None}, "proposal: must be text"),
        (example_review("code-review", "risk-reviewer")["findings"][0], "the brief's example"),
    ],
    ids=str,
)
def test_one_bad_finding_is_dropped_and_counted_never_the_review(bad, why):
    reading = read(bad, FINDING)
    assert [(f.title, f.index) for f in reading.review.findings] == [(FINDING["title"], 1)]
    assert len(reading.dropped) == 1
    assert reading.dropped[0].startswith("findings[0]: ")
    assert why in reading.dropped[0]


def test_findings_beyond_the_limit_are_counted():
    reading = read(*[FINDING] * 53)
    assert (len(reading.review.findings), len(reading.dropped)) == (50, 3)


def test_long_texts_are_shortened_and_flagged():
    (found,) = read(FINDING | {"title": "t" * 301, "summary": "s" * 4001}).review.findings
    assert (len(found.title), len(found.summary), found.flags) == (300, 4000, ("shortened",))


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
