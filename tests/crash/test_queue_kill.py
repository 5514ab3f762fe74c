"""kill -9 at every point of a landing: the same command again ends as if nothing had been.

All points in `make layers` and CI, one in three of each story in `make test`.

The points are found by searching the source, so a new one without a story here fails.
"""

from pathlib import Path

import pytest

from tests.support import crash_points, runs
from tests.support.queues import INTEGRATION, Landing, check
from tests.support.stage import Stage
from tests.torture import runner

GROUPS = ("queue", "landing", "rollback", "integrate")
FOUND = set(crash_points.reached("orch", *GROUPS, least=20))
ADDING = ("queue.added", "queue.kept")
RUNNING = (
    "queue.taken", "queue.recorded", "queue.built", "queue.step", "queue.step:3",
    "queue.trial_begun", "queue.trial_ran", "queue.trial_ended", "landing.intended",
    "landing.target_made", "landing.moved", "landing.refreshed", "landing.confirmed",
    "landing.looked_for", "landing.verified",
)  # fmt: skip
INTEGRATING = (
    "integrate.queued", "landing.intended", "landing.moved", "landing.refreshed",
    "landing.confirmed",
)  # fmt: skip
UNDOING = ("rollback.moved", "rollback.refreshed", "rollback.confirmed")
OTHERS = ("landing.settled", "queue.sent_back", "rollback.queued")


def test_every_point_has_a_story() -> None:
    told = {p.partition(":")[0] for p in (*ADDING, *RUNNING, *INTEGRATING, *UNDOING, *OTHERS)}
    assert told == FOUND


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Stage[Landing]:
    """Two finished tasks, a and b, whose work must pass a check to land."""

    def _make(home: Path) -> Landing:
        found = Landing(runs.Lead(home, empty_store))
        found.lead.run()
        found.lead.config(check("unit", "test -f README") + '[queue]\nchecks = ["unit"]\n')
        for name in ("a", "b"):
            found.work(name)
        return found

    return Stage(tmp_path_factory.mktemp("landing"), _make)


@pytest.fixture
def land(stage: Stage[Landing], monkeypatch: pytest.MonkeyPatch) -> Landing:
    return stage.restore(monkeypatch)


def settled(land: Landing, entries: int) -> None:
    """All is landed, once, tested; nothing is half done anywhere, and all agree."""
    listed = land.orch.ok("queue", "list", "--run", "r")["entries"]
    assert [e["status"] for e in listed] == ["verified"] * entries
    land.landed_was_tested()
    landed = list(land.lead.events("entry_landed"))
    assert len(landed) == entries, "told once each"
    assert land.orch.ok("queue", "replay")["differing"] == []
    assert land.repo.git("status", "--porcelain") == ""
    assert land.lead.doctor() == []


@pytest.mark.parametrize("point", ADDING)
def test_adding(land: Landing, point: str) -> None:
    land.lead.crash(point, "queue", "add", "r/a", "--key", "k")
    assert land.orch.ok("queue", "add", "r/a", "--key", "k")["replayed"]
    land.approve("a")
    land.run()
    settled(land, 1)
    assert land.files() == {"a.txt": "a"}


@pytest.mark.layers
@pytest.mark.parametrize(
    ("target", "point"),
    # A branch that is there is not made; one that nobody has checked out is not refreshed.
    # Which one it is, is all the same until something lands.
    runner.some(
        [(INTEGRATION, point) for point in RUNNING if point != "landing.refreshed"]
        + [("main", p) for p in RUNNING if p.startswith("landing.") and p != "landing.target_made"]
    ),
)
def test_running(land: Landing, point: str, target: str) -> None:
    land.queue_for(target, "a", "b")
    land.lead.crash(point, "queue", "run", "--run", "r")
    again = land.try_run()
    assert again.status in (0, 10), again
    settled(land, 2)
    assert land.files(target) == {"a.txt": "a", "b.txt": "b"}


@pytest.mark.layers
@pytest.mark.parametrize("point", runner.some(INTEGRATING))
def test_integrating(land: Landing, point: str) -> None:
    land.queue("a")
    land.run()
    land.lead.crash(point, "integrate", "--run", "r")
    again = land.orch.quick("--json", "integrate", "--run", "r")
    assert again.status in (0, 10), again
    assert land.at("main") == land.at()
    land.try_run()
    settled(land, 2)
    assert (land.lead.top / "a.txt").read_text() == "a\n"


@pytest.mark.layers
@pytest.mark.parametrize("point", runner.some(UNDOING))
def test_undoing(land: Landing, point: str) -> None:
    for name in ("a", "b"):
        land.queue_for("main", name)
        land.run()
    before = land.show("a")["entry"]["landed_commit"]
    land.lead.crash(point, "queue", "rollback", "r/b")
    again = land.orch.quick("--json", "queue", "rollback", "r/b")
    assert again.status == (30 if point == "rollback.confirmed" else 0), again
    assert land.at("main") == before
    assert land.statuses() == {"ent_1": "verified", "ent_2": "cancelled"}
    assert not (land.lead.top / "b.txt").exists()
    assert land.repo.git("status", "--porcelain") == ""
    assert land.lead.doctor() == []


def test_settling_what_was_killed_is_itself_killed(land: Landing) -> None:
    land.queue("a")
    land.lead.crash("landing.moved", "queue", "run", "--run", "r")
    land.lead.crash("landing.settled", "queue", "run", "--run", "r")
    land.run()
    settled(land, 1)


def test_a_revert_that_was_killed_is_queued(land: Landing) -> None:
    for name in ("a", "b"):
        land.queue(name)
        land.run()
    land.lead.crash("rollback.queued", "queue", "rollback", "r/a")
    land.orch.refuse("invalid_state", "duplicate", "queue", "rollback", "r/a")
    land.approve("ent_3")
    land.run()
    assert land.files() == {"b.txt": "b"}


def test_work_sent_back_is_sent_back_once(land: Landing) -> None:
    land.repo.commit("list.txt", "one\n")
    for name in ("c", "d"):
        land.lead.task(name)
    sent = [land.lead.dispatch(name) for name in ("c", "d")]
    for one, text in zip(sent, ("c\n", "d\n"), strict=True):
        land.end(one, {"list.txt": text})
    land.queue("c", "d")
    land.lead.crash("queue.sent_back", "queue", "run", "--run", "r")
    land.try_run()
    assert len(land.lead.attempts("d")) == 2
    assert land.lead.status_of("d") == "dispatched"
    assert land.lead.doctor() == []
