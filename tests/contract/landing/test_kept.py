"""Whatever the store names has a ref of ours until it is over; what is gone all the same is made
again."""

from pathlib import Path

import pytest

from tests.support import runs
from tests.support.queues import Landing, check
from tests.support.runs import Lead

OPEN = check("unit", "test -f README") + '[queue]\nchecks = ["unit"]\n'


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


@pytest.fixture
def land(lead: Lead) -> Landing:
    found = Landing(lead)
    lead.config(OPEN)
    return found


def collect(land: Landing) -> None:
    """Have git drop all that no ref holds."""
    land.repo.git("reflog", "expire", "--expire=now", "--all")
    land.repo.git("gc", "-q", "--prune=now")


def kept(land: Landing, kind: str) -> dict[str, str]:
    return {k: v for k, v in land.repo.refs().items() if k.startswith(f"refs/orch/{kind}/")}


def tested(land: Landing) -> None:
    """Bring two entries to where only an approval is missing; the target has moved on before."""
    for name in ("a", "b"):
        land.work(name)
    land.repo.commit("up.txt", "up\n")
    land.add("a", "b")
    land.try_run()
    assert set(land.statuses().values()) == {"awaiting_approval"}


def over(land: Landing) -> None:
    """All landed by their first trial, no ref is left, and nothing is missing."""
    assert set(land.statuses().values()) == {"verified"}
    land.landed_was_tested()
    assert kept(land, "candidate") == kept(land, "queue") == {}
    assert land.lead.doctor() == []


@pytest.mark.parametrize("refs", ["kept", "deleted"])
def test_candidates_outlive_a_gc_or_are_made_again(land: Landing, refs: str) -> None:
    tested(land)
    made = kept(land, "candidate")
    assert len(made) == 2, "each was tried by itself"
    if refs == "deleted":
        for ref in made:
            land.repo.git("update-ref", "-d", ref)
    collect(land)
    there = [land.repo.git("cat-file", "-t", at, ok=False) for at in made.values()]
    assert there.count("") == (refs == "deleted"), "the slot stands on the other one"
    assert land.lead.doctor() == []
    land.approve("a", "b")
    land.run()
    over(land)


def test_a_landing_that_was_killed_before_it_moved_outlives_a_gc(land: Landing) -> None:
    land.work("a")
    land.queue_for("main", "a")
    land.repo.commit("up.txt", "up\n")
    land.lead.crash("landing.intended", "queue", "run", "--run", "r")
    for ref in kept(land, "candidate"):
        land.repo.git("update-ref", "-d", ref)
    collect(land)
    land.run()
    over(land)
    assert land.files("main")["a.txt"] == "a"


def test_a_recorded_head_is_kept_from_done_to_cleanup(land: Landing) -> None:
    head = land.repo.git("rev-parse", "HEAD", cwd=runs.worktree(land.work("a")))
    assert list(kept(land, "heads").values()) == [head]
    land.repo.git("update-ref", "-d", "refs/heads/orch/r/a/attempt-1")
    collect(land)
    assert land.lead.doctor() == []
    land.queue("a")
    land.run()
    land.repo.git("branch", "orch/r/a/attempt-1", head)
    land.lead.do("cleanup", "--all-completed")
    assert kept(land, "heads") == {}
    over(land)


def test_a_head_that_only_its_ref_holds_stays_when_the_worktree_goes(land: Landing) -> None:
    """It landed squashed, so that no branch holds it once its own was deleted."""
    head = land.repo.git("rev-parse", "HEAD", cwd=runs.worktree(land.work("a")))
    land.add("a", flags=("--strategy", "squash"))
    land.approve("a")
    land.run()
    place = land.lead.attempts("a")[0]["worktree_path"]
    land.repo.git("checkout", "-q", "--detach", cwd=Path(place))
    land.repo.git("branch", "-q", "-D", "orch/r/a/attempt-1")
    land.repo.git("worktree", "remove", place)
    land.lead.do("cleanup", "--all-completed", "--force")
    assert list(kept(land, "heads").values()) == [head]


def test_a_ref_of_nothing_is_told_by_doctor(land: Landing) -> None:
    for ref in ("queue/77-x", "candidate/9-x", "heads/r/z/1"):
        land.repo.git("update-ref", f"refs/orch/{ref}", "HEAD")
    land.work("a")
    (told,) = land.lead.doctor()
    assert told.startswith("warning kept refs: of nothing")
    for ref in ("queue/77-x", "candidate/9-x", "heads/r/z/1"):
        assert f"refs/orch/{ref}" in told


def test_work_that_was_cleaned_before_it_was_queued_outlives_its_branch(land: Landing) -> None:
    head = land.repo.git("rev-parse", "HEAD", cwd=runs.worktree(land.work("a")))
    assert land.lead.do("cleanup", "--all-completed")["cleaned"][0]["proof"] == "branch_kept"
    land.repo.git("update-ref", "-d", "refs/heads/orch/r/a/attempt-1")
    collect(land)
    assert list(kept(land, "heads").values()) == [head]
    assert land.lead.doctor() == []
    land.queue("a")
    land.run()
    assert kept(land, "heads") == {}, "the target holds it now"
    over(land)


def lose(land: Landing, name: str) -> None:
    """Take every ref and reflog of a task's work away, its worktree too."""
    land.repo.git("worktree", "remove", land.lead.attempts(name)[0]["worktree_path"])
    for ref in land.repo.refs():
        if f"/{name}/" in ref or ref.startswith("refs/orch/queue/"):
            land.repo.git("update-ref", "-d", ref)
    collect(land)


def test_an_entry_whose_commit_is_lost_holds_up_no_other(land: Landing) -> None:
    for name in ("a", "b"):
        land.work(name)
    land.queue("a", "b")
    lose(land, "a")
    land.run()
    assert land.statuses() == {"ent_1": "superseded", "ent_2": "verified"}
    entry = land.lead.orch.ok("queue", "show", "ent_1")["entry"]
    assert "git has lost its commit" in str(entry)
    error = land.lead.refuse("git_error", "failed", "queue", "add", "r/a")
    assert error["hint"] == "have it done again: orch queue retry r/a --rework --body TEXT"
    land.orch.ok("queue", "retry", "r/a", "--rework", "--body", "again")


def test_work_that_is_lost_before_it_was_queued_is_left_out(land: Landing) -> None:
    for name in ("a", "b"):
        land.work(name)
    lose(land, "a")
    answer = land.lead.do("queue", "add", "--all")
    assert [entry["task_id"] for entry in answer["entries"]] == ["b"]
    error = answer["skipped"][0]["error"]
    assert "git has lost" in error["message"]
    assert (
        "orch task add --run r"
        in land.orch.refuse("git_error", "failed", "queue", "add", "r/a")["hint"]
    )
