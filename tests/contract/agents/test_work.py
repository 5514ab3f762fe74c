"""orch work: claims, starts the agent's program, judges by four facts, reports."""

import json
import os
import re
import shlex
import stat
from pathlib import Path

import jsonschema
import pytest

from orch.cli import shapes
from tests.support.cli import until
from tests.support.engines import raw
from tests.support.workers import FAKE, Shop


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shop = Shop(tmp_path, monkeypatch)
    yield shop
    shop.close()


def test_an_agent_that_reports_is_done_and_its_log_is_private(shop: Shop) -> None:
    attempt = shop.task()
    turn = shop.work("brief", "commit=a.txt", "done=it works", harness="command")
    assert (turn["outcome"], turn["reported"], turn["commits"]) == ("done", "done", 1)
    assert (turn["task_id"], turn["attempt_no"], turn["turn_no"]) == ("t", 1, 1)
    assert shop.status() == "done"
    messages = shop.thread(attempt)["messages"]
    assert [m["summary"] for m in messages if m["kind"] == "result"] == ["it works"]
    log = Path(turn["log_path"])
    assert log == shop.store.parent / "logs" / "r" / "t" / "attempt-1.log"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert stat.S_IMODE(log.parent.stat().st_mode) == 0o700
    briefs = list(log.parent.glob("*.brief"))
    assert [stat.S_IMODE(p.stat().st_mode) for p in briefs] == [0o600]
    brief = briefs[0].read_text()
    assert "do t" in brief and attempt["worktree_path"] in brief and "inbox done" in brief
    assert brief.strip().replace("\n", " / ") in log.read_text(), "it came on standard input"
    events = [e["event_type"] for e in shop.orch.ok("events", "--run", "r")["events"]]
    assert events.count("turn_start") == events.count("turn_end") == 1


def test_commits_without_a_report_are_reported_for_it(shop: Shop) -> None:
    attempt = shop.task()
    turn = shop.work("commit=a.txt", harness="command")
    assert (turn["outcome"], turn["reported"], turn["exit_status"]) == ("done", None, 0)
    result = shop.thread(attempt)["messages"][-1]
    assert result["kind"] == "result" and result["payload_json"]["told_by"] == "orch work"
    assert shop.status() == "done"


def test_exit_zero_with_nothing_done_is_not_done_and_files_are_kept(shop: Shop) -> None:
    attempt = shop.task()
    turn = shop.work("write=draft.txt", harness="command")
    assert turn["outcome"] == "no_change" and turn["uncommitted_files"] == 1
    ref = "refs/orch/salvage/r/t/1"
    assert turn["salvage_ref"] == ref
    assert shop.repo.git("show", f"{ref}:draft.txt") == "draft"
    assert shop.repo.git("rev-parse", attempt["branch_name"]) == attempt["base_commit"]
    assert shop.status() == "failed"
    assert shop.show()["attempts"][-1]["end_class"] == "no_change"


@pytest.mark.parametrize(
    ("actions", "outcome", "status"),
    [
        (("exit=3",), "crashed", 3),
        (("commit=a.txt", "exit=3"), "crashed", 3),
        (("fail=too hard",), "failed", 0),
        (("done", "exit=7"), "done", 7),
    ],
)
def test_four_facts_make_a_class(shop: Shop, actions, outcome, status) -> None:
    shop.task()
    turn = shop.work(*actions, harness="command")
    assert (turn["outcome"], turn["exit_status"]) == (outcome, status)
    assert shop.status() == ("done" if outcome == "done" else "failed")
    assert (shop.show()["attempts"][-1]["end_class"] or "done") == outcome


def test_analysis_works_in_a_place_of_its_own_and_its_answer_is_the_result(shop: Shop) -> None:
    shop.harness()
    attempt = shop.task(mode="analysis")
    turn = shop.work("touch=was-here", "echo=ORCH_OUT", "ok=forty-two")
    assert (turn["outcome"], turn["commits"]) == ("done", None)
    assert (Path(attempt["place_path"]) / "was-here").exists()
    assert not (shop.path / "was-here").exists()
    assert attempt["out_path"] in shop.log()
    assert shop.thread(attempt)["messages"][-1]["body"] == "forty-two"


