"""cleanup and salvage: a worktree goes with a proof, and nothing is ever lost (I11)."""

import threading
from pathlib import Path

import pytest

from orch.git import config_fingerprint, removing
from orch.operations import runs as run_operations
from orch.worktrees import cleanup
from tests.support import runs
from tests.support.runs import Lead, worktree


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


ALL = ("cleanup", "--all-completed")


def proof(lead: Lead, *flags: str) -> dict:
    """Clean up everything that ended; return the one worktree that went."""
    done = lead.do(*ALL, *flags)
    assert (len(done["cleaned"]), done["kept"]) == (1, [])
    return done["cleaned"][0]


def land(lead: Lead, how: str, branch: str) -> None:
    """Bring a branch's work to main in one of the ways people do."""
    git = lead.repo.git
    if how == "same_commit":
        git("merge", "-q", "--ff-only", branch)
    elif how == "ancestor":
        git("merge", "-q", "--ff-only", branch)
        lead.repo.commit("more.txt")
    elif how == "tree":
        git("merge", "-q", "--squash", branch)
        git("commit", "-q", "-m", "squashed")
    elif how == "merge_adds_nothing":
        git("merge", "-q", "--squash", branch)
        git("commit", "-q", "-m", "squashed")
        lead.repo.commit("more.txt")
    elif how == "patch_id":
        git("merge", "-q", "--squash", branch)
        git("commit", "-q", "-m", "squashed")
        lead.repo.commit("a.txt", "changed later\n")


def test_a_clean_finished_worktree_goes_and_its_branch_stays(lead: Lead) -> None:
    lead.task("a")
    sent = lead.finish("a")
    attempt = sent["attempt"]
    gone = proof(lead)
    assert gone == {
        "task_id": "a",
        "attempt_no": 1,
        "worktree_path": attempt["worktree_path"],
        "branch_name": attempt["branch_name"],
        "proof": "branch_kept",
        "ignored": 0,
    }
    assert not worktree(sent).exists()
    assert list(lead.branches()) == [f"refs/heads/{attempt['branch_name']}"]
    assert lead.registered() == []
    assert lead.attempts("a")[0]["workspace_status"] == "cleaned"
    lead.refuse("no_matching_work", "empty", *ALL)
    assert lead.doctor() == []


@pytest.mark.parametrize(
    ("how", "name"),
    [
        ("same_commit", "same_commit"),
        ("ancestor", "ancestor"),
        ("tree", "equal_tree"),
        ("merge_adds_nothing", "merge_adds_nothing"),
        ("patch_id", "patch_id"),
    ],
)
def test_each_proof_of_integration_is_named(lead: Lead, how: str, name: str) -> None:
    lead.task("a")
    sent = lead.finish("a")
    land(lead, how, sent["attempt"]["branch_name"])
    assert proof(lead)["proof"] == name


def test_an_attempt_that_changed_nothing_is_integrated(lead: Lead) -> None:
    lead.task("a")
    sent = lead.dispatch("a")
    lead.claim(sent)
    lead.repo.git("commit", "-q", "--allow-empty", "-m", "nothing", cwd=worktree(sent))
    lead.done(sent)
    assert proof(lead)["proof"] == "empty_diff"


def test_the_runs_target_is_where_work_is_looked_for(lead: Lead) -> None:
    lead.repo.git("branch", "release")
    for run, target in (("x", "release"), ("y", "not-there-yet")):
        lead.run("--target", target, run=run)
        lead.task("a", run=run)
        sent = lead.dispatch("a", run=run)
        lead.claim(sent)
        lead.commit(sent)
        lead.done(sent)
    lead.repo.git("update-ref", "refs/heads/release", "refs/heads/orch/x/a/attempt-1")
    assert lead.do(*ALL, run="x")["cleaned"][0]["proof"] == "same_commit"
    assert lead.do(*ALL, run="y")["cleaned"][0]["proof"] == "branch_kept"


