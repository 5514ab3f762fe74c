"""The planner of a driver, state by state: a step, a moment, or a need with its command."""

from dataclasses import replace

import pytest

from orch.config.drive_policy import DrivePolicy, RetryPolicy
from orch.drive.planner.model import (
    Begin,
    Cleanup,
    Close,
    DriveSnapshot,
    EndFacts,
    Enqueue,
    HarnessFacts,
    Integrate,
    QueueFacts,
    Refusal,
    RepositoryFacts,
    Review,
    RunQueue,
    SlotFacts,
    TaskFacts,
    Tell,
    TicketFacts,
    Verify,
)
from orch.drive.planner.planner import plan

NOW = 10_000_000
SECOND = 1000


def task(number=1, status="ready", **facts):
    return TaskFacts(number, f"t{number}", status, **facts)


def look(*tasks, policy=None, **facts):
    """Plan, the needs told already unless said otherwise."""
    given = {"now": NOW, "run_id": "r", "policy": policy or DrivePolicy(), "tasks": tasks} | facts
    snapshot = DriveSnapshot(**given)
    first = plan(snapshot)
    if "told" in facts:
        return first
    told = tuple(need.need_id for need in first.needs)
    return plan(DriveSnapshot(**given, told=told))


def kinds(found):
    return [need.kind for need in found.needs]


def test_ready_work_begins_in_order_just_in_time():
    found = look(task(1), task(2, priority=2), task(3, rank=-1), task(4, chain=3))
    assert [step.task_no for step in found.steps] == [2, 3, 4]
    assert found.steps[0] == Begin(2, "dispatch", "@auto", "code")
    assert dict(found.why)[1] == "3 tasks are at work, as many as may be"
    assert found.end == ""


def test_what_was_overtaken_often_enough_goes_first_by_arrival():
    tasks = [task(1, overtaken=10), task(2, priority=2), task(3, overtaken=12, priority=2)]
    found = look(*tasks, policy=DrivePolicy(at_once=2))
    assert [step.task_no for step in found.steps] == [1, 3]


def test_a_worker_of_ours_must_be_free():
    slots = (SlotFacts(1, True), SlotFacts(2, False, NOW + 9 * SECOND, "exit 3"))
    policy = DrivePolicy(workers=2, harness="claude")
    found = look(task(1), task(2), task(3, to="ana"), policy=policy, slots=slots)
    assert [(step.task_no, step.to) for step in found.steps] == [(1, "@auto"), (3, "ana")]
    assert dict(found.why)[2] == "no worker is free"
    assert found.wake_at == NOW + 9 * SECOND


def test_a_question_frees_its_place():
    asking = [task(n, "blocked", is_claimed=True, reason="which?") for n in (1, 2, 3)]
    found = look(*asking, task(4))
    assert [step.task_no for step in found.steps] == [4]
    assert kinds(found) == ["question"] * 3
    answered = [task(n, "blocked", is_claimed=True, is_answered=True) for n in (1, 2, 3)]
    found = look(*answered, task(4))
    assert found.steps == ()
    assert found.is_moving


@pytest.mark.parametrize(
    ("cause", "most", "wait", "start"),
    [
        ("crashed", 2, (15, 30), "branch"),
        ("timeout", 1, (30, 60), "branch"),
        ("no_change", 1, (0, 0), "fresh"),
        ("failed", 1, (0, 0), "branch"),
        ("paths", 1, (0, 0), "branch"),
        ("check_failed", 2, (0, 0), "branch"),
    ],
)
def test_each_class_has_its_number_its_wait_and_its_start(cause, most, wait, start):
    facts = {"attempt_no": 1, "spent": 1, "ended": cause, "gate_runs": 2, "has_commits": True}
    waits = {}
    for number in range(1, 50):
        found = look(task(number, "failed", ended_at=NOW, **facts))
        if found.wake_at:
            waits[number] = (found.wake_at - NOW) / SECOND
    assert all(wait[0] <= one <= wait[1] for one in waits.values())
    assert bool(waits) == (wait[1] > 0)
    assert len(set(waits.values())) in (0, len(waits))  # The jitter is the task's own.
    found = look(task(1, "failed", ended_at=NOW - 100 * SECOND, **facts))
    assert found.steps == (Begin(1, "retry", "@auto", "code", cause, start),)
    fresh = look(task(1, "failed", ended_at=1, **{**facts, "has_commits": False}))
    assert fresh.steps[0].start == "fresh"
    tried = (("gone", 9), (cause, most))
    found = look(task(1, "failed", ended_at=1, automatic=tried, max_attempts=9, **facts))
    assert (found.steps, kinds(found)) == ((), ["failed"])
    assert found.needs[0].argv == ("orch", "retry", "r/t1")
    assert found.end == "needs_people"


