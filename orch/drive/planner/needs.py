"""Needs: what only a person can do, each kind with its words and its one command.

The same need is known by run, task, kind and cause (the event that brought it about), so its
words may not change while it stands: no seconds, no counts that go on.
"""

from dataclasses import replace

from orch.drive.planner.model import (
    DriveNeed,
    DriveSnapshot,
    HarnessFacts,
    QueueFacts,
    RepositoryFacts,
    TaskFacts,
    TicketFacts,
)
from orch.steps import entry as entry_steps
from orch.steps import run as run_steps
from orch.steps import task as task_steps
from orch.steps.model import git, say
from schema.steps import Step


def of_task(
    snapshot: DriveSnapshot, task: TaskFacts, kind: str, text: str, step: Step | None = None
) -> DriveNeed:
    """Return what a task needs of a person, in words and with the command."""
    name = f"{snapshot.run_id}/{task.task_id}"
    given = replace(task, to=task.to or f"@{snapshot.policy.pool}")
    argv = (step or _OF_TASK[kind](name, given)).argv
    return DriveNeed(snapshot.run_id, task.task_id, kind, task.event, task.since, text, argv)


def _of_run(
    snapshot: DriveSnapshot, kind: str, event: int, text: str, step: Step, since: int = 0
) -> DriveNeed:
    return DriveNeed(snapshot.run_id, "", kind, event, since or snapshot.now, text, step.argv)


def budget(snapshot: DriveSnapshot) -> DriveNeed:
    """Return that the run has spent what it may spend."""
    step = say("run budget", run=snapshot.run_id, budget=snapshot.budget_flags or None)
    return _of_run(snapshot, "budget", snapshot.budget_event, snapshot.budget, step)


def storm(snapshot: DriveSnapshot, text: str, at: int) -> DriveNeed:
    """Return that many tasks ended alike: once that is mended, the run is resumed."""
    step = _resume(snapshot)
    return _of_run(snapshot, "storm", at, f"nothing begins: {text}", step, at)


def paused(snapshot: DriveSnapshot) -> DriveNeed:
    """Return that somebody paused the run."""
    return _of_run(
        snapshot, "paused", snapshot.paused_event, "the run is paused", _resume(snapshot)
    )


def _resume(snapshot: DriveSnapshot) -> Step:
    return say("run resume", snapshot.run_id)


def retries(snapshot: DriveSnapshot) -> DriveNeed:
    """Return that the run's automatic retries are spent."""
    most = snapshot.policy.retry.run
    text = f"all {most} automatic retries of the run are spent"
    step = say("run set", snapshot.run_id, f"retry.run={2 * most or 20}")
    return _of_run(snapshot, "retries", snapshot.retries, text, step)


def login(snapshot: DriveSnapshot, harness: HarnessFacts) -> DriveNeed:
    """Return that the agent client of our workers has no login."""
    name = snapshot.policy.harness
    argv = harness.login or say("work", agent="w", harness=name, check=True).argv
    text = f"{name or 'the agent client'} is not logged in: nothing new is given to it"
    return _of_run(snapshot, "login", harness.event, text, Step(argv, who="person"))


def worker(snapshot: DriveSnapshot, text: str) -> DriveNeed:
    """Return that no worker of ours stays up."""
    step = say("work", agent="w", harness=snapshot.policy.harness or "H", check=True)
    return _of_run(snapshot, "worker", 0, text, step)


def repository(snapshot: DriveSnapshot, one: RepositoryFacts) -> DriveNeed:
    """Return that nothing may begin in a repository until somebody has looked at it."""
    if one.trouble == "tampered":
        step = say("repo accept", run=snapshot.run_id)
    else:
        step = git("status", "--short", where=one.repo)
    return _of_run(snapshot, one.trouble, one.event, one.text, step)


def queue(snapshot: DriveSnapshot, one: QueueFacts) -> DriveNeed:
    """Return that a queue is held: by a red target, or by a person."""
    step = entry_steps.release_queue(one.target)
    kind = "red" if one.hold == "red" else "hold"
    return _of_run(snapshot, kind, one.event, one.hold_text or "the queue is held", step)


def in_the_way(snapshot: DriveSnapshot, one: QueueFacts) -> DriveNeed:
    """Return that a target cannot move over what lies in people's checkouts."""
    step = Step(one.mending)
    return _of_run(snapshot, "in_the_way", one.event, one.in_the_way, step)