@pytest.mark.parametrize(
    "dirt", ["untracked", "tracked", "staged", "deleted", "hidden", "detached"]
)
def test_a_dirty_worktree_is_kept_with_the_reason(lead: Lead, dirt: str) -> None:
    lead.task("a")
    sent = lead.finish("a")
    place = worktree(sent)
    named = "a.txt"
    if dirt == "untracked":
        named = "deep/new.txt"
        lead.repo.write(named, "n\n", cwd=place)
    elif dirt == "deleted":
        (place / "a.txt").unlink()
    elif dirt == "detached":
        named = "commits up to"
        lead.repo.git("checkout", "-q", "--detach", cwd=place)
        lead.repo.commit("lost.txt", cwd=place)
    else:
        if dirt == "hidden":
            lead.repo.git("update-index", "--assume-unchanged", "a.txt", cwd=place)
        lead.repo.write("a.txt", "changed\n", cwd=place)
        if dirt == "staged":
            lead.repo.git("add", "a.txt", cwd=place)
    answer = lead.orch.quick("--json", *ALL, "--run", "r")
    assert (answer.status, answer.error["reason"]) == (90, "work_at_risk")
    kept, = answer.json["data"]["kept"]  # fmt: skip
    assert answer.json["data"]["cleaned"] == []
    assert named in kept["reason"]
    assert ("1 uncommitted" in kept["reason"]) == (dirt != "detached"), "those are committed"
    assert place.is_dir()
    assert lead.attempts("a")[0]["workspace_status"] == "created"


@pytest.mark.parametrize("restored", ["files", "ref"])
def test_force_saves_everything_and_then_removes(lead: Lead, restored: str) -> None:
    lead.task("a")
    sent = lead.finish("a")
    place = worktree(sent)
    lead.repo.write("README", "changed\n", cwd=place)
    lead.repo.write("staged.txt", "s\n", cwd=place)
    lead.repo.git("add", "staged.txt", cwd=place)
    lead.repo.write("deep/new.bin", "\0\1\n", cwd=place)
    lead.repo.write("run.sh", "#!/bin/sh\n", cwd=place).chmod(0o755)
    (place / "link").symlink_to("deep/new.bin")
    (place / "a.txt").unlink()
    head = lead.repo.git("rev-parse", "HEAD", cwd=place)
    gone = proof(lead, "--force")
    assert gone["proof"] == "salvaged"
    assert gone["salvage_ref"] == "refs/orch/salvage/r/a/1"
    assert not place.exists()
    found, = lead.do("salvage", "list")["salvages"]  # fmt: skip
    assert (found["ref"], found["head_commit"]) == (gone["salvage_ref"], head)
    if restored == "ref":
        assert lead.repo.refs()[gone["salvage_ref"]] == found["commit"]
        assert lead.doctor() == []
        return
    out = lead.home / "rescued"
    done = lead.do("salvage", "restore", "--task", "a", "--attempt", "1", "--out", str(out))
    assert done["path"] == str(out)
    assert (out / "README").read_text() == "changed\n"
    assert (out / "staged.txt").read_text() == "s\n"
    assert (out / "deep" / "new.bin").read_text() == "\0\1\n"
    assert (out / "run.sh").stat().st_mode & 0o100
    assert (out / "link").readlink() == Path("deep/new.bin")
    assert not (out / "a.txt").exists()
    lead.refuse("invalid_input", "file", "salvage", "restore", "--task", "a", "--out", str(out))
    lead.refuse("invalid_input", "flag", "salvage", "restore", "--task", "a")
    other = ("salvage", "restore", "--task", "a", "--attempt", "2", "--out", str(out) + "2")
    lead.refuse("not_found", "salvage", *other)


def test_force_saves_commits_that_no_branch_holds(lead: Lead) -> None:
    lead.task("a")
    place = worktree(lead.finish("a"))
    lead.repo.git("checkout", "-q", "--detach", cwd=place)
    lost = lead.repo.commit("lost.txt", cwd=place)
    gone = proof(lead, "--force")
    lead.repo.git("merge-base", "--is-ancestor", lost, gone["salvage_ref"])


def test_force_on_a_clean_worktree_needs_no_salvage(lead: Lead) -> None:
    lead.task("a")
    lead.finish("a")
    gone = proof(lead, "--force")
    assert "salvage_ref" not in gone
    assert lead.do("salvage", "list")["salvages"] == []


def test_ignored_files_do_not_count_and_are_counted(lead: Lead) -> None:
    lead.repo.commit(".gitignore", "*.o\ncache/\n")
    lead.task("a")
    place = worktree(lead.finish("a"))
    for name in ("x.o", "y.o", "cache/1", "cache/2"):
        lead.repo.write(name, "x", cwd=place)
    plan = proof(lead, "--dry-run")
    assert (plan["ignored"], plan["ignored_files"], plan["ignored_bytes"]) == (3, 4, 4)
    assert plan["largest_ignored"][0] == {"path": "cache/1", "bytes": 1}
    text = lead.orch.say("cleanup", "--run", "r", "--all-completed", "--dry-run")
    assert "(branch_kept, with 4 ignored files of 4 B: cache/1, cache/2, x.o, y.o)" in text
    assert proof(lead)["ignored"] == 3, "two files and one folder"


