"""Which orch.toml counts: the one of the branch that people own, whatever lies in a checkout."""

from pathlib import Path

import pytest

from tests.support import runs
from tests.support.queues import INTEGRATION, Landing, check
from tests.support.runs import Lead, worktree

ASKS = '[policy]\nlow = ["human"]\n[queue]\nchecks = "none"\n'
OPEN = (
    '[policy]\nlow = []\nmedium = []\nhigh = ["human"]\nbuiltin = false\n[queue]\nchecks = "none"\n'
)


@pytest.fixture
def land(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Landing:
    return Landing(runs.lead(tmp_path, empty_store, monkeypatch))


def write(lead: Lead, text: str) -> None:
    """Change the file in the main checkout, and commit nothing."""
    (lead.top / "orch.toml").write_text(text)


def test_what_is_only_written_in_the_checkout_counts_for_nothing_and_is_said_once(
    land: Landing,
) -> None:
    land.lead.config(ASKS)
    land.work("a")
    land.add("a")
    write(land.lead, OPEN)
    first = land.try_run()
    assert first.error["reason"] == "approval_required"
    assert first.err.startswith("note: main's orch.toml counts; the checkout's differs: commit it")
    second = land.try_run()
    assert (second.error["reason"], second.err) == ("approval_required", "")
    land.repo.git("commit", "-qam", "a person's")
    assert len(land.run()["landed"]) == 1, "what a person commits counts at once"


def test_who_looks_at_a_run_is_told_that_another_file_counts_and_how_to_accept_it(
    land: Landing,
) -> None:
    lead = land.lead
    lead.config(ASKS)
    lead.task("a")
    accept = "orch repo accept --run r"
    assert accept not in lead.orch.quick("status", "--run", "r").err
    write(lead, OPEN)
    for look in (("status",), ("wait", "--for", "task_added", "--after-event", "0")):
        said = lead.orch.quick(*look, "--run", "r")
        assert "note: main's orch.toml counts; the checkout's differs\n" in said.err, look
        assert said.err.count(accept) == 1, look
        steps = lead.orch.quick("--json", *look, "--run", "r").json["next"]
        assert [step["command"] for step in steps].count(accept) == 1, look
    lead.do("repo", "accept")
    said = lead.orch.quick("status", "--run", "r")
    assert (said.err.count("note:"), said.err.count(accept)) == (0, 0)


def test_what_was_never_committed_counts_as_it_was_when_the_run_began(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.hermetic(monkeypatch, tmp_path)
    land = Landing(Lead(tmp_path, empty_store))
    (land.lead.top / ".git" / "info" / "exclude").write_text("/orch.toml\n")
    write(land.lead, ASKS)
    land.lead.run()
    land.work("a")
    land.add("a")
    write(land.lead, OPEN)
    said = land.try_run()
    assert said.error["reason"] == "approval_required"
    assert "the orch.toml of the run's beginning counts" in said.err
    accepted = land.lead.do("repo", "accept")["changes"]
    assert accepted == [f"orch.toml of {land.lead.top} counts as it is now"]
    assert land.lead.do("repo", "accept")["changes"] == []
    assert len(land.run()["landed"]) == 1
    land.work("b")
    land.add("b")
    write(land.lead, ASKS)
    land.repo.git("add", "-f", "orch.toml")
    land.repo.git("commit", "-qm", "committed after all")
    assert land.try_run().error["reason"] == "approval_required"


def test_a_committed_file_is_replaced_by_an_accepted_one_until_another_is_committed(
    land: Landing,
) -> None:
    land.lead.config(ASKS)
    for task in ("a", "b", "c"):
        land.work(task)
    land.add("a", "b")
    write(land.lead, OPEN)
    land.lead.do("repo", "accept")
    assert land.try_run().err == ""
    assert set(land.statuses().values()) == {"verified"}
    land.add("c")
    land.lead.config(ASKS + "# again\n")
    assert land.try_run().error["reason"] == "approval_required"


def test_the_target_of_people_decides_for_what_lands_there(land: Landing) -> None:
    land.lead.config(OPEN)
    land.repo.git("checkout", "-qb", "release")
    land.repo.commit("orch.toml", ASKS)
    land.repo.git("checkout", "-q", "main")
    land.work("a")
    land.work("b")
    land.add("a", flags=("--target", "release"))
    land.add("b")
    ran = land.run()
    assert [e["task_id"] for e in ran["landed"]] == ["b"]
    entry = land.entry("r/a")
    assert entry["approvals"]["missing"] == ["1 human"]
    land.approve("r/a")
    assert [e["task_id"] for e in land.run()["landed"]] == ["a"]


def test_an_agents_orch_toml_is_high_risk_and_counts_only_when_it_is_integrated(
    land: Landing,
) -> None:
    land.lead.config(OPEN)
    free = OPEN.replace('high = ["human"]', "high = []")
    land.work("a", {"orch.toml": free})
    entry, = land.add("a")  # fmt: skip
    assert land.try_run().error["reason"] == "approval_required"
    assert land.entry("a")["risk"] == "high"
    assert "because of orch.toml changes" in "\n".join(land.show("a", "--explain")["explained"])
    land.approve(entry["entry_id"])
    assert len(land.run()["landed"]) == 1
    land.work("b", None, "--risk", "high")
    land.add("b")
    assert land.try_run().error["reason"] == "approval_required", "the integration branch is ours"
    assert INTEGRATION in "".join(land.repo.refs())


def test_a_policy_that_is_committed_while_work_is_tested_counts_for_its_landing(
    land: Landing,
) -> None:
    (land.lead.home / "asks.toml").write_text(
        '[policy]\nlow = ["human"]\n[queue]\nchecks = ["late"]\n' + check("late", "true")
    )
    script = (
        f"cd {land.lead.top} && cp ../asks.toml orch.toml && "
        "git -c user.name=p -c user.email=p commit -qam asks"
    )
    land.lead.config(OPEN.replace('checks = "none"', 'checks = ["late"]') + check("late", script))
    land.work("a")
    land.add("a")
    assert land.try_run().error["reason"] == "approval_required"
    assert f"refs/heads/{INTEGRATION}" not in land.repo.refs()
    land.approve("a")
    assert len(land.run()["landed"]) == 1


def test_dispatch_verify_and_work_go_by_the_same_file(land: Landing) -> None:
    lead = land.lead
    lead.config(check("unit", "exit 1"))
    write(lead, check("unit", "true") + '[worktree]\nroot = "../elsewhere"\n')
    lead.task("a", "--required-check", "unit")
    sent = lead.dispatch("a", "--base-ref", "main")
    assert worktree(sent).is_relative_to(lead.top)
    lead.claim(sent)
    lead.commit(sent)
    lead.done(sent)
    lead.do("reconcile")
    lead.orch.run("verify", "run", "r/a")
    assert lead.do("verify", "status", "--task", "a")["gate"]["status"] == "failed"
