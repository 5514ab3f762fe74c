"""The planner by example: batches, blame, red targets, flakes, approvals, order."""

import random
import time

import pytest

from orch.landing.planner import codec
from orch.landing.planner.model import Limits, Link, Move, OpenEntry, Snapshot, Trials
from orch.landing.planner.model import Test as Trial
from orch.landing.planner.planner import plan
from tests.support.queue_world import Habits, World


def world(count: int = 0, **limits: object) -> World:
    found = World(random.Random(1), Habits(), Limits(**limits))  # type: ignore[arg-type]
    for _ in range(count):
        found.add()
    return found


def statuses(found: World) -> list[str]:
    return [entry.status for entry in found.entries.values()]


def purposes(found: World) -> list[str]:
    """Run to the end of what can be done now, and return what each trial was for."""
    seen: list[str] = []
    while (made := found.step()).steps:
        seen += [step.purpose for step in made.steps if isinstance(step, Trial)]
    assert found.tally.violations == []
    return seen


def test_a_batch_of_four_is_tested_once_and_lands_at_once() -> None:
    queue = world(4)
    assert purposes(queue) == ["batch"]
    assert queue.tally.landings == 1
    assert statuses(queue) == ["verified"] * 4


@pytest.mark.parametrize("position", [1, 2, 3, 4])
@pytest.mark.parametrize("jobs", [1, 2, 4])
def test_one_bad_of_four_costs_at_most_two_more_runs_to_find(position: int, jobs: int) -> None:
    """Beside them: the second try, the target's own when the first is suspected, the rest's."""
    queue = world(4, jobs=jobs)
    queue.bad[frozenset({f"p{position}"})] = "unit@1"
    seen = purposes(queue)
    assert statuses(queue) == ["failed" if n == position else "verified" for n in (1, 2, 3, 4)]
    assert seen.count("rerun") == 1
    assert seen.count("base") == (1 if position == 1 else 0)
    first_batch = seen[: seen.index("rerun")]
    assert first_batch.count("batch") == 1
    if jobs == 1:
        assert first_batch.count("bisect") <= 2
        assert len(seen) <= (7 if position == 1 else 5), "4 is one for each, tested one by one"


def test_a_conviction_names_its_companions() -> None:
    queue = world(4)
    queue.bad[frozenset({"p3"})] = "unit@1"
    moves: list[Move] = []
    while steps := queue.step().steps:
        moves += [s for s in steps if isinstance(s, Move) and s.event == "fail"]
    (move,) = moves
    assert (move.entry_no, move.companions, move.count) == (3, (1, 2), "failures")
    assert "twice" in move.reason


def test_a_red_target_holds_the_queue_and_blames_nobody() -> None:
    queue = world(2)
    queue.bad[frozenset({"base"})] = "unit@1"
    purposes(queue)
    assert queue.hold is not None
    assert "nobody" in queue.hold.reason
    assert set(statuses(queue)) <= {"queued", "building", "testing"}
    assert all("the queue is held" in text for _, text in plan(queue.snapshot()).why)
    queue.bad.clear()
    queue.push_outside()
    purposes(queue)
    assert queue.hold is None
    assert statuses(queue) == ["verified"] * 2


def test_a_target_that_turned_red_by_what_is_around_it_blames_nobody() -> None:
    queue = world(1)
    assert purposes(queue) == ["batch"]
    queue.bad[frozenset({"base"})] = "unit@1"  # Its tree passed a moment ago.
    queue.add()
    assert purposes(queue) == ["batch", "rerun", "base", "base"]
    assert queue.hold is not None
    assert statuses(queue) == ["verified", "testing"]


def test_a_revert_lands_although_the_target_is_red() -> None:
    queue = world(1)
    queue.bad[frozenset({"base"})] = "unit@1"
    purposes(queue)
    useless = queue.add(kind="revert", priority=3, solo=True)
    purposes(queue)
    assert queue.entries[useless].status != "verified", "it does not make it green"
    cure = queue.add(kind="revert", priority=3, solo=True)
    queue.cures[queue.patch[cure]] = frozenset({"base"})
    purposes(queue)
    assert queue.entries[cure].status == "verified"
    assert queue.hold is None
    assert statuses(queue) == ["verified"] * 3, "with the target green again, all go on"


def test_what_mends_a_red_target_lands_with_what_is_behind_it() -> None:
    queue = world(3)
    queue.bad[frozenset({"base"})] = "unit@1"
    purposes(queue)
    cure = queue.add(priority=2)
    queue.cures[queue.patch[cure]] = frozenset({"base"})
    assert purposes(queue) == [], "it is held"
    queue.hold = None
    assert purposes(queue) == ["batch"]
    assert statuses(queue) == ["verified"] * 4


def snapshot(*ends: str, status: str = "testing", **more: object) -> Snapshot:
    """One entry, built, whose tree was tried with these ends; the target's own is green."""
    limits = Limits(**more)  # type: ignore[arg-type]
    entry = OpenEntry(1, "r/t1", "task", "h1", "merge", 1, 0, 1, status, ("unit@1",))
    numbers = tuple(range(1, len(ends) + 1))
    own = Trials("T0", ("unit@1",), ("passed",), (len(ends) + 1,))
    trials = (Trials("T1", ("unit@1",), ends, numbers), own)
    return Snapshot(
        1000, "refs/heads/b", "c0", "T0", 4, (entry,), (Link("c0", 1, "c1", "T1"),),
        trials, limits,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("flake", "event", "word"),
    [("accept", "pass", "flaky"), ("approve", "hold", "release"), ("reject", "fail", "rejects")],
)
def test_a_flake_means_what_the_policy_says(flake: str, event: str, word: str) -> None:
    (move, *_) = plan(snapshot("failed", "passed", flake=flake)).steps
    assert isinstance(move, Move)
    assert (move.event, word in move.reason) == (event, True)
    assert move.count == ("failures" if flake == "reject" else "flakes")


