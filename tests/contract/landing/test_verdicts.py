"""What reviewers and councils say of work on its way: what counts, until when, what to do next."""

import json
import sys
from pathlib import Path

import pytest

from orch.board_app import rows
from tests.support import runs
from tests.support.councils import ROLES, Council, ballot, finding
from tests.support.councils import review as review_of
from tests.support.queues import Landing, check

ASKED = check("unit", "true") + '[queue]\nchecks = ["unit"]\n[policy]\nlow = ["{}"]\n'
REVIEWER = """
import json, subprocess, sys
said = {"reviewer_role": "risk-reviewer", "findings": [], "verdict": sys.argv[1]}
subprocess.run(["inbox", "done", "--summary", "read", "--body", json.dumps(said)], check=True)
"""


@pytest.fixture
def land(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Landing:
    return Landing(runs.lead(tmp_path, empty_store, monkeypatch))


def review(land: Landing, verdict: str) -> dict:
    script = land.lead.home / "reviewer.py"
    script.write_text(REVIEWER)
    words = ("review", "r/a", "--harness", "command", "--", sys.executable, str(script), verdict)
    return land.orch.ok(*words)


def council(land: Landing, run: str, *verdicts: str, reviewer: str = "") -> tuple[Council, dict]:
    """Hold a council on task a; return it and its tally."""
    found = Council(land.lead.inbox, run)
    found.start("--task", "r/a", *(("--reviewer", reviewer) if reviewer else ()), target=None)
    for (role, thread), verdict in zip(found.threads.items(), verdicts, strict=True):
        agent = reviewer.partition("=")[2] if reviewer.startswith(role[:4]) else role
        me = ("--agent", agent, "--thread", thread)
        land.lead.inbox.warm.ok("claim", *me)
        body = f'{{"reviewer_role":"{role}","findings":[],"verdict":"{verdict}"}}'
        land.lead.inbox.warm.ok("done", *me, "--summary", "s", "--body", body)
    return found, found.orch.ok("council", "tally", "--run", run)


def test_after_a_release_a_reviewers_word_counts_anew(land: Landing) -> None:
    land.lead.config(ASKED.format("reviewer"))
    land.work("a")
    land.add("a")
    asked = land.try_run().error
    assert "orch review r/a --harness H" in asked["hint"]
    assert land.show("a")["next_command"] == "orch review r/a --harness H"
    said = review(land, "approve")
    assert said["next_command"] == "orch queue run --run r"
    land.orch.ok("reject", "r/a", "--as", "ana")
    land.orch.ok("queue", "release", "r/a")
    assert land.try_run().status == 90, "what was approved before the release is void"
    for _ in range(2):
        said = review(land, "block")
        assert (said["counts_as"], said["next_command"]) == ("reject", "orch queue release ent_1")
        assert land.entry("a")["status"] == "held", "a second time just as well"
        land.orch.ok("queue", "release", "r/a")
    review(land, "approve")
    assert [e["entry_id"] for e in land.run()["landed"]] == ["ent_1"]


def test_a_council_is_heard_once_under_one_policy(land: Landing) -> None:
    land.lead.config(ASKED.format("council"))
    land.work("a")
    land.add("a")
    land.try_run()
    assert land.show("a")["next_command"] == "orch council start --task r/a"
    held, tally = council(land, "c1", "block", "approve", "approve")
    assert tally["counts_as"] == "reject of r/a"
    assert land.entry("a")["status"] == "held"
    land.orch.ok("queue", "release", "r/a")
    again = held.orch.ok("council", "tally", "--run", "c1")
    assert again["counts_as"] == "void on r/a: it was released after a reject; ask a new council"
    assert land.entry("a")["status"] == "queued", "the same tally is no new word"
    _, tally = council(land, "c2", "approve", "approve", "approve")
    assert tally["counts_as"] == "approve of r/a"
    assert land.entry("a")["approvals"]["missing"] == []
    land.lead.config(ASKED.format("council") + 'humans = ["Ana"]\n')
    again = held.orch.ok("council", "tally", "--run", "c2")
    assert again["counts_as"] == "void on r/a: the policy is another by now; ask a new council"
    assert land.try_run().status == 90
    land.orch.refuse("refused", "approval_required", "approve", "r/a", "--as", "ben")
    land.orch.ok("approve", "r/a", "--as", "ana")
    assert len(land.run()["landed"]) == 1, "a person stands in for a council"


def test_the_board_leads_through_a_council(land: Landing) -> None:
    """From its need: who is to read, that answers are counted before it is closed, what it said."""
    land.lead.config(ASKED.format("council"))
    land.work("a")
    land.add("a")
    land.try_run()

    def _needs() -> dict[str, str]:
        return {
            f"{one['run_id']}/{one['task_id'] or ''}": one["command"]
            for one in land.orch.ok("top", "--run", "r")["needs"]
        }

    assert _needs() == {"r/a": "orch council start --task r/a"}
    asked = land.orch.ok("council", "start", "--task", "r/a")
    assert asked["run_id"] == "council-a"
    held = Council(land.lead.inbox, "council-a")
    held.threads = {one["reviewer_role"]: one["thread_id"] for one in asked["reviewers"]}
    shown = land.orch.ok("top", "--run", "r")
    assert shown["needs"] == [], "it is held: nobody asks for another one"
    lines = [" && ".join(step.line for step in row.steps) for row in rows.rows(shown)]
    assert [line for line in lines if "work" in line] == [
        f"orch work --agent {role} --harness H" for role in ROLES
    ]
    for role, verdict in zip(ROLES, ("approve", "abstain", "revise"), strict=True):
        held.answer(role, {"reviewer_role": role, "findings": [], "verdict": verdict})
    assert _needs() == {"council-a/": "orch council tally --run council-a"}
    held.orch.ok("council", "tally", "--run", "council-a")
    assert _needs() == {
        "r/a": "orch council report --run council-a",
        "council-a/": "orch run close --run council-a",
    }
    text = next(n["text"] for n in land.orch.ok("top")["needs"] if n["task_id"] == "a")
    assert text == "its council says split, which is no approval: read council-a"
    land.orch.ok("queue", "retry", "r/a", "--rework", "--body", "Mend it.")
    assert list(_needs()) == ["council-a/"], "and of what is done again, it says nothing"


def test_what_a_council_approved_waits_for_nobody(land: Landing) -> None:
    land.lead.config(ASKED.format("council"))
    land.work("a")
    land.add("a")
    land.try_run()
    council(land, "c1", "approve", "approve", "approve")
    (need,) = [one for one in land.orch.ok("top")["needs"] if one["task_id"] == "a"]
    assert (need["text"], need["command"]) == (
        "approved, not landed yet", "orch queue run --run r",
    )  # fmt: skip
    names = [land.orch.ok("council", "start", "--task", "r/a")["run_id"] for _ in range(2)]
    assert names == ["council-a", "council-a-2"]


def test_nobody_sits_in_a_council_on_their_own_work(land: Landing) -> None:
    land.lead.config(ASKED.format("council"))
    land.work("a")
    held, tally = council(land, "c1", "approve", "approve", "approve", reviewer="risk=W1")
    assert tally["counts_as"] == "no verdict on r/a: W1 worked on it"
    lines = held.orch.quick("council", "tally", "--run", "c1").lines
    assert "for landing it counts as: no verdict on r/a: W1 worked on it" in lines
    land.add("a")
    assert land.try_run().status == 90


def test_an_approval_counts_after_the_second_round_only(land: Landing) -> None:
    land.lead.config(ASKED.format("council"))
    land.work("a")
    held = Council(land.lead.inbox, "c1")
    held.start("--task", "r/a", "--rounds", "2", target=None)
    point = finding("Name the constant", severity="low")
    for role in ROLES:
        held.answer(role, review_of(role, point, verdict="approve"))
    sheets = held.round_two()
    said = held.ok("tally", "--partial")
    assert (said["verdict"], said["counts_as"]) == (
        "approve", "no verdict on r/a yet: it approves after round two only",
    )  # fmt: skip
    for role in sheets:
        held.vote(role, ballot(role))
    assert held.ok("tally")["counts_as"] == "approve of r/a"


def test_a_lone_reviewer_who_approves_what_cannot_be_read_whole_approves_nothing(
    land: Landing,
) -> None:
    land.lead.config(ASKED.format("reviewer"))
    land.work("a")
    odd = review_of("risk", finding("Data is lost", severity="blocker"), verdict="approve")
    script = land.lead.home / "odd.py"
    script.write_text(
        "import subprocess\n"
        f"subprocess.run(['inbox', 'done', '--summary', 's', '--body', {json.dumps(odd)!r}])\n"
    )
    words = ("review", "r/a", "--harness", "command", "--", sys.executable, str(script))
    said = land.orch.ok(*words)
    assert (said["verdict"], said["counts_as"], said["findings"]) == (None, None, 1)
    assert "not all can be read" in said["why"]