@pytest.mark.parametrize(
    "cause", ["stopped", "rejected", "cancelled", "permanent", "limited", "logged_out", "lost"]
)
def test_what_people_ended_is_never_begun_by_itself(cause):
    """I21, and what another attempt would not mend."""
    found = look(task(1, "failed", ended=cause, reason="ana stopped it"))
    assert found.steps == ()
    assert kinds(found) == ["lost" if cause == "lost" else "failed"]
    assert "ana stopped it" in found.needs[0].text


def test_waits_double_up_to_the_longest():
    numbers = RetryPolicy(crashed=50, run=100, jitter=0.0)
    waits = []
    for tried in range(8):
        one = task(1, "failed", ended="crashed", ended_at=NOW, automatic=(("crashed", tried),))
        waits.append((look(one, policy=DrivePolicy(retry=numbers)).wake_at - NOW) // SECOND)
    assert waits == [30, 60, 120, 240, 480, 900, 900, 900]


def test_a_clock_that_was_put_back_makes_nothing_wait_for_a_day():
    day = 86_400 * SECOND
    failed = [task(n, "failed", ended="crashed", ended_at=NOW + day) for n in range(1, 6)]
    assert len(look(*failed).steps) == 3  # And no more begin than may be at work.
    error = task(1, "verifying", gate="error", gate_tries=2, gate_at=NOW + day)
    assert look(error).steps == (Verify(1),)
    still = QueueFacts(3, "b", moving=1, is_changed=False, looked_at=NOW + day)
    way = task(1, "done", entry="queued", entry_no=5)
    assert look(way, queues=(still,)).steps == (RunQueue(3),)


def test_the_tasks_own_number_and_the_runs_bound_all_retries():
    spent = look(task(1, "failed", ended="crashed", ended_at=1, spent=3))
    assert (spent.steps, kinds(spent)) == ((), ["failed"])
    assert "all 3 attempts are spent" in spent.needs[0].text
    failed = [task(n, "failed", ended="failed", ended_at=1) for n in (1, 2, 3)]
    assert len(look(*failed, retries=18).steps) == 2
    of_run = look(*failed, retries=20)
    assert (of_run.steps, kinds(of_run)) == ((), ["retries"])
    assert of_run.needs[0].argv == ("orch", "run", "set", "r", "retry.run=40")


def test_retries_take_at_most_half_of_the_places_while_fresh_work_waits():
    failed = [task(n, "failed", ended="failed", ended_at=1) for n in range(1, 5)]
    fresh = [task(n) for n in range(5, 9)]
    found = look(*failed, *fresh, policy=DrivePolicy(at_once=4))
    assert [step.event for step in found.steps] == ["retry", "retry", "dispatch", "dispatch"]
    alone = look(*failed, policy=DrivePolicy(at_once=4))
    assert [step.event for step in alone.steps] == ["retry"] * 4


def test_a_storm_of_one_failure_lets_nothing_begin_until_the_run_is_resumed():
    ends = [EndFacts(n, "crashed", "no such model", NOW - 100 * SECOND + n) for n in range(1, 4)]
    assert look(task(9), ends=tuple(ends)).steps
    ends.append(EndFacts(1, "crashed", "no such model", NOW))  # The same task again: no fourth.
    assert look(task(9), ends=tuple(ends)).steps
    ends.append(EndFacts(4, "crashed", "no such model", NOW))
    found = look(task(9), ends=tuple(ends))
    assert (found.steps, kinds(found)) == ((), ["storm"])
    assert "no such model" in found.needs[0].text
    assert found.needs[0].argv == ("orch", "run", "resume", "r")
    apart = [EndFacts(n, "crashed", "x", n * 300 * SECOND) for n in range(1, 9)]
    assert look(task(9), ends=tuple(apart)).steps
    other = [EndFacts(n, "crashed", f"x{n}", NOW) for n in range(1, 9)]
    assert look(task(9), ends=tuple(other)).steps


def test_a_worker_that_is_gone_is_replaced_by_one_of_the_pool():
    gone = task(1, "running", to="ana", live="gone", silent_since=NOW - 6 * SECOND,
                is_claimed=True, has_commits=True)  # fmt: skip
    assert look(gone).steps == (Begin(1, "reassign", "@auto", "code", "gone", "branch"),)
    just = task(1, "running", live="gone", silent_since=NOW, is_claimed=True)
    assert 0 < look(just).wake_at - NOW <= 5 * SECOND
    stale = task(1, "running", live="stale", silent_since=NOW - 599 * SECOND, is_claimed=True)
    assert not look(stale).steps
    later = task(1, "running", live="stale", silent_since=NOW - 606 * SECOND, is_claimed=True)
    assert look(later).steps
    spent = task(1, "running", live="gone", silent_since=1, automatic=(("gone", 2),))
    assert kinds(look(spent)) == ["gone"]


def test_a_worker_of_ours_takes_up_what_its_predecessor_left():
    """However long ago that died: a turn that left commits is judged by these."""
    gone = task(1, "running", live="gone", silent_since=1, is_ours=True, is_left=True)
    policy = DrivePolicy(workers=1)
    up = look(gone, policy=policy, slots=(SlotFacts(1, True),))
    assert (up.steps, up.needs, up.is_moving) == ((), (), True)
    resting = SlotFacts(1, False, not_before=NOW + 7 * SECOND)
    assert look(gone, policy=policy, slots=(resting,)).wake_at == NOW + 7 * SECOND
    judged = replace(gone, is_left=False)
    assert look(judged, policy=policy, slots=(SlotFacts(1, True),)).steps
    broken = SlotFacts(1, False, reason="it cannot start")
    assert [s for s in look(gone, policy=policy, slots=(broken,)).steps if isinstance(s, Begin)]


def test_nobody_takes_it_up_is_a_need_after_a_minute():
    out = task(1, "dispatched", since=NOW - 59 * SECOND)
    assert look(out).wake_at == NOW + SECOND
    found = look(task(1, "dispatched", since=NOW - 60 * SECOND))
    assert kinds(found) == ["no_worker"]
    assert found.needs[0].argv == (
        "orch", "work", "--agent", "w", "--count", "3", "--pool", "auto", "--harness", "H"
    )  # fmt: skip
    named = look(task(1, "dispatched", to="ana", since=1))
    assert named.needs[0].argv == ("orch", "work", "--agent", "ana", "--harness", "H")
    assert look(task(1, "dispatched", since=1, is_served=True)).is_moving
    ours = task(1, "dispatched", since=1, is_ours=True)
    assert look(ours, policy=DrivePolicy(workers=1), slots=(SlotFacts(1, True),)).is_moving


def test_a_limited_client_rests_for_all_its_tasks():
    policy = DrivePolicy(workers=3, harness="claude")
    rest = HarnessFacts(rests_until=NOW + 60 * SECOND)
    found = look(task(1), task(2, to="ana"), policy=policy, harness=rest)
    assert [step.task_no for step in found.steps] == [2]
    assert found.wake_at == NOW + 60 * SECOND
    assert not found.needs


def test_a_client_without_a_login_is_one_need():
    policy = DrivePolicy(workers=3, harness="claude")
    out = HarnessFacts(is_logged_out=True, login=("claude", "/login"), event=7)
    found = look(task(1), task(2), policy=policy, harness=out)
    assert (found.steps, kinds(found)) == ((), ["login"])
    assert found.needs[0].argv == ("claude", "/login")
    assert found.needs[0].need_id == "r/:login:7"


def test_checks_run_one_task_after_the_other():
    found = look(task(1, "verifying"), task(2, "verifying"))
    assert found.steps == (Verify(1),)
    found = look(task(1, "verifying", gate="running"), task(2, "verifying"))
    assert found.steps == ()
    assert found.is_moving
    both = look(task(1, "verifying"), task(2, "verifying"), policy=DrivePolicy(verify_jobs=2))
    assert both.steps == (Verify(1), Verify(2))


def test_a_failed_check_is_run_once_more_on_the_same_tree():
    once = task(1, "failed", ended="check_failed", gate="failed", gate_runs=1, ended_at=NOW)
    assert look(once).steps == (Verify(1, again=True),)
    twice = task(1, "failed", ended="check_failed", gate="failed", gate_runs=2, ended_at=NOW)
    assert look(twice).steps[0].event == "retry"


def test_a_check_that_cannot_run_is_run_again_and_then_asked_about():
    first = task(1, "verifying", gate="error", gate_tries=1, gate_at=NOW)
    assert look(first).wake_at == NOW + 30 * SECOND
    second = task(1, "verifying", gate="error", gate_tries=2, gate_at=NOW - 60 * SECOND)
    assert look(second).steps == (Verify(1),)
    third = look(
        task(1, "verifying", gate="error", gate_tries=3, gate_check="db", reason="no database")
    )
    assert (third.steps, kinds(third)) == ((), ["check_error"])
    assert third.needs[0].text == "no database; mend [check.db] of orch.toml"


def test_a_check_of_others_is_never_run_here_and_asked_about_after_an_hour():
    waits = task(1, "verifying", gate="external", gate_check="ci", gate_at=NOW - 3599 * SECOND)
    assert look(waits).wake_at == NOW + SECOND
    found = look(
        task(1, "verifying", gate="external", gate_check="ci", gate_at=NOW - 3600 * SECOND)
    )
    assert (found.steps, kinds(found)) == ((), ["external"])
    assert found.needs[0].argv[1:3] == ("verify", "record")


def test_done_work_is_reviewed_if_the_policy_lacks_it_then_queued():
    assert look(task(1, "done", review="needed")).steps == (Review(1),)
    assert look(task(1, "done", review="asked")).is_moving
    silent = look(task(1, "done", review="silent", reviewer="codex"))
    assert silent.needs[0].argv == ("orch", "review", "r/t1", "--harness", "codex")
    assert kinds(look(task(1, "done", review="nobody"))) == ["review"]
    many = [task(number, "done", review="needed") for number in (1, 2, 3)]
    assert look(*many).steps == (Review(1), Review(2))
    assert look(task(4, "done", review="asked"), *many).steps == (Review(1),)
    never = look(task(1, "done", review="needed"), policy=DrivePolicy(review="never"))
    assert never.steps == (Enqueue((1,)),)
    revise = look(task(1, "done", review="revise", has_commits=True))
    assert revise.steps == (Begin(1, "rework", "@auto", "code", "revise", "branch"),)
    spent = look(task(1, "done", review="revise", automatic=(("revise", 2),)))
    assert spent.steps == (Enqueue((1,)),)  # The queue holds what is rejected.
    assert look(task(1, "done"), task(2, "done")).steps == (Enqueue((1, 2)),)


def test_a_queue_runs_when_something_may_come_of_it():
    way = task(1, "done", entry="queued", entry_no=5)
    queue = QueueFacts(3, "b", moving=1, looked_at=NOW - 1)
    assert look(way, queues=(queue,)).steps == (RunQueue(3),)
    still = QueueFacts(3, "b", moving=1, is_changed=False, looked_at=NOW - SECOND)
    assert look(way, queues=(still,)).wake_at == NOW + 59 * SECOND
    runs = QueueFacts(3, "b", moving=1, is_running=True)
    assert look(way, queues=(runs,)).steps == ()
    red = QueueFacts(3, "b", moving=1, hold="red", hold_text="b fails unit", event=4)
    found = look(way, queues=(red,))
    assert (found.steps, kinds(found)) == ((), ["red"])
    assert found.needs[0].argv == ("orch", "queue", "release", "--target", "b")
    mends = QueueFacts(3, "b", moving=1, hold="red", may_mend=True)
    assert look(way, queues=(mends,)).steps == (RunQueue(3),)


def test_work_that_waits_behind_what_needs_people_keeps_nobody_waiting():
    still = QueueFacts(3, "b", moving=1, is_changed=False, looked_at=NOW - SECOND)
    behind = task(2, "done", entry="queued", entry_no=6)
    alone = look(behind, queues=(still,))
    assert (alone.end, alone.is_moving) == ("", True)
    asks = task(1, "done", entry="awaiting_approval", entry_no=5, approval=("1 human",))
    both = look(asks, behind, queues=(still,))
    assert (kinds(both), both.end) == (["approval"], "needs_people")
    assert both.wake_at == NOW + 59 * SECOND  # With --until done it looks again.
    waits = QueueFacts(3, "b", moving=1, is_changed=False, looked_at=NOW, wake_at=NOW + SECOND)
    assert look(asks, behind, queues=(waits,)).end == ""


def test_what_the_queue_gives_back_goes_to_its_owner_or_to_a_person():
    conflict = look(task(1, "done", entry="conflict", entry_no=5))
    assert conflict.steps == (Begin(1, "rework", "@auto", "code", "conflict", "target", 5),)
    held = look(task(1, "done", entry="conflict", entry_no=5, is_conflict_held=True))
    assert (held.steps, kinds(held)) == ((), ["conflict"])
    failed = task(1, "done", entry="failed", entry_no=5, automatic=(("trial_failed", 2),))
    assert kinds(look(failed)) == ["landing"]
    assert look(failed).needs[0].argv == ("orch", "queue", "retry", "ent_5", "--rework")
    for entry in ("held", "quarantined"):
        found = look(task(1, "done", entry=entry, entry_no=5, entry_text="rejected by ana"))
        assert (found.steps, kinds(found)) == ((), [entry])
    asks = look(task(1, "done", entry="awaiting_approval", entry_no=5, approval=("1 human",)))
    assert asks.needs[0].argv == ("orch", "queue", "approve", "ent_5", "--as", "NAME")


def test_refusals_are_tried_again_and_then_told():
    def refused(kind, count, at=NOW):
        return task(1, refusal=Refusal(kind, "said so", count, at, 1))

    assert look(refused("setup", 1)).wake_at == NOW + 30 * SECOND
    assert look(refused("setup", 1, NOW - 30 * SECOND)).steps
    assert kinds(look(refused("setup", 3))) == ["setup"]
    assert kinds(look(refused("branch_exists", 3))) == ["refused"]
    assert kinds(look(refused("base_conflict", 1))) == ["base_conflict"]
    landing = look(refused("base_conflict", 1), task(2, "running", is_claimed=True))
    assert landing.needs == ()


def test_a_repository_that_is_not_clean_is_one_need_for_all():
    dirty = RepositoryFacts("/r", "dirty", "3 files are not committed")
    tasks = [task(1, repo="/r"), task(2, repo="/r"), task(3, mode="analysis", repo="/r")]
    found = look(*tasks, repositories=(dirty,))
    assert [step.task_no for step in found.steps] == [3]
    assert kinds(found) == ["dirty"]


def test_nothing_new_begins_while_many_wait_for_people():
    asking = [task(n, "blocked") for n in range(1, 9)]
    found = look(*asking, task(9))
    assert found.steps == ()
    assert dict(found.why)[9] == "8 tasks wait for people: nothing new begins"
    assert look(*asking[:7], task(9)).steps


def test_a_pause_and_a_spent_budget_let_run_what_runs():
    verifying, ready = task(1, "verifying"), task(2)
    paused = look(verifying, ready, is_paused=True)
    assert (paused.steps, kinds(paused)) == ((Verify(1),), ["paused"])
    spent = look(verifying, ready, budget="2 of 2 USD", budget_flags="cost_usd=4.00")
    assert (spent.steps, kinds(spent)) == ((Verify(1),), ["budget"])
    assert spent.needs[0].argv[-1] == "cost_usd=4.00"
    assert look(verifying, is_paused=True).needs == ()


def test_dependents_wait_or_are_stranded():
    assert look(task(1, "planned", waits_for=("r/t0",)), task(2)).needs == ()
    found = look(task(1, "planned", stranded_by="r/t0"))
    assert kinds(found) == ["stranded"]
    stacked = look(task(1, waits_for=("r/t0",)), task(2, "running", is_claimed=True))
    assert stacked.steps == ()


def test_killed_dispatches_in_a_row_end_in_a_need():
    assert look(task(1, lost=9)).steps
    assert kinds(look(task(1, lost=10))) == ["lost"]


def test_the_end_of_a_run():
    def ends(**facts):
        found = look(policy=DrivePolicy(**facts.pop("policy", {})), **facts)
        return found.steps, kinds(found), found.end

    assert ends(end="finished") == ((), [], "landed")
    assert ends(end="finished", is_cleaned=False) == ((Cleanup(),), [], "")
    assert ends(end="finished", policy={"close": True}) == ((Close(),), [], "")
    assert ends(end="integrate") == ((), ["integrate"], "needs_people")
    assert ends(end="land") == ((), ["landing"], "needs_people")
    assert ends(end="land", until="done") == ((), ["landing"], "")
    assert ends(end="land", policy={"queue": False}) == ((), [], "landed")
    assert ends(end="integrate", until="done") == ((), ["integrate"], "landed")
    assert ends(end="integrate", policy={"integrate": "main"}) == ((Integrate("main"),), [], "")
    refused = {"integrate_text": "main moved", "policy": {"integrate": "main"}}
    assert ends(end="integrate", **refused)[1:] == (["integrate"], "needs_people")
    assert ends(end="finished", until="forever") == ((), [], "")


@pytest.mark.parametrize(
    ("until", "moving", "asking", "news"),
    [
        ("blocked", "", "needs_people", "needs_people"),
        ("need", "", "needs_people", "needs_people"),
        ("done", "", "", ""),
        ("idle", "", "idle", "idle"),
        ("forever", "", "", ""),
    ],
)
def test_each_until_has_its_end(until, moving, asking, news):
    works, asks = task(1, "running", is_claimed=True), task(2, "blocked")
    assert look(works, asks, until=until).end == moving
    assert look(asks, until=until).end == asking
    assert look(asks, until=until, has_news=True).end == news
    both = look(works, asks, until=until, has_news=True).end
    assert both == ("needs_people" if until == "need" else "")
    later = task(3, "failed", ended="crashed", ended_at=NOW)
    assert look(later, until=until).end == ("idle" if until == "idle" else "")


def test_needs_are_told_once_and_withdrawn():
    asks = task(1, "blocked", event=7)
    assert look(asks, told=()).steps == (Tell(("r/t1:question:7",)),)
    assert look(asks, told=()).end == ""
    assert look(asks, told=("r/t1:question:7",)).steps == ()
    assert look(task(1, "running", is_claimed=True), told=("r/t1:question:7",)).steps == (Tell(()),)


def test_tickets_that_cannot_be_applied_are_needs():
    late = TicketFacts("t/a.yaml", "waits for t/b.yaml", since=NOW - 59 * SECOND, is_waiting=True)
    assert look(tickets=(late,)).wake_at == NOW + SECOND
    wrong = TicketFacts("t/a.yaml", "line 3: no id", event=9)
    found = look(tickets=(wrong,))
    assert found.needs[0].argv == ("orch", "plan", "check", "t/a.yaml")
    assert found.end == "needs_people"


def test_workers_that_end_at_once_are_a_need():
    slots = (SlotFacts(1, False, NOW + 5, "claude: not found"),)
    found = look(task(1), policy=DrivePolicy(workers=1, harness="claude"), slots=slots)
    assert kinds(found) == ["worker"]
    assert found.needs[0].argv[-2:] == ("claude", "--check")
    assert found.wake_at == NOW + 5
