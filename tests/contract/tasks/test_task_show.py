"""task show: all that is known of a task, as it is now; and who waits for whom."""

from pathlib import Path

import pytest

from tests.support import runs
from tests.support.runs import Lead, thread, worktree


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


def show(lead: Lead, task: str = "a") -> dict:
    return lead.do("task", "show", "--task", task)


def last_line(lead: Lead, task: str = "a") -> str:
    return lead.orch.say("task", "show", f"r/{task}").splitlines()[-1]


def test_it_shows_what_was_asked_for_and_what_came_of_it(lead: Lead) -> None:
    lead.config('[check.unit]\ncommand = ["sh", "-c", "echo printed; exit 1"]\n')
    lead.task(
        "a", "--title", "The title", "--summary", "Two lines\nof description", "--priority", "high",
        "--lock", "db", "--metadata-json", '{"tags":["ui","fast"]}', "--risk", "medium",
        "--acceptance-json", '["it works"]', "--allowed-path", "src/**", "--required-check", "unit",
    )  # fmt: skip
    sent = lead.dispatch("a")
    lead.claim(sent)
    head = lead.commit(sent, "src/x.py", "x\n")
    lead.inbox.ok("done", "--agent", "w1", "--thread", thread(sent), "--summary", "did it",
                  "--body", "in two steps")  # fmt: skip
    found = show(lead)
    assert found["task"]["status"] == "verifying", "reconciled first"
    (attempt,) = found["attempts"]
    assert (attempt["result"]["body"], attempt["result"]["from_agent"]) == ("in two steps", "w1")
    assert attempt["last_message"]["message_id"] == attempt["result"]["message_id"]
    assert (attempt["head_commit"], attempt["changed_files"]) == (head, ["src/x.py"])
    lead.verify("a")
    assert show(lead)["task"]["gate"]["checks"][0]["output_tail"] == "printed\n"
    said = lead.orch.say("task", "show", "r/a").splitlines()
    wanted = (
        "task r/a status failed: The title", "description:", "| Two lines", "| of description",
        "priority high, risk medium", "locks: db", "tags: ui, fast", "may change: src/**",
        "acceptance:", "reason: failed", "gate: failed", "| printed", "attempt 1 failed by w1",
        "branch orch/r/a/attempt-1, base", "changed: src/x.py", "result of w1", "did it",
        "in two steps", "next: orch retry r/a",
    )  # fmt: skip
    assert [text for text in wanted if not any(text in line for line in said)] == [], said
    places = [next(i for i, line in enumerate(said) if text in line) for text in wanted]
    assert places == sorted(places), said
    assert places[-1] == len(said) - 1


def test_attempts_stand_in_order(lead: Lead) -> None:
    lead.task("a")
    for _ in range(3):
        sent = lead.do("task", "show", "--task", "a")
        word = "retry" if sent["attempts"] else "dispatch"
        more = () if word == "retry" else ("--execution-mode", "analysis")
        sent = lead.do(word, "--task", "a", *more)
        lead.claim(sent)
        lead.fail(sent, why=f"reason {sent['attempt']['attempt_no']}")
    said = lead.orch.say("task", "show", "r/a").splitlines()
    assert [line.split()[1] for line in said if line.startswith("attempt ")] == ["1", "2", "3"]
    assert [a["result"]["summary"] for a in show(lead)["attempts"]] == [
        "reason 1", "reason 2", "reason 3",
    ]  # fmt: skip


def test_what_comes_next_fits_the_state(lead: Lead) -> None:
    lead.task("a")
    lead.task("b", "--depends-on", "a")
    assert last_line(lead, "b") == "next: orch ready --run r --explain"
    assert last_line(lead) == "next: orch dispatch r/a --execution-mode code"
    sent = lead.dispatch("a")
    assert last_line(lead) == "next: orch wait --run r"
    lead.claim(sent)
    lead.ask(sent)
    assert last_line(lead) == "next: orch answer r/a --body TEXT"
    lead.do("answer", "--task", "a", "--body", "this")
    assert last_line(lead) == "next: orch wait --run r"
    lead.commit(sent)
    lead.done(sent)
    assert last_line(lead) == "next: orch queue add r/a"
    lead.do("cancel", "--task", "b")
    assert last_line(lead, "b") == "next: orch status --run r"