def test_a_check_that_could_not_run_is_neither_and_is_waited_for_longer_each_time() -> None:
    (move,) = plan(snapshot("error")).steps
    assert isinstance(move, Move)
    assert (move.event, move.count, move.not_before) == ("break", "errors", 31_000)
    (again,) = plan(snapshot("error", backoff_ms=15 * 60_000)).steps
    assert isinstance(again, Move)
    assert again.not_before == 1000 + 15 * 60_000
    assert any(isinstance(s, Trial) for s in plan(snapshot("error", status="queued")).steps)


def test_a_target_that_could_not_be_checked_convicts_nobody() -> None:
    queue = world(1)
    queue.bad[frozenset({"p1"})] = "unit@1"
    while not queue.ends.get((queue.commits[queue.tip], ("unit@1",))):
        queue.step()
    queue.ends[queue.commits[queue.tip], ("unit@1",)] = [("error", queue.trial_no)]
    queue.passed_once.clear()
    (move,) = queue.step().steps
    assert isinstance(move, Move)
    assert move.event == "break"


def test_a_prerequisite_that_does_not_merge_keeps_back_what_needs_it() -> None:
    queue = world(2)
    queue.add(needs=(2,))
    queue.clashes.add(frozenset({"p1", "p2"}))
    purposes(queue)
    assert statuses(queue)[:2] == ["verified", "conflict"]
    assert queue.ever_landed == ["p1"]
    assert dict(plan(queue.snapshot()).why)[3] == "waits for r/t2, which is conflict"


def test_an_entry_without_approval_does_not_block_the_others() -> None:
    queue = world(1)
    queue.add(approval="needed", approvers=("1 human",))
    queue.add()
    purposes(queue)
    assert statuses(queue) == ["verified", "awaiting_approval", "verified"]
    assert dict(plan(queue.snapshot()).why)[2] == "waits for approval: 1 human"


def test_one_by_one_stays_one_by_one() -> None:
    queue = world(6, batch=1)
    assert purposes(queue) == ["batch"] * 6
    assert queue.tally.landings == 6


def test_the_window_grows_by_one_and_is_halved() -> None:
    queue = world(4)
    purposes(queue)
    assert queue.window == 5
    for _ in range(5):
        queue.add()
    queue.bad[frozenset({"p7"})] = "unit@1"
    sizes = [5]
    while queue.step().steps:
        sizes += [queue.window] if queue.window != sizes[-1] else []
    assert sizes == [5, 2, 3], "halved by the failure; the two behind it land as a full batch"


def test_high_priority_goes_first_and_nobody_is_overtaken_for_ever() -> None:
    queue = world(0, batch=1, overtakes=2)
    patient = queue.add(priority=0)
    for _ in range(5):
        queue.add(priority=2)
    purposes(queue)
    assert queue.ever_landed.index(queue.patch[patient]) == 2


def test_what_was_bounced_twice_goes_before_priority() -> None:
    queue = world(0, batch=1)
    queue.add(priority=2)
    bounced = queue.add(priority=0, bounces=2)
    purposes(queue)
    assert queue.ever_landed[0] == queue.patch[bounced]


def test_an_urgent_entry_takes_what_it_needs_along() -> None:
    queue = world(0, batch=1)
    queue.add()
    needed = queue.add(priority=0)
    urgent = queue.add(priority=2, needs=(needed,))
    purposes(queue)
    assert queue.ever_landed[:2] == [queue.patch[needed], queue.patch[urgent]]


def test_the_third_failure_and_the_second_conflict_quarantine() -> None:
    queue = world(0)
    first = queue.add(failures=2)
    queue.bad[frozenset({queue.patch[first]})] = "unit@1"
    second = queue.add(conflicts=1)
    queue.clashes.add(frozenset({"base", queue.patch[second]}))
    purposes(queue)
    assert statuses(queue) == ["quarantined", "quarantined"]
    assert all("only release" in reason for reason in queue.reasons.values())


def test_a_circle_is_told_and_harms_nobody_else() -> None:
    queue = world(1)
    queue.add(needs=(3,))
    queue.add(needs=(2,))
    purposes(queue)
    assert statuses(queue) == ["verified", "queued", "queued"]
    assert "circle" in dict(plan(queue.snapshot()).why)[2]


def test_a_long_queue_is_planned_in_nearly_linear_time() -> None:
    """Four times as many entries in far less than sixteen times the time."""
    spent = []
    for count in (2_000, 8_000):
        queue = world(0)
        for number in range(count):
            queue.add(needs=(number,) if number % 3 == 2 else (), priority=number % 3)
        known = queue.snapshot()
        tries = []
        for _ in range(3):
            begin = time.process_time()
            plan(known)
            tries.append(time.process_time() - begin)
        spent.append(min(tries))
    assert spent[1] < 10 * spent[0] + 0.05


def test_documents_of_another_version_are_read() -> None:
    told = codec.snapshot_json(snapshot("passed"))
    newer = told.replace('"target":', '"unknown_to_us":[1],"target":')
    assert plan(codec.snapshot_from_json(newer)) == plan(snapshot("passed"))
