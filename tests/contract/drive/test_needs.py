"""What a driver cannot do without people, reviewers or a council: asked once, with a command."""

import sys
from pathlib import Path

import pytest

from tests.support import drives
from tests.support.cli import until
from tests.support.drives import Drive


@pytest.fixture
def drive(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Drive:
    return drives.make(tmp_path, empty_store, monkeypatch)


_REVIEWER = """
import json, subprocess, sys
found = [{"id": "f1", "title": "No test", "severity": "major", "summary": "b is untested"}]
body = {"reviewer_role": "risk", "findings": found, "verdict": "revise"}
subprocess.run(["inbox", "done", "--summary", "s", "--body", json.dumps(body)])
"""


def test_what_a_reviewer_wants_changed_goes_back_and_a_persons_reject_does_not(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I21: a person's word stands until a person takes it back."""
    policy = '[policy]\nlow = ["reviewer"]\nmedium = ["reviewer"]\nhigh = ["reviewer"]\n'
    drive = drives.make(tmp_path, empty_store, monkeypatch, policy)
    drive.task("a")
    assert drive.run("--set", "review=never", "--json").status == 90
    script = tmp_path / "reviewer.py"
    script.write_text(_REVIEWER)
    words = ("review", "r/a", "--harness", "command", "--", sys.executable, str(script))
    assert drive.orch.ok(*words)["verdict"] == "revise"
    assert drive.run("--json").status == 90
    assert [one["begun_for"] for one in drive.lead.attempts("a")] == [None, "revise"]
    assert "asks for changes" in drive.briefs("a")[1]
    drive.orch.ok("reject", "r/a", "--as", "ana", "--note", "not at all")
    answer = drive.run("--json")
    assert [need["kind"] for need in answer.json["data"]["needs"]] == ["held"]
    assert len(drive.lead.attempts("a")) == 2


def test_what_needs_people_is_told_with_its_command(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drive = drives.make(tmp_path, empty_store, monkeypatch, policy="")
    drive.task("a")
    answer = drive.run("--json")
    assert answer.error["reason"] == "needs_people", answer
    (need,) = answer.json["data"]["needs"]
    assert (need["task_id"], need["kind"]) == ("a", "approval")
    assert need["command"] == "orch queue approve ent_1 --as NAME"
    assert len(drive.lead.events("drive_need")) == 1
    assert drive.run("--json").error["reason"] == "needs_people", "the same need is no news"
    assert len(drive.lead.events("drive_need")) == 1
    drive.orch.ok(*need["command"].replace("NAME", "zoe").split()[1:])
    assert drive.run("--json").data["end"] == "landed"
    drive.settled("a")


def test_a_red_target_is_one_need_until_it_is_mended(drive: Drive) -> None:
    drive.lead.repo.commit("broken")
    for name in ("a", "b"):
        drive.orch.ok("task", "add", "--run", "r", "--task", name)
    answer = drive.run("--until", "blocked", "--json")
    assert answer.status == 90, answer
    [need] = answer.json["data"]["needs"]
    assert need["kind"] == "red"
    assert "main itself fails the checks" in need["text"]
    assert need["command"] == "orch queue release --target main"
    with drive.start("--until", "done") as driver:
        drive.lead.repo.git("rm", "-q", "broken")
        drive.lead.repo.git("commit", "-qm", "whole again")
        assert driver.wait().status == 0
    drive.settled("a", "b")


def test_what_is_queued_behind_an_approval_keeps_nobody_up(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drive = drives.make(tmp_path, empty_store, monkeypatch, policy="")
    drive.task("a")
    drive.task("b", "--depends-on", "a")
    answer = drive.run("--json")
    assert answer.error["reason"] == "needs_people", answer
    assert {need["kind"] for need in answer.json["data"]["needs"]} == {"approval"}


_REVIEWS = '[drive]\nreviewer = "command"\n'
REVIEWED = f'{_REVIEWS}[policy]\nlow = ["reviewer"]\nbuiltin = false\n'


def test_a_review_that_the_policy_lacks_is_asked_and_its_findings_go_back(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drive = drives.make(tmp_path, empty_store, monkeypatch, policy=REVIEWED)
    drive.task("a", does='[ "$attempt" = attempt-2 ] && echo verdict=approve > "$DOES/review"')
    (drive.does / "review").write_text("verdict=revise\n")
    answer = drive.run("--until", "done", "--json")
    assert answer.data["end"] == "landed", answer
    drive.settled("a")
    given = [(e["actor"], e["payload"]["verdict"]) for e in drive.lead.events("approval_given")]
    assert given == [("reviewer-a", "reject"), ("reviewer-a", "approve")]
    assert any("revise, from its branch" in step for step in drive.steps())
    names = [one["run_id"] for one in drive.orch.ok("run", "list")["runs"] if one["closed_at"]]
    assert sorted(names) == ["review-r-a-1", "review-r-a-2"]


def test_a_review_that_nobody_is_named_for_is_a_need(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who did the work is no reviewer of it."""
    policy = REVIEWED.removeprefix(_REVIEWS)
    drive = drives.make(tmp_path, empty_store, monkeypatch, policy=policy)
    drive.task("a")
    (need,) = drive.run("--json").json["data"]["needs"]
    assert (need["kind"], need["command"]) == ("review", "orch review r/a --harness H")
    assert len(drive.orch.ok("run", "list")["runs"]) == 1


def test_a_reviewer_without_a_verdict_is_a_need(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drive = drives.make(tmp_path, empty_store, monkeypatch, policy=REVIEWED)
    drive.task("a")
    (drive.does / "review").write_text("verdict=abstain\n")
    answer = drive.run("--json")
    assert answer.error["reason"] == "needs_people", answer
    (need,) = answer.json["data"]["needs"]
    assert (need["kind"], need["task_id"]) == ("review", "a")
    assert drive.run("--json").error["reason"] == "needs_people", "it is not asked again"
    assert len(drive.orch.ok("run", "list")["runs"]) == 2


def test_a_need_says_what_was_asked_and_what_a_check_printed(drive: Drive) -> None:
    drive.lead.config(
        '[check.unit]\ncommand = ["sh", "-c", "test ! -e broken || { echo 3 of 9 red; false; }"]\n'
        + drives.FREE
    )
    drive.orch.ok("run", "set", "r", "retry.check_failed=0")
    drive.task("a", does="touch broken")
    drive.task("b", does="inbox update --status blocked --body 'Which store?'; exit 0")
    answer = drive.run("--json")
    needs = {need["task_id"]: need for need in answer.json["data"]["needs"]}
    assert needs["a"]["text"] == "failed checks: unit: 3 of 9 red"
    assert (needs["b"]["kind"], needs["b"]["text"]) == ("question", "Which store?")
    assert needs["b"]["command"] == "orch answer r/b --body TEXT"


def test_a_check_that_cannot_run_is_a_need_that_says_why(drive: Drive) -> None:
    drive.lead.config('[check.unit]\ncommand = ["/no/such/program"]\n' + drives.FREE)
    drive.orch.ok("run", "set", "r", "retry.first=0.05")
    drive.task("a")
    (need,) = drive.run("--json").json["data"]["needs"]
    assert need["kind"] == "check_error"
    assert "check unit could not run: " in need["text"]
    assert need["text"].endswith("mend [check.unit] of orch.toml")
    assert need["command"] == "orch verify run r/a"
    assert [one["attempt_no"] for one in drive.lead.attempts("a")] == [1]


def test_files_of_people_that_keep_a_target_from_moving_are_a_need(drive: Drive) -> None:
    drive.lead.run("--target", "main", "--base-ref", "HEAD", run="r2")
    drive.orch.ok("task", "add", "--run", "r2", "--task", "a")
    (drive.does / "a").write_text("inbox update --status in_progress --summary begun\n")
    words = ["drive", "--run", "r2", "--workers", "1", "--harness", "command"]
    assert drive.orch.run(*words, "--no-land", "--json", "--", *drive.program).status == 0
    mine = drive.top / "a.txt"
    mine.write_text("mine\n")
    with drive.orch.start(*words, "--until", "done", "--", *drive.program) as driver:
        until(lambda: drive.lead.events("drive_need", run="r2"), "the need")
        told = drive.orch.ok("wait", "--run", "r2")["news"]
        assert [(o["kind"], "git" in o["command"]) for o in told if o["command"]] == [
            ("in_the_way", True)
        ]
        mine.unlink()
        assert driver.wait().status == 0
    assert drive.files() == {"a.txt"}


def test_a_council_that_the_policy_lacks_is_held_by_the_driver(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = f'{_REVIEWS}[policy]\nlow = ["council"]\nbuiltin = false\n'
    drive = drives.make(tmp_path, empty_store, monkeypatch, policy=policy)
    drive.task("a")
    answer = drive.run("--until", "done", "--json")
    assert answer.data["end"] == "landed", answer
    drive.settled("a")
    seated = (drive.does / "seated").read_text().split()
    assert sorted(seated) == [f"{w}-reviewer-a" for w in ("architecture", "implementation", "risk")]
    given = [(e["actor"], e["payload"]["kind"]) for e in drive.lead.events("approval_given")]
    assert given == [("council-r-a-1", "council")]


def test_a_council_without_a_verdict_is_a_need(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = f'{_REVIEWS}[policy]\nlow = ["council"]\nbuiltin = false\n'
    drive = drives.make(tmp_path, empty_store, monkeypatch, policy=policy)
    drive.task("a")
    script = drive.lead.home / "agent.sh"
    script.write_text(script.read_text().replace('"verdict":"approve"', '"verdict":"abstain"'))
    (need,) = drive.run("--json").json["data"]["needs"]
    assert (need["kind"], need["text"]) == ("review", "its council came to no verdict")
    assert need["command"] == "orch council start --task r/a"
    assert [one["closed_at"] is None for one in drive.orch.ok("run", "list")["runs"]] == [
        False, True,
    ]  # fmt: skip
