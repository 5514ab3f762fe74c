"""dispatch: what is made, what is refused, and that a refusal leaves nothing behind."""

import os
import stat
from pathlib import Path

import pytest

from tests.support import runs
from tests.support.engines import shell
from tests.support.runs import Lead, payload, worktree


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


def test_code_mode_makes_branch_and_worktree(lead: Lead) -> None:
    lead.run(run="my_run")
    lead.task("a", run="my_run")
    sent = lead.dispatch("a", run="my_run")
    attempt = sent["attempt"]
    head = lead.repo.git("rev-parse", "HEAD")
    assert attempt["branch_name"] == "orch/my-run/a/attempt-1"
    assert attempt["worktree_path"] == f"{lead.top}/.orch/worktrees/my_run/a/attempt-1"
    assert (attempt["base_ref"], attempt["base_commit"], attempt["base_source"]) == (
        "HEAD", head, "head",
    )  # fmt: skip
    assert (attempt["attempt_no"], attempt["status"]) == (1, "dispatched")
    assert (attempt["workspace_status"], attempt["assigned_to"]) == ("created", "w1")
    assert attempt["thread_id"] == sent["thread"]["thread_id"]
    assert (sent["task"]["status"], sent["task"]["latest_attempt_no"]) == ("dispatched", 1)
    assert (
        lead.repo.git("rev-parse", "--abbrev-ref", "HEAD", cwd=worktree(sent))
        == (attempt["branch_name"])
    )
    assert lead.branches() == {f"refs/heads/{attempt['branch_name']}": head}
    config = lead.repo.git("config", "--get-regexp", r"^branch\.", ok=False)
    assert config == "", "--no-track: nothing is written into the configuration"
    assert lead.repo.git("status", "--porcelain") == "", "the user's checkout stays clean"


def test_analysis_mode_makes_neither(lead: Lead) -> None:
    lead.task("a")
    sent = lead.dispatch("a", mode="analysis")
    attempt = sent["attempt"]
    assert (attempt["branch_name"], attempt["worktree_path"]) == ("", "")
    assert (attempt["workspace_status"], attempt["base_commit"]) == ("", "")
    assert lead.registered() == [attempt["place_path"]] and lead.branches() == {}


def test_the_message_tells_the_worker_everything(lead: Lead) -> None:
    lead.task(
        "a", "--title", "T", "--summary", "Do it.", "--acceptance-json", '{"ok":1}',
        "--allowed-path", "src", "--blocked-path", "gen", "--required-check", "unit",
    )  # fmt: skip
    sent = lead.dispatch("a")
    attempt, message = sent["attempt"], sent["message"]
    assert payload(sent) == {
        "run_id": "r",
        "task_id": "a",
        "attempt_no": 1,
        "execution_mode": "code",
        "base_ref": "HEAD",
        "base_commit": attempt["base_commit"],
        "worktree_path": attempt["worktree_path"],
        "branch_name": attempt["branch_name"],
        "acceptance": {"ok": 1},
        "allowed_paths": ["src"],
        "blocked_paths": ["gen"],
        "checks": ["unit"],
    }
    assert (message["kind"], message["from_agent"], message["to_agent"]) == ("task", "leader", "w1")
    assert (sent["thread"]["run_id"], sent["thread"]["task_id"]) == ("r", "a")
    assert sent["thread"]["subject"] == "T"
    for words in ("Do it.", attempt["worktree_path"], attempt["branch_name"], "src", "gen", "unit"):
        assert words in message["body"], words
    assert "$(" not in message["body"]
    assert "`" not in message["body"]


def test_a_body_of_the_leaders_replaces_the_brief(lead: Lead) -> None:
    lead.task("a")
    sent = lead.dispatch("a", "--body", "Just this.\n", mode="analysis")
    assert sent["message"]["body"] == "Just this.\n"


def test_the_task_decides_what_dispatch_leaves_out(lead: Lead) -> None:
    lead.do("task", "add", "--task", "a", "--execution-mode", "analysis", "--default-to", "w7")
    sent = lead.do("dispatch", "--task", "a")
    assert (sent["attempt"]["execution_mode"], sent["attempt"]["assigned_to"]) == ("analysis", "w7")