def test_a_thread_without_a_run_is_work_too(shop: Shop) -> None:
    sent = shop.inbox.ok("send", "--from", "boss", "--to", "@desk", "--subject", "s", "--body", "b")
    turn = shop.work("done=hello", harness="command", flags=("--once", "--pool", "desk"))
    assert (turn["outcome"], turn["task_id"]) == ("done", None)
    shown = shop.inbox.ok("show", "--thread", sent["thread"]["thread_id"])
    assert shown["thread"]["status"] == "done" and shown["thread"]["assigned_to"] == "w1"


def test_the_environment_is_an_allow_list_and_names_alone_are_logged(shop: Shop) -> None:
    shop.harness()
    shop.task()
    secrets = {"ANTHROPIC_API_KEY": "sk-ant-very-secret-1", "OPENAI_API_KEY": "sk-other-secret-2",
               "MY_PRIVATE": "hands-off"}  # fmt: skip
    shop.work("env", "echo=ANTHROPIC_API_KEY", "echo=INBOX_LEASE", "say=ghp_" + "a" * 36,
              "say=api_key=hunter2hunter2", "done=ghp_" + "b" * 36, env=secrets)  # fmt: skip
    log = shop.log()
    names = next(line for line in log.splitlines() if line.startswith("NAMES ")).split()[1:]
    wanted = {"ORCH_DB", "INBOX_AGENT", "INBOX_THREAD", "INBOX_LEASE", "PATH", "HOME",
              "ANTHROPIC_API_KEY"}  # fmt: skip
    assert wanted <= set(names)
    assert not {"OPENAI_API_KEY", "MY_PRIVATE"} & set(names)
    assert "ANTHROPIC_API_KEY" in log and "hands-off" not in log
    for shape in ("very-secret", "ghp_", "hunter2"):
        assert shape not in log
    assert log.count("***") >= 4
    assert b"very-secret" not in raw(shop.orch)
    assert "inbox done -> 0" in log, "inbox is on its PATH, and it typed no ids"


def test_until_idle_takes_everything_with_three_named_workers(shop: Shop) -> None:
    for name in ("a", "b", "c", "d"):
        shop.task(name, mode="analysis", to="@crew")
    argv = shop.argv("done", harness="command",
                     flags=("--until-idle", "--count", "3", "--pool", "crew"))  # fmt: skip
    answer = shop.orch.ok(*argv)
    assert answer["agents"] == ["w1-1", "w1-2", "w1-3"]
    assert answer["outcomes"] == [{"outcome": "done", "turns": 4}]
    assert {t["task_id"] for t in answer["turns"]} == {"a", "b", "c", "d"}
    assert {shop.status(n) for n in ("a", "b", "c", "d")} == {"done"}
    assert shop.orch.ok(*argv)["turns"] == []
    shop.orch.refuse("no_matching_work", "empty", *shop.argv("done", harness="command"))


def test_for_a_while_it_waits_for_work_and_then_goes_home(shop: Shop) -> None:
    argv = shop.argv("done", harness="command", flags=("--for", "1.5"))
    with shop.orch.start("--json", *argv) as running:
        running.asleep(shop.store)
        shop.task(mode="analysis")
        assert [t["outcome"] for t in running.wait().data["turns"]] == ["done"]


def test_a_runner_commits_for_a_client_whose_sandbox_cannot(shop: Shop) -> None:
    shop.harness("codex")
    attempt = shop.task()
    turn = shop.work("write=new.txt", "ok", like="codex")
    assert (turn["outcome"], turn["commits"], turn["uncommitted_files"]) == ("done", 1, 0)
    assert turn["salvage_ref"] is None
    branch = attempt["branch_name"]
    assert shop.repo.git("show", f"{branch}:new.txt") == "draft"
    assert shop.repo.git("log", "-1", "--format=%an", branch) == "w1"
    assert "Do not commit" in next(Path(turn["log_path"]).parent.glob("*.brief")).read_text()


def test_usage_is_recorded_where_it_is_told(shop: Shop) -> None:
    shop.harness()
    shop.task()
    turn = shop.work("commit=a.txt", "usage")
    assert (turn["input_tokens"], turn["output_tokens"], turn["cost_usd"]) == (120, 30, 0.25)
    assert turn["session"] == "sess-claude" and turn["final_event"] == "ok"
    total = shop.orch.ok("usage", "--run", "r")["usage"]
    assert total["turns"] == 1 and total["cost_usd"] == 0.25 and total["seconds"] > 0
    assert shop.orch.ok("usage", "r/t")["turns"][0]["turn_no"] == 1


