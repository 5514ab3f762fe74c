"""council report: the artifact, what is shown, what is refused, the formats."""

import hashlib
import json
from pathlib import Path

import jsonschema
import pytest

from tests.bench.council_grouping import LABELLED
from tests.support.cli import Cli
from tests.support.councils import ROLES, Council, finding, review

QUEUE = finding("Bound the job queue", severity="high", summary="It grows <b>without</b> bound.")
RACE = finding("Take the lock first", severity="critical", file="bus/leases.py", line_start=4)
TYPO = finding("Spelling in the guide")


@pytest.fixture
def council(inbox: Cli) -> Council:
    return Council(inbox)


def tallied(council: Council, *flags: str) -> Council:
    """Start, answer and tally: one consensus, one majority, two minority groups."""
    council.start("--mode", "code-review", *flags)
    council.answer_all(a=[QUEUE, TYPO], i=[QUEUE, TYPO], r=[QUEUE, RACE])
    council.ok("tally")
    return council


def test_before_a_tally_there_is_nothing_to_report(council):
    council.start()
    error = council.refuse("invalid_state", "not_yet", "report")
    assert "orch council tally --run C1" in error["hint"]
    assert not (council.inbox.store.parent / "artifacts").exists()


@pytest.mark.parametrize("show", ["consensus,everything", "", "Consensus", ","])
def test_an_unknown_bucket_is_refused(council, show):
    tallied(council)
    council.refuse("invalid_input", "value", "report", "--show", show)
    council.refuse("invalid_input", "value", "report", "--format", "pdf")
    assert council.ok("show")["reports"] == []


def test_the_report_is_written_beside_the_store_and_recorded(council):
    tallied(council)
    data = council.ok("report")
    assert data["show"] == ["consensus", "majority"]
    assert [group["level"] for group in data["groups"]] == ["consensus", "majority"]
    assert data["summary"] == {"consensus": 1, "majority": 1, "minority": 1}
    assert (data["verdict"], data["revision"], data["status"]) == ("block", 1, "complete")
    path = Path(data["markdown_path"])
    content = path.read_bytes()
    assert path.name == hashlib.sha256(content).hexdigest() + ".md"
    assert path.parent.parent == council.inbox.store.parent / "artifacts"
    assert path.stat().st_mode & 0o777 == 0o600
    text = content.decode()
    assert "Review the lease code" in text
    assert "It grows \\<b\\>without\\</b\\> bound." in text
    assert text.index("## Critical, raised by one reviewer (1)") < text.index("## Consensus")
    assert "## Minority" not in text
    (row,) = council.ok("show")["reports"]
    assert (row["markdown_path"], row["show"]) == (str(path), data["show"])
    assert row["size"] == len(content)
    event = council.events()[-1]
    assert (event["event_type"], event["event_id"]) == ("council_report", data["event_id"])


def test_the_same_report_is_one_row_and_one_file(council):
    tallied(council)
    first = council.ok("report")
    Path(first["markdown_path"]).unlink()
    assert council.ok("report") == first
    assert Path(first["markdown_path"]).is_file()
    council.ok("report", "--show", "minority,consensus")
    assert council.ok("report", "--show", "consensus,minority")["show"] == ["consensus", "minority"]
    assert len(council.ok("show")["reports"]) == 2
    assert len([e for e in council.events() if e["event_type"] == "council_report"]) == 2


def test_only_unanimous_shows_consensus_alone(council):
    tallied(council, "--only-unanimous")
    assert council.ok("report")["show"] == ["consensus"]
    assert council.ok("report", "--show", "minority")["show"] == ["minority"]


def test_an_older_revision_can_be_reported(council):
    tallied(council)
    council.ok("tally", "--similarity", "strict")
    assert council.ok("report")["revision"] == 2
    assert council.ok("report", "--revision", "1")["revision"] == 1
    council.refuse("not_found", "council", "report", "--revision", "7")


def test_a_partial_report_says_so_above_its_body(council):
    council.start()
    for role in ROLES[:2]:
        council.answer(role, review(role, QUEUE))
    council.ok("tally", "--partial")
    text = Path(council.ok("report")["markdown_path"]).read_text()
    assert text.index("> **Partial:** 2 of 3") < text.index("## Target")
    assert "**risk-reviewer**: unfinished (its task CR3 is dispatched)" in text


def test_sarif_is_valid_and_goes_into_a_file(council):
    tallied(council)
    out = council.inbox.cwd / "review.sarif"
    data = council.ok("report", "--format", "sarif", "--out", "review.sarif", "--show", "minority")
    assert data["out"] == "review.sarif"
    log = json.loads(out.read_text())
    assert log == data["sarif"]
    schema = json.loads((LABELLED / "sarif-2.1.0-rtm.5.json").read_text())
    jsonschema.Draft4Validator(schema).validate(log)
    assert [result["level"] for result in log["runs"][0]["results"]] == ["error"]
    council.refuse("invalid_input", "file", "report", "--out", "review.sarif")
    council.refuse("invalid_input", "file", "report", "--out", "no/such/place")


@pytest.mark.parametrize("output", ["markdown", "json", "both"])
def test_plain_mode_prints_what_output_chose(council, output):
    tallied(council, "--output", output)
    text = council.orch.say("council", "report", "--run", "C1")
    assert text.startswith("report of council C1, revision 1: block\nmarkdown: /")
    assert ("# Council report" in text) == (output != "json")
    assert ('"markdown_path"' in text) == (output != "markdown")
    assert text.endswith("\nnext: orch council show --run C1\n")


def test_a_format_prints_exactly_that(council):
    tallied(council)
    text = council.orch.quick("council", "report", "--run", "C1", "--format", "markdown").out
    assert text == Path(council.ok("report")["markdown_path"]).read_text()
    bare = council.orch.quick("council", "report", "--run", "C1", "--format", "json")
    printed = json.loads(bare.out)
    assert printed["groups"] == council.ok("report")["groups"]


def test_a_disk_that_refuses_is_told_and_nothing_is_recorded(council):
    tallied(council)
    (council.inbox.store.parent / "artifacts").write_text("in the way")
    error = council.refuse("store_error", "io", "report")
    assert "artifacts" in error["message"]
    assert council.ok("show")["reports"] == []


def test_a_closed_run_keeps_its_reports_and_gets_no_new_one(council):
    tallied(council)
    data = council.ok("report")
    council.orch.ok("run", "close", "--run", "C1")
    assert council.ok("report") == data
    council.refuse("invalid_state", "closed", "report", "--show", "minority")


def test_the_same_key_gives_the_same_report(council):
    tallied(council)
    words = ("report", "--key", "k", "--out", "report.md", "--format", "markdown")
    first = council.ok(*words)
    council.ok("tally", "--similarity", "strict")
    assert council.ok(*words) == first | {"replayed": True}
    council.refuse("key_conflict", "other_arguments", "report", "--key", "k", "--show", "minority")


def test_show_and_list_tell_the_whole_council(council):
    tallied(council)
    council.ok("report")
    text = council.orch.say("council", "show", "--run", "C1")
    assert "tally 1: block (complete), normal" in text
    assert "report of 1 (consensus,majority): /" in text
    Council(council.inbox, "C2").start("--mode", "plan-review")
    listed = council.orch.ok("council", "list")["councils"]
    assert [(c["run_id"], c["tally"] and c["tally"]["verdict"]) for c in listed] == [
        ("C2", None),
        ("C1", "block"),
    ]
    assert "plan-review" in council.orch.say("council", "list")
    assert council.inbox.run("doctor", "--deep").status == 0