def test_nobody_and_no_mode_are_refused(lead: Lead) -> None:
    lead.do("task", "add", "--task", "a")
    words = ("dispatch", "--task", "a")
    based = ("--execution-mode", "code", "--base-ref", "main")
    said = lead.refuse("invalid_input", "flag", *words, *based)["hint"]
    assert said.endswith("orch dispatch r/a --execution-mode code --to AGENT --base-ref main")
    said = lead.refuse("invalid_input", "flag", *words, "--to", "w1")["hint"]
    assert said.endswith("orch dispatch r/a --execution-mode code --to w1")
    lead.refuse("not_found", "task", "dispatch", "--task", "b", "--to", "w1")
    lead.refuse("invalid_input", "flag", "dispatch", "--task", "a", "--limit", "2")
    assert lead.status_of("a") == "ready"
    sent = lead.do(*words, "--execution-mode", "analysis", "--to", "@pool")
    assert sent["thread"]["addressed_to"] == "@pool"
    claimed = lead.inbox.ok("claim", "--agent", "w9", "--next", "--pool", "pool")
    assert claimed["thread"]["thread_id"] == runs.thread(sent)
    lead.do("reconcile")
    assert lead.attempts("a")[0]["assigned_to"] == "w9"


@pytest.mark.parametrize(("agent", "again"), [("pool-4", "@pool"), ("w9", "w9")])
def test_what_a_slot_did_is_done_again_by_its_pool(lead: Lead, agent: str, again: str) -> None:
    """A slot's name is the crew's: nobody waits for work under it. A worker's own name is kept."""
    lead.do("task", "add", "--task", "a")
    sent = lead.dispatch("a", "--to", "@pool", mode="analysis")
    lead.inbox.ok("claim", "--agent", agent, "--next", "--pool", "pool")
    lead.fail(sent, agent)
    lead.do("reconcile")
    assert lead.do("retry", "--task", "a")["thread"]["addressed_to"] == again


def test_only_a_ready_task_can_be_dispatched(lead: Lead) -> None:
    lead.task("a")
    lead.task("b", "--depends-on", "a")
    words = ("dispatch", "--execution-mode", "analysis", "--task")
    error = lead.refuse("invalid_state", "not_ready", *words, "b")
    assert error["details"] == {"status": "planned", "why": "dependency: waits for a (ready)"}
    lead.dispatch("a", mode="analysis")
    error = lead.refuse("invalid_state", "not_ready", *words, "a")
    assert error["details"]["why"] == "it is dispatched"
    assert len(lead.attempts("a")) == 1


@pytest.mark.parametrize("change", ["untracked", "tracked", "staged", "deleted"])
def test_a_dirty_repository_is_refused_and_nothing_is_left(lead: Lead, change: str) -> None:
    lead.task("a")
    if change == "untracked":
        lead.repo.write("deep/new.txt", "n\n")
    elif change == "deleted":
        (lead.top / "README").unlink()
    else:
        lead.repo.write("README", "changed\n")
        if change == "staged":
            lead.repo.git("add", "README")
    before = (lead.events(), lead.repo.refs())
    words = ("dispatch", "--task", "a", "--execution-mode", "code")
    error = lead.refuse("invalid_state", "dirty", *words)
    assert error["details"]["files"] == ["deep/new.txt" if change == "untracked" else "README"]
    assert (lead.events(), lead.repo.refs()) == before
    assert lead.leftovers() == []
    assert (lead.status_of("a"), lead.attempts("a")) == ("ready", [])
    sent = lead.dispatch("a", "--base-ref", "HEAD")
    assert sent["attempt"]["base_ref"] == "HEAD"
    assert sent["attempt"]["base_source"] == "explicit"
    assert (worktree(sent) / "README").read_text() == "hello\n", "the base, not the dirt"