def test_ignored_files_that_orch_toml_names_are_saved_before_they_go(lead: Lead) -> None:
    lead.repo.commit(".gitignore", "out/\n*.db\n")
    lead.config('[cleanup]\nsave_ignored = ["out/**/*.md", "local.db"]\n')
    lead.task("a")
    place = worktree(lead.finish("a"))
    lead.repo.write("out/deep/report.md", "result\n", cwd=place)
    lead.repo.write("out/cache", "x", cwd=place)
    lead.repo.write("local.db", "rows\n", cwd=place)
    gone = proof(lead)
    assert (gone["proof"], gone["saved_ignored"]) == ("branch_kept", 2)
    assert not place.exists()
    out = lead.home / "back"
    lead.do("salvage", "restore", "--task", "a", "--out", str(out))
    assert (out / "out/deep/report.md").read_text() == "result\n"
    assert (out / "local.db").read_text() == "rows\n"
    assert not (out / "out/cache").exists()
    assert lead.doctor() == []
    lead.repo.git("update-ref", "-d", gone["salvage_ref"])
    assert any(f"{gone['salvage_ref']} is gone" in text for text in lead.doctor())


def test_what_was_committed_can_be_queued_after_a_forced_cleanup(lead: Lead) -> None:
    lead.task("a")
    lead.task("b", "--depends-on", "a")
    sent = lead.finish("a")
    head = lead.attempts("a")[0]["head_commit"]
    (worktree(sent) / "scratch.txt").write_text("junk\n")
    lead.repo.git("update-ref", "-d", "refs/heads/" + sent["attempt"]["branch_name"])
    gone = proof(lead, "--force")
    lead.repo.git("merge-base", "--is-ancestor", head, gone["salvage_ref"])
    assert lead.orch.ok("queue", "add", "r/a")["entries"][0]["head_commit"] == head
    assert (worktree(lead.dispatch("b", "--base-ref", head)) / "a.txt").exists()


def test_an_uncommitted_rest_is_told_when_saved_work_is_queued(lead: Lead) -> None:
    lead.task("a")
    sent = lead.dispatch("a")
    lead.claim(sent)
    lead.commit(sent)
    (worktree(sent) / "scratch.txt").write_text("junk\n")
    lead.done(sent)
    gone = proof(lead, "--force")
    assert gone["proof"] == "salvaged"
    said = lead.orch.ok("queue", "add", "r/a")["notes"]
    assert "1 uncommitted file of r/a will not land" in said[0]
    assert gone["salvage_ref"] in said[0]


def test_an_attempt_that_is_not_over_is_never_removed(lead: Lead) -> None:
    lead.task("a")
    sent = lead.dispatch("a")
    for flags in ((), ("--force",)):
        error = lead.refuse("refused", "work_at_risk", "cleanup", "--task", "a", *flags)
        assert "orch cancel r/a" in error["hint"], "force would not remove it either"
        lead.refuse("no_matching_work", "empty", *ALL, *flags)
    lead.claim(sent)
    lead.ask(sent)
    lead.refuse("refused", "work_at_risk", "cleanup", "--task", "a", "--force")
    new = lead.do("reassign", "--task", "a", "--to", "w2")
    done = lead.do("cleanup", "--task", "a", "--force")
    assert [c["attempt_no"] for c in done["cleaned"]] == [1]
    assert [k["attempt_no"] for k in done["kept"]] == [2]
    assert "dispatched" in done["kept"][0]["reason"]
    shown = lead.orch.quick("task", "show", "r/a").out
    assert "its worktree was cleaned up" in shown
    assert str(worktree(sent)) not in shown and str(worktree(new)) in shown


def test_what_is_kept_is_offered_alone(lead: Lead) -> None:
    """Who asked about one attempt does not remove another's worktree by the line printed."""
    lead.task("a")
    sent = lead.finish("a")
    lead.repo.write("a.txt", "changed\n", cwd=worktree(sent))
    error = lead.refuse("refused", "work_at_risk", "cleanup", "--task", "a", "--attempt", "1")
    assert error["hint"].endswith("orch cleanup r/a --attempt 1 --force")


def test_one_attempt_can_be_chosen(lead: Lead) -> None:
    lead.task("a")
    one = lead.dispatch("a")
    lead.claim(one)
    lead.fail(one)
    two = lead.do("retry", "--task", "a")
    lead.claim(two)
    lead.fail(two)
    done = lead.do("cleanup", "--task", "a", "--attempt", "2")
    assert [c["attempt_no"] for c in done["cleaned"]] == [2]
    assert worktree(one).is_dir()
    lead.refuse("no_matching_work", "empty", "cleanup", "--task", "a", "--attempt", "2")
    lead.refuse("invalid_input", "flag", *ALL, "--attempt", "1")
    lead.refuse("invalid_input", "flag", *ALL, "--task", "a")
    lead.refuse("invalid_input", "flag", "cleanup")


