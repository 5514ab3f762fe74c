"""verify run, record, status: nothing passes by default, and what is unclear is an error."""

import json
import os
import shlex
import signal
import sys
from pathlib import Path

import pytest

from tests.support import runs
from tests.support.cli import until
from tests.support.runs import Lead, worktree


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


ME = "-c user.name=t -c user.email=t"


def check(name: str, script: str, more: str = "") -> str:
    """Return a check of orch.toml that runs a shell script."""
    return f"[check.{name}]\ncommand = {json.dumps(['/bin/sh', '-c', script])}\n{more}\n"


def verifying(lead: Lead, *checks: str, toml: str = "", task: str = "a") -> dict:
    """Bring a code task to verifying; its worktree holds one commit."""
    if toml:
        lead.config(toml)
    lead.task(task, *(word for name in checks for word in ("--required-check", name)))
    sent = lead.dispatch(task)
    lead.claim(sent)
    lead.commit(sent, f"{task}.txt", "work\n")
    lead.done(sent)
    lead.do("reconcile")
    assert lead.status_of(task) == "verifying"
    return sent


def results(gate: dict) -> dict[str, str]:
    return {c["check"]: c["status"] for c in gate["checks"]}


def record(lead: Lead, name: str, status: str, *flags: str) -> dict:
    words = ("verify", "record", "--task", "a", "--check", name, "--status", status)
    return lead.do(*words, *flags)


def test_all_required_passed_makes_the_task_done(lead: Lead) -> None:
    sent = verifying(lead, "unit", "lint", toml=check("unit", "true") + check("lint", "true"))
    status = lead.do("verify", "status", "--task", "a")
    assert (status["gate"]["status"], status["task"]["status"]) == ("pending", "verifying")
    done = lead.verify("a")
    assert (done["gate"]["status"], done["task"]["status"]) == ("passed", "done")
    assert results(done["gate"]) == {"unit": "passed", "lint": "passed"}
    head = lead.repo.git("rev-parse", "HEAD", cwd=worktree(sent))
    for one in done["gate"]["checks"]:
        assert (one["source"], one["exit_status"], one["head_commit"]) == ("run", 0, head)
        assert one["recorded_by"] == "leader"
    assert len(lead.events("task_verification_recorded")) == 2
    assert lead.attempts("a")[0]["status"] == "done"
    lead.refuse("invalid_state", "transition", "verify", "run", "--task", "a")
    assert lead.doctor() == []


def test_a_check_runs_in_the_worktree_with_its_environment(lead: Lead) -> None:
    script = 'test "$(cat a.txt)" = work && test "$A$B" = 12 && test -z "$INBOX_AGENT$SECRET"'
    toml = '[worktree]\nenv = { A = "1" }\n' + check("unit", script, 'env = { B = "2" }')
    verifying(lead, "unit", toml=toml)
    lead.orch.env |= {"SECRET": "x", "INBOX_AGENT": "y"}
    assert lead.verify("a")["task"]["status"] == "done"


def test_a_failed_check_fails_the_task_and_its_tail_is_in_the_next_brief(lead: Lead) -> None:
    script = "echo first line; seq 20000; echo the last words; exit 3"
    verifying(lead, "unit", toml=check("unit", script))
    done = lead.verify("a")
    assert (done["gate"]["status"], done["task"]["status"]) == ("failed", "failed")
    assert done["gate"]["checks"][0]["exit_status"] == 3
    assert done["task"]["reason"] == "failed checks: unit"
    new = lead.do("retry", "--task", "a")
    body = new["message"]["body"]
    assert "the last words" in body
    assert "first line" not in body
    assert len(body) < 8000
    assert new["task"]["gate"]["status"] == "pending", "results belong to their attempt"