def test_orchs_own_files_do_not_make_a_repository_dirty(lead: Lead) -> None:
    """The store, its side files, artifacts, logs and the workspace root, without any .gitignore."""
    (lead.top / ".orch" / ".gitignore").unlink()
    lead.orch.env["ORCH_DB"] = str(lead.top / "state.db")
    lead.inbox.env["ORCH_DB"] = str(lead.top / "state.db")
    lead.orch.ok("init")
    lead.run()
    for name in ("artifacts/x", "logs/y", ".orch/z"):
        lead.repo.write(name, "x")
    (lead.top / ".orch" / "z").unlink()
    for path in (lead.top / ".orch").iterdir():
        path.unlink()
    lead.task("a")
    lead.dispatch("a", "--workspace-root", "trees")
    assert (lead.top / "trees" / "r" / "a" / "attempt-1" / "README").exists()
    lead.task("b")
    lead.dispatch("b", "--workspace-root", "trees")
    lead.repo.write("mine", "x")
    lead.task("c")
    words = ("dispatch", "--task", "c", "--execution-mode", "code", "--workspace-root", "trees")
    assert lead.refuse("invalid_state", "dirty", *words)["details"]["files"] == ["mine"]


def test_dispatch_keeps_the_default_root_out_of_git_status(lead: Lead) -> None:
    outside = lead.home / "elsewhere" / "coord.db"
    outside.parent.mkdir(mode=0o700)
    for path in (lead.top / ".orch").iterdir():
        path.unlink()
    (lead.top / ".orch").rmdir()
    lead.orch.env["ORCH_DB"] = str(outside)
    lead.orch.ok("run", "init", "--run", "r", "--goal", "g")
    lead.task("a")
    lead.dispatch("a")
    assert (lead.top / ".orch" / ".gitignore").read_text() == "*\n"
    assert lead.repo.git("status", "--porcelain") == ""


BAD_REFS = ("-x", "--upload-pack=x", "..", "a..b", "HEAD@{1}", "bränch", "a b", "nowhere",
            "0" * 40, ":/hello", "HEAD^{tree}")  # fmt: skip


def test_a_bad_base_is_refused_and_nothing_is_left(lead: Lead) -> None:
    lead.task("a")
    words = ("dispatch", "--task", "a", "--execution-mode", "code", "--run", "r")
    for ref in BAD_REFS:
        answer = lead.orch.quick("--json", *words, f"--base-ref={ref}")
        assert answer.error["code"] == "invalid_input", answer
    assert lead.leftovers() == []
    assert lead.status_of("a") == "ready"


def test_an_explicit_base_is_resolved_once_and_kept_as_a_commit(lead: Lead) -> None:
    old = lead.repo.git("rev-parse", "HEAD")
    lead.repo.git("branch", "start")
    lead.repo.git("tag", "-a", "v1", "-m", "v1")
    lead.repo.commit("b.txt")
    for task, ref in (("a", "start"), ("b", "v1"), ("c", old[:12]), ("d", "refs/heads/start")):
        lead.task(task)
        attempt = lead.dispatch(task, "--base-ref", ref)["attempt"]
        assert (attempt["base_ref"], attempt["base_commit"]) == (ref, old), ref


def test_a_runs_base_counts_as_explicit(lead: Lead) -> None:
    old = lead.repo.git("rev-parse", "HEAD")
    lead.repo.git("branch", "start")
    lead.repo.commit("b.txt")
    lead.repo.write("dirt", "x")
    lead.run("--base-ref", "start", run="x")
    lead.task("a", run="x")
    attempt = lead.dispatch("a", run="x")["attempt"]
    assert (attempt["base_ref"], attempt["base_commit"]) == ("start", old)


def test_a_missing_repository_is_not_found(lead: Lead) -> None:
    lead.task("a")
    words = ("dispatch", "--task", "a", "--execution-mode", "code", "--repo-path")
    for path in ("/nowhere", str(lead.home)):
        lead.refuse("not_found", "repository", *words, path)
    lead.repo.git("init", "-q", str(lead.home / "young"))
    lead.refuse("invalid_state", "unsupported", *words, str(lead.home / "young"))
    assert lead.status_of("a") == "ready"


