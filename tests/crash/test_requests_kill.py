"""Planning and change requests killed at every step: the next command settles what is left.

Every step in `make layers` and CI, one in three of them in `make test`.
"""

from pathlib import Path

import pytest

from tests.support import crash_points, runs
from tests.support.patches import diff, document, write
from tests.support.runs import Lead
from tests.torture import runner

POINTS = crash_points.reached("orch", "dispatch", least=4)
COMMITS = [f"commit.{side}:{n}" for side in ("before", "after") for n in (1, 2, 3)]
BAD = '{"tasks": [{"id": "a", "dependencies": ["b"]}]}'


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


def asked(lead: Lead) -> str:
    """Let an engineer have a request; return its thread."""
    words = ("request", "new", "--title", "T", "--body", "B", "--request", "q")
    lead.orch.ok(*words)
    sent = lead.orch.ok("request", "plan", "q", "--agent", "eng", "--run", "r")
    thread = sent["attempt"]["thread_id"]
    lead.inbox.ok("claim", "--agent", "eng", "--thread", thread)
    return thread


@pytest.mark.layers
@pytest.mark.parametrize("point", runner.some(["planning.judged", *COMMITS]))
def test_a_plan_is_judged_and_sent_back_once(lead: Lead, point: str) -> None:
    thread = asked(lead)
    lead.inbox.ok("done", "--agent", "eng", "--thread", thread, "--summary", "s", "--body", BAD)
    lead.orch.quick("reconcile", "--run", "r", env={"ORCH_CRASH_AT": point})
    shown = lead.orch.ok("request", "show", "q")
    assert (shown["request"]["status"], shown["request"]["plans"]) == ("planning", 1)
    assert [a["status"] for a in lead.attempts("plan-q")] == ["failed", "dispatched"]
    kinds = [e["event_type"] for e in lead.events() if e["event_type"].startswith("request_")]
    assert kinds == ["request_planning", "request_refused", "request_planning"]
    assert lead.do("reconcile")["updated_tasks"] == []
    assert lead.doctor() == []


@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("side", ["before", "after"])
def test_asking_for_a_plan_happens_whole_or_not_at_all(lead: Lead, side: str, nth: int) -> None:
    words = ("request", "new", "--title", "T", "--body", "B", "--request", "q")
    lead.orch.ok(*words)
    plan = ("request", "plan", "q", "--agent", "eng", "--key", "k")
    lead.orch.quick(*plan, env={"ORCH_CRASH_AT": f"commit.{side}:{nth}"})
    lead.orch.ok(*plan)
    assert len(lead.attempts("plan-q", run="q")) == 1
    assert lead.doctor() == []


@pytest.mark.layers
@pytest.mark.parametrize("point", runner.some([*POINTS, *COMMITS]))
def test_a_change_request_is_submitted_once_or_leaves_nothing(lead: Lead, point: str) -> None:
    lead.task("t")
    path = write(lead.home, document("t", diff(lead.repo, "new.txt", "new\n")))
    words = ("submit", path, "--run", "r", "--key", "k")
    lead.crash(point, *words)
    lead.do("reconcile")
    done = lead.status_of("t") == "done"
    assert done is (point in ("dispatch.confirmed", "commit.after:3"))
    if not done:
        assert lead.leftovers() == [] and lead.attempts("t") == []
    answer = lead.orch.ok(*words)
    assert answer.get("replayed", False) is done
    lead.do("reconcile")
    attempt, = lead.attempts("t")  # fmt: skip
    assert (attempt["status"], attempt["head_commit"]) == ("done", answer["commit"])
    assert lead.repo.git("rev-parse", attempt["branch_name"]) == answer["commit"]
    assert lead.doctor() == []


def test_a_change_that_its_setup_refuses_leaves_nothing(lead: Lead) -> None:
    lead.config('[worktree.setup]\ncommand = ["false"]\n')
    lead.task("t")
    found = document("t", diff(lead.repo, "new.txt", "new\n"))
    lead.refuse("invalid_state", "unsupported", "submit", write(lead.home, found))
    assert lead.leftovers() == [] and lead.status_of("t") == "ready"
