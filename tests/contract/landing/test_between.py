"""What happens while a runner is in the middle of a pass: it is stopped there, and others act."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support import runs
from tests.support.cli import Running, until
from tests.support.engines import shell
from tests.support.queues import Landing, check
from tests.support.runs import Lead

OPEN = '[policy]\nlow = []\nmedium = []\nhigh = []\nbuiltin = false\n[queue]\nchecks = ["unit"]\n'
PLANNED = "queue.recorded:3"  # Built, tested, and now it is to land.


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


@pytest.fixture
def land(lead: Lead) -> Landing:
    """One entry on its way to main, whose check passes."""
    found = Landing(lead)
    lead.config(OPEN + check("unit", "test -f README"))
    found.work("a")
    found.add("a", flags=("--target", "main"))
    return found


def write(land: Landing, statement: str) -> None:
    shell(land.orch, statement)


@contextmanager
def stopped(land: Landing, point: str) -> Iterator[Running]:
    """Run the queue until it stands still at a point; it goes on when the block ends."""
    words = ("--json", "queue", "run", "--run", "r")
    with land.orch.start(*words, env={"ORCH_STOP_AT": point}) as runner:
        _, status = os.waitpid(runner.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), "it ended before it came there"
        yield runner
        os.kill(runner.pid, signal.SIGCONT)
        runner.wait()


def planned(land: Landing) -> list[str]:
    """Return the steps of the newest recorded pass."""
    newest = "SELECT decisions FROM queue_pass ORDER BY pass_no DESC LIMIT 1"
    (found,) = shell(land.orch, newest)
    return [str(step) for step in json.loads(found[0])["steps"]]


def test_a_rejection_between_plan_and_landing_keeps_it_from_landing(land: Landing) -> None:
    before = land.at("main")
    with stopped(land, PLANNED):
        assert any("and" in step for step in planned(land)), "it is to land"
        land.orch.ok("reject", "r/a", "--as", "ana", "--note", "no")
    assert land.at("main") == before
    assert land.entry("r/a")["status"] == "held"
    assert list(land.lead.events("entry_landing")) == []


def test_what_lacks_an_approval_by_the_time_of_the_landing_does_not_land(land: Landing) -> None:
    """It is weighed again under the lock: what the policy asks of flaky work came to be asked."""
    rule = '[[policy.rule]]\nname = "flaky"\nwhen = ["flaky"]\napprove = ["human"]\n'
    land.lead.config(OPEN + rule + check("unit", "test -f README"))
    before = land.at("main")
    with stopped(land, PLANNED):
        write(land, "UPDATE entry SET flakes = 1")
    assert land.at("main") == before
    assert land.entry("r/a")["status"] == "awaiting_approval"
    assert list(land.lead.events("entry_landing")) == []


@pytest.mark.parametrize("what", ["the entry", "the queue"])
def test_a_hold_during_a_pass_keeps_it_from_landing(land: Landing, what: str) -> None:
    before = land.at("main")
    with stopped(land, PLANNED):
        words = ("r/a",) if what == "the entry" else ("--target", "main")
        land.orch.ok("queue", "hold", *words, "--reason", "wait")
    assert land.at("main") == before
    assert list(land.lead.events("entry_landing")) == []
    land.orch.ok("queue", "release", *words)
    assert [e["status"] for e in land.run()["landed"]] == ["verified"]


def test_a_branch_that_moves_after_testing_began_lands_nothing(land: Landing) -> None:
    before = land.at("main")
    with stopped(land, "queue.trial_begun"):
        place = Path(land.lead.attempts("a")[0]["worktree_path"])
        land.repo.commit("more.txt", "more\n", cwd=place)
    assert land.at("main") == before
    assert land.entry("r/a")["status"] == "superseded"


def test_a_target_that_moves_after_the_plan_is_met_before_anything_is_written(
    land: Landing,
) -> None:
    with stopped(land, PLANNED):
        theirs = land.repo.commit("theirs.txt", "t\n")
    assert land.repo.git("merge-base", theirs, "main") == theirs
    assert land.files("main") == {"a.txt": "a", "theirs.txt": "t"}
    assert len(land.lead.events("entry_landing")) == 1, "only what could land was written down"
    land.landed_was_tested()


def test_what_was_never_tried_never_lands(land: Landing) -> None:
    """The trial is gone by the time of the landing: the file itself refuses."""
    before = land.at("main")
    with stopped(land, PLANNED):
        write(land, "DELETE FROM trial_check")
        write(land, "DELETE FROM trial")
    assert land.at("main") == before
    assert land.entry("r/a")["status"] not in ("landing", "landed", "verified")
    assert land.repo.git("status", "--porcelain") == ""
    assert [e["status"] for e in land.run()["landed"]] == ["verified"]
    land.landed_was_tested()


@pytest.mark.parametrize("point", ["queue.trial_ran", PLANNED, "landing.intended"])
def test_a_runner_that_was_taken_over_changes_nothing_more(land: Landing, point: str) -> None:
    """It is stopped, another one takes its place, and it wakes up in the middle of its pass."""
    words = ("--json", "queue", "run", "--run", "r")
    with land.orch.start(*words, env={"ORCH_STOP_AT": point}) as first:
        _, status = os.waitpid(first.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        assert land.try_run("--steal").error["reason"] == "held", "it was not silent for long"
        write(land, "UPDATE queue SET runner_until = 1")
        second = land.orch.start(*words, "--steal")
        if point == "landing.intended":  # The first one holds the lock of what is outside the file.
            until(lambda: _fence(land) == 2, "the second runner to begin")
        else:
            assert second.wait().status == 0
        landed = land.at("main")
        os.kill(first.pid, signal.SIGCONT)
        woken = first.wait()
        assert (woken.status, woken.error["reason"]) == (20, "superseded")
        if point == "landing.intended":
            assert second.wait().status == 0
        else:
            assert land.at("main") == landed
    assert land.statuses() == {"ent_1": "verified"}
    assert len(land.lead.events("entry_landed")) == 1
    assert land.files("main") == {"a.txt": "a"}
    assert land.repo.git("status", "--porcelain") == ""
    assert land.lead.doctor() == []


def _fence(land: Landing) -> int:
    ((fence,),) = shell(land.orch, "SELECT fence FROM queue")
    return int(fence)


def test_a_commit_on_top_of_a_landing_that_was_killed_is_kept_in_the_checkout(
    land: Landing,
) -> None:
    """The checkout waits for its files; somebody else's commit reaches the branch meanwhile."""
    land.lead.crash("landing.moved", "queue", "run", "--run", "r")
    blob = land.repo.git("hash-object", "-w", "--stdin", feed="top\n")
    listed = land.repo.git("ls-tree", "main")
    tree = land.repo.git("mktree", feed=f"{listed}\n100644 blob {blob}\ttop.txt\n")
    top = land.repo.git("commit-tree", tree, "-p", "main", "-m", "on top")
    land.repo.git("update-ref", "refs/heads/main", top)
    land.try_run()
    assert land.at("main") == top
    assert land.statuses() == {"ent_1": "verified"}
    assert land.repo.git("status", "--porcelain") == "", "a commit -a takes nothing back"
    assert (land.lead.top / "a.txt").read_text() == "a\n"
    assert (land.lead.top / "top.txt").read_text() == "top\n"


def test_what_was_published_is_reverted_and_never_rewritten(land: Landing) -> None:
    (landed,) = land.run()["landed"]
    land.repo.git("init", "-q", "--bare", str(land.lead.home / "shared.git"))
    land.repo.git("push", "-q", str(land.lead.home / "shared.git"), "main")
    land.repo.git("update-ref", "refs/remotes/origin/main", "main")
    plan = land.orch.ok("queue", "rollback", "r/a", "--dry-run")
    assert (plan["how"], plan["why"][:15]) == ("revert", "a remote branch")
    assert land.orch.ok("queue", "rollback", "r/a")["how"] == "revert"
    land.run()
    tip = land.at("main")
    assert land.repo.git("merge-base", landed["landed_commit"], tip) == landed["landed_commit"]
    assert land.files("main") == {}
    land.repo.git("push", "-q", str(land.lead.home / "shared.git"), "main")
