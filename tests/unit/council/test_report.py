"""The report: what it says, in which order, and that nobody can forge a part of it."""

import pytest

from council.model import Answer, Coverage
from council.report import render_report
from council.tally import tally_answers
from council.terminal import tally_lines
from council.vocabulary import ROLES
from tests.bench.council_examples import answer, finding

markdown_it = pytest.importorskip("markdown_it")

QUEUE = finding("Bound the job queue", severity="high", summary="It grows.", rationale="Memory.")
RACE = finding(
    "Read the lease in the transaction",
    severity="critical",
    file="bus/leases.py",
    line_start=4,
    line_end=9,
    evidence="if x:\n    y = `a`",
    suggestion="```\nfenced\n```",
)
KEEP = finding("Keep the pool", action="keep", subject="pool")
DROP = finding("Drop the pool", action="remove", subject="pool")
HOSTILE = """\
# Consensus: all three reviewers (9)
## How this was grouped
Setext
======
- item
1. one
+ plus
> quote
    indented code
```
fence
```
~~~
[text](https://evil.example) ![img](x.png) [ref]: https://evil.example
<https://evil.example> https://evil.example www.evil.example me@evil.example
<script>alert(1)</script> <!-- comment --> &lt;b&gt; &#60;
| a | b |
|---|---|
*em* **strong** __init__ snake_case ~~gone~~ $x$ `code` ``two`` `a`@`b` @`<b>`@
***
---
back\\slash \\* \x1b[31m \u202e rtl \u200b zero \u2028 sep \r cr [^1] #12 @you"""


def tally(*answers):
    return tally_answers("R1", "code-review", answers)


ALL = ("consensus", "majority", "minority")
FULL = tally(
    answer(
        "architecture-reviewer",
        QUEUE,
        DROP,
        verdict="revise",
        coverage=Coverage(not_examined=("the tests",)),
    ),
    answer("implementation-reviewer", QUEUE, DROP),
    answer("risk-reviewer", RACE, QUEUE, KEEP, verdict="approve"),
)


def in_order(text, *parts):
    positions = [text.index(part) for part in parts]
    return positions == sorted(positions)


def test_the_report_reads_from_the_outcome_to_the_method():
    assert in_order(
        render_report(FULL, "The lease code", ("consensus", "majority", "minority")),
        "# Council report: run `R1`",
        "**block: group 3 is critical (risk-reviewer)**",
        "1 consensus, 1 majority, 2 minority · 2 contested",
        "| no. | level | severity | place | title | who |",
        "| 1 | consensus | **high** |  | Bound the job queue | architecture, implementation",
        "| 3 | minority | **critical** | `bus/leases.py:4-9` | Read the lease",
        "- **architecture-reviewer**: answered, 2 findings, verdict revise",
        "did not look at: the tests",
        "approves although it names a critical itself",
        "## Target",
        "> The lease code",
        "## Critical, raised by one reviewer (1)",
        "### 3. Read the lease in the transaction",
        "confidence medium · `bus/leases.py:4-9`",
        "## Consensus: all three reviewers (1)",
        "## Majority: two of three reviewers (1)",
        "contested, see Conflicts",
        "## Minority: one reviewer (2)",
        "## Conflicts (2)",
        "Keep the pool (risk-reviewer)",
        "Grouped alike in words by `council-group/2`",
        "0006-council-grouping.md",
    )


def test_no_heading_stands_over_nothing_and_no_title_twice():
    text = render_report(tally(answer(ROLES[0], QUEUE), *PAIR), "x", ALL)
    assert "## Consensus" not in text
    assert "## Majority" not in text
    assert text.count("Bound the job queue") == 2  # In the table, and as its heading.
    assert "Nothing was found." in render_report(tally(answer(ROLES[0]), *PAIR), "x", ALL)


def test_the_table_holds_every_group_whatever_is_shown():
    rows = [line for line in render_report(FULL, "x", ("consensus",)).split("\n") if "|" in line]
    assert len(rows) == 2 + len(FULL.groups)


def test_a_critical_that_others_find_milder_stands_on_top_with_its_name():
    mild = RACE.model_copy(update={"severity": "low"})
    text = render_report(tally(answer(ROLES[0], mild), answer(ROLES[1], mild),
                               answer(ROLES[2], RACE)), "x")  # fmt: skip
    assert "| 1 | consensus | **critical** (risk) |" in text
    assert text.index("## Critical, raised by one reviewer (1)") < text.index("### 1.")


def test_what_is_left_out_is_counted_with_the_command_that_shows_it():
    text = render_report(FULL, "x", ("consensus",))
    assert "1 majority and 2 minority: `orch council report --run R1 --show" in text
    assert "## Critical, raised by one reviewer (1)" in text
    assert "## Minority" not in text


def test_every_supporters_words_are_there():
    text = render_report(FULL, "x")
    assert text.count("> It grows.") == 3
    assert text.count("> **Why:** Memory.") == 3


def test_the_notice_of_a_partial_council_stands_above_the_body():
    gone = Answer(reviewer_role="risk-reviewer", state="failed", reason="killed | by # hand")
    text = render_report(
        tally(answer("architecture-reviewer", QUEUE), answer("implementation-reviewer"), gone), "x"
    )
    assert in_order(
        text, "> **Partial:** 2 of 3", "**risk-reviewer**: failed (killed \\|", "## Target"
    )