def test_failed_is_decided_when_every_check_has_a_result(lead: Lead) -> None:
    toml = check("bad", "exit 1") + check("good", "true")
    verifying(lead, "bad", "good", toml=toml)
    part = lead.verify("a", "--check", "bad")
    assert (part["gate"]["status"], part["task"]["status"]) == ("pending", "verifying")
    assert results(part["gate"]) == {"bad": "failed", "good": "pending"}
    whole = lead.verify("a", "--check", "good")
    assert (whole["gate"]["status"], whole["task"]["status"]) == ("failed", "failed")


@pytest.mark.parametrize(
    ("toml", "why"),
    [
        ('[check.unit]\ncommand = ["/nowhere/tool"]\n', "cannot run /nowhere/tool"),
        (check("unit", "exit 126"), "exit 126"),
        (check("unit", "no-such-tool-of-ours"), "exit 127"),
        (check("unit", "sleep 60", "timeout = 0.2"), "stopped after 0.2 s"),
        (check("unit", "echo collected 0 items; echo no tests ran in 0.01s; exit 5"), "zero tests"),
        (check("unit", "echo Ran 0 tests in 0.000s; echo OK"), "zero tests"),
        (check("unit", "echo x > a.txt"), "a.txt changed while"),
        (check("unit", f"git {ME} commit -q --allow-empty -m x"), "the head changed while"),
        (check("other", "true"), "defines no check unit"),
        ("", "defines no check unit"),
    ],
    ids=["missing", "126", "127", "time-out", "pytest", "unittest", "tracked", "head", "unknown",
         "no-file"],
)  # fmt: skip
def test_what_is_unclear_is_an_error_and_never_a_pass(lead: Lead, toml: str, why: str) -> None:
    """I16: a check that did not run is never a pass."""
    verifying(lead, "unit", toml=toml)
    done = lead.verify("a")
    one, = done["gate"]["checks"]  # fmt: skip
    assert (one["status"], done["gate"]["status"]) == ("error", "error")
    assert why in one["summary"]
    assert done["task"]["status"] == "verifying", "an error is no verdict"
    assert record(lead, "unit", "passed")["task"]["status"] == "done", "the newest result counts"


def test_a_head_that_moved_after_done_is_an_error(lead: Lead) -> None:
    sent = verifying(lead, "unit", toml=check("unit", "true"))
    lead.commit(sent, "sneaked.txt")
    done = lead.verify("a")
    assert done["gate"]["checks"][0]["summary"].startswith("the head changed since")
    assert done["task"]["status"] == "verifying"


def test_uncommitted_work_is_not_verified(lead: Lead) -> None:
    sent = verifying(lead, "unit", toml=check("unit", "true"))
    (worktree(sent) / "left.txt").write_text("x")
    error = lead.refuse("refused", "work_at_risk", "verify", "run", "--task", "a")
    assert "left.txt" in error["message"]
    assert "git -C" in error["hint"]


def test_what_one_check_leaves_behind_does_not_spoil_the_next(lead: Lead) -> None:
    toml = check("one", "echo x > junk.log", "exclusive = true") + check("two", "true")
    verifying(lead, "one", "two", toml=toml)
    assert lead.verify("a")["task"]["status"] == "done"


def test_equal_work_is_not_tested_twice(lead: Lead) -> None:
    counter = lead.home / "count"
    toml = check("unit", f"echo x >> {counter}") + check("bad", f"echo x >> {counter}; exit 1")
    verifying(lead, "unit", "bad", toml=toml)
    first = lead.verify("a")
    assert [c["source"] for c in first["gate"]["checks"]] == ["run", "run"]
    new = lead.do("retry", "--task", "a")
    lead.claim(new)
    lead.commit(new, "a.txt", "work\n")
    lead.done(new)
    again = lead.verify("a")
    assert [c["source"] for c in again["gate"]["checks"]] == ["cache", "cache"]
    assert results(again["gate"]) == {"unit": "passed", "bad": "failed"}
    assert counter.read_text() == "x\nx\n"
    third = lead.do("retry", "--task", "a")
    lead.claim(third)
    lead.commit(third, "a.txt", "other work\n")
    lead.done(third)
    last = lead.verify("a")
    assert [c["source"] for c in last["gate"]["checks"]] == ["run", "run"], "another tree"


