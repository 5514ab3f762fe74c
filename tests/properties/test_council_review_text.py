"""Reading and showing reviewers' text, whatever it is."""

import json
from unicodedata import category

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from council.model import Review
from council.review_schema import review_schema
from council.review_text import read_review
from orch.reports.escape import inline, one_line, quoted, visible
from schema.failures import Failure

QUICK = settings(max_examples=100, deadline=None, derandomize=True)
SCRAPS = ['{"findings"', "{", "}", "[", "]", '"', "\\", ",", ":", "\n", "```\n", '"result":', "1e9"]
JUNK = st.lists(st.sampled_from([*SCRAPS, "risk-reviewer", '"reviewer_role"', " "]), max_size=40)
PLAIN = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=30)
FINDING = st.fixed_dictionaries(
    {
        "title": PLAIN.filter(str.strip),
        "summary": PLAIN,
        "proposal": PLAIN,
        "rationale": PLAIN,
        "confidence": st.sampled_from(["low", "high", 0.5, 1]),
        "tags": st.lists(PLAIN.filter(bool), max_size=2),
        "target_refs": st.dictionaries(PLAIN, st.none() | st.integers(0, 9) | st.lists(PLAIN)),
    },
    optional={
        "action": st.none() | st.just("fix"),
        "file": st.none() | st.just("a.py"),
        "line_start": st.none() | st.integers(1, 99),
        "evidence": st.none() | PLAIN,
    },
)
REVIEW = st.fixed_dictionaries(
    {"reviewer_role": st.just("risk-reviewer"), "findings": st.lists(FINDING, max_size=3)},
    optional={"verdict": st.none() | st.just("block")},
)
SCHEMA = jsonschema.Draft202012Validator(review_schema("code-review", "risk-reviewer"))
PROSE = st.text("abc .,'\n", max_size=20)


@QUICK
@given(JUNK.map("".join) | st.text(max_size=200))
def test_any_text_is_read_or_refused(text):
    try:
        reading = read_review(text, "risk-reviewer")
    except Failure as failure:
        refusal = failure
    else:
        assert reading.raw == text
        return
    assert refusal.code == "invalid_input"
    assert refusal.message.isprintable()


@QUICK
@given(REVIEW, PROSE, PROSE, st.sampled_from(["prose", "fence", "result", "events", "comma"]))
def test_a_review_is_found_whole_in_any_wrapping(document, before, after, wrapping):
    text = json.dumps(document, indent=1, ensure_ascii=False)
    wrapped = {
        "prose": f"{before}{text}{after}",
        "fence": f"{before}\n```json\n{text}\n```\n{after}",
        "result": json.dumps({"type": "result", "result": before + text + after}),
        "events": json.dumps({"text": before}) + "\n" + json.dumps({"item": {"text": text}}),
        "comma": f"{before}{text[:-1]},\n}}{after}",
    }[wrapping]
    assert read_review(wrapped, "risk-reviewer").review == Review.model_validate(document)


@QUICK
@given(REVIEW)
def test_what_satisfies_the_schema_can_be_read(document):
    SCHEMA.validate(document)
    reading = read_review(json.dumps(document), "risk-reviewer")
    assert reading.parse_mode == "raw"
    assert reading.review == Review.model_validate(document)


@QUICK
@given(st.text(max_size=60))
def test_shown_text_is_printable_and_one_line_is_one(text):
    kept = set(visible(text)) - set("\n\t")
    assert all(each.isprintable() or category(each) == "Zs" for each in kept)
    assert "\n" not in one_line(text)


MARKS = st.text("`*_#[]()<>!|~\\&;@:/.w-=+1 ab\n$^", max_size=40)


@QUICK
@given(MARKS)
def test_markdown_of_any_text_is_text_and_code_alone(text):
    markdown = pytest.importorskip("markdown_it").MarkdownIt("commonmark")
    markdown.enable(["table", "strikethrough"])
    blocks = {token.type for token in markdown.parse("\n".join(quoted(text)))}
    assert blocks <= {"blockquote_open", "blockquote_close", "paragraph_open", "paragraph_close",
                      "inline"}  # fmt: skip
    for source in ("\n".join(quoted(text)), f"x {inline(text)} x", f"- {inline(text)}"):
        parts = [c for token in markdown.parse(source) for c in token.children or ()]
        assert {part.type for part in parts} <= {"text", "code_inline", "hardbreak", "softbreak"}


@QUICK
@given(st.text("*_#[]()<>!|~\\&;-=+1 ab$^", max_size=40))
def test_a_reader_sees_the_text_as_it_was_written(text):
    markdown = pytest.importorskip("markdown_it").MarkdownIt("commonmark")
    parts = [c for token in markdown.parse(f"x {inline(text)}") for c in token.children or ()]
    assert "".join(part.content for part in parts).split() == ["x", *text.split()]
