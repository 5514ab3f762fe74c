"""The driver's planner on any snapshot at all, and on whole simulated lives of runs."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orch.config.drive_policy import DrivePolicy, RetryPolicy
from orch.drive.planner import codec
from orch.drive.planner.model import (
    CLASSES,
    GATES,
    PEOPLE,
    REVIEWS,
    Begin,
    DriveSnapshot,
    EndFacts,
    HarnessFacts,
    QueueFacts,
    Refusal,
    RepositoryFacts,
    Review,
    SlotFacts,
    TaskFacts,
    Tell,
    TicketFacts,
    Verify,
)
from orch.drive.planner.planner import plan
from orch.machines import ENTRY, TASK
from orch.model import UNTIL
from tests.support.drive_world import LEGAL
from tests.torture import runner

NOW = 1_000_000
MOMENTS = st.sampled_from((0, 1_000, NOW - 60_000, NOW, NOW + 5_000))
SMALL = st.integers(0, 4)
WORDS = st.sampled_from(("", "", "unit failed"))
REFUSALS = st.builds(
    Refusal,
    kind=st.sampled_from(("setup", "base_conflict", "branch_exists")),
    text=st.just("it said so"),
    count=st.integers(1, 4),
    at=MOMENTS,
    event=SMALL,
)
TASKS = st.builds(
    TaskFacts,
    task_no=st.integers(1, 12),
    task_id=st.sampled_from(("a", "b")),
    status=st.sampled_from(TASK.states),
    priority=st.integers(0, 2),
    rank=SMALL,
    chain=SMALL,
    mode=st.sampled_from(("", "code", "analysis")),
    to=st.sampled_from(("", "ana", "@auto", "@other")),
    repo=st.sampled_from(("/r", "/s")),
    since=MOMENTS,
    event=st.integers(1, 9),
    reason=WORDS,
    hindrance=st.sampled_from(("", "", "lock: db")),
    hindered_until=MOMENTS,
    waits_for=st.sampled_from(((), (), ("r/x",))),
    stranded_by=st.sampled_from(("", "", "r/x")),
    not_before=MOMENTS,
    overtaken=st.integers(0, 12),
    attempt_no=SMALL,
    spent=SMALL,
    lost=st.sampled_from((0, 0, 9, 10)),
    automatic=st.dictionaries(st.sampled_from(CLASSES), st.integers(1, 3), max_size=2).map(
        lambda found: tuple(sorted(found.items()))
    ),
    ended=st.sampled_from(("", *CLASSES)),
    ended_at=MOMENTS,
    has_commits=st.booleans(),
    late_attempt=st.sampled_from((0, 0, 1)),
    refusal=st.none() | REFUSALS,
    is_claimed=st.booleans(),
    is_served=st.booleans(),
    is_ours=st.booleans(),
    is_left=st.booleans(),
    is_answered=st.booleans(),
    live=st.sampled_from(("live", "stale", "gone", "unknown")),
    silent_since=MOMENTS,
    gate=st.sampled_from(GATES),
    gate_runs=SMALL,
    gate_tries=SMALL,
    gate_at=MOMENTS,
    review=st.sampled_from(REVIEWS),
    has_nothing_to_land=st.booleans(),
    entry_no=SMALL,
    entry=st.sampled_from(("", *ENTRY.states)),
    approval=st.sampled_from(((), ("1 human",), ("1 reviewer",))),
)
QUEUES = st.builds(
    QueueFacts,
    queue_no=st.just(1),
    target=st.just("b"),
    moving=SMALL,
    is_running=st.booleans(),
    is_changed=st.booleans(),
    looked_at=MOMENTS,
    wake_at=MOMENTS,
    hold=st.sampled_from(("", "", "red", "person")),
    may_mend=st.booleans(),
    in_the_way=st.sampled_from(("", "", "a file is in the way")),
    mending=st.just(("git", "status")),
)
POLICIES = st.builds(
    DrivePolicy,
    workers=st.integers(0, 3),
    at_once=st.integers(1, 4),
    waiting=st.integers(0, 3),
    stack=st.sampled_from(("done", "landed")),
    verify=st.booleans(),
    verify_jobs=st.integers(1, 2),
    review_jobs=st.integers(1, 2),
    review=st.sampled_from(("policy", "never")),
    queue=st.booleans(),
    integrate=st.sampled_from(("", "main")),
    close=st.booleans(),
    retry=st.builds(RetryPolicy, run=st.integers(0, 3), storm=st.integers(0, 2)),
)
SNAPSHOTS = st.builds(
    DriveSnapshot,
    now=st.just(NOW),
    run_id=st.just("r"),
    policy=POLICIES,
    until=st.sampled_from(UNTIL),
    tasks=st.lists(TASKS, max_size=6, unique_by=lambda task: task.task_no).map(tuple),
    ready_left=st.sampled_from((0, 0, 3)),
    queues=st.lists(QUEUES, max_size=1).map(tuple),
    slots=st.lists(st.builds(SlotFacts, SMALL, st.booleans(), MOMENTS, WORDS), max_size=3).map(
        tuple
    ),
    harness=st.builds(HarnessFacts, rests_until=MOMENTS, is_logged_out=st.booleans()),
    repositories=st.sampled_from(((), (), (RepositoryFacts("/r", "dirty"),))),
    tickets=st.lists(
        st.builds(TicketFacts, st.just("t.yaml"), WORDS, MOMENTS, st.booleans()), max_size=1
    ).map(tuple),
    ends=st.lists(
        st.builds(EndFacts, SMALL, st.sampled_from(CLASSES), WORDS, MOMENTS), max_size=4
    ).map(tuple),
    retries=SMALL,
    budget=st.sampled_from(("", "", "2 of 2 turns")),
    is_paused=st.booleans(),
    end=st.sampled_from(("open", "land", "integrate", "finished")),
    is_integrating=st.booleans(),
    is_cleaned=st.booleans(),
    is_closed=st.sampled_from((False, False, False, True)),
    told=st.sampled_from(((), ("r/a:question:1",))),
    has_news=st.booleans(),
)


@settings(max_examples=200)
@given(SNAPSHOTS)
def test_any_snapshot_is_answered_the_same_way_each_time_and_read_back(snapshot) -> None:
    found = plan(snapshot)
    told = codec.snapshot_json(snapshot)
    assert codec.snapshot_from_json(told) == snapshot
    assert codec.snapshot_json(codec.snapshot_from_json(told)) == told
    assert codec.plan_json(plan(codec.snapshot_from_json(told))) == codec.plan_json(found)
    assert codec.plan_from_json(codec.plan_json(found)) == found
    assert all(codec.step_text(step, {1: "r/a"}) for step in found.steps)


@settings(max_examples=200)
@given(SNAPSHOTS)
def test_every_task_moves_has_a_moment_or_is_a_need(snapshot) -> None:
    """I22: and what ends has told everything."""
    found = plan(snapshot)
    assert [number for number, _ in found.why] == sorted(t.task_no for t in snapshot.tasks)
    assert all(text for _, text in found.why)
    assert all(need.argv for need in found.needs)
    assert len({need.need_id for need in found.needs}) == len(found.needs)
    if snapshot.is_closed:
        assert all(isinstance(step, Tell) for step in found.steps)
    elif not (found.is_moving or found.needs):
        assert not snapshot.ready_left
        assert all(text == "is over" for _, text in found.why)
    if found.wake_at:
        assert found.wake_at > snapshot.now
    if found.end:
        assert found.steps == ()
        assert {need.need_id for need in found.needs} == set(snapshot.told)


@settings(max_examples=200)
@given(SNAPSHOTS)
def test_what_begins_may_begin(snapshot) -> None:
    """Legal moves, slots, budgets, the numbers of retries (I20), people's word (I21)."""
    known = {task.task_no: task for task in snapshot.tasks}
    begins = [step for step in plan(snapshot).steps if isinstance(step, Begin)]
    assert len({step.task_no for step in begins}) == len(begins)
    if begins:
        assert not (snapshot.budget or snapshot.is_paused)
    retried = [step for step in begins if step.cause]
    assert len(retried) <= max(0, snapshot.policy.retry.run - snapshot.retries)
    for step in begins:
        task = known[step.task_no]
        assert (task.status, step.event) in LEGAL
        assert not (step.event == "retry" and task.ended in PEOPLE)
        if step.cause:
            assert task.spent < task.max_attempts
        assert not task.hindrance
    working = [t for t in snapshot.tasks if t.status in ("dispatched", "running")]
    new = [step for step in begins if step.event != "reassign"]
    assert not new or len(working) + len(new) <= snapshot.policy.at_once
    checks = [step for step in plan(snapshot).steps if isinstance(step, Verify)]
    running = [t for t in snapshot.tasks if t.gate == "running"]
    assert not checks or len(running) + len(checks) <= snapshot.policy.verify_jobs
    reviews = [step for step in plan(snapshot).steps if isinstance(step, Review)]
    asked = [t for t in snapshot.tasks if t.review == "asked"]
    assert not reviews or len(asked) + len(reviews) <= snapshot.policy.review_jobs


@settings(max_examples=100)
@given(SNAPSHOTS)
def test_the_order_does_not_depend_on_how_the_tasks_are_told(snapshot) -> None:
    turned = DriveSnapshot(
        **{name: getattr(snapshot, name) for name in snapshot.__slots__}
        | {
            "tasks": tuple(reversed(snapshot.tasks)),
            "policy": DrivePolicy(verify_jobs=20, review_jobs=20),
        }
    )
    straight = DriveSnapshot(
        **{name: getattr(turned, name) for name in turned.__slots__} | {"tasks": snapshot.tasks}
    )
    begins = [
        [step for step in plan(one).steps if isinstance(step, Begin)] for one in (straight, turned)
    ]
    assert begins[0] == begins[1]


@pytest.mark.layers
def test_simulated_runs_keep_every_promise() -> None:
    totals = runner.require_clean("driving")
    assert totals["runs"] == runner.budget("driving")
    assert totals["kills"] > 0
    assert totals["ended landed"] > 0
    assert totals["ended needs_people"] > 0