@pytest.mark.parametrize("change", ["command", "env", "PATH"])
def test_another_definition_or_environment_is_tested_anew(lead: Lead, change: str) -> None:
    verifying(lead, "unit", "never", toml=check("unit", "true"))
    lead.verify("a", "--check", "unit")
    more = {"command": (check("unit", "true;true")), "env": check("unit", "true", 'env = {X="1"}')}
    if change in more:
        lead.config(more[change])
    else:
        lead.orch.env["PATH"] += os.pathsep + str(lead.home)
    again = lead.verify("a", "--check", "unit")
    assert again["gate"]["checks"][0]["source"] == "run"


def test_an_error_is_never_reused(lead: Lead) -> None:
    flag = lead.home / "flag"
    verifying(lead, "unit", toml=check("unit", f"test -e {flag} || exit 127"))
    assert lead.verify("a")["gate"]["status"] == "error"
    flag.touch()
    assert lead.verify("a")["gate"]["status"] == "passed"


def test_checks_run_side_by_side_unless_exclusive(lead: Lead) -> None:
    """Two checks that each wait for the other pass only beside each other."""
    one, two = runs.gate_file(lead.home, "1"), runs.gate_file(lead.home, "2")
    toml = check("one", f"echo x > {one}; cat {two}", "timeout = 20")
    toml += check("two", f"cat {one}; echo x > {two}", "timeout = 20")
    verifying(lead, "one", "two", toml=toml)
    assert lead.verify("a", "--jobs", "2")["task"]["status"] == "done"
    trail = lead.home / "trail"
    script = f"echo in >> {trail}; echo out >> {trail}"
    toml = check("one", script, "exclusive = true")
    toml += check("two", script + "; true", "exclusive = true")
    verifying(lead, "one", "two", toml=toml, task="b")
    lead.verify("b", "--jobs", "2")
    assert trail.read_text().split() == ["in", "out", "in", "out"]


def test_a_profile_adds_its_checks_when_the_task_is_added(lead: Lead) -> None:
    toml = check("unit", "true") + check("lint", "true")
    lead.config(toml + '[profile]\nfull = ["unit", "lint"]\n')
    task = lead.task("a", "--check-profile", "full", "--required-check", "own")
    assert task["required_checks"] == ["unit", "lint", "own"]
    assert lead.task("b", "--check-profile", "unheard-of")["required_checks"] == []
    below = lead.top / "deep"
    below.mkdir()
    words = ("task", "add", "--run", "r", "--task", "c", "--check-profile", "full")
    assert lead.orch.ok(*words, cwd=below)["task"]["required_checks"] == ["unit", "lint"]
    edited = lead.do("task", "edit", "--task", "b", "--check-profile", "full")["task"]
    assert (edited["check_profile"], edited["required_checks"]) == ("full", [])


def test_record_takes_a_result_from_outside(lead: Lead) -> None:
    lead.task("a", "--required-check", "spelling")
    lead.refuse(
        "invalid_state", "transition", "verify", "record", "--task", "a", "--check", "spelling",
        "--status", "passed",
    )  # fmt: skip
    sent = lead.dispatch("a", mode="analysis")
    lead.claim(sent)
    lead.done(sent)
    error = lead.refuse("invalid_state", "unsupported", "verify", "run", "--task", "a")
    assert "orch verify record" in error["hint"]
    words = ("verify", "record", "--task", "a", "--check")
    lead.refuse("not_found", "check", *words, "speling", "--status", "passed")
    lead.refuse("invalid_input", "value", *words, "spelling", "--status", "fine")
    error = record(lead, "spelling", "error", "--summary", "tool is down", "--agent", "rev")
    assert (error["gate"]["status"], error["task"]["status"]) == ("error", "verifying")
    one, = error["gate"]["checks"]  # fmt: skip
    assert (one["source"], one["recorded_by"], one["summary"]) == ("record", "rev", "tool is down")
    failed = record(lead, "spelling", "failed", "--body", "teh\n")
    assert failed["task"]["status"] == "failed"
    assert "teh" in lead.do("retry", "--task", "a")["message"]["body"]


