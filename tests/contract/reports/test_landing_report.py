"""What reports tell of landings: queued, tested, approved by whom, landed as what, rolled back."""

import pytest

from tests.support.queues import Landing
from tests.support.stage import Stage


@pytest.fixture(scope="module")
def land(day_stage: Stage[Landing]):
    with pytest.MonkeyPatch.context() as patch:
        found = day_stage.restore(patch)
        note = "read it, <b>fine</b>"
        found.orch.ok("approve", "r/login", "--as", "ana", "--note", note)
        found.orch.ok("land", "r/login")
        found.orch.ok("queue", "rollback", "ent_1", "--as", "ana", "--reason", "wrong")
        found.orch.ok("queue", "approve", "ent_3", "--as", "ana")
        found.run()
        yield found


def told(land: Landing, kind: str) -> str:
    text: str = land.orch.ok("report", "--run", "r", "--format", kind)["text"]
    return text


def test_the_document_has_each_entry_with_its_trials_and_verdicts(land: Landing) -> None:
    data = land.orch.ok("report", "--run", "r")
    tasks = {task["task_id"]: task for task in data["tasks"]}
    first, revert = tasks["menu"]["entries"]
    assert (first["rolled_back_by"], revert["kind"]) == ("ent_3", "revert")
    (login,) = tasks["login"]["entries"]
    assert login["status"] == "verified" and login["landed_commit"] == land.at("main~1")
    assert [t["status"] for t in login["trials"]] == ["passed"]
    assert [(v["given_by"], v["verdict"], v["note"]) for v in login["verdicts"]] == [
        ("ana", "approve", "read it, <b>fine</b>")
    ]
    (attempt,) = tasks["login"]["attempts"]
    assert (attempt["added"], attempt["removed"]) == (1, 0)
    assert [(c["added"], c["removed"]) for c in attempt["commits"]] == [(1, 0)]
    assert tasks["tax"]["entries"] == []


def test_the_band_reads_from_the_queue_to_the_target(land: Landing) -> None:
    text = told(land, "markdown")
    (login,) = [line for line in text.split("\n") if line.startswith("**Landing** `ent_2`")]
    steps = [step.rsplit(" ", 1)[0] for step in login.partition(": ")[2].split(" → ")]
    commit = land.at("main~1")[:12]
    assert steps == [
        "queued", "tested", "approved by ana: read it, \\<b\\>fine\\</b\\>",
        f"landed on main as {commit}",
    ]  # fmt: skip
    (menu,) = [line for line in text.split("\n") if line.startswith("**Landing** `ent_1`")]
    assert menu.endswith("→ rolled back by ent_3")


def test_the_page_has_words_of_its_own_for_landed_and_rolled_back(land: Landing) -> None:
    text = told(land, "html")
    assert text.count('<ol class="band"') == 3
    assert '<span class="tag t-done">landed on main</span>' in text
    assert '<span class="tag t-failed">rolled back</span>' in text
    assert "<b>fine" not in text and "&#60;b&#62;fine" in text
    graph = land.orch.ok("graph", "--run", "r", "--format", "svg")["text"]
    assert "landed on main" in graph and "rolled back" in graph