def test_usage_is_told_by_task_and_by_agent(shop: Shop) -> None:
    shop.harness()
    for name, who in (("a", "w1"), ("b", "w1"), ("c", "w2")):
        shop.task(name, mode="analysis", to=who)
    for who in ("w1", "w1", "w2"):
        shop.work("usage=fine", agent=who)
    data = shop.orch.ok("usage", "--run", "r")
    assert data["usage"] | {"seconds": 0} == {
        "turns": 3, "seconds": 0, "input_tokens": 360, "output_tokens": 90, "cost_usd": 0.75
    }  # fmt: skip
    assert {t["name"]: t["turns"] for t in data["tasks"]} == {"a": 1, "b": 1, "c": 1}
    assert {a["name"]: a["input_tokens"] for a in data["agents"]} == {"w1": 240, "w2": 120}
    said = shop.orch.say("usage", "--run", "r")
    assert "360 tokens in, 90 out, 0.7500 USD" in said.splitlines()[0]
    assert re.search(r"^w1 +2 ", said, re.MULTILINE)
    jsonschema.Draft202012Validator(shapes.schemas()["usage"]).validate(data)


def test_usage_of_a_task_counts_all_of_its_attempts(shop: Shop) -> None:
    shop.harness()
    shop.task()
    shop.work("session=s", "usage=x")
    assert shop.status() == "failed"
    shop.orch.ok("retry", "r/t")
    shop.work("commit=a.txt", "usage=x")
    assert shop.orch.ok("usage", "r/t")["usage"]["input_tokens"] == 240


def test_what_check_says_to_do_next_works(shop: Shop) -> None:
    shop.task(mode="analysis")
    argv = ["--harness", "command", "--", "sh", "-c", "inbox done --summary 'a b'"]
    found = shop.orch.ok("work", "--agent", "w1", "--check", *argv)
    said = shop.orch.say("work", "--agent", "w1", "--check", *argv).splitlines()[-1]
    assert said == f"next: {found['start']}"
    words = shlex.split(found["start"])
    assert words[:2] == ["orch", "work"]
    assert shop.orch.ok(*words[1:4], "--once", *words[4:])["turns"][0]["outcome"] == "done"
    error = shop.orch.refuse(
        "invalid_input", "value", "work", "--agent", "w1", "--harness", "command", "--", "no/such x"
    )
    assert error["hint"].endswith("--harness command -- 'no/such x'")


def test_logs_show_the_tail_between_markers_and_follow_to_the_end(shop: Shop) -> None:
    shop.task(mode="analysis")
    shop.orch.refuse("not_found", "file", "logs", "r/t")
    gate = shop.path / "gate"
    argv = shop.argv("say=first", f"until={gate}", "say=last\x1b[31m", "done", harness="command")
    with shop.orch.start("--json", *argv) as running:
        until(lambda: shop.orch.quick("logs", "r/t").status == 0, "the log")
        with shop.orch.start("logs", "r/t", "-f") as follower:
            while follower.line() != "first":
                pass
            gate.touch()
            assert "turn 1 ended: done" in follower.wait().out
        running.wait()
    text = shop.orch.say("logs", "r/t", "--lines", "3")
    assert "BEGIN UNTRUSTED" in text and "turn 1 of" not in text
    followed = shop.orch.say("logs", "r/t", "--follow")
    assert "first" in followed and "turn 1 ended: done" in followed
    lines = shop.orch.quick("--json", "logs", "r/t", "--follow").lines
    assert any(json.loads(line)["line"] == "first" for line in lines)
    assert "last\\u{1b}[31m" in followed