def test_a_worktree_that_is_gone_is_no_place_to_verify_in(lead: Lead) -> None:
    lead.task("a", "--required-check", "unit")
    lead.refuse("invalid_state", "transition", "verify", "run", "--task", "a")
    error = lead.refuse("not_found", "task", "verify", "status", "--task", "b")
    assert error["message"] == "no task 'r/b'"
    lead.cancelled = lead.do("cancel", "--task", "a")


def test_verify_run_knows_only_the_tasks_own_checks(lead: Lead) -> None:
    verifying(lead, "unit", toml=check("unit", "true") + check("lint", "true"))
    words = ("verify", "run", "--task", "a", "--check")
    error = lead.refuse("not_found", "check", *words, "lint")
    assert error["hint"] == "it requires unit"


def test_a_stopped_verify_ends_its_checks_and_records_nothing(lead: Lead) -> None:
    pid = lead.home / "pid"
    verifying(
        lead, "unit", toml=check("unit", f"echo $$ > {pid}.new; mv {pid}.new {pid}; sleep 60")
    )
    with lead.orch.start("verify", "run", "--run", "r", "--task", "a") as running:
        until(pid.exists, "the check to run")
        running.signal(15)
        assert running.wait().status == 143
    number = int(pid.read_text())
    until(lambda: not Path(f"/proc/{number}").exists(), "the check to be gone")
    gate = lead.do("verify", "status", "--task", "a")["gate"]
    assert results(gate) == {"unit": "pending"}


def test_output_is_kept_with_head_and_tail(lead: Lead) -> None:
    verifying(lead, "unit", toml=check("unit", "seq 100000; exit 1"))
    lead.verify("a")
    body = lead.do("retry", "--task", "a")["message"]["body"]
    assert "100000" in body


def test_a_failed_gate_is_a_refusal_that_shows_what_was_printed(lead: Lead) -> None:
    verifying(lead, "unit", toml=check("unit", "seq 1 50; exit 3"))
    said = lead.orch.run("verify", "run", "r/a")
    assert said.status == 90
    assert said.lines[0] == "task r/a is failed, gate failed"
    printed = [line.removeprefix("    | ") for line in said.lines if line.startswith("    | ")]
    assert printed == [str(n) for n in range(31, 51)], "the last twenty lines"
    assert "refused/check_failed" in said.err and "orch verify run r/a --again" in said.err
    (shown,) = lead.do("verify", "status", "--task", "a")["gate"]["checks"]
    assert shown["output_tail"].endswith("49\n50\n") and shown["output_head"].startswith("1\n2\n")
    report = lead.orch.ok("report", "--run", "r")
    (told,) = report["tasks"][0]["attempts"][0]["checks"]
    assert told["output_tail"].endswith("49\n50\n")
    assert "\n  > 50\n" in report["text"] and "\n  > 30\n" not in report["text"]


def test_a_check_that_could_not_run_is_a_refusal_of_its_own(lead: Lead) -> None:
    verifying(lead, "unit", toml=check("unit", "exit 127"))
    said = lead.orch.run("--json", "verify", "run", "r/a")
    assert (said.status, said.error["reason"]) == (90, "check_error")
    assert said.json["data"]["task"]["status"] == "verifying"
    assert said.error["details"] == {"checks": ["unit"]}