@pytest.mark.parametrize("answered", [0, 1])
def test_a_council_without_quorum_says_so(answered):
    gone = [
        Answer(reviewer_role=r, state="cancelled")
        for r in ("architecture-reviewer", "implementation-reviewer")
    ]
    last = (
        answer("risk-reviewer", QUEUE)
        if answered
        else Answer(reviewer_role="risk-reviewer", state="unreadable")
    )
    text = render_report(tally(*gone, last), "")
    assert ("**Insufficient:**" if answered else "**Failed:**") in text
    assert "> (none given)" in text


def test_code_of_a_reviewer_keeps_its_fences_inside():
    tokens = markdown_it.MarkdownIt().parse(render_report(FULL, "x"))
    fences = [token.content for token in tokens if token.type == "fence"]
    assert fences == ["if x:\n    y = `a`\n", "```\nfenced\n```\n"]


def structure(text):
    """Return every block and inline element but text and code, with our own headings' text."""
    parser = markdown_it.MarkdownIt("commonmark").enable(["table", "strikethrough"])
    seen = []
    for token in parser.parse(text):
        if token.type == "inline":
            seen += [child.type for child in token.children if child.type not in ("text",)]
        else:
            seen.append(token.type)
    return seen


def hostile(text):
    said = {
        name: text
        for name in ("summary", "proposal", "rationale", "section", "subject")
        if name not in ("section", "subject")
    }
    line = text.replace("\n", " ")
    fields = said | {
        "section": line[:200],
        "subject": line[-200:],
        "file": line[:1000],
        "key": line[:9],
    }
    return finding(line[:300], severity="critical", action="add", tags=(line[:64],),
                   evidence=text, suggestion=text, **fields)  # fmt: skip


FORGED = {
    "heading_open", "link_open", "image", "html_block", "html_inline", "table_open", "s_open",
    "em_open", "hr", "code_block", "ordered_list_open",
}  # fmt: skip


@pytest.mark.parametrize("piece", [HOSTILE, *HOSTILE.split("\n")], ids=lambda p: repr(p[:20]))
def test_reviewer_text_forges_nothing(piece):
    reason = Answer(reviewer_role="risk-reviewer", state="failed", reason=piece)
    given = [
        answer("architecture-reviewer", hostile(piece), KEEP),
        answer("implementation-reviewer", DROP),
        reason,
    ]
    plain = [
        answer("architecture-reviewer", hostile("x"), KEEP),
        answer("implementation-reviewer", DROP),
    ]
    mild = Answer(reviewer_role="risk-reviewer", state="failed", reason="x")
    show = ("consensus", "majority", "minority")
    got = structure(render_report(tally(*given), piece, show))
    expected = structure(render_report(tally(*plain, mild), "x", show))
    for kind in FORGED:
        assert got.count(kind) == expected.count(kind), kind
    for kind in ("bullet_list_open", "list_item_open", "fence", "blockquote_open", "strong_open"):
        assert got.count(kind) == expected.count(kind), kind


def test_invisible_characters_are_shown():
    text = render_report(tally(answer("architecture-reviewer", hostile(HOSTILE)), *PAIR), HOSTILE)
    assert all(character.isprintable() or character == "\n" for character in text)
    for code in ("U+001B", "U+202E", "U+200B", "U+2028", "U+000D"):
        assert f"⟨{code}⟩" in text


PAIR = (answer("implementation-reviewer"), answer("risk-reviewer"))


def test_a_rendered_reader_sees_the_reviewers_words():
    tokens = markdown_it.MarkdownIt("commonmark").parse(render_report(tally(
        answer(ROLES[0], finding("A *b* <c> snake_case __d__ [e](f) \\* 1 < 2 & 3")), *PAIR
    ), "x", ("minority",)))  # fmt: skip
    inline = [t for t in tokens if t.type == "inline"]
    seen = ["".join(c.content for c in t.children) for t in inline]
    assert "1. A *b* <c> snake_case __d__ [e](f) \\* 1 < 2 & 3" in seen


def test_terminal_lines_are_short_safe_and_counted():
    many = [
        finding(f"{word} \x1b[2J\nforged: line {'x' * 200}") for word in ("Alpha", "Queue", "Zz")
    ]
    lines = tally_lines(tally(answer("architecture-reviewer", *many), *PAIR), limit=2)
    assert lines[:2] == [
        "council R1: none (complete); 0 consensus, 0 majority, 3 minority",
        "why: nobody took a side",
    ]
    assert lines[-1] == "1 more"
    assert all(line.isprintable() and len(line) < 250 for line in lines)
    assert not any(line.startswith("forged") for line in lines)


def test_terminal_lines_name_the_missing_and_the_contested():
    gone = Answer(reviewer_role="risk-reviewer", state="unreadable", reason="not JSON")
    lines = tally_lines(
        tally(answer("architecture-reviewer", KEEP), answer("implementation-reviewer", DROP), gone)
    )
    assert "missing: risk-reviewer unreadable: not JSON" in lines
    assert sum("contested" in line for line in lines) == 2
    assert lines[-1] == "1 conflicting pairs: see the report"


def test_coverage_is_accepted():
    assert Coverage(examined=("a",)).not_examined == ()
