"""Who may say what: a person's word inside an attempt, the leader's, what an approval rests on."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import apsw
import pytest

from tests.support import runs
from tests.support.cli import clean_environment
from tests.support.engines import behind, shell
from tests.support.queues import INTEGRATION, Landing, check
from tests.support.runs import worktree
from tests.support.terminal import Terminal
from tests.support.workers import Shop

POLICY = '[policy]\nlow = ["human"]\nhumans = ["ana", "ben"]\n[queue]\nchecks = "none"\n'


@pytest.fixture
def land(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Landing:
    return Landing(runs.lead(tmp_path, empty_store, monkeypatch))


def queued(land: Landing, policy: str = POLICY) -> dict:
    """Bring one task's work into the queue."""
    land.lead.config(policy)
    sent = land.work("a")
    land.add("a")
    return sent


WORDS = [
    "approve r/a --as ana", "queue reject r/a --as ana", "queue rollback r/a",
    "repo accept --run r",
    "queue run --run r --steal", "integrate --run r", "run close --run r", "plan apply p.yaml",
    "verify record r/a --check c --status passed", "adopt r/a", "cleanup r/a --force",
    "run budget --run r --budget turns=9", "queue release r/a", "retry r/a --force",
]  # fmt: skip


@pytest.mark.parametrize("words", WORDS)
def test_a_persons_word_is_refused_inside_an_attempt(land: Landing, words: str) -> None:
    for name in ("ORCH_TURN", "INBOX_LEASE", "ORCH_WAITED_FOR_BY"):
        env = {name: "e1-x", "INBOX_AGENT": "w1"}
        error = land.orch.refuse("refused", "approval_required", *words.split(), env=env)
        assert error["hint"] == "a person must say this outside the attempt"
        assert name in error["message"]