def test_the_runs_repository_serves_from_anywhere(lead: Lead) -> None:
    lead.run("--repo-path", str(lead.top), run="x")
    lead.task("a", run="x")
    lead.orch.env["ORCH_DB"] = lead.orch.where
    words = ("dispatch", "x/a", "--execution-mode", "code")
    sent = lead.orch.ok(*words, cwd=lead.home)
    assert sent["attempt"]["repo_path"] == str(lead.top)
    lead.task("b", run="x")
    answer = lead.orch.quick("--json", "dispatch", "r/b", *words[2:], cwd=lead.home)
    assert answer.error["code"] == "not_found"


def test_an_existing_branch_or_directory_is_never_reused(lead: Lead) -> None:
    """I15: neither is ever used twice."""
    lead.task("a")
    lead.repo.git("branch", "orch/r/a/attempt-1")
    words = ("dispatch", "--task", "a", "--execution-mode", "code")
    lead.refuse("invalid_state", "branch_exists", *words)
    lead.repo.git("branch", "-D", "orch/r/a/attempt-1")
    place = lead.top / ".orch" / "worktrees" / "r" / "a" / "attempt-1"
    place.mkdir(parents=True)
    (place / "mine").write_text("x")
    lead.refuse("invalid_state", "branch_exists", *words)
    assert (place / "mine").read_text() == "x"
    assert (lead.branches(), lead.registered()) == ({}, [])
    (place / "mine").unlink()
    place.rmdir()
    lead.repo.git("branch", "orch/r/a")
    hint = lead.refuse("invalid_state", "branch_exists", *words)["hint"]
    rename = hint.removeprefix("give it another name: git ").replace("NAME", "elsewhere")
    lead.repo.git(*rename.split())
    assert lead.dispatch("a")["attempt"]["attempt_no"] == 1


def test_a_relative_root_is_taken_from_the_repositorys_top(lead: Lead) -> None:
    below = lead.top / "deep" / "down"
    below.mkdir(parents=True)
    lead.task("a")
    words = ("dispatch", "r/a", "--execution-mode", "code", "--workspace-root", "../trees")
    sent = lead.orch.ok(*words, cwd=below)
    assert worktree(sent) == lead.home / "trees" / "r" / "a" / "attempt-1"
    assert (worktree(sent) / "README").exists()
    lead.task("b")
    sent = lead.dispatch("b", "--workspace-root", str(lead.home / "abs"))
    assert worktree(sent) == lead.home / "abs" / "r" / "b" / "attempt-1"


def test_a_subdirectory_and_a_linked_worktree_serve_as_the_current_directory(lead: Lead) -> None:
    below = lead.top / "deep"
    below.mkdir()
    lead.task("a")
    sent = lead.orch.ok("dispatch", "a", "--execution-mode", "code", cwd=below)
    assert sent["attempt"]["repo_path"] == str(lead.top)
    side = lead.home / "side"
    lead.repo.git("worktree", "add", "-q", "-b", "side", str(side))
    lead.repo.commit("side.txt", cwd=side)
    lead.task("b")
    sent = lead.orch.ok("dispatch", "b", "--execution-mode", "code", cwd=side)
    assert (worktree(sent) / "side.txt").exists(), "HEAD is that of the checkout one stands in"
    assert lead.repo.git("status", "--porcelain", cwd=side) == ""


def test_files_of_a_worktree_follow_the_users_umask(lead: Lead) -> None:
    lead.repo.write("run.sh", "#!/bin/sh\n").chmod(0o755)
    lead.repo.commit("plain.txt")
    lead.task("a")
    place = worktree(lead.dispatch("a"))
    old = os.umask(0o022)
    os.umask(old)
    assert stat.S_IMODE((place / "plain.txt").stat().st_mode) == 0o666 & ~old
    assert stat.S_IMODE((place / "run.sh").stat().st_mode) == 0o777 & ~old


def test_dry_run_changes_nothing_and_tells_the_same(lead: Lead) -> None:
    lead.task("a")
    before = (lead.events(), lead.repo.refs())
    planned = lead.do("dispatch", "--task", "a", "--execution-mode", "code", "--dry-run")
    assert planned["dry_run"] is True
    assert (lead.events(), lead.repo.refs()) == before
    assert lead.leftovers() == []
    told, = planned["planned"]  # fmt: skip
    attempt = lead.dispatch("a")["attempt"]
    assert told == {name: attempt[name] for name in told}
    again = lead.do("dispatch", "--ready", "--dry-run") if lead.task("b") else None
    assert again is not None
    assert again["planned"][0]["error"]["reason"] == "flag", "what would be refused is told too"


