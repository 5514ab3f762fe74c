"""A council of one round, byte for byte: its brief, its tally, its report, its SARIF.

Recorded once, after the repairs that came with `council-group/2`: what two rounds added changes
nothing here. A change that is wanted is recorded with `python -m tests.unit.test_council_golden`.
"""

import json
import sys
from pathlib import Path

import pytest

from council import brief
from council.locations import parse_diff
from council.model import Answer, Coverage
from council.report import render_report
from council.rows import Council
from council.sarif import render_sarif
from council.tally import canonical, tally_answers
from schema.version import __version__
from tests.bench.council_examples import answer, finding

GOLDEN = Path(__file__).parents[2] / "golden" / "council_one_round"
DIFF = "--- a/bus/leases.py\n+++ b/bus/leases.py\n@@ -1,2 +1,4 @@\n a\n+b\n+c\n d\n"
LOST = finding("Lost update in renew()", severity="critical", file="bus/leases.py", line_start=2,
               summary="Two workers both extend.", proposal="Lock first.", category="concurrency",
               rationale="Both believe they own it.", evidence="if x:\n    y = `a`")  # fmt: skip
LOST_TOO = finding("renew() loses an update", severity="medium", file="bus/leases.py",
                   line_start=2, summary="Two workers may both extend the lease.")  # fmt: skip
ADD = finding("Add a cache", summary="Lookups of leases are slow.", file="bus/leases.py")
DROP = finding("Drop the cache", summary="Lookups of leases are rare.", file="bus/leases.py",
               line_start=40, tags=("a|b", "<i>"))  # fmt: skip


def council() -> Council:
    made = Council.new("C1")
    made.mode, made.target_type, made.target = "code-review", "text", "Judge *this* | change"
    return made


def outputs() -> dict[str, str]:
    """Return everything that one round says, by file."""
    tally = tally_answers(
        "C1",
        "code-review",
        [
            answer("architecture-reviewer", LOST, ADD, verdict="revise",
                   coverage=Coverage(not_examined=("the tests",))),
            answer("implementation-reviewer", LOST_TOO, DROP, verdict="approve"),
            Answer(reviewer_role="risk-reviewer", state="failed", reason="out of [tokens](x)"),
        ],
        diff=parse_diff(DIFF),
    )  # fmt: skip
    log = render_sarif(tally, repo_path="/srv/repo", head_commit="c" * 40)
    log["runs"][0]["tool"]["driver"]["version"] = "VERSION"
    return {
        "brief.txt": brief.text(council(), "risk-reviewer", DIFF),
        "tally.json": json.dumps(json.loads(canonical(tally)), indent=1) + "\n",
        "report.md": render_report(tally, "Judge *this* | change"),
        "review.sarif": json.dumps(log, indent=1) + "\n",
    }


@pytest.mark.parametrize("name", outputs())
def test_one_round_says_what_it_said(name):
    assert outputs()[name] == (GOLDEN / name).read_text(encoding="utf-8")


def test_the_version_is_the_programs():
    log = render_sarif(tally_answers("C1", "brainstorm", [answer(r) for r in (
        "architecture-reviewer", "implementation-reviewer", "risk-reviewer")]))  # fmt: skip
    assert log["runs"][0]["tool"]["driver"]["version"] == __version__


if __name__ == "__main__":
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for name, text in outputs().items():
        GOLDEN.joinpath(name).write_text(text, encoding="utf-8")
    sys.stdout.write(f"recorded in {GOLDEN}\n")
