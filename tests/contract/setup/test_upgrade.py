"""The store is upgraded while workers live: an additive change disturbs nobody, another ends turns.

A newer program is played by its trace in the file: its version, and who may go on (`min_client`).
"""

from pathlib import Path

import apsw
import pytest

from schema.file import SCHEMA_VERSION
from tests.support.cli import until
from tests.support.engines import behind
from tests.support.workers import Shop, alive


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shop = Shop(tmp_path, monkeypatch)
    yield shop
    shop.close()


def migrated(shop: Shop, version: int, least: int) -> None:
    """Leave the store as a migration to `version` does, for programs that know `least` or more."""
    if shop.inbox.url:
        known = f"UPDATE store SET min_client = {least}"
        behind(shop.inbox, known, f"UPDATE store_version SET version = {version}")
        return
    connection = apsw.Connection(str(shop.store))
    connection.set_busy_timeout(10_000)
    with connection:
        connection.execute("UPDATE store SET min_client = ?", (least,))
        connection.pragma("user_version", version)
    connection.close()


def test_an_additive_upgrade_lets_the_agent_go_on_to_its_report(shop: Shop) -> None:
    shop.task()
    gate, sign = shop.path / ".orch" / "gate", shop.path / ".orch" / "sign"
    program = (f"touch={sign}", f"until={gate}", "commit=a.txt", "done")
    with shop.start(*program, harness="command") as running:
        until(sign.exists, "the agent to begin")
        migrated(shop, SCHEMA_VERSION + 1, SCHEMA_VERSION)
        gate.touch()
        (turn,) = running.wait().data["turns"]
    assert (turn["outcome"], turn["reported"]) == ("done", "done")
    assert shop.status() == "done", "older programs go on with the newer file"


def test_another_upgrade_ends_the_turn_and_keeps_its_work(shop: Shop) -> None:
    shop.task()
    sign = shop.path / ".orch" / "sign"
    program = ("write=draft.txt", f"touch={sign}", "hang")
    with shop.start(*program, harness="command", flags=()) as running:
        until(sign.exists, "the agent to begin")
        pid = int(until(lambda: shop.show()["attempts"][0]["pid"], "its pid"))
        migrated(shop, SCHEMA_VERSION + 1, SCHEMA_VERSION + 1)
        answer = running.wait()
        assert answer.error["reason"] == "newer_schema" and answer.status == 70
        assert "work --agent w1 --harness command" in answer.json["next"][0]["command"]
    assert not alive(pid)
    assert "draft" in shop.repo.git("show", "refs/orch/salvage/r/t/1:draft.txt")
    shop.orch.refuse("store_error", "newer_schema", "status", "--run", "r")
    migrated(shop, SCHEMA_VERSION, SCHEMA_VERSION)  # The updated program.
    turns = shop.orch.ok(*shop.argv("commit=a.txt", "done", harness="command"))["turns"]
    assert [turn["outcome"] for turn in turns] == ["interrupted", "done"]
    assert [a["attempt_no"] for a in shop.show()["attempts"]] == [1], "no attempt is spent"


def test_a_worker_that_waits_ends_too(shop: Shop) -> None:
    with shop.start("done", harness="command", flags=()) as running:
        running.asleep(shop.store)
        migrated(shop, SCHEMA_VERSION + 1, SCHEMA_VERSION + 1)
        assert running.wait().error["reason"] == "newer_schema"
    migrated(shop, SCHEMA_VERSION, SCHEMA_VERSION)
