"""`orch graph`, `report` and `metrics` of one real run that has everything in it.

The run is made once; peers' texts in it are hostile, and what is made of it is read by parsers.
"""

import csv
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from markdown_it import MarkdownIt
from prometheus_client.parser import text_string_to_metric_families

from orch.cli import shapes
from orch.reports.metrics import COLUMNS
from tests.support import runs
from tests.support.councils import Council, finding
from tests.support.engines import raw
from tests.support.runs import Lead, worktree

SCHEMAS = shapes.schemas()
EVIL = '=1+1 </td><script>alert(1)</script> | `x` ](http://e) "]:::done\n# forged\x1b[31m\u202e'
FILES = ("graph", "report", "metrics")


def look(lead: Lead, *words: str) -> dict:
    """Run a command and hold its answer against the published schema."""
    data = lead.orch.ok(*words)
    jsonschema.Draft202012Validator(SCHEMAS[words[0]]).validate(data)
    return data


@pytest.fixture(scope="module")
def lead(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Iterator[Lead]:
    """A run with a retry, a question, a failed check, a council, and work left to do."""
    with pytest.MonkeyPatch.context() as patch:
        found = runs.lead(tmp_path_factory.mktemp("seen"), empty_store, patch)
        _live(found)
        yield found


def _live(lead: Lead) -> None:
    lead.config('[check.unit]\ncommand = ["sh", "-c", "test -e fixed && echo 1 passed"]\n')
    lead.task("plain", "--title", EVIL)
    lead.task("checked", "--required-check", "unit", "--depends-on", "plain")
    lead.task("last", "--depends-on", "checked", "--depends-on", "plain")
    sent = lead.dispatch("plain")
    lead.claim(sent)
    lead.ask(sent, EVIL)
    lead.do("answer", "--task", "plain", "--body", f"answer {EVIL}")
    lead.go_on(sent)
    lead.commit(sent, "a|b`c.txt", "x\n")
    lead.inbox.ok("done", "--agent", "w1", "--thread", runs.thread(sent), "--summary", EVIL)
    lead.do("reconcile")
    sent = lead.dispatch("checked")
    lead.claim(sent)
    lead.commit(sent, "wrong", "x\n")
    lead.done(sent)
    lead.do("reconcile")
    lead.verify("checked")
    sent = lead.do("retry", "--task", "checked")
    lead.claim(sent)
    lead.commit(sent, "fixed", "x\n")
    lead.done(sent)
    lead.do("reconcile")
    lead.verify("checked")
    (worktree(sent) / "left").write_text("x")
    council = Council(lead.inbox, "C1")
    council.start("--task", "r/checked", target=None)
    council.answer_all(a=[finding(EVIL, severity="high")], i=[], r=[])
    council.ok("tally")
    lead.task("open", "--title", "日本語 title")


def test_the_graph_is_drawn_in_three_languages(lead: Lead) -> None:
    for kind in ("mermaid", "dot", "svg", "text"):
        data = look(lead, "graph", "--run", "r", "--format", kind)
        assert (data["tasks"], data["edges"], data["path"]) == (4, 3, None)
        assert lead.orch.quick("graph", "--run", "r", "--format", kind).out == data["text"]
    mermaid = lead.orch.quick("graph", "--run", "r").out
    assert mermaid.startswith("flowchart LR\n") and mermaid.count("-->") == 3
    assert ":::ready" in mermaid and ":::done" in mermaid
    svg = look(lead, "graph", "--run", "r", "--format", "svg")["text"]
    root = ElementTree.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert not [e for e in root.iter() if e.tag.endswith("script")]
    texts = [e.text or "" for e in root.iter()]
    assert any(text.endswith("w1 · try 2") for text in texts)
    assert any(text.startswith(("✓ done", "✓ waits to land", "✓ landed on")) for text in texts)
    assert "without dependencies" in texts
    assert [e for e in root.iter() if "critical" in (e.get("class") or "")]


def test_the_graph_of_a_run_without_tasks_is_one_too(lead: Lead) -> None:
    lead.run(run="bare")
    for kind in ("mermaid", "dot", "svg"):
        assert look(lead, "graph", "--run", "bare", "--format", kind)["tasks"] == 0
    for kind in ("markdown", "html"):
        assert look(lead, "report", "--run", "bare", "--format", kind)["tasks"] == []
    assert look(lead, "metrics", "--run", "bare")["totals"]["success_rate"] is None
    lead.do("run", "close", run="bare")
    assert look(lead, "report", "--run", "bare")["left"] == []


def test_the_report_tells_the_whole_run(lead: Lead) -> None:
    data = look(lead, "report", "--run", "r")
    plain, checked, last, _ = data["tasks"]
    assert (plain["title"], last["depends_on"]) == (EVIL, ["plain", "checked"])
    (attempt,) = plain["attempts"]
    assert attempt["questions"][0]["question"] == EVIL
    assert attempt["questions"][0]["answer"] == f"answer {EVIL}"
    assert attempt["result"] == EVIL
    assert [c["subject"] for c in attempt["commits"]] and attempt["files"] == ["a|b`c.txt"]
    assert attempt["seconds"]["working"] > 0 and attempt["seconds"]["asking"] > 0
    first, second = checked["attempts"]
    assert (first["status"], second["status"]) == ("failed", "done")
    assert [c["status"] for c in first["checks"]] == ["failed"]
    assert second["checks"][0]["status"] == "passed" and second["seconds"]["verifying"] > 0
    (review,) = checked["reviews"]
    assert (review["run_id"], review["groups"][0]["title"]) == ("C1", EVIL)
    assert lead.orch.ok("task", "show", "r/checked")["reviews"] == [review]
    assert "high: " in lead.orch.quick("task", "show", "r/checked").out
    (own,) = look(lead, "report", "--run", "C1")["reviews"]
    assert own["tally"] == review["tally"]
    totals = data["totals"]
    assert (totals["attempts"], totals["retries"], totals["questions"]) == (3, 1, 1)
    assert totals["success_rate"] == pytest.approx(2 / 3, abs=1e-3)
    assert {one["name"] for one in data["by_agent"]} == {"w1"}


def test_what_is_left_to_do_can_be_typed_and_is_then_done(lead: Lead) -> None:
    left = look(lead, "report", "--run", "r")["left"]
    landing = [need for need in left if need["kind"] == "landing"]
    assert [need["task_id"] for need in landing] == ["plain", "checked"]
    for need in landing:
        lead.orch.ok(*need["command"].split(" ")[1:], "--target", "landed")
    queued = look(lead, "report", "--run", "r")
    assert [task["landing"]["state"] for task in queued["tasks"][:2]] == ["queued", "queued"]
    (run,) = {need["command"] for need in queued["left"] if need["kind"] == "landing"}
    assert run == "orch queue run --run r"
    assert lead.orch.quick(*run.split(" ")[1:]).status == 90  # No policy: a person approves.
    asked = look(lead, "report", "--run", "r")
    wanted = {need["command"] for need in asked["left"] if need["kind"] == "landing"}
    assert "orch queue approve ent_1 --as NAME" in wanted
    for name in ("plain", "checked"):
        lead.orch.ok("approve", f"r/{name}", "--as", "ana")
    lead.orch.ok("queue", "run", "--run", "r")
    after = look(lead, "report", "--run", "r")
    assert "landing" not in [need["kind"] for need in after["left"]]
    assert [task["landing"]["state"] for task in after["tasks"][:2]] == ["verified", "verified"]


def test_the_html_report_is_one_sound_file_that_peers_cannot_forge(lead: Lead) -> None:
    text = look(lead, "report", "--run", "r", "--format", "html")["text"]
    assert text.startswith("<!DOCTYPE html>\n")
    root = ElementTree.fromstring(text.partition("\n")[2])
    names = {e.tag.rpartition("}")[2] for e in root.iter()}
    assert not names & {"script", "img", "iframe", "link", "object", "a", "form", "input"}
    for element in root.iter():
        assert not [key for key in element.attrib if key.startswith("on") or key == "style"]
        assert not [v for k, v in element.attrib.items() if k in ("href", "src")]
    assert "\x1b" not in text and "\u202e" not in text and "url(http" not in text
    policy = next(e.get("content") for e in root.iter() if e.get("http-equiv"))
    assert policy and policy.startswith("default-src 'none'; style-src 'sha256-")
    said = "".join(root.itertext())
    assert "alert(1)" in said and "# forged" in said
    assert len(list(root.iter("{http://www.w3.org/2000/svg}svg"))) == 2
    headings = [e.text for e in root.iter() if e.tag.endswith("}h2")]
    assert headings == ["What is left to do", "Timeline", "Dependencies", "Tasks", "Totals"]


def test_the_style_of_the_html_report_is_the_one_its_policy_names(lead: Lead) -> None:
    import base64
    import hashlib

    text = look(lead, "report", "--run", "r", "--format", "html")["text"]
    sheet = text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in text and text.count("<style") == 1


def test_the_markdown_report_reads_as_it_was_meant(lead: Lead) -> None:
    text = lead.orch.quick("report", "--run", "r").out
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    headings = [
        tokens[i + 1].content for i, token in enumerate(tokens) if token.type == "heading_open"
    ]
    assert headings[0] == "Report of run `r`" and "forged" not in "".join(
        h for h in headings if not h.startswith("`plain`")
    )
    everything = [t for token in tokens for t in [token, *(token.children or ())]]
    assert not [t for t in everything if t.type in ("html_block", "html_inline", "link_open")]
    fences = [t for t in tokens if t.type == "fence" and t.info == "mermaid"]
    assert [t.content.split("\n")[0] for t in fences] == ["gantt", "flowchart LR"]
    cells = [len(r.split(" | ")) for r in text.split("\n") if r.startswith("| `")]
    assert set(cells) == {9}


def test_metrics_are_counted_by_run_agent_and_harness(lead: Lead) -> None:
    data = look(lead, "metrics", "--run", "r")
    assert data["text"] is None
    assert data["totals"] == {k: v for k, v in data["by_run"][0].items() if k != "name"}
    lengths = data["totals"]["seconds"]
    assert lengths["queue"]["count"] == 3 and lengths["answer"]["count"] == 1
    assert lengths["verification"]["count"] >= 2 and lengths["turnaround"]["count"] == 2
    for one in (each for each in lengths.values() if each["count"]):
        assert one["p50"] <= one["p90"] <= one["p99"] <= one["max"] <= one["sum"]
    printed = json.loads(lead.orch.quick("metrics", "--run", "r").out)
    assert printed["totals"] == data["totals"] and printed["runs"] == ["r"]
    assert set(look(lead, "metrics")["runs"]) >= {"r", "C1"}


def test_the_csv_has_a_row_for_each_attempt_and_no_formula(lead: Lead) -> None:
    text = lead.orch.quick("metrics", "--run", "r", "--format", "csv").out
    rows = list(csv.DictReader(io.StringIO(text)))
    assert tuple(rows[0]) == COLUMNS
    named = [(row["task_id"], row["attempt_no"]) for row in rows]
    assert named == [("plain", "1"), ("checked", "1"), ("checked", "2"), ("last", ""), ("open", "")]
    assert rows[0]["title"] == "'" + EVIL, "a spreadsheet calculates no title"
    assert [row["attempt_status"] for row in rows[:3]] == ["done", "failed", "done"]
    assert float(rows[0]["answer_seconds"]) > 0 and rows[2]["checks_passed"] == "1"
    guide = Path(__file__).resolve().parents[3] / "docs" / "guide" / "seeing.md"
    documented = guide.read_text()
    assert [name for name in COLUMNS if f"`{name}`" not in documented] == []


def test_prometheus_reads_its_format(lead: Lead) -> None:
    text = lead.orch.quick("metrics", "--format", "prometheus").out
    families = {f.name: f for f in text_string_to_metric_families(text)}
    attempts = families["orch_run_attempts"]
    assert attempts.type == "counter" and attempts.documentation
    assert {s.labels["run"]: s.value for s in attempts.samples}["r"] == 3
    summary = families["orch_agent_queue_seconds"]
    assert summary.type == "summary"
    assert {s.labels.get("quantile") for s in summary.samples} >= {"0.5", "0.9", "0.99"}
    assert all(f.documentation and f.type != "unknown" for f in families.values())


@pytest.mark.parametrize("command", FILES)
def test_out_writes_a_whole_file_and_says_where(lead: Lead, tmp_path: Path, command: str) -> None:
    target = tmp_path / "it"
    data = look(lead, command, "--run", "r", "--out", str(target))
    assert data["path"] == str(target) and data["text"] is None
    first = target.read_text()
    answer = lead.orch.quick(command, "--run", "r", "--out", str(target))  # Replaced in one step.
    assert answer.lines == [answer.lines[0]] and answer.lines[0].endswith(f"to {target}")
    assert first and os.listdir(tmp_path) == ["it"]


@pytest.mark.parametrize("command", FILES)
def test_out_never_writes_where_it_must_not(lead: Lead, tmp_path: Path, command: str) -> None:
    precious = tmp_path / "precious"
    precious.write_text("keep")
    (tmp_path / "link").symlink_to(precious)
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    for name in ("link", "folder", "fifo", "missing/file", "precious/file", "new/"):
        words = (command, "--run", "r", "--out", f"{tmp_path}/{name}")
        lead.orch.refuse("invalid_input", "file", *words)
    before = raw(lead.orch)
    own = ("coord.db", "coord.db-wal", "../.orch/coord.db") if not lead.orch.url else ("store",)
    for name in (*own, "logs/x", "artifacts/x"):
        words = (command, "--run", "r", "--out", f"{lead.store.parent}/{name}")
        assert "store" in lead.orch.refuse("invalid_input", "file", *words)["message"]
    assert precious.read_text() == "keep" and raw(lead.orch) == before
    assert sorted(os.listdir(tmp_path)) == ["fifo", "folder", "link", "precious"]


@pytest.mark.parametrize("command", FILES)
def test_bad_input_is_refused(lead: Lead, command: str) -> None:
    lead.orch.refuse("not_found", "run", command, "--run", "nope")
    lead.orch.refuse("invalid_input", "value", command, "--run", "r", "--format", "pdf")


def test_a_repository_that_is_gone_takes_only_its_own_facts_with_it(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = runs.lead(tmp_path, empty_store, monkeypatch)
    lead.task("a")
    lead.finish("a")
    os.rename(lead.top / ".git", lead.top / "git-gone")
    data = look(lead, "report", "--run", "r")
    (attempt,) = data["tasks"][0]["attempts"]
    assert attempt["status"] == "done" and attempt["commits"] == []
    assert attempt["files_changed"] is None