def test_ready_dispatches_in_order_and_tells_what_it_skipped(lead: Lead) -> None:
    lead.task("low", "--priority", "low", "--execution-mode", "analysis")
    lead.task("nobody", "--priority", "high")
    lead.task("code", "--execution-mode", "code", "--lock", "l")
    lead.task("same", "--execution-mode", "code", "--lock", "l")
    lead.task("later", "--depends-on", "low")
    lead.do("task", "add", "--task", "lonely", "--execution-mode", "analysis")
    done = lead.do("dispatch", "--ready", "--jobs", "3")
    assert [d["task"]["task_id"] for d in done["dispatched"]] == ["code", "low"]
    assert [d["attempt"]["attempt_no"] for d in done["dispatched"]] == [1, 1]
    skipped = {s["task_id"]: s["error"] for s in done["skipped"]}
    assert set(skipped) == {"nobody", "same", "lonely"}
    assert skipped["nobody"]["reason"] == skipped["lonely"]["reason"] == "flag"
    assert skipped["same"]["reason"] == "not_ready"
    assert lead.status_of("same") == "ready"
    error = lead.refuse("invalid_input", "flag", "dispatch", "--ready")
    assert len(error["details"]["skipped"]) == 2
    lead.do("cancel", "--task", "nobody")
    lead.do("cancel", "--task", "lonely")
    lead.do("cancel", "--task", "same")
    lead.refuse("no_matching_work", "empty", "dispatch", "--ready")
    assert lead.doctor() == []


def test_ready_takes_a_limit_and_one_mode_for_all(lead: Lead) -> None:
    for name in ("a", "b", "c"):
        lead.task(name)
    words = ("dispatch", "--ready", "--limit", "2", "--execution-mode", "code", "--to", "w2")
    done = lead.do(*words)
    assert [d["task"]["task_id"] for d in done["dispatched"]] == ["a", "b"]
    assert {d["attempt"]["assigned_to"] for d in done["dispatched"]} == {"w2"}
    assert lead.status_of("c") == "ready"
    lead.refuse("invalid_input", "flag", "dispatch", "--ready", "--task", "c")
    lead.orch.refuse("invalid_input", "flag", "dispatch", "--ready")


def test_two_attempts_of_two_tasks_never_share_a_place(lead: Lead) -> None:
    for name in ("a", "b"):
        lead.task(name)
    sent = [lead.dispatch(name)["attempt"] for name in ("a", "b")]
    assert len({a["branch_name"] for a in sent}) == len({a["worktree_path"] for a in sent}) == 2
    assert len(lead.registered()) == 2


@pytest.mark.parametrize("whose", ["another process", "a later attempt", "nobody"])
def test_a_dispatch_that_was_undone_and_begun_anew_meanwhile_takes_its_own_back(
    lead: Lead, whose: str
) -> None:
    """Between worktree and confirmation only the intent tells whose attempt it is."""
    gate = runs.gate_file(lead.home)
    lead.config(f"[worktree.setup]\ncommand = {runs.toml_list('cat', str(gate))}\n")
    lead.task("a")
    words = ("--json", "dispatch", "r/a", "--execution-mode", "code")
    changes = {
        "another process": "UPDATE dispatch_intent SET pid = pid + 1",
        "a later attempt": "UPDATE dispatch_intent SET attempt_no = attempt_no + 1",
        "nobody": "DELETE FROM dispatch_intent",
    }
    with lead.orch.start(*words) as going, open(gate, "w") as opened:  # Its setup is reading.
        shell(lead.orch, changes[whose])
        opened.close()
        error = going.wait().error
        ((left,),) = shell(lead.orch, "SELECT count(*) FROM dispatch_intent")
    assert (error["code"], error["reason"]) == ("invalid_state", "not_ready")
    assert "undone meanwhile" in error["message"]
    assert lead.leftovers() == []
    assert (lead.attempts("a"), lead.status_of("a")) == ([], "ready")
    assert left == (1 if whose == "another process" else 0), "what is another's stays"