def test_some_go_and_some_stay(lead: Lead) -> None:
    for name in ("a", "b"):
        lead.task(name)
        lead.finish(name)
    place = lead.top / ".orch" / "worktrees" / "r" / "b" / "attempt-1"
    lead.repo.write("left.txt", "x", cwd=place)
    plan = lead.do(*ALL, "--dry-run")
    assert plan["dry_run"] is True
    assert len(lead.trees()) == 2, "a plan changes nothing"
    done = lead.do(*ALL)
    assert {k: plan[k] for k in ("kept",)} == {k: done[k] for k in ("kept",)}
    assert [c["task_id"] for c in plan["cleaned"]] == [c["task_id"] for c in done["cleaned"]]
    assert lead.trees() == ["r/b/attempt-1"]
    assert lead.do(*ALL, "--dry-run")["cleaned"] == [], "a plan that keeps all is no failure"


def test_worktrees_go_several_at_once_and_their_repository_is_compared_once(
    lead: Lead, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A barrier that only two removals together pass; fingerprints are config calls of a repo."""
    for task in ("a", "b", "c"):
        lead.task(task)
        lead.finish(task)
    together, compared = threading.Barrier(2, timeout=20), []
    remove, seen = removing.remove_worktree, config_fingerprint.fingerprint

    def _remove(repo, path, **how):
        if not path.endswith("c/attempt-1"):
            together.wait()
        return remove(repo, path, **how)

    monkeypatch.setattr(removing, "remove_worktree", _remove)
    monkeypatch.setattr(
        config_fingerprint, "fingerprint", lambda repo: compared.append(repo) or seen(repo)
    )
    db = lead.inbox.open()
    with db.read() as tx:
        run = run_operations.require(tx, "r")
        chosen = cleanup.select(tx, run, None, None)
    steps: list[bool] = []
    outcomes = cleanup.clean(
        db, run, chosen, force=False, dry_run=False, step=lambda: steps.append(True)
    )
    db.close()
    assert [o.task.task_id for o in outcomes if o.cleaned] == ["a", "b", "c"]
    assert len(steps) == 3 and len(compared) == 1
    assert len(lead.events("task_cleaned")) == 3 and lead.doctor() == []


def test_a_worktree_that_somebody_removed_is_taken_note_of(lead: Lead) -> None:
    lead.task("a")
    sent = lead.finish("a")
    lead.repo.git("worktree", "remove", str(worktree(sent)))
    assert "worktrees" in str(lead.doctor())
    assert proof(lead)["proof"] == "branch_kept"
    assert lead.attempts("a")[0]["workspace_status"] == "cleaned"
    assert lead.doctor() == []


def test_a_worktree_whose_branch_is_gone_is_kept(lead: Lead) -> None:
    lead.task("a")
    sent = lead.finish("a")
    lead.repo.git("update-ref", "-d", "refs/heads/" + sent["attempt"]["branch_name"])
    lead.refuse("refused", "work_at_risk", *ALL)
    assert worktree(sent).is_dir()
    gone = proof(lead, "--force")
    assert gone["proof"] == "salvaged"


def test_plain_mode_names_proof_and_reason(lead: Lead) -> None:
    lead.task("a")
    sent = lead.finish("a")
    place = worktree(sent)
    lead.repo.write("left.txt", "x", cwd=place)
    text = lead.orch.say("cleanup", "--run", "r", "--all-completed", "--dry-run")
    follow = "next: orch status --run r\n"
    assert text == f"kept a attempt 1: {place}: 1 uncommitted: left.txt\n{follow}"
    (place / "left.txt").unlink()
    text = lead.orch.say("cleanup", "--run", "r", "--all-completed")
    assert text == f"cleaned a attempt 1: {place} (branch_kept)\n{follow}"


@pytest.mark.parametrize("turned", [None, "gitdir: /elsewhere\n"])
def test_a_worktree_whose_pointer_was_taken_away_is_cleaned(lead: Lead, turned: str | None) -> None:
    lead.task("a")
    place = worktree(lead.finish("a"))
    (place / ".git").unlink()
    if turned is not None:
        (place / ".git").write_text(turned)
    assert lead.do(*ALL)["cleaned"][0]["proof"] == "branch_kept"
    assert not place.exists()