def integrate(snapshot: DriveSnapshot) -> DriveNeed:
    """Return that what landed is on the run's own branch only."""
    text = snapshot.integrate_text or f"what landed on {snapshot.target} is not in your branch yet"
    step = entry_steps.integrate(snapshot.run_id, snapshot.policy.integrate or None)
    return _of_run(snapshot, "integrate", snapshot.integrate_event, text, step)


def plan(snapshot: DriveSnapshot, request: str) -> DriveNeed:
    """Return that an engineer's plan is there, which only a person makes tasks of."""
    text = run_steps.plan_waits(request)
    return _of_run(snapshot, "plan", 0, text, run_steps.apply_plan(request))


def unlanded(snapshot: DriveSnapshot) -> DriveNeed:
    """Return that work which is done stands on no target, although nothing of it is open."""
    step = run_steps.queue_all(snapshot.run_id)
    return _of_run(snapshot, "landing", 0, "done work is on no target", step)


def ticket(snapshot: DriveSnapshot, one: TicketFacts) -> DriveNeed:
    """Return that a ticket cannot be applied."""
    step = say("plan check", one.path)
    text = f"{one.path} {one.text}"
    return _of_run(snapshot, "ticket", one.event, text, step, one.since)


_OWN_KIND = ("conflict", "quarantined", "held")


def stuck(snapshot: DriveSnapshot) -> DriveNeed:
    """Return that nothing moves although nobody is asked: a fault of ours, never a silent one."""
    step = say("ready", run=snapshot.run_id, explain=True)
    return _of_run(snapshot, "stuck", 0, "nothing moves, and nobody is asked for anything", step)


def review(snapshot: DriveSnapshot, task: TaskFacts) -> DriveNeed:
    """Return that a review is lacking which nobody has been named for, or who says nothing."""
    name = f"{snapshot.run_id}/{task.task_id}"
    if task.review_kind == "council":
        step = say("council start", task=name)
        silent = "its council came to no verdict"
    else:
        step = say("review", name, harness=task.reviewer or "H")
        silent = "its reviewer gave no verdict"
    text = silent if task.review == "silent" else "nobody reviews it"
    return of_task(snapshot, task, "review", text, step)


def approval(snapshot: DriveSnapshot, task: TaskFacts) -> DriveNeed:
    """Return that a landing waits for somebody's word."""
    name = f"{snapshot.run_id}/{task.task_id}"
    lacks = ", ".join(task.approval) or "an approval"
    step = entry_steps.approval(f"ent_{task.entry_no}", name, list(task.approval))
    return of_task(snapshot, task, "approval", f"may land once it has {lacks}", step)


def landing(snapshot: DriveSnapshot, task: TaskFacts) -> DriveNeed:
    """Return that a task's entry goes on only by a person's word."""
    name, number = f"{snapshot.run_id}/{task.task_id}", f"ent_{task.entry_no}"
    entry = entry_steps.EntryStanding(
        number, snapshot.run_id, task.entry, task=name, task_status=task.status,
        branch=snapshot.target,
    )  # fmt: skip
    text = task.entry_text or f"its landing is {task.entry}"
    kind = task.entry if task.entry in _OWN_KIND else "landing"
    return of_task(snapshot, task, kind, text, entry_steps.of_entry(entry))


def no_worker(snapshot: DriveSnapshot, task: TaskFacts) -> DriveNeed:
    """Return that nobody takes work of a task's name or pool."""
    to = task.to or f"@{snapshot.policy.pool}"
    harness = snapshot.policy.harness or "H"
    if to.startswith("@"):
        step = say("work", agent="w", count=3, pool=to[1:], harness=harness)
    else:
        step = say("work", agent=to, harness=harness)
    return of_task(snapshot, task, "no_worker", f"nobody takes work of {to}", step)


_OF_TASK = {
    "question": lambda name, task: task_steps.answer(name),
    "failed": lambda name, task: task_steps.retry(name),
    "lost": lambda name, task: task_steps.retry(name),
    "setup": lambda name, task: task_steps.dispatch(name, task.mode, task.to),
    "base_conflict": lambda name, task: task_steps.dispatch(name, task.mode, task.to),
    "refused": lambda name, task: say("task show", name),
    "gone": lambda name, task: task_steps.reassign(name),
    "stale": lambda name, task: task_steps.reassign(name),
    "check_error": lambda name, task: task_steps.verify(name),
    "unverified": lambda name, task: task_steps.verify(name),
    "external": lambda name, task: say(
        "verify record", name, check=task.gate_check or "NAME", status="passed"
    ),
    "late_report": lambda name, task: task_steps.adopt(name, task.late_attempt),
    "stranded": lambda name, task: say("cancel", name, reason="TEXT"),
}
