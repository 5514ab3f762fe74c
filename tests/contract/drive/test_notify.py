"""Notices: each need goes out once per channel, whoever sends it, and no secret goes with it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from orch.drive import notices, watching
from tests.support import runs
from tests.support.cli import Answer, until
from tests.support.engines import shell
from tests.support.hooks import Hook
from tests.support.runs import Lead

ONCE = ("notify", "--run", "r", "--once")
NOW = "after = 0\n"


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as found:
        yield found


def asked(lead: Lead, task: str = "a", text: str = "which store?") -> dict:
    lead.task(task)
    sent = lead.dispatch(task, mode="analysis")
    lead.claim(sent)
    lead.ask(sent, text)
    return sent


def told(lead: Lead, hook: Hook, more: str = NOW, way: str = 'webhook_env = "MY_HOOK"') -> None:
    lead.config(f"[notify]\n{way}\n{more}")
    lead.orch = lead.orch.at(MY_HOOK=hook.url).warm


def once(lead: Lead, **env: str) -> Answer:
    return lead.orch.run("--json", *ONCE, env=env or None)


def make_due(lead: Lead) -> None:
    """Let all that waits for its time be due: a clock nobody waits for."""
    shell(lead.inbox, "UPDATE notice SET due_at = 1 WHERE due_at > 0")


def test_a_need_goes_out_once_with_names_and_no_words(lead: Lead, hook: Hook) -> None:
    told(lead, hook)
    asked(lead)
    data = once(lead).data
    assert [(one["channel"], one["kind"]) for one in data["sent"]] == [("webhook", "question")]
    (document,) = hook.documents
    assert document["title"] == "r/a asks" and document["command"] == "orch answer r/a --body TEXT"
    assert (document["text"], document["again"], document["reminder"]) == ("", False, 0)
    assert hook.got[0][1]["Idempotency-Key"] == document["id"]
    assert lead.orch.refuse("no_matching_work", "empty", *ONCE)
    lead.fail(asked(lead, "b"))
    assert [one["task_id"] for one in once(lead).data["sent"]] == ["b"]
    assert "hush" not in lead.orch.run("doctor").out


def test_with_text_agents_words_go_too_without_secrets(lead: Lead, hook: Hook) -> None:
    told(lead, hook, NOW + "text = true\n")
    asked(lead, text="may I use sk-abcdefghijklmnopqrstuvwxyz1234 for it?")
    once(lead)
    assert hook.documents[0]["text"] == "may I use *** for it?"


def test_ntfy_gets_a_title_and_its_token_stays_in_the_environment(lead: Lead, hook: Hook) -> None:
    told(lead, hook, way='ntfy_env = "MY_HOOK"')
    asked(lead)
    answer = once(lead, MY_HOOK_TOKEN="tk_very_secret")
    assert answer.data["sent"][0]["channel"] == "ntfy"
    path, headers, body = hook.got[0]
    assert path == "/in?key=hush-hush-hush" and headers["Title"] == "r/a asks"
    assert headers["Authorization"] == "Bearer tk_very_secret"
    assert body == b"orch answer r/a --body TEXT"
    assert "secret" not in answer.out + answer.err


def test_a_program_has_it_on_standard_input_and_names_in_its_environment(lead: Lead) -> None:
    out = lead.home / "told"
    script = lead.home / "tell.sh"
    script.write_text(f'#!/bin/sh\ncat > {out}\nenv | grep -E "^(ORCH_|INBOX_)" > {out}.env\n')
    script.chmod(0o755)
    lead.config(f'[notify]\ncommand = ["{script}", "--x"]\n{NOW}')
    asked(lead)
    assert once(lead, ORCH_TURN="t", INBOX_LEASE="e1-x").data["failed"] == []
    assert json.loads(out.read_text())["text"] == "which store?", "it stays on this machine"
    names = Path(f"{out}.env").read_text()
    assert "ORCH_NOTICE_KIND=question" in names and "ORCH_NOTICE_TASK=a" in names
    assert "ORCH_TURN" not in names and "INBOX_LEASE" not in names
    script.write_text("#!/bin/sh\necho no bell >&2\nexit 3\n")
    lead.fail(asked(lead, "b"))
    (failed,) = once(lead).data["failed"]
    assert failed["problem"] == "tell.sh ended with 3: no bell"


def test_what_is_resolved_sooner_is_never_sent(lead: Lead, hook: Hook) -> None:
    told(lead, hook, "after = 3600\n")
    sent = asked(lead)
    assert once(lead).status == 10
    lead.do("answer", "--task", "a", "--body", "this")
    lead.go_on(sent)
    once(lead)
    make_due(lead)
    assert once(lead).status == 10 and not hook.got


def test_a_channel_that_fails_is_tried_eight_times_then_doctor_names_it(
    lead: Lead, hook: Hook
) -> None:
    told(lead, hook)
    hook.status = 302
    asked(lead)
    for _ in range(notices.MOST_TRIES):
        answer = once(lead)
        (failed,) = answer.data["failed"]
        assert failed["problem"] == "MY_HOOK: answered 302", "a redirect is not followed"
        assert once(lead).status == 10, "not before its time"
        make_due(lead)
    assert len(hook.got) == 8
    said = lead.orch.run("doctor").out
    assert "notices: r/a question: MY_HOOK: answered 302" in said and "hush" not in said
    hook.status = 200
    assert once(lead).status == 10
    assert lead.orch.run("--json", "doctor").status == 0, "a warning"


@pytest.mark.parametrize(
    ("point", "again"), [("notice.claimed", True), ("notice.sent", True), ("notice.noted", None)]
)
def test_a_sender_that_is_killed_loses_nothing(
    lead: Lead, hook: Hook, point: str, again: bool | None
) -> None:
    told(lead, hook)
    asked(lead)
    assert once(lead, ORCH_CRASH_AT=point).status == -9
    before = len(hook.got)
    assert before == (point != "notice.claimed")
    answer = once(lead)
    if again is None:
        assert answer.status == 10 and len(hook.got) == before
    else:
        assert answer.data["sent"][0]["again"] is True
        assert hook.documents[-1]["again"] is True and len(hook.got) == before + 1
        assert len({document["id"] for document in hook.documents}) == 1, "to be known by"


def test_many_senders_send_it_once(lead: Lead, hook: Hook) -> None:
    told(lead, hook)
    for task in "abc":
        asked(lead, task)
    lead.do("wait", "--timeout-seconds", "20")
    senders = [lead.orch.start(*ONCE) for _ in range(6)]
    for sender in senders:
        sender.wait()
    assert sorted(one["task_id"] for one in hook.documents) == ["a", "b", "c"]


def test_a_driver_plans_and_a_process_of_its_own_sends(
    lead: Lead, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(lead, hook)
    monkeypatch.setenv("MY_HOOK", hook.url)
    monkeypatch.chdir(lead.top)
    asked(lead)
    lead.do("wait", "--timeout-seconds", "20")
    db = lead.inbox.open()
    config = notices.of_run(db, "r")
    assert notices.tell(db, "r", config) is not None
    assert hook.wait(1)[0]["kind"] == "question"
    reminder = until(lambda: notices.tell(db, "r", config), "the next moment")
    until(lambda: notices.tell(db, "r", config) > db.clock.now().wall_ms + 1_000_000, "a reminder")
    assert reminder and len(hook.got) == 1
    make_due(lead)
    until(lambda: notices.tell(db, "r", config) and len(hook.got) == 2, "the reminder")
    assert hook.documents[1]["reminder"] == 1
    config.notify.webhook_env = ""
    assert notices.tell(db, "r", config) is None, "no channel costs nothing"
    db.close()


def test_nobody_is_called_who_is_looking(lead: Lead, hook: Hook) -> None:
    told(lead, hook)
    asked(lead)
    db = lead.inbox.open()
    watching.note(db)
    assert 0 < watching.seconds_left(db) <= watching.SECONDS
    assert once(lead).status == 10 and not hook.got
    Path(db.folder.watched).unlink()
    db.close()
    assert len(once(lead).data["sent"]) == 1


def test_follow_tells_each_need_when_it_comes(lead: Lead, hook: Hook) -> None:
    told(lead, hook)
    asked(lead, "a")
    with lead.orch.start("--json", "notify", "--follow") as following:
        assert json.loads(following.line())["task_id"] == "a"
        lead.fail(asked(lead, "b"))
        assert json.loads(following.line())["task_id"] == "b"
        following.signal(2)
        assert following.wait().status == 130
    once(lead)
    assert {(one["task_id"], one["kind"]) for one in hook.documents} >= {
        ("a", "question"),
        ("b", "failed"),
    }
    ended = lead.orch.run("notify", "--follow", "--run", "r", "--for", "0.1")
    assert ended.status == 0 and ended.out == ""


def test_a_test_says_which_channels_work_and_no_url(lead: Lead, hook: Hook) -> None:
    lead.orch.refuse("invalid_input", "file", "notify", "--test")
    told(lead, hook, 'command = ["true"]\n')
    said = lead.orch.at(MY_HOOK=hook.url).say("notify", "--test")
    assert said.splitlines() == ["command: run test test", "webhook: run test test"]
    assert hook.documents[0]["kind"] == "test"
    hook.status = 500
    error = lead.orch.refuse("invalid_input", "value", "notify", "--test")
    assert error["message"] == "1 of 2 channels took it; webhook: MY_HOOK: answered 500"
    for url, words in (
        ("http://127.0.0.1:1/hush", "Connection refused"), ("file:///hush", "no http or https URL"),
        ("http://[hush", "holds no URL"), ("", "the environment has no MY_HOOK"),
    ):  # fmt: skip
        answer = lead.orch.run("notify", "--test", env={"MY_HOOK": url})
        assert answer.status == 30 and words in answer.err and "hush" not in answer.err, answer


def test_flags_and_settings_that_are_none(lead: Lead) -> None:
    lead.orch.refuse("invalid_input", "flag", "notify")
    lead.orch.refuse("invalid_input", "flag", "notify", "--test", "--once")
    lead.orch.refuse("invalid_input", "flag", "notify", "--once", "--for", "3")
    lead.orch.refuse("not_found", "run", "notify", "--once", "--run", "nope")
    lead.config('[notify]\nwebhook_env = "https://secret.example"\nsmoke = true\non = ["fire"]\n')
    error = lead.orch.refuse("invalid_input", "file", *ONCE)
    for word in ("webhook_env", "smoke", "on"):
        assert word in error["message"]


def test_done_is_told_apart_from_needs(lead: Lead, hook: Hook) -> None:
    told(lead, hook, NOW + 'on = ["done"]\n')
    sent = asked(lead)
    assert once(lead).status == 10
    lead.do("answer", "--task", "a", "--body", "x")
    lead.go_on(sent)
    lead.done(sent)
    assert [one["kind"] for one in once(lead).data["sent"]] == ["finished"]