def test_a_file_left_uncommitted_is_told(lead: Lead) -> None:
    lead.task("a")
    sent = lead.dispatch("a")
    lead.claim(sent)
    (worktree(sent) / "left.txt").write_text("x")
    lead.done(sent)
    assert "  uncommitted: 1 file" in lead.orch.say("task", "show", "r/a").splitlines()


@pytest.mark.parametrize("gate", ["", "unit"])
@pytest.mark.parametrize("way", ["file", "beside"])
def test_work_that_is_not_on_its_branch_comes_before_what_would_refuse_it(
    lead: Lead, way: str, gate: str
) -> None:
    """Neither the queue nor the checks take it: `status` leads here, and from here it is mended."""
    lead.task("a", *(("--required-check", gate) if gate else ()))
    sent = lead.dispatch("a")
    lead.claim(sent)
    lead.commit(sent)
    if way == "file":
        (worktree(sent) / "left.txt").write_text("x")
    else:
        lead.repo.git("checkout", "-q", "-b", "mine", "main", cwd=worktree(sent))
        lead.commit(sent, "more.txt")
    lead.done(sent)
    assert lead.orch.quick("--json", "status", "--run", "r").json["next"][0]["command"] == (
        "orch task show r/a"
    )
    for step in lead.orch.quick("--json", "task", "show", "r/a").json["next"]:
        if step["argv"][0] == "git":
            lead.repo.git(*step["argv"][1:])
        else:
            lead.orch.ok(*step["argv"][1:])
    attempt = show(lead)["attempts"][0]
    assert (attempt["dirty_files"], attempt["left_behind"]) == (0, None)
    assert last_line(lead) == f"next: orch {'verify run' if gate else 'queue add'} r/a"


def test_a_task_that_waits_for_a_lock_names_its_holder(lead: Lead) -> None:
    lead.task("a", "--lock", "db")
    lead.task("b", "--lock", "db")
    lead.task("c")
    lead.dispatch("a")
    why = "lock: db is held by r/a"
    ready = lead.do("ready")
    assert [t["task_id"] for t in ready["tasks"]] == ["c"]
    assert ready["waiting"] == [{"task_id": "b", "why": why}]
    waits = {t["task_id"]: t["waits_for"] for t in lead.do("status")["tasks"]}
    assert waits == {"a": None, "b": why, "c": None}
    assert show(lead, "b")["task"]["waits_for"] == why
    for words in (("ready", "--run", "r"), ("status", "--run", "r")):
        assert f"waits: b: {why}" in lead.orch.say(*words).splitlines(), words
    assert f"waits: {why}" in lead.orch.say("task", "show", "r/b").splitlines()
    lead.do("cancel", "--task", "c")
    assert lead.orch.say("status", "--run", "r").splitlines()[-1] == "next: orch wait --run r"


def test_a_task_that_waits_for_a_path_names_its_owner(lead: Lead) -> None:
    lead.run("--ownership", "enforce", run="x")
    lead.task("a", "--allowed-path", "src/**", run="x")
    lead.task("b", "--allowed-path", "src/x.py", run="x")
    lead.dispatch("a", run="x")
    (waiting,) = lead.do("ready", run="x")["waiting"]
    assert waiting["task_id"] == "b" and "x/a" in waiting["why"]
    waits = [t["waits_for"] for t in lead.do("status", run="x")["tasks"]]
    assert waits == [None, waiting["why"]]


@pytest.mark.parametrize("mode", ["analysis", "code"])
def test_a_silent_workers_task_is_claimed_by_the_pool_it_is_given_to(lead: Lead, mode: str) -> None:
    lead.task("a", "--lock", "db")
    runs.lapse(lead, lead.dispatch("a", mode=mode))
    assert last_line(lead) == "next: orch reassign r/a --to AGENT --reason TEXT"
    sent = lead.do("reassign", "--task", "a", "--to", "@coders")
    claimed = lead.inbox.ok("claim", "--agent", "w2", "--next", "--pool", "coders")
    assert claimed["thread"]["thread_id"] == thread(sent)
    assert show(lead)["attempts"][-1]["assigned_to"] == "w2"