def test_what_a_turn_started_is_inside_it_whatever_it_takes_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its agent is gone, and the mark taken away: whoever began the command still carries it."""
    shop = Shop(tmp_path, monkeypatch)
    shop.task(mode="analysis")
    shop.work("done", harness="command")
    ((mark,),) = shell(shop.orch, "SELECT mark FROM turn")
    line = f"env -u ORCH_TURN orch --db '{shop.orch.where}' run close --run r --force; true"

    def _try(mark: str) -> str:
        env = shop.orch.env | {"ORCH_TURN": mark}
        words = ["bash", "-c", line]
        return subprocess.run(words, env=env, cwd="/", capture_output=True, text=True).stderr

    assert "ORCH_TURN is set for a process that started this one" in _try(mark)
    assert shop.orch.ok("run", "show", "--run", "r")["run"]["closed_at"] is None
    _try("of-another-store")
    assert shop.orch.ok("run", "show", "--run", "r")["run"]["closed_at"]
    shop.close()


def test_the_same_commands_without_a_persons_option_are_anybodys(land: Landing) -> None:
    queued(land)
    env = {"ORCH_TURN": "x"}
    land.orch.ok("run", "budget", "--run", "r", env=env)
    land.orch.ok("cleanup", "r/a", "--dry-run", env=env)
    error = land.try_run(env=env).error
    assert error["reason"] == "approval_required" and "ana" not in json.dumps(error)


def test_a_worktree_is_inside_its_attempt(land: Landing) -> None:
    sent = queued(land)
    (worktree(sent) / "deep").mkdir()
    for place in (worktree(sent), worktree(sent) / "deep"):
        error = land.orch.refuse(
            "refused", "approval_required", "approve", "r/a", "--as", "ana", cwd=place
        )
        assert f"{worktree(sent)} is where an attempt works" in error["message"]
    assert land.lead.events("approval_given") == []
    land.approve("a")
    assert len(land.run()["landed"]) == 1


@pytest.mark.parametrize("way", ["linked", "place", "out", "removed"])
def test_wherever_an_attempt_works_is_inside_it(land: Landing, way: str) -> None:
    queued(land)
    land.lead.task("b")
    if way == "linked":
        (land.lead.home / "real").mkdir()
        (land.lead.home / "link").symlink_to("real")
        sent = land.lead.dispatch("b", "--workspace-root", str(land.lead.home / "link"))
        place = Path(os.path.realpath(worktree(sent)))
        assert place != worktree(sent)
    else:
        attempt = land.lead.dispatch("b", mode="analysis")["attempt"]
        place = Path(attempt["out_path" if way == "out" else "place_path"])
    go = ""
    if way == "removed":
        (place / "gone").mkdir()
        place, go = place / "gone", "rmdir ../gone; "
    script = f"{go}exec orch --db '{land.orch.where}' --json approve r/a --as ana"
    said = subprocess.run(
        ["sh", "-c", script], cwd=place, capture_output=True, env=clean_environment(place)
    )
    error = json.loads(said.stdout)["error"]
    assert (error["code"], error["reason"]) == ("refused", "approval_required"), error
    assert "is where an attempt works" in error["message"]
    assert land.lead.events("approval_given") == []


def test_a_child_of_a_turn_is_inside_it_whatever_it_took_off(land: Landing) -> None:
    queued(land)
    land.lead.task("b")
    land.lead.dispatch("b")
    said = land.lead.home / "said.json"
    script = (
        f'cd {land.lead.top}; env -i PATH="$PATH" HOME="$HOME" orch --json approve r/a --as ana'
        f" > {said}; inbox done --summary ok"
    )
    land.orch.run(
        "work", "--agent", "w1", "--harness", "command", "--once", "--", "sh", "-c", script
    )
    error = json.loads(said.read_text())["error"]
    assert (error["code"], error["reason"]) == ("refused", "approval_required")
    assert "is the agent of a turn" in error["message"]
    assert land.lead.events("approval_given") == []


def test_without_a_name_it_is_the_leaders_word_and_approves_nothing(land: Landing) -> None:
    queued(land)
    given = land.orch.ok("approve", "r/a", env={"INBOX_AGENT": "w1"})
    assert (given["verdict"]["kind"], given["verdict"]["given_by"]) == ("leader", "leader")
    assert given["entry"]["approvals"]["missing"] == ["1 human"]
    assert given["next_command"] == "orch queue approve ent_1 --as NAME"
    assert "not a person's" in land.orch.say("approve", "r/a")
    assert land.try_run().error["reason"] == "approval_required"
    error = land.orch.refuse("refused", "approval_required", "approve", "r/a", "--as", "eve")
    assert "ana" not in json.dumps(error) and "ben" not in json.dumps(error)
    land.approve("a")
    land.orch.ok("approve", "r/a")
    assert len(land.run()["landed"]) == 1, "the leader's word takes nobody else's away"


def test_the_leader_can_reject_without_a_name(land: Landing) -> None:
    land.lead.config(POLICY)
    land.work("a")
    land.orch.ok("reject", "r/a", "--note", "no")
    land.add("a")
    land.approve("a")
    assert land.try_run().error["code"] == "refused" or land.statuses()["ent_1"] == "held"
    assert land.at("main") and "orch-integration/r" not in land.repo.refs()


def test_each_approval_says_where_it_was_given(land: Landing) -> None:
    queued(land)
    land.approve("a")
    verdict, = land.show("a")["verdicts"]  # fmt: skip
    assert (verdict["proof"], verdict["given_from"]["cwd"]) == ("name", str(land.lead.top))
    assert verdict["given_from"]["pid"] > 1 and verdict["given_from"]["parents"][0]["name"]
    text = land.orch.say("queue", "show", "a")
    assert "approve by human ana (proof: the name alone)" in text
    assert f"given by process {verdict['given_from']['pid']} of " in text


def keygen(folder: Path, name: str) -> str:
    """Make a person's key in their ~/.ssh; return its public half."""
    (folder / ".ssh").mkdir(parents=True, mode=0o700, exist_ok=True)
    key = folder / ".ssh" / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    return " ".join(key.with_suffix(".pub").read_text().split()[:2])


def signed(key: str) -> str:
    return POLICY.replace(
        "[queue]", f'proof = "signature"\n[policy.signers]\nana = ["{key}"]\n[queue]'
    )


def test_a_signed_approval_counts_and_a_name_alone_does_not(land: Landing) -> None:
    queued(land, signed(keygen(land.lead.home, "id_ed25519")))
    stranger = {"HOME": str(land.lead.home / "elsewhere")}
    error = land.orch.refuse(
        "refused", "approval_required", "approve", "r/a", "--as", "ana", env=stranger
    )
    assert "no key of ana signs here" in error["message"]
    error = land.orch.refuse("refused", "approval_required", "approve", "r/a", "--as", "ben")
    assert "no key of ben" in error["message"]
    (land.lead.home / "bin").mkdir()
    (land.lead.home / "bin" / "git").symlink_to(shutil.which("git") or "")
    error = land.orch.refuse(
        "refused", "approval_required", "approve", "r/a", "--as", "ana",
        env={"PATH": str(land.lead.home / "bin")},
    )  # fmt: skip
    assert "ssh-keygen" in error["message"]
    assert land.lead.events("approval_given") == []
    land.approve("a")
    assert land.show("a")["verdicts"][0]["proof"] == "signature"
    assert "(proof: signed)" in land.orch.say("queue", "show", "a")
    assert len(land.run()["landed"]) == 1