def test_a_key_answers_a_failed_gate_as_it_was(lead: Lead) -> None:
    verifying(lead, "unit", toml=check("unit", "exit 1"))
    words = ("--json", "verify", "run", "r/a", "--key", "k")
    first, again = lead.orch.quick(*words), lead.orch.quick(*words)
    assert (first.status, again.status) == (90, 90)
    assert again.json["data"]["replayed"] is True
    assert again.error["reason"] == "check_failed"
    assert len(lead.events("task_verification_recorded")) == 1


def test_a_failed_check_is_run_again_on_the_same_head_and_a_pass_is_flaky(lead: Lead) -> None:
    flag = lead.home / "mended"
    toml = check("unit", f"test -e {flag}") + check("good", "true")
    verifying(lead, "unit", "good", toml=toml)
    lead.task("after", "--depends-on", "a")
    assert lead.verify("a")["task"]["status"] == "failed"
    assert lead.verify("a", "--again")["task"]["status"] == "failed", "run, not remembered"
    flag.touch()
    done = lead.verify("a", "--again")
    assert (done["task"]["status"], done["gate"]["status"]) == ("done", "passed")
    told = {c["check"]: (c["source"], c["flaky"]) for c in done["gate"]["checks"]}
    assert told == {"unit": ("run", True), "good": ("run", False)}
    last = lead.events("task_verification_recorded")[-1]
    assert last["payload"]["flaky"] is True and "flaky" in last["summary"]
    assert lead.status_of("after") == "ready"
    assert "flaky" in lead.orch.say("verify", "status", "r/a")
    assert lead.doctor() == []


def test_nothing_is_run_again_that_no_check_failed(lead: Lead) -> None:
    lead.config(check("unit", "true"))
    lead.task("a", "--required-check", "unit")
    sent = lead.dispatch("a")
    lead.claim(sent)
    lead.fail(sent)
    lead.do("reconcile")
    lead.refuse("invalid_state", "transition", "verify", "run", "--task", "a", "--again")
    lead.do("retry", "--task", "a")
    lead.refuse("invalid_state", "transition", "verify", "run", "--task", "a", "--again")


def test_no_two_commands_check_one_tree_and_a_killed_ones_check_keeps_it(lead: Lead) -> None:
    """A check of a killed orch runs on: another one in its tree would meet what it writes."""
    sign, gate = lead.home / "sign", lead.home / "gate"
    script = (
        f"echo $$ > {sign}.part; mv {sign}.part {sign}; until [ -e {gate} ]; do sleep .02; done"
    )
    verifying(lead, "unit", toml=check("unit", script))
    with lead.orch.start("verify", "run", "--run", "r", "--task", "a") as first:
        until(sign.exists, "the check to begin")
        error = lead.refuse("lease_conflict", "held", "verify", "run", "--task", "a")
        assert error["details"]["pid"] == first.pid and f"process {first.pid}" in error["message"]
        first.signal(signal.SIGKILL)
        first.process.wait()
        pid = int(sign.read_text())
        error = lead.refuse("lease_conflict", "held", "verify", "run", "--task", "a")
        assert error["details"]["pid"] == pid and f"kill -- -{os.getpgid(pid)}" in error["hint"]
        gate.touch()
        until(lambda: not Path(f"/proc/{pid}").exists(), "the check to end")
    assert lead.verify("a")["task"]["status"] == "done"


def test_a_server_that_a_check_leaves_behind_keeps_no_tree(lead: Lead) -> None:
    pid = lead.home / "pid"
    server = f"import os; open('{pid}', 'w').write(str(os.getpid())); import time; time.sleep(60)"
    start = f"setsid {sys.executable} -c {shlex.quote(server)} >/dev/null 2>&1 &"
    verifying(lead, "unit", toml=check("unit", f"{start} until [ -s {pid} ]; do :; done; exit 1"))
    try:
        assert lead.verify("a")["gate"]["status"] == "failed"
        assert lead.verify("a", "--again")["gate"]["status"] == "failed"
    finally:
        os.kill(int(pid.read_text()), signal.SIGKILL)