@pytest.mark.parametrize(
    ("argv", "toml", "told"),
    [
        (["--harness", "nope"], "", "there is no harness 'nope'"),
        (["--harness", "claude"], "", "claude is not on PATH"),
        (["--harness", "command"], "", "has no command"),
        (["--harness", "x"], '[harness.x]\ncommand = ["sh", "{nonsense}"]', "{nonsense}"),
        (["--harness", "x"], '[harness.x]\ncommand = ["sh"]\nprompt = "file"', "has no {brief}"),
        (["--harness", "x"], '[harness.x]\nlike = "nope"', "there is no preset 'nope'"),
        (["--harness", "x"], '[harness.x]\ncommand = ["sh"]\nresume = ["sh"]', "has no {session}"),
        (["--harness", "x"], '[harness.x]\ncommand = ["sh"]\ncolour = 1', "colour"),
        (["--harness", "x"], '[harness.x]\ncommand = "sh -c true"', "command"),
    ],
)
def test_what_cannot_start_is_refused_before_anything_begins(shop: Shop, argv, toml, told) -> None:
    shop.repo.commit("orch.toml", toml)
    for flags in (["--check"], ["--once"]):
        answer = shop.orch.quick("--json", "work", "--agent", "w1", *argv, *flags)
        assert answer.error["code"] == "invalid_input", answer
        assert told in json.dumps(answer.error), answer
    assert not (shop.store.parent / "logs").exists()


def test_every_reason_is_told_at_once(shop: Shop) -> None:
    shop.harness(minimum="3.0", more='[harness.fake.login]\nrequired = true\nhint = "say please"\n')
    argv = [*shop.argv("ok", flags=("--check",))]
    error = shop.orch.quick("--json", *argv).error
    assert len(error["details"]["problems"]) == 2, error
    assert "2.5.0 is too old" in error["message"] and "say please" in error["message"]
    login = '[harness.fake.login]\nenv = ["FAKE_LOGIN"]\nhint = "say please"\n'
    shop.harness(more=f'keys = ["FAKE_LOGIN", "FAKE_VERSION"]\n{login}')
    found = shop.orch.ok(*argv)
    assert found["version"] == "2.5.0" and "say please" in found["warnings"][0]
    found = shop.orch.ok(*argv, env={"FAKE_LOGIN": "1", "FAKE_VERSION": "9.1"})
    assert len(found["warnings"]) == 1 and "newer" in found["warnings"][0]
    coloured = {"FAKE_LOGIN": "1", "FAKE_VERSION": "\x1b[32m2.6\x1b[0m"}
    assert shop.orch.ok(*argv, env=coloured)["version"] == "2.6"


@pytest.mark.parametrize("name", ["logs", "spool"])
def test_a_file_where_a_folder_of_ours_belongs_is_told_before_anything_begins(
    shop: Shop, name: str
) -> None:
    shop.task(mode="analysis")
    (shop.store.parent / name).write_text("not ours")
    argv = shop.argv("ok", harness="command")
    error = shop.orch.refuse("invalid_input", "value", *argv)
    assert f"{shop.store.parent / name} is not a directory" in error["message"]
    assert shop.status() == "dispatched"


def test_the_presets_are_whole(shop: Shop) -> None:
    from orch.harness.config import presets, resolve

    wanted = {"claude", "codex", "amp", "gemini", "copilot", "opencode", "cursor-agent", "aider",
              "pi", "qwen"}  # fmt: skip
    assert set(presets()) == {*wanted, "command"}
    for name in wanted:
        harness, problems = resolve(name, {})
        assert problems == [] and harness is not None
        table = harness.table
        assert table.version is not None and table.login is not None and table.keys
        values = dict.fromkeys(("brief", "workdir", "store_dir", "store_roots", "new_session"), "V")
        argv = harness.argv(values | {"session": "S"}, "")
        assert not any("{" in word for word in argv), argv
        assert "PROMPT" not in argv
        if table.resume:
            assert any("S" in word for word in harness.argv(values | {"session": "S"}, "S"))


def test_a_task_that_nobody_is_logged_in_for_is_given_back(shop: Shop) -> None:
    shop.harness()
    shop.task(mode="analysis")
    argv = shop.argv("error=Not logged in - Please run /login", "exit=1", flags=())
    answer = shop.orch.ok(*argv)
    assert "stops: fake is not logged in" in answer["problems"][0]
    (turn,) = answer["turns"]
    assert (turn["outcome"], turn["reason"]) == ("limited", "it is not logged in")
    assert shop.status() == "dispatched"


def test_the_program_is_never_a_shell_line(shop: Shop) -> None:
    shop.task(mode="analysis")
    argv = ["work", "--agent", "w1", "--harness", "command", "--once", "--", f"{FAKE[0]} -c 0"]
    error = shop.orch.refuse("invalid_input", "value", *argv)
    assert "is not on PATH" in error["message"]
    assert os.path.exists(FAKE[0])