def test_a_signature_is_for_one_work_under_the_keys_of_the_policy(land: Landing) -> None:
    key = keygen(land.lead.home, "id_ed25519")
    land.lead.config(signed(key))
    land.work("a")
    land.work("b")
    land.orch.ok("approve", "r/a", "--as", "ana")  # Before it is queued: it counts then, too.
    land.add("a", "b")
    event, = land.lead.events("approval_given")  # fmt: skip
    assert "work r/a\n" in event["payload"]["signed"]
    assert [e["task_id"] for e in land.run()["landed"]] == ["a"]
    other = keygen(land.lead.home, "other")
    land.lead.config(signed(other))
    assert land.try_run().error["reason"] == "approval_required"
    land.approve("b")
    assert [e["task_id"] for e in land.run()["landed"]] == ["b"]


def test_a_policy_can_want_a_terminal(land: Landing) -> None:
    queued(land, POLICY.replace("[queue]", 'proof = "terminal"\n[queue]'))
    error = land.orch.refuse("refused", "approval_required", "approve", "r/a", "--as", "ana")
    assert "terminal" in error["message"]
    with Terminal(land.orch, "approve", "r/a", "--as", "ana") as there:
        assert there.wait() == 0, there.text
    verdict, = land.show("a")["verdicts"]  # fmt: skip
    assert verdict["proof"] == "terminal" and verdict["given_from"]["tty"].startswith("/dev/")
    assert len(land.run()["landed"]) == 1


@pytest.mark.on_file("a shell writes rows")
def test_a_signature_that_is_carried_to_other_work_proves_nothing(land: Landing) -> None:
    queued(land, signed(keygen(land.lead.home, "id_ed25519")))
    land.work("b")
    land.add("b")
    land.approve("a")
    head = land.entry("b")["head_commit"]
    with apsw.Connection(str(land.lead.store)) as store:
        store.execute(
            "INSERT INTO event (event_id, event_type, actor, run_id, task_id, payload, tx_id,"
            " created_at) SELECT (SELECT max(event_id) + 1 FROM event), event_type, actor, run_id,"
            " 'b', json_set(payload, '$.head_commit', ?), tx_id, created_at FROM event"
            " WHERE event_type = 'approval_given'",
            (head,),
        )
        store.execute(
            "INSERT INTO approval (run_id, task_no, head_commit, policy_digest, kind, verdict,"
            " given_by, note, event_id, created_at) SELECT run_id, task_no + 1, ?, policy_digest,"
            " kind, verdict, given_by, note, (SELECT max(event_id) FROM event), created_at"
            " FROM approval",
            (head,),
        )
    assert land.show("b")["verdicts"][0]["proof"] == "signature"
    assert [e["task_id"] for e in land.run()["landed"]] == ["a"]
    assert land.entry("b")["approvals"]["missing"] == ["1 human"]


def test_signers_are_among_the_humans_and_there_are_some(land: Landing) -> None:
    queued(land)
    for text in (
        '[policy]\nproof = "signature"\n',
        '[policy]\nhumans = ["ben"]\n[policy.signers]\nana = ["ssh-ed25519 AAAA"]\n',
        '[policy]\n[policy.signers]\nana = ["no key"]\n',
    ):
        land.lead.config(text)
        error = land.try_run().error
        assert (error["code"], error["reason"]) == ("invalid_input", "file"), text


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (
            "INSERT INTO approval (run_id, task_no, head_commit, policy_digest, kind, verdict,"
            " given_by, note, event_id, created_at) SELECT run_id, task_no, head_commit,"
            " policy_digest, kind, verdict, 'ben', '', event_id, created_at FROM approval",
            "an approval of ben on ent_1 was never told",
        ),
        ("UPDATE task SET risk = 'low' WHERE task_id = 'a'", "the risk of r/a is low"),
        (
            "UPDATE task SET required_checks = '[]' WHERE task_id = 'a'",
            "the required checks of r/a",
        ),
        (
            "UPDATE entry SET head_commit = base_commit; UPDATE approval SET head_commit ="
            " (SELECT base_commit FROM entry)",
            "the head of ent_1 is not the one that was queued",
        ),
    ],
)
def test_a_row_that_the_log_does_not_tell_keeps_everything_from_landing(
    land: Landing, statement: str, told: str
) -> None:
    land.lead.config('[policy]\nlow = ["human"]\n' + check("unit", "true"))
    land.work("a", None, "--risk", "medium", "--required-check", "unit")
    land.add("a")
    land.approve("a")
    behind(land.orch, *statement.split("; "))
    assert any(told in line for line in land.lead.doctor()), land.lead.doctor()
    said = land.try_run()
    if "head" not in told:  # That one ends before a landing: its branch does not hold it.
        assert (said.error["code"], said.error["reason"]) == ("store_error", "corrupt"), said
        assert told in said.error["message"]
    assert f"refs/heads/{INTEGRATION}" not in land.repo.refs()
